/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-wire-writer.h"

#include <string.h>

#include "common/dms-base64.h"
#include "common/dms-wire-plain.h"

struct _DmsWireWriter
{
  char *text;
  gsize length;
  /* There is one more for a NUL. */
  gsize room;
};

DmsWireWriter *
dms_wire_writer_new (void)
{
  return dms_wire_writer_new_sized (1024);
}

DmsWireWriter *
dms_wire_writer_new_sized (gsize size)
{
  DmsWireWriter *self = g_new (DmsWireWriter, 1);

  self->text = g_malloc (size + 1);
  self->length = 0;
  self->room = size;
  return self;
}

void
dms_wire_writer_free (DmsWireWriter *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self);
}

static void
grow (DmsWireWriter *self, gsize size)
{
  g_assert (size < G_MAXSIZE / 4 - self->length);
  self->room = (self->length + size) * 2;
  self->text = g_realloc (self->text, self->room + 1);
}

/* Makes room for so much more, and returns where it goes. */
static inline char *
extend (DmsWireWriter *self, gsize size)
{
  gsize length = self->length;

  if (G_UNLIKELY (size > self->room - length))
    grow (self, size);
  self->length = length + size;
  return self->text + length;
}

static inline void
append (DmsWireWriter *self, const char *text, gsize size)
{
  memcpy (extend (self, size), text, size);
}

static inline void
append_c (DmsWireWriter *self, char c)
{
  *extend (self, 1) = c;
}

