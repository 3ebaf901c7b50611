/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-wire-reader.h"

#include <dms.h>
#include <string.h>

#include "common/dms-base64.h"
#include "common/dms-wire-plain.h"

/* More than the longest chain of tokens that is taken needs, and little for the stack. */
#define MAX_DEPTH 128
#define MAX_NAMES 24
#define REPLACEMENT 0xfffd

typedef struct
{
  guint32 seen : MAX_NAMES;
  /* Which name to look for first: members mostly come in the order of the names. */
  guint32 next : 7;
  guint32 started : 1;
} Level;

struct _DmsWireReader
{
  const char *data;
  gsize size;
  gsize at;
  const char *what;
  GError *error;
  guint depth;
  Level levels[MAX_DEPTH];
};

/**
 * dms_wire_reader_new:
 * @data: the text, borrowed for as long as the reader lives
 * @max_size: the most bytes to look at; more is DMS_ERROR_TOO_LARGE
 * @what: what this is, for messages, such as `token list`; borrowed as well
 */
DmsWireReader *
dms_wire_reader_new (const char *data, gsize size, gsize max_size, const char *what)
{
  /* Levels are filled when they are entered: most texts need few of them. */
  DmsWireReader *self = g_new (DmsWireReader, 1);

  self->data = data;
  self->size = size;
  self->at = 0;
  self->what = what;
  self->error = NULL;
  self->depth = 0;
  if (size > max_size)
    self->error = g_error_new (DMS_ERROR, DMS_ERROR_TOO_LARGE,
                               "the %s has %" G_GSIZE_FORMAT " bytes, and at most %" G_GSIZE_FORMAT
                               " are allowed", what, size, max_size);
  return self;
}

void
dms_wire_reader_free (DmsWireReader *self)
{
  if (self == NULL)
    return;
  g_clear_error (&self->error);
  g_free (self);
}

void
dms_wire_reader_fail (DmsWireReader *self, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list args;

  if (self->error != NULL)
    return;
  va_start (args, format);
  detail = g_strdup_vprintf (format, args);
  va_end (args);
  self->error = g_error_new (DMS_ERROR, DMS_ERROR_INVALID_DATA,
                             "the %s is malformed at byte %" G_GSIZE_FORMAT ": %s",
                             self->what, self->at, detail);
}

gboolean
dms_wire_reader_has_failed (DmsWireReader *self)
{
  return self->error != NULL;
}

