/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-status.h"

#include <string.h>

enum
{
  MAX_FILE = 1024 * 1024,
  START_TIME_FIELD = 22,
};

struct _DmsProcessStatus
{
  DmsExecutionState state;
  DmsExecutionResult *result;
  gint64 started_us;
  gint64 shim_pid;
  gint64 shim_start;
  gboolean other_boot;
};

static const char *
get_text (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static gint64
get_number (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return 0;
  if (json_node_get_value_type (node) != G_TYPE_INT64 && json_node_get_value_type (node) != G_TYPE_DOUBLE)
    return 0;
  return json_node_get_int (node);
}

static guint64
get_amount (JsonObject *object, const char *name)
{
  return (guint64) MAX (get_number (object, name), 0);
}

DmsExecutionState
dms_process_status_parse_phase (const char *phase)
{
  if (g_strcmp0 (phase, "running") == 0)
    return DMS_EXECUTION_RUNNING;
  if (g_strcmp0 (phase, "paused") == 0)
    return DMS_EXECUTION_PAUSED;
  if (g_strcmp0 (phase, "ended") == 0)
    return DMS_EXECUTION_ENDED;
  return DMS_EXECUTION_PENDING;
}

static DmsEndReason
parse_reason (const char *reason)
{
  static const struct
  {
    const char *word;
    DmsEndReason reason;
  } reasons[] = {
    { "exited", DMS_END_EXITED },
    { "signalled", DMS_END_SIGNALLED },
    { "stopped", DMS_END_STOPPED },
    { "out_of_memory", DMS_END_OUT_OF_MEMORY },
    { "out_of_disk", DMS_END_OUT_OF_DISK },
    { "script_failed", DMS_END_SCRIPT_FAILED },
    { "launch_failed", DMS_END_LAUNCH_FAILED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (g_strcmp0 (reason, reasons[i].word) == 0)
      return reasons[i].reason;
  return DMS_END_LOST;
}

static DmsUsage *
parse_usage (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "usage");
  JsonObject *usage;
  JsonNode *percent;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  usage = json_node_get_object (node);
  percent = json_object_get_member (usage, "cpu_percent");
  return dms_usage_new (percent != NULL && JSON_NODE_HOLDS_VALUE (percent) &&
                                json_node_get_value_type (percent) != G_TYPE_STRING
                            ? MAX (json_node_get_double (percent), 0.0)
                            : 0.0,
                        get_amount (usage, "cpu_time_us"),
                        get_amount (usage, "memory_bytes"),
                        get_amount (usage, "memory_peak_bytes"),
                        get_amount (usage, "memory_limit_bytes"),
                        0,
                        0,
                        get_amount (usage, "disk_bytes"),
                        (guint) get_amount (usage, "pids"));
}

static gboolean
is_other_boot (const char *boot_id)
{
  g_autofree char *now = NULL;

  if (boot_id == NULL || !g_file_get_contents ("/proc/sys/kernel/random/boot_id", &now, NULL, NULL))
    return FALSE;
  return !g_str_equal (g_strstrip (now), boot_id);
}

static void
dms_process_status_clear (DmsProcessStatus *self)
{
  g_clear_pointer (&self->result, dms_execution_result_unref);
}

DmsProcessStatus *
dms_process_status_ref (DmsProcessStatus *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
dms_process_status_unref (DmsProcessStatus *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) dms_process_status_clear);
}

static DmsProcessStatus *
dms_process_status_parse (JsonObject *object)
{
  DmsProcessStatus *self = g_atomic_rc_box_new0 (DmsProcessStatus);

  self->state = dms_process_status_parse_phase (get_text (object, "phase"));
  self->started_us = get_number (object, "started_us");
  self->shim_pid = get_number (object, "shim_pid");
  self->shim_start = get_number (object, "shim_start");
  self->other_boot = is_other_boot (get_text (object, "boot_id"));
  if (self->state == DMS_EXECUTION_ENDED)
    {
      g_autoptr (DmsUsage) usage = parse_usage (object);

      self->result = dms_execution_result_new (parse_reason (get_text (object, "reason")),
                                               (int) CLAMP (get_number (object, "exit_code"), -1, 255),
                                               get_text (object, "message"),
                                               self->started_us,
                                               get_number (object, "ended_us"),
                                               usage);
    }
  return self;
}

DmsProcessStatus *
dms_process_status_load (const char *state_dir, GError **error)
{
  g_autofree char *path = g_build_filename (state_dir, "status.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) local = NULL;
  gsize length = 0;
  JsonNode *root;

  if (!g_file_get_contents (path, &text, &length, &local))
    {
      g_set_error (error,
                   DMS_ERROR,
                   g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? DMS_ERROR_NOT_FOUND
                                                                             : DMS_ERROR_IO,
                   "cannot read “%s”: %s",
                   path,
                   local->message);
      return NULL;
    }
  if (length > MAX_FILE || !json_parser_load_from_data (parser, text, (gssize) length, NULL) ||
      (root = json_parser_get_root (parser)) == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_CORRUPT,
                   "“%s” is damaged: the state of this execution is unknown",
                   path);
      return NULL;
    }
  return dms_process_status_parse (json_node_get_object (root));
}

DmsExecutionState
dms_process_status_get_state (DmsProcessStatus *self)
{
  return self->state;
}

DmsExecutionResult *
dms_process_status_get_result (DmsProcessStatus *self)
{
  return self->result;
}

DmsExecutionResult *
dms_process_status_dup_lost (DmsProcessStatus *self)
{
  return dms_execution_result_new (DMS_END_LOST,
                                   -1,
                                   self->other_boot ? "the machine was restarted while the job ran"
                                                    : "the job's supervisor was killed, and the job with it",
                                   self->started_us,
                                   0,
                                   NULL);
}

static gint64
read_start_time (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", pid);
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  at = strrchr (text, ')');
  for (int field = 2; at != NULL && field < START_TIME_FIELD; field++)
    at = strchr (at + 1, ' ');
  return at != NULL ? g_ascii_strtoll (at + 1, NULL, 10) : 0;
}

gint64
dms_process_status_get_shim_pid (DmsProcessStatus *self)
{
  if (self->shim_pid <= 1 || self->shim_start <= 0 || self->other_boot)
    return 0;
  return read_start_time (self->shim_pid) == self->shim_start ? self->shim_pid : 0;
}