/* What stands for itself in a string: 1. */
static const guint8 plain[256] = {
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

/* As it stands for a character that does not stand for itself. */
static void
append_escaped (DmsWireWriter *self, guchar c)
{
  static const char hex[] = "0123456789abcdef";
  char text[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

  if (c == '"' || c == '\\')
    text[1] = (char) c;
  else if (c == '\n' || c == '\r' || c == '\t')
    text[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
  append (self, text, text[1] == 'u' ? sizeof text : 2);
}

/* What follows the first character that is not plain ASCII. Returns how much of @text it took. */
static gsize
append_special (DmsWireWriter *self, const char *text, gsize size)
{
  gunichar wide;
  gsize step;

  if ((guchar) *text < 0x80)
    {
      append_escaped (self, (guchar) *text);
      return 1;
    }
  wide = g_utf8_get_char_validated (text, (gssize) size);
  if (wide == (gunichar) -1 || wide == (gunichar) -2)
    {
      append (self, "\\ufffd", 6);
      return 1;
    }
  step = (gsize) (g_utf8_next_char (text) - text);
  if (wide == 0x2028 || wide == 0x2029)
    append (self, wide == 0x2028 ? "\\u2028" : "\\u2029", 6);
  else
    append (self, text, step);
  return step;
}

/* Most texts are short and stand for themselves throughout: written in one go. FALSE, and nothing written,
 * for others. */
static inline gboolean
append_plain (DmsWireWriter *self, const char *value, gsize size)
{
  gsize length = self->length;
  char *to = extend (self, size + 2);
  gsize at = dms_wire_plain_length (value, size);

  memcpy (to + 1, value, at);
  /* The NUL at the end is not plain. */
  for (; plain[(guchar) value[at]]; at++)
    to[1 + at] = value[at];
  to[0] = '"';
  to[1 + size] = '"';
  if (at == size)
    return TRUE;
  self->length = length;
  return FALSE;
}

/* Strings of Go: <, >, & and the line separators are escaped besides what JSON demands. */
static void
append_string (DmsWireWriter *self, const char *value)
{
  gsize size = strlen (value);
  gsize at = 0;

  if (append_plain (self, value, size))
    return;
  append_c (self, '"');
  while (at < size)
    {
      gsize start = at;

      at += dms_wire_plain_length (value + at, size - at);
      /* The NUL at the end is not plain. */
      while (plain[(guchar) value[at]])
        at++;
      append (self, value + start, at - start);
      if (at < size)
        at += append_special (self, value + at, size - at);
    }
  append_c (self, '"');
}

/* What comes before a value: a comma if it is not the first of its container, and the member's name. */
static void
begin_value (DmsWireWriter *self, const char *name)
{
  char last = self->length > 0 ? self->text[self->length - 1] : '{';

  if (last != '{' && last != '[' && last != ':' && last != '-')
    append_c (self, ',');
  if (name != NULL)
    {
      append_string (self, name);
      append_c (self, ':');
    }
}

void
dms_wire_writer_begin_object (DmsWireWriter *self, const char *name)
{
  begin_value (self, name);
  append_c (self, '{');
}

void
dms_wire_writer_end_object (DmsWireWriter *self)
{
  append_c (self, '}');
}

void
dms_wire_writer_reopen_object (DmsWireWriter *self)
{
  g_return_if_fail (self->length > 0 && self->text[self->length - 1] == '}');
  self->length--;
}

void
dms_wire_writer_begin_array (DmsWireWriter *self, const char *name)
{
  begin_value (self, name);
  append_c (self, '[');
}

void
dms_wire_writer_end_array (DmsWireWriter *self)
{
  append_c (self, ']');
}

void
dms_wire_writer_add_string (DmsWireWriter *self, const char *name, const char *value)
{
  begin_value (self, name);
  append_string (self, value);
}

void
dms_wire_writer_add_uint64 (DmsWireWriter *self, const char *name, guint64 value)
{
  char digits[20];
  gsize first = sizeof digits;

  do
    digits[--first] = (char) ('0' + value % 10);
  while ((value /= 10) > 0);
  begin_value (self, name);
  append (self, digits + first, sizeof digits - first);
}

void
dms_wire_writer_add_null (DmsWireWriter *self, const char *name)
{
  begin_value (self, name);
  append (self, "null", 4);
}

void
dms_wire_writer_add_boolean (DmsWireWriter *self, const char *name, gboolean value)
{
  begin_value (self, name);
  append (self, value ? "true" : "false", value ? 4 : 5);
}

void
dms_wire_writer_add_bytes (DmsWireWriter *self, const char *name, GBytes *value)
{
  const guint8 *data;
  gsize size;

  if (value == NULL)
    {
      dms_wire_writer_add_null (self, name);
      return;
    }
  begin_value (self, name);
  append_c (self, '"');
  data = g_bytes_get_data (value, &size);
  if (size > 0)
    dms_base64_encode (data, size, extend (self, dms_base64_get_encoded_size (size)));
  append_c (self, '"');
}

void
dms_wire_writer_add_base64 (DmsWireWriter *self, const char *name, const char *text, gsize length)
{
  begin_value (self, name);
  append_c (self, '"');
  append (self, text, length);
  append_c (self, '"');
}

void
dms_wire_writer_add_json (DmsWireWriter *self, const char *name, GBytes *value)
{
  gsize size;
  const char *text = g_bytes_get_data (value, &size);

  begin_value (self, name);
  append (self, text, size);
}

void
dms_wire_writer_add_prefix (DmsWireWriter *self, const char *prefix)
{
  g_return_if_fail (self->length == 0);
  g_return_if_fail (g_str_has_suffix (prefix, ":") || g_str_has_suffix (prefix, "-"));
  append (self, prefix, strlen (prefix));
}

const char *
dms_wire_writer_get_data (DmsWireWriter *self, gsize *size)
{
  if (size != NULL)
    *size = self->length;
  self->text[self->length] = '\0';
  return self->text;
}

/**
 * dms_wire_writer_end:
 *
 * Takes the text out of the writer, which is empty after it.
 */
GBytes *
dms_wire_writer_end (DmsWireWriter *self)
{
  gsize size = self->length;

  return g_bytes_new_take (dms_wire_writer_end_string (self), size);
}

char *
dms_wire_writer_end_string (DmsWireWriter *self)
{
  char *text = self->text;

  text[self->length] = '\0';
  self->text = g_malloc (1);
  self->length = 0;
  self->room = 0;
  return text;
}
