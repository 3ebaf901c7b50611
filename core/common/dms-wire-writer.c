/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-wire-writer.h"

#include <string.h>

#include "common/dms-base64.h"

struct _DmsWireWriter
{
  GString *text;
};

DmsWireWriter *
dms_wire_writer_new (void)
{
  return dms_wire_writer_new_sized (1024);
}

DmsWireWriter *
dms_wire_writer_new_sized (gsize size)
{
  DmsWireWriter *self = g_new0 (DmsWireWriter, 1);

  self->text = g_string_sized_new (size);
  return self;
}

void
dms_wire_writer_free (DmsWireWriter *self)
{
  if (self == NULL)
    return;
  if (self->text != NULL)
    g_string_free (self->text, TRUE);
  g_free (self);
}

/* What stands for itself in a string: 1. */
static const guint8 plain[256] = {
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

/* Strings of Go: <, >, & and the line separators are escaped besides what JSON demands. */
static void
append_string (GString *text, const char *value)
{
  static const char hex[] = "0123456789abcdef";
  const char *run = value;
  const char *p = value;
  const char *end = NULL;

  g_string_append_c (text, '"');
  /* The NUL at the end is not plain. */
  while (plain[(guchar) *p])
    p++;
  if (*p != '\0')
    end = p + strlen (p);
  while (end != NULL && p < end)
    {
      guchar c = (guchar) *p;
      gunichar wide = c;
      gsize step = 1;

      if (c >= 0x80)
        {
          wide = g_utf8_get_char_validated (p, end - p);
          if (wide != (gunichar) -1 && wide != (gunichar) -2)
            step = (gsize) (g_utf8_next_char (p) - p);
        }
      else if (plain[c])
        {
          p++;
          continue;
        }
      if (c >= 0x80 && step > 1 && wide != 0x2028 && wide != 0x2029)
        {
          p += step;
          continue;
        }

      g_string_append_len (text, run, p - run);
      if (c >= 0x80 && step == 1)
        g_string_append (text, "\\ufffd");
      else if (wide == 0x2028 || wide == 0x2029)
        g_string_append (text, wide == 0x2028 ? "\\u2028" : "\\u2029");
      else if (c == '"' || c == '\\')
        g_string_append_printf (text, "\\%c", c);
      else if (c == '\n' || c == '\r' || c == '\t')
        g_string_append (text, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
      else
        g_string_append_printf (text, "\\u00%c%c", hex[c >> 4], hex[c & 15]);
      p += step;
      run = p;
    }
  g_string_append_len (text, run, p - run);
  g_string_append_c (text, '"');
}

/* What comes before a value: a comma if it is not the first of its container, and the member's name. */
static void
begin_value (DmsWireWriter *self, const char *name)
{
  char last = self->text->len > 0 ? self->text->str[self->text->len - 1] : '{';

  if (last != '{' && last != '[' && last != ':' && last != '-')
    g_string_append_c (self->text, ',');
  if (name != NULL)
    {
      append_string (self->text, name);
      g_string_append_c (self->text, ':');
    }
}

void
dms_wire_writer_begin_object (DmsWireWriter *self, const char *name)
{
  begin_value (self, name);
  g_string_append_c (self->text, '{');
}

void
dms_wire_writer_end_object (DmsWireWriter *self)
{
  g_string_append_c (self->text, '}');
}

void
dms_wire_writer_begin_array (DmsWireWriter *self, const char *name)
{
  begin_value (self, name);
  g_string_append_c (self->text, '[');
}

void
dms_wire_writer_end_array (DmsWireWriter *self)
{
  g_string_append_c (self->text, ']');
}

void
dms_wire_writer_add_string (DmsWireWriter *self, const char *name, const char *value)
{
  begin_value (self, name);
  append_string (self->text, value);
}

void
dms_wire_writer_add_uint64 (DmsWireWriter *self, const char *name, guint64 value)
{
  begin_value (self, name);
  g_string_append_printf (self->text, "%" G_GUINT64_FORMAT, value);
}

void
dms_wire_writer_add_null (DmsWireWriter *self, const char *name)
{
  begin_value (self, name);
  g_string_append (self->text, "null");
}

void
dms_wire_writer_add_boolean (DmsWireWriter *self, const char *name, gboolean value)
{
  begin_value (self, name);
  g_string_append (self->text, value ? "true" : "false");
}

void
dms_wire_writer_add_bytes (DmsWireWriter *self, const char *name, GBytes *value)
{
  gsize size;
  gsize at;
  const guint8 *data;

  if (value == NULL)
    {
      dms_wire_writer_add_null (self, name);
      return;
    }
  begin_value (self, name);
  g_string_append_c (self->text, '"');
  data = g_bytes_get_data (value, &size);
  if (size > 0)
    {
      at = self->text->len;
      g_string_set_size (self->text, at + dms_base64_get_encoded_size (size));
      dms_base64_encode (data, size, self->text->str + at);
    }
  g_string_append_c (self->text, '"');
}

void
dms_wire_writer_add_base64 (DmsWireWriter *self, const char *name, const char *text, gsize length)
{
  begin_value (self, name);
  g_string_append_c (self->text, '"');
  g_string_append_len (self->text, text, (gssize) length);
  g_string_append_c (self->text, '"');
}

void
dms_wire_writer_add_prefix (DmsWireWriter *self, const char *prefix)
{
  g_return_if_fail (self->text->len == 0);
  g_return_if_fail (g_str_has_suffix (prefix, ":") || g_str_has_suffix (prefix, "-"));
  g_string_append (self->text, prefix);
}

const char *
dms_wire_writer_get_data (DmsWireWriter *self, gsize *size)
{
  if (size != NULL)
    *size = self->text->len;
  return self->text->str;
}

/**
 * dms_wire_writer_end:
 *
 * Takes the text out of the writer, which is empty after it.
 */
GBytes *
dms_wire_writer_end (DmsWireWriter *self)
{
  GString *text = g_steal_pointer (&self->text);

  self->text = g_string_new (NULL);
  return g_string_free_to_bytes (text);
}

char *
dms_wire_writer_end_string (DmsWireWriter *self)
{
  GString *text = g_steal_pointer (&self->text);

  self->text = g_string_new (NULL);
  return g_string_free (text, FALSE);
}
