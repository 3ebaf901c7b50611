/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-text.h"

#include <dms.h>
#include <math.h>
#include <string.h>

#define MAX_DEPTH 64

typedef struct {
  const char *start;
  const char *cursor;
  const char *end;
  GString *out; /* NULL: nothing is written, and every text and number must be one that json-glib holds */
  gboolean pretty;
  guint blanks;
  GError **error;
} Layout;

static gboolean write_value (Layout *self, guint depth);

static gboolean
fail (Layout *self, const char *expected)
{
  g_set_error (self->error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "no JSON: expected %s at byte %zu", expected,
               (gsize) (self->cursor - self->start));
  return FALSE;
}

static void
append (Layout *self, const char *text, gsize length)
{
  if (self->out != NULL)
    g_string_append_len (self->out, text, (gssize) length);
}

static int
peek (Layout *self)
{
  while (self->cursor < self->end && strchr (" \t\r\n", *self->cursor) != NULL && *self->cursor != '\0')
    self->cursor++;

  return self->cursor < self->end ? (guchar) *self->cursor : -1;
}

static void
break_line (Layout *self, guint depth)
{
  guint i;

  if (!self->pretty)
    return;

  g_string_append_c (self->out, '\n');
  for (i = 0; i < depth * self->blanks; i++)
    g_string_append_c (self->out, ' ');
}

/* The number of \uXXXX; -1 when that is not what is there. */
static int
read_unit (const char *cursor, const char *end)
{
  int unit = 0;

  if (end - cursor < 6 || cursor[0] != '\\' || cursor[1] != 'u')
    return -1;
  for (guint i = 2; i < 6; i++)
    {
      if (!g_ascii_isxdigit (cursor[i]))
        return -1;
      unit = unit * 16 + g_ascii_xdigit_value (cursor[i]);
    }
  return unit;
}

static gboolean
write_unicode (Layout *self)
{
  int unit = read_unit (self->cursor, self->end);
  int next = unit >= 0 ? read_unit (self->cursor + 6, self->end) : -1;
  gboolean is_pair = unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000;
  gsize length = is_pair ? 12 : 6;

  if (unit < 0)
    return fail (self, "four hexadecimal digits");
  if (self->out == NULL && (unit == 0 || (unit >= 0xd800 && unit < 0xe000 && !is_pair)))
    return fail (self, "a character");
  append (self, self->cursor, length);
  self->cursor += length;
  return TRUE;
}

static gboolean
write_escape (Layout *self)
{
  if (self->end - self->cursor < 2)
    return fail (self, "an escape");
  if (self->cursor[1] == 'u')
    return write_unicode (self);
  if (self->cursor[1] == '\0' || strchr ("\"\\/bfnrt", self->cursor[1]) == NULL)
    return fail (self, "an escape");
  append (self, self->cursor, 2);
  self->cursor += 2;
  return TRUE;
}

/* What needs no look one by one. */
static void
write_plain (Layout *self)
{
  const char *first = self->cursor;

  while (self->cursor < self->end && *self->cursor >= 0x20 && (guchar) *self->cursor < 0x80
         && *self->cursor != '"' && *self->cursor != '\\' && *self->cursor != '<' && *self->cursor != '>'
         && *self->cursor != '&')
    self->cursor++;
  append (self, first, (gsize) (self->cursor - first));
}

static gboolean
write_character (Layout *self)
{
  gunichar character;

  if (*self->cursor == '\\')
    return write_escape (self);
  if ((guchar) *self->cursor < 0x20)
    return fail (self, "no control character");

  character = g_utf8_get_char_validated (self->cursor, self->end - self->cursor);
  if (character == (gunichar) -1 || character == (gunichar) -2)
    {
      if (self->out == NULL)
        return fail (self, "UTF-8");
      g_string_append (self->out, "\\ufffd");
      self->cursor++;
      return TRUE;
    }

  if (self->out != NULL
      && (character == '<' || character == '>' || character == '&' || character == 0x2028
          || character == 0x2029))
    g_string_append_printf (self->out, "\\u%04x", character);
  else
    append (self, self->cursor, (gsize) (g_utf8_next_char (self->cursor) - self->cursor));
  self->cursor = g_utf8_next_char (self->cursor);

  return TRUE;
}

static gboolean
write_string (Layout *self)
{
  if (peek (self) != '"')
    return fail (self, "a string");

  self->cursor++;
  append (self, "\"", 1);
  for (write_plain (self); self->cursor < self->end && *self->cursor != '"'; write_plain (self))
    {
      if (!write_character (self))
        return FALSE;
    }
  if (self->cursor == self->end)
    return fail (self, "the end of a string");

  self->cursor++;
  append (self, "\"", 1);
  return TRUE;
}

static gboolean
skip_digits (Layout *self)
{
  const char *first = self->cursor;

  while (self->cursor < self->end && g_ascii_isdigit (*self->cursor))
    self->cursor++;

  return self->cursor > first || fail (self, "a digit");
}

