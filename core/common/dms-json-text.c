/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-text.h"

#include <dms.h>
#include <string.h>

#define MAX_DEPTH 64

typedef struct {
  const char *start;
  const char *cursor;
  const char *end;
  GString *out;
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

static gboolean
write_escape (Layout *self)
{
  guint i;

  if (self->end - self->cursor < 2)
    return fail (self, "an escape");

  if (self->cursor[1] != 'u')
    {
      if (self->cursor[1] == '\0' || strchr ("\"\\/bfnrt", self->cursor[1]) == NULL)
        return fail (self, "an escape");
      g_string_append_len (self->out, self->cursor, 2);
      self->cursor += 2;
      return TRUE;
    }

  if (self->end - self->cursor < 6)
    return fail (self, "four hexadecimal digits");
  for (i = 2; i < 6; i++)
    {
      if (!g_ascii_isxdigit (self->cursor[i]))
        return fail (self, "four hexadecimal digits");
    }
  g_string_append_len (self->out, self->cursor, 6);
  self->cursor += 6;

  return TRUE;
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
      g_string_append (self->out, "\\ufffd");
      self->cursor++;
      return TRUE;
    }

  if (character == '<' || character == '>' || character == '&' || character == 0x2028 || character == 0x2029)
    g_string_append_printf (self->out, "\\u%04x", character);
  else
    g_string_append_unichar (self->out, character);
  self->cursor = g_utf8_next_char (self->cursor);

  return TRUE;
}

static gboolean
write_string (Layout *self)
{
  if (peek (self) != '"')
    return fail (self, "a string");

  self->cursor++;
  g_string_append_c (self->out, '"');
  while (self->cursor < self->end && *self->cursor != '"')
    {
      if (!write_character (self))
        return FALSE;
    }
  if (self->cursor == self->end)
    return fail (self, "the end of a string");

  self->cursor++;
  g_string_append_c (self->out, '"');
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

static gboolean
write_number (Layout *self)
{
  const char *first = self->cursor;

  if (*self->cursor == '-')
    self->cursor++;
  if (self->end - self->cursor >= 2 && self->cursor[0] == '0' && g_ascii_isdigit (self->cursor[1]))
    return fail (self, "a number without leading zeros");
  if (!skip_digits (self))
    return FALSE;

  if (self->cursor < self->end && *self->cursor == '.')
    {
      self->cursor++;
      if (!skip_digits (self))
        return FALSE;
    }

  if (self->cursor < self->end && (*self->cursor == 'e' || *self->cursor == 'E'))
    {
      self->cursor++;
      if (self->cursor < self->end && (*self->cursor == '+' || *self->cursor == '-'))
        self->cursor++;
      if (!skip_digits (self))
        return FALSE;
    }

  g_string_append_len (self->out, first, self->cursor - first);
  return TRUE;
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
          g_string_append (self->out, words[i]);
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
  g_string_append (self->out, self->pretty ? ": " : ":");
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
  g_string_append_c (self->out, opening);
  for (first = TRUE; peek (self) != closing; first = FALSE)
    {
      if (!first && peek (self) != ',')
        return fail (self, "a comma or the closing bracket");
      if (!first)
        {
          self->cursor++;
          g_string_append_c (self->out, ',');
        }

      break_line (self, depth + 1);
      if (!(opening == '{' ? write_member (self, depth + 1) : write_value (self, depth + 1)))
        return FALSE;
    }

  self->cursor++;
  if (!first)
    break_line (self, depth);
  g_string_append_c (self->out, closing);

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

static char *
lay_out (const char *text, gsize length, gboolean pretty, guint blanks, GError **error)
{
  g_autoptr (GString) out = g_string_sized_new (length + 64);
  Layout self = { text, text, text + length, out, pretty, blanks, error };

  if (!write_value (&self, 0))
    return NULL;
  if (peek (&self) >= 0)
    {
      fail (&self, "nothing more");
      return NULL;
    }

  return g_string_free (g_steal_pointer (&out), FALSE);
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
 * Returns: whether it is JSON of bounded depth
 */
gboolean
dms_json_text_check (const char *text, gsize length, GError **error)
{
  g_autofree char *out = lay_out (text, length, FALSE, 0, error);

  return out != NULL;
}
