/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "observability/dms-log.h"

#include <string.h>
#include <unistd.h>

#include <dms.h>
#include <json-glib/json-glib.h>

#include "common/dms-json-object.h"

/* Fields of GLib's structured log that are ours carry this prefix; what follows is the label. */
#define LABEL_PREFIX        "DMS_"
#define LABEL_PREFIX_LENGTH 4
/* Labels of one event. */
#define MAX_LABELS 16
/* Longest text of one label or message in the file, so that nobody outside fills the disk with one line. */
#define MAX_TEXT 4096

struct _DmsLog
{
  GObject parent_instance;

  DmsLogFile *file;
  GLogLevelFlags threshold;
  gboolean console;
  gboolean colour;
};

G_DEFINE_FINAL_TYPE (DmsLog, dms_log, G_TYPE_OBJECT)

/* The log is the one piece of global state: GLib allows one writer a process and never takes it back. */
static DmsLog *installed;

static const struct
{
  const char *name;
  GLogLevelFlags level;
  const char *colour;
} levels[] = {
  { "DEBUG", G_LOG_LEVEL_DEBUG, "\033[2m" },
  { "INFO", G_LOG_LEVEL_INFO, "\033[32m" },
  { "WARN", G_LOG_LEVEL_WARNING, "\033[33m" },
  { "ERROR", G_LOG_LEVEL_CRITICAL, "\033[31m" },
};

static guint
level_index (GLogLevelFlags level)
{
  switch (level & G_LOG_LEVEL_MASK)
    {
    case G_LOG_LEVEL_DEBUG:
      return 0;
    case G_LOG_LEVEL_INFO:
    case G_LOG_LEVEL_MESSAGE:
      return 1;
    case G_LOG_LEVEL_WARNING:
      return 2;
    default:
      return 3;
    }
}

static void
dms_log_finalize (GObject *object)
{
  DmsLog *self = DMS_LOG (object);

  if (installed == self)
    installed = NULL;
  g_clear_object (&self->file);

  G_OBJECT_CLASS (dms_log_parent_class)->finalize (object);
}

static void
dms_log_class_init (DmsLogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_log_finalize;
}

static void
dms_log_init (DmsLog *self)
{
  self->threshold = G_LOG_LEVEL_INFO;
  self->console = TRUE;
  self->colour = g_log_writer_supports_color (STDERR_FILENO);
}

DmsLog *
dms_log_new (void)
{
  return g_object_new (DMS_TYPE_LOG, NULL);
}

gboolean
dms_log_set_level (DmsLog *self, const char *level, GError **error)
{
  g_return_val_if_fail (DMS_IS_LOG (self), FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (g_ascii_strcasecmp (level, levels[i].name) == 0)
      {
        self->threshold = levels[i].level;
        return TRUE;
      }

  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_INVALID_ARGUMENT,
               "“%s” is not a log level; use DEBUG, INFO, WARN or ERROR",
               level);
  return FALSE;
}

const char *
dms_log_get_level (DmsLog *self)
{
  g_return_val_if_fail (DMS_IS_LOG (self), NULL);

  return levels[level_index (self->threshold)].name;
}

void
dms_log_set_file (DmsLog *self, DmsLogFile *file)
{
  g_return_if_fail (DMS_IS_LOG (self));

  g_set_object (&self->file, file);
}

void
dms_log_set_console (DmsLog *self, gboolean enabled)
{
  g_return_if_fail (DMS_IS_LOG (self));

  self->console = enabled;
}

static char *
field_text (const GLogField *field)
{
  gsize length = field->length < 0 ? strlen (field->value) : (gsize) field->length;

  return g_utf8_make_valid (field->value, (gssize) MIN (length, MAX_TEXT));
}

static const char *
field_label (const GLogField *field)
{
  if (g_str_has_prefix (field->key, LABEL_PREFIX))
    return field->key + LABEL_PREFIX_LENGTH;
  if (g_str_equal (field->key, "MESSAGE"))
    return "msg";
  if (g_str_equal (field->key, "GLIB_DOMAIN"))
    return "logger";
  return NULL;
}