/* json-glib keeps whole numbers in 64 bits, and takes what is larger for anything. */
static gboolean
check_size (Layout *self, const char *first, gboolean whole)
{
  gsize length = (gsize) (self->cursor - first);
  g_autofree char *text = NULL;

  if (self->out != NULL || (whole && length < 19))
    return TRUE;
  text = g_strndup (first, length);
  if (!whole)
    return isfinite (g_ascii_strtod (text, NULL)) || fail (self, "a number in range");
  return (*text == '-' ? g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, NULL, NULL)
                       : g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, NULL, NULL))
         || fail (self, "a number of at most 64 bits");
}

static gboolean
write_number (Layout *self)
{
  const char *first = self->cursor;
  gboolean whole = TRUE;

  if (*self->cursor == '-')
    self->cursor++;
  if (self->end - self->cursor >= 2 && self->cursor[0] == '0' && g_ascii_isdigit (self->cursor[1]))
    return fail (self, "a number without leading zeros");
  if (!skip_digits (self))
    return FALSE;

  if (self->cursor < self->end && *self->cursor == '.')
    {
      self->cursor++;
      whole = FALSE;
      if (!skip_digits (self))
        return FALSE;
    }

  if (self->cursor < self->end && (*self->cursor == 'e' || *self->cursor == 'E'))
    {
      self->cursor++;
      whole = FALSE;
      if (self->cursor < self->end && (*self->cursor == '+' || *self->cursor == '-'))
        self->cursor++;
      if (!skip_digits (self))
        return FALSE;
    }

  append (self, first, (gsize) (self->cursor - first));
  return check_size (self, first, whole);
}

static gboolean
write_word (Layout *self)
{
  static const char *const words[] = { "true", "false", "null" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = strlen (words[i]);

      if ((gsize) (self->end - self->cursor) >= length && memcmp (self->cursor, words[i], length) == 0)
        {
          append (self, words[i], length);
          self->cursor += length;
          return TRUE;
        }
    }

  return fail (self, "a value");
}

static gboolean
write_member (Layout *self, guint depth)
{
  if (!write_string (self))
    return FALSE;
  if (peek (self) != ':')
    return fail (self, "a colon");

  self->cursor++;
  append (self, ": ", self->pretty ? 2 : 1);
  return write_value (self, depth);
}

static gboolean
write_container (Layout *self, char opening, char closing, guint depth)
{
  gboolean first;

  if (depth >= MAX_DEPTH)
    {
      g_set_error (self->error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "JSON nests deeper than %d levels",
                   MAX_DEPTH);
      return FALSE;
    }

  self->cursor++;
  append (self, &opening, 1);
  for (first = TRUE; peek (self) != closing; first = FALSE)
    {
      if (!first && peek (self) != ',')
        return fail (self, "a comma or the closing bracket");
      if (!first)
        {
          self->cursor++;
          append (self, ",", 1);
        }

      break_line (self, depth + 1);
      if (!(opening == '{' ? write_member (self, depth + 1) : write_value (self, depth + 1)))
        return FALSE;
    }

  self->cursor++;
  if (!first)
    break_line (self, depth);
  append (self, &closing, 1);

  return TRUE;
}

static gboolean
write_value (Layout *self, guint depth)
{
  int character = peek (self);

  switch (character)
    {
    case '{':
      return write_container (self, '{', '}', depth);
    case '[':
      return write_container (self, '[', ']', depth);
    case '"':
      return write_string (self);
    default:
      if (character == '-' || g_ascii_isdigit (character))
        return write_number (self);
      return write_word (self);
    }
}

static gboolean
write_all (Layout *self)
{
  return write_value (self, 0) && (peek (self) < 0 || fail (self, "nothing more"));
}

static char *
lay_out (const char *text, gsize length, gboolean pretty, guint blanks, GError **error)
{
  g_autoptr (GString) out = g_string_sized_new (length + 64);
  Layout self = { text, text, text + length, out, pretty, blanks, error };

  return write_all (&self) ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}

/**
 * dms_json_text_indent:
 * @text: JSON
 * @length: its bytes
 * @blanks: the indentation of one level
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the same JSON in lines, or %NULL when it is none
 */
char *
dms_json_text_indent (const char *text, gsize length, guint blanks, GError **error)
{
  return lay_out (text, length, TRUE, blanks, error);
}

/**
 * dms_json_text_compact:
 * @text: JSON
 * @length: its bytes
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the same JSON without white space, or %NULL when it is none
 */
char *
dms_json_text_compact (const char *text, gsize length, GError **error)
{
  return lay_out (text, length, FALSE, 0, error);
}

/**
 * dms_json_text_check:
 * @text: what may be JSON
 * @length: its bytes
 * @error: return location for an error
 *
 * Returns: whether it is JSON (RFC 8259) of bounded depth that json-glib reads for what it is
 */
gboolean
dms_json_text_check (const char *text, gsize length, GError **error)
{
  const char *start = length > 0 ? text : "";
  Layout self = { start, start, start + length, NULL, FALSE, 0, error };

  return write_all (&self);
}