static gboolean
is_space (char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next character that is not white space, without taking it; 0 at the end or after an error. */
static inline char
peek (DmsWireReader *self)
{
  if (self->error != NULL)
    return 0;
  while (self->at < self->size && is_space (self->data[self->at]))
    self->at++;
  return self->at < self->size ? self->data[self->at] : 0;
}

static gboolean
take (DmsWireReader *self, char expected)
{
  if (peek (self) != expected)
    {
      dms_wire_reader_fail (self, "expected “%c”", expected);
      return FALSE;
    }
  self->at++;
  return TRUE;
}

static gboolean
take_word (DmsWireReader *self, const char *word)
{
  gsize length = strlen (word);

  if (self->size - self->at < length || strncmp (self->data + self->at, word, length) != 0)
    {
      dms_wire_reader_fail (self, "expected a value");
      return FALSE;
    }
  self->at += length;
  return TRUE;
}

gboolean
dms_wire_reader_is_null (DmsWireReader *self)
{
  return peek (self) == 'n';
}

static gboolean
take_null (DmsWireReader *self)
{
  return peek (self) == 'n' && take_word (self, "null");
}

static gboolean
enter (DmsWireReader *self, char bracket)
{
  if (take_null (self) || !take (self, bracket))
    return FALSE;
  if (self->depth == MAX_DEPTH)
    {
      dms_wire_reader_fail (self, "nested more than %d deep", MAX_DEPTH);
      return FALSE;
    }
  self->levels[self->depth++] = (Level) { 0 };
  return TRUE;
}

/* Goes to the next item of the innermost container; FALSE, and out of it, at its end. */
static gboolean
next_item (DmsWireReader *self, char bracket)
{
  Level *level;

  if (self->error != NULL)
    return FALSE;
  g_return_val_if_fail (self->depth > 0, FALSE);
  level = &self->levels[self->depth - 1];
  if (peek (self) == bracket)
    {
      self->at++;
      self->depth--;
      return FALSE;
    }
  if (level->started && !take (self, ','))
    return FALSE;
  level->started = TRUE;
  return TRUE;
}

gboolean
dms_wire_reader_enter_object (DmsWireReader *self)
{
  return enter (self, '{');
}

gboolean
dms_wire_reader_enter_array (DmsWireReader *self)
{
  return enter (self, '[');
}

gboolean
dms_wire_reader_next_element (DmsWireReader *self)
{
  return next_item (self, ']');
}

/* The four digits of a \u escape; -1 and an error when they are not there. */
static int
take_hex4 (DmsWireReader *self)
{
  int value = 0;

  for (guint i = 0; i < 4; i++)
    {
      int digit = self->at < self->size ? g_ascii_xdigit_value (self->data[self->at]) : -1;

      if (digit < 0)
        {
          dms_wire_reader_fail (self, "expected four hexadecimal digits");
          return -1;
        }
      value = value * 16 + digit;
      self->at++;
    }
  return value;
}

/* What a \u escape stands for; half of a surrogate pair stands for U+FFFD. */
static gunichar
take_unicode_escape (DmsWireReader *self)
{
  int high = take_hex4 (self);
  int low;
  gsize after;

  if (high < 0xd800 || high > 0xdfff)
    return high < 0 ? REPLACEMENT : (gunichar) high;
  after = self->at;
  if (high >= 0xdc00 || self->size - self->at < 6 || strncmp (self->data + self->at, "\\u", 2) != 0)
    return REPLACEMENT;
  self->at += 2;
  low = take_hex4 (self);
  if (low >= 0xdc00 && low <= 0xdfff)
    return 0x10000 + (((gunichar) high - 0xd800) << 10) + ((gunichar) low - 0xdc00);
  if (low >= 0)
    self->at = after;
  return REPLACEMENT;
}

static void
take_escape (DmsWireReader *self, GString *text)
{
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  char c = self->at < self->size ? self->data[self->at] : 0;
  const char *found = c != 0 ? strchr (from, c) : NULL;
  gunichar wide;

  if (found != NULL)
    {
      self->at++;
      g_string_append_c (text, to[found - from]);
      return;
    }
  if (c != 'u')
    {
      dms_wire_reader_fail (self, "unknown escape in a string");
      return;
    }
  self->at++;
  wide = take_unicode_escape (self);
  if (wide == 0)
    dms_wire_reader_fail (self, "a string contains a NUL character");
  else
    g_string_append_unichar (text, wide);
}

/* The plain characters up to the next quote or escape. */
static void
take_run (DmsWireReader *self, GString *text)
{
  while (self->at < self->size)
    {
      gsize start = self->at;
      gunichar wide;

      self->at += dms_wire_plain_length (self->data + self->at, self->size - self->at);
      while (self->at < self->size && (guchar) self->data[self->at] >= 0x20
             && (guchar) self->data[self->at] < 0x80 && self->data[self->at] != '"'
             && self->data[self->at] != '\\')
        self->at++;
      g_string_append_len (text, self->data + start, self->at - start);
      if (self->at == self->size || (guchar) self->data[self->at] < 0x80)
        return;
      wide = g_utf8_get_char_validated (self->data + self->at, self->size - self->at);
      if (wide == (gunichar) -1 || wide == (gunichar) -2)
        {
          g_string_append_unichar (text, REPLACEMENT);
          self->at++;
          continue;
        }
      start = self->at;
      self->at += g_unichar_to_utf8 (wide, NULL);
      g_string_append_len (text, self->data + start, self->at - start);
    }
}

static gboolean
take_string (DmsWireReader *self, GString *text)
{
  if (!take (self, '"'))
    return FALSE;
  while (self->error == NULL)
    {
      char c;

      take_run (self, text);
      c = self->at < self->size ? self->data[self->at] : 0;
      if (c == '"')
        {
          self->at++;
          return TRUE;
        }
      if (c != '\\')
        {
          dms_wire_reader_fail (self, self->at < self->size ? "control character in a string"
                                                            : "the string does not end");
          return FALSE;
        }
      self->at++;
      take_escape (self, text);
    }
  return FALSE;
}

static int
find_name (const char * const *names, const char *name)
{
  for (int i = 0; names[i] != NULL && i < MAX_NAMES; i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return i;
  return -1;
}

/* Readers of the field take “ſ” for an s and the Kelvin sign for a k in the name of a member. Such a name
 * would mean one thing there and nothing here. */
static gboolean
resembles_name (const char * const *names, const char *name)
{
  g_autofree char *folded = g_str_is_ascii (name) ? NULL : g_utf8_casefold (name, -1);

  return folded != NULL && find_name (names, folded) >= 0;
}

/* Takes a name that is spelled out, and its quotes. */
static gboolean
take_spelled (DmsWireReader *self, const char *name)
{
  const char *text = self->data + self->at + 1;
  gsize left = self->size - self->at - 1;
  gsize length = 0;

  while (name[length] != '\0' && length < left && text[length] == name[length])
    length++;
  if (name[length] != '\0' || length == left || text[length] != '"')
    return FALSE;
  self->at += length + 2;
  return TRUE;
}

/* A name that is spelled out is read where it stands. -1 and nothing taken for any other. */
static int
take_known_name (DmsWireReader *self, const char * const *names)
{
  Level *level = &self->levels[self->depth - 1];
  int found = (int) level->next;

  if (peek (self) != '"')
    return -1;
  /* Each caller has the same names for all of an object. */
  if (found == 0 || names[found] == NULL || found >= MAX_NAMES || !take_spelled (self, names[found]))
    for (found = 0; names[found] != NULL && found < MAX_NAMES && !take_spelled (self, names[found]); found++)
      ;
  if (found == MAX_NAMES || names[found] == NULL)
    return -1;
  level->next = ((guint32) found + 1) & 0x7f;
  return found;
}

/* The index of the name in @names; -1 when it is not there, or on an error. */
static int
take_name (DmsWireReader *self, const char * const *names)
{
  int found = take_known_name (self, names);
  g_autoptr (GString) name = NULL;

  if (found >= 0)
    return found;
  name = g_string_new (NULL);
  if (!take_string (self, name))
    return -1;
  found = find_name (names, name->str);
  if (found < 0 && resembles_name (names, name->str))
    dms_wire_reader_fail (self, "the name of a member resembles one that is known");
  return found;
}

/**
 * dms_wire_reader_next_member:
 * @names: at most 24 member names, ended by NULL; the same for all of an object
 *
 * Returns: which of @names comes next, its value yet to be read; -1 at the end of the object or on an error
 */
int
dms_wire_reader_next_member (DmsWireReader *self, const char * const *names)
{
  while (next_item (self, '}'))
    {
      Level *level = &self->levels[self->depth - 1];
      int found = take_name (self, names);

      if (self->error != NULL)
        return -1;
      if (found >= 0 && (level->seen & (1u << found)) != 0)
        {
          dms_wire_reader_fail (self, "“%s” is there twice", names[found]);
          return -1;
        }
      if (!take (self, ':'))
        return -1;
      if (found >= 0)
        {
          level->seen |= 1u << found;
          return found;
        }
      if (!dms_wire_reader_skip (self))
        return -1;
    }
  return -1;
}

static void
skip_digits (DmsWireReader *self)
{
  if (self->at >= self->size || !g_ascii_isdigit (self->data[self->at]))
    dms_wire_reader_fail (self, "expected a digit");
  while (self->at < self->size && g_ascii_isdigit (self->data[self->at]))
    self->at++;
}

static gboolean
at_any (DmsWireReader *self, const char *characters)
{
  return self->at < self->size && self->data[self->at] != 0
         && strchr (characters, self->data[self->at]) != NULL;
}

static void
skip_number (DmsWireReader *self)
{
  if (at_any (self, "-"))
    self->at++;
  if (at_any (self, "0"))
    self->at++;
  else
    skip_digits (self);
  if (at_any (self, "."))
    {
      self->at++;
      skip_digits (self);
    }
  if (at_any (self, "eE"))
    {
      self->at++;
      if (at_any (self, "+-"))
        self->at++;
      skip_digits (self);
    }
}

static void
skip_container (DmsWireReader *self, gboolean is_object)
{
  static const char * const no_names[] = { NULL };

  if (!enter (self, is_object ? '{' : '['))
    return;
  if (is_object)
    {
      dms_wire_reader_next_member (self, no_names);
      return;
    }
  while (dms_wire_reader_next_element (self))
    dms_wire_reader_skip (self);
}

/**
 * dms_wire_reader_skip:
 *
 * Passes over any value, checking that it is JSON.
 */
gboolean
dms_wire_reader_skip (DmsWireReader *self)
{
  g_autoptr (GString) text = NULL;
  char c = peek (self);

  if (self->error != NULL)
    return FALSE;
  switch (c)
    {
    case '{':
    case '[':
      skip_container (self, c == '{');
      break;
    case '"':
      text = g_string_new (NULL);
      take_string (self, text);
      break;
    case 't':
      take_word (self, "true");
      break;
    case 'f':
      take_word (self, "false");
      break;
    case 'n':
      take_word (self, "null");
      break;
    default:
      skip_number (self);
      break;
    }
  return self->error == NULL;
}

const char *
dms_wire_reader_get_rest (DmsWireReader *self, gsize *size)
{
  peek (self);
  *size = self->error == NULL ? self->size - self->at : 0;
  return self->data + self->at;
}

void
dms_wire_reader_pass (DmsWireReader *self, gsize length)
{
  g_return_if_fail (length <= self->size - self->at);
  self->at += length;
}

/* A text of plain characters, copied at once; NULL and nothing taken for any other. */
static char *
take_plain_string (DmsWireReader *self)
{
  gsize start;
  gsize end;
  char *text;

  if (peek (self) != '"')
    return NULL;
  start = self->at + 1;
  end = start + dms_wire_plain_length (self->data + start, self->size - start);
  while (end < self->size && (guchar) self->data[end] >= 0x20 && (guchar) self->data[end] < 0x80
         && self->data[end] != '"' && self->data[end] != '\\')
    end++;
  if (end == self->size || self->data[end] != '"')
    return NULL;
  self->at = end + 1;
  text = g_malloc (end - start + 1);
  memcpy (text, self->data + start, end - start);
  text[end - start] = '\0';
  return text;
}

char *
dms_wire_reader_read_string (DmsWireReader *self)
{
  g_autoptr (GString) text = NULL;
  char *plain = take_plain_string (self);

  if (plain != NULL)
    return plain;
  text = g_string_new (NULL);
  if (take_null (self) || !take_string (self, text))
    return g_strdup ("");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

guint64
dms_wire_reader_read_uint64 (DmsWireReader *self)
{
  guint64 value = 0;
  gsize start;

  if (take_null (self))
    return 0;
  peek (self);
  start = self->at;
  while (self->error == NULL && self->at < self->size && g_ascii_isdigit (self->data[self->at]))
    {
      if (!g_uint64_checked_mul (&value, value, 10)
          || !g_uint64_checked_add (&value, value, (guint64) (self->data[self->at] - '0')))
        dms_wire_reader_fail (self, "the number does not fit in 64 bits");
      self->at++;
    }
  if (self->at == start || at_any (self, ".eE") || (self->data[start] == '0' && self->at - start > 1))
    dms_wire_reader_fail (self, "expected a whole number that is not negative");
  return self->error == NULL ? value : 0;
}

/* Straight out of the text when there is nothing to unescape; NULL and nothing taken otherwise. */
static GBytes *
take_base64 (DmsWireReader *self, gsize *at, gsize *length)
{
  const char *start;
  const char *end;
  guint8 *data;
  gsize size;

  if (peek (self) != '"')
    return NULL;
  start = self->data + self->at + 1;
  end = memchr (start, '"', self->size - self->at - 1);
  if (end == NULL)
    return NULL;
  data = dms_base64_decode (start, (gsize) (end - start), &size);
  if (data == NULL)
    return NULL;
  self->at = (gsize) (end + 1 - self->data);
  *at = (gsize) (start - self->data);
  *length = (gsize) (end - start);
  return g_bytes_new_take (data, size);
}

GBytes *
dms_wire_reader_read_bytes (DmsWireReader *self)
{
  gsize at;
  gsize length;

  return dms_wire_reader_read_bytes_at (self, &at, &length);
}

GBytes *
dms_wire_reader_read_bytes_at (DmsWireReader *self, gsize *at, gsize *length)
{
  g_autofree char *text = NULL;
  GBytes *bytes;
  guint8 *data;
  gsize size;

  *at = 0;
  *length = 0;
  if (take_null (self))
    return NULL;
  bytes = take_base64 (self, at, length);
  if (bytes != NULL)
    return bytes;
  text = dms_wire_reader_read_string (self);
  if (self->error != NULL)
    return NULL;
  data = dms_base64_decode (text, strlen (text), &size);
  if (data != NULL)
    return g_bytes_new_take (data, size);
  dms_wire_reader_fail (self, "expected padded base64");
  return NULL;
}

char **
dms_wire_reader_read_strv (DmsWireReader *self, guint max_items)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  guint count = 0;

  if (!dms_wire_reader_enter_array (self))
    return NULL;
  builder = g_strv_builder_new ();
  while (dms_wire_reader_next_element (self))
    {
      g_autofree char *item = dms_wire_reader_read_string (self);

      if (++count > max_items)
        dms_wire_reader_fail (self, "more than %u items", max_items);
      else
        g_strv_builder_add (builder, item);
    }
  return self->error == NULL ? g_strv_builder_end (builder) : NULL;
}

gboolean
dms_wire_reader_finish (DmsWireReader *self, GError **error)
{
  if (peek (self) != 0 || self->at < self->size)
    dms_wire_reader_fail (self, "something follows the end");
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}