static void
write_file (DmsLog *self, guint index, const GLogField *fields, gsize n_fields)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *when = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GString) line = g_string_sized_new (256);
  g_autofree char *json = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "timestamp");
  json_builder_add_string_value (builder, when);
  json_builder_set_member_name (builder, "level");
  json_builder_add_string_value (builder, levels[index].name);
  for (gsize i = 0; i < n_fields; i++)
    {
      const char *label = field_label (&fields[i]);
      g_autofree char *text = label != NULL ? field_text (&fields[i]) : NULL;

      if (label == NULL)
        continue;
      json_builder_set_member_name (builder, label);
      json_builder_add_string_value (builder, text);
    }
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  json = dms_json_node_to_text (root);
  g_string_append (line, json);
  g_string_append_c (line, '\n');
  dms_log_file_write_line (self->file, line->str, line->len);
}

/* Control characters in what others sent must not drive the reader's terminal. */
static void
append_printable (GString *line, const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c != '\t' && g_unichar_iscntrl (c))
        g_string_append_printf (line, "\\x%02x", c);
      else
        g_string_append_unichar (line, c);
    }
}

static void
write_console (DmsLog *self, guint index, const GLogField *fields, gsize n_fields)
{
  g_autoptr (GString) line = g_string_sized_new (160);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *when = g_date_time_format (now, "%H:%M:%S");

  if (self->colour)
    g_string_append_printf (line, "%s %s%-5s\033[0m ", when, levels[index].colour, levels[index].name);
  else
    g_string_append_printf (line, "%s %-5s ", when, levels[index].name);

  for (gsize i = 0; i < n_fields; i++)
    {
      g_autofree char *text = NULL;
      const char *label = field_label (&fields[i]);

      if (label == NULL || g_str_equal (label, "logger"))
        continue;
      text = field_text (&fields[i]);
      if (!g_str_equal (label, "msg"))
        g_string_append_printf (line, "  %s=", label);
      append_printable (line, text);
    }

  g_string_append_c (line, '\n');
  if (write (STDERR_FILENO, line->str, line->len) < 0)
    return;
}

static GLogWriterOutput
writer (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  DmsLog *self = installed;
  guint index = level_index (level);

  if (self == NULL || (level & G_LOG_FLAG_FATAL) != 0)
    return g_log_writer_default (level, fields, n_fields, user_data);
  if (index < level_index (self->threshold))
    return G_LOG_WRITER_HANDLED;

  if (self->file != NULL)
    write_file (self, index, fields, n_fields);
  if (self->console)
    write_console (self, index, fields, n_fields);

  return G_LOG_WRITER_HANDLED;
}

void
dms_log_install (DmsLog *self)
{
  static gsize once;

  g_return_if_fail (DMS_IS_LOG (self));

  installed = self;
  if (g_once_init_enter (&once))
    {
      g_log_set_writer_func (writer, NULL, NULL);
      g_once_init_leave (&once, 1);
    }
}

void
dms_log_event (GLogLevelFlags level, const char *message, const char *first_label, ...)
{
  static const char *const priorities[] = { "7", "6", "4", "3" };
  GLogField fields[MAX_LABELS + 3] = {
    { "MESSAGE", message, -1 },
    { "PRIORITY", priorities[level_index (level)], -1 },
    { "GLIB_DOMAIN", "dms", -1 },
  };
  char keys[MAX_LABELS][64];
  gsize n_fields = 3;
  gsize n_labels = 0;
  va_list args;

  va_start (args, first_label);
  for (const char *label = first_label; label != NULL; label = va_arg (args, const char *))
    {
      const char *text = va_arg (args, const char *);

      if (text == NULL || n_labels == MAX_LABELS)
        continue;
      g_snprintf (keys[n_labels], sizeof keys[n_labels], LABEL_PREFIX "%s", label);
      fields[n_fields++] = (GLogField){ keys[n_labels++], text, -1 };
    }
  va_end (args);

  g_log_structured_array (level, fields, n_fields);
}
