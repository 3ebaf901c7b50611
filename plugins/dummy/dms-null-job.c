/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-null-job.h"

#include <string.h>

enum
{
  DMS_NULL_JOB_MAX_TEXT = 16 * 1024 * 1024,
  DMS_NULL_JOB_MAX_SECONDS = 366 * 24 * 3600,
};

static gboolean
dms_null_job_read_text (JsonObject *params, const char *member, char **text, GError **error)
{
  JsonNode *node = json_object_get_member (params, member);

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING
      || strlen (json_node_get_string (node)) > DMS_NULL_JOB_MAX_TEXT)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "null executor: “%s” must be a text", member);
      return FALSE;
    }
  *text = json_node_dup_string (node);
  return TRUE;
}

static gboolean
dms_null_job_read_number (JsonObject *params,
                          const char *member,
                          gint64 min,
                          gint64 max,
                          gint64 *number,
                          GError **error)
{
  JsonNode *node = json_object_get_member (params, member);

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64
      || json_node_get_int (node) < min || json_node_get_int (node) > max)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "null executor: “%s” must be a whole number from %" G_GINT64_FORMAT
                   " to %" G_GINT64_FORMAT,
                   member,
                   min,
                   max);
      return FALSE;
    }
  *number = json_node_get_int (node);
  return TRUE;
}

static gboolean
dms_null_job_read_boolean (JsonObject *params, const char *member, gboolean *value, GError **error)
{
  JsonNode *node = json_object_get_member (params, member);

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "null executor: “%s” must be true or false", member);
      return FALSE;
    }
  *value = json_node_get_boolean (node);
  return TRUE;
}

/* Reads the engine parameters. Those it does not know are another executor's, and mean nothing here. */
DmsNullJob *
dms_null_job_new (JsonObject *params, GError **error)
{
  g_autoptr (DmsNullJob) self = g_new0 (DmsNullJob, 1);
  gint64 exit_code = 0;
  gint64 exec_exit_code = 0;
  gint64 signal = 0;

  if (!dms_null_job_read_text (params, "stdout", &self->out, error) ||
      !dms_null_job_read_text (params, "stderr", &self->err, error) ||
      !dms_null_job_read_text (params, "stdout_at_end", &self->out_at_end, error) ||
      !dms_null_job_read_text (params, "fail_prepare", &self->fail_prepare, error) ||
      !dms_null_job_read_text (params, "fail_launch", &self->fail_launch, error) ||
      !dms_null_job_read_text (params, "fail_script", &self->fail_script, error) ||
      !dms_null_job_read_text (params, "exec_stdout", &self->exec_out, error) ||
      !dms_null_job_read_number (params,
                                 "duration_ms",
                                 -1,
                                 DMS_NULL_JOB_MAX_SECONDS * G_GINT64_CONSTANT (1000),
                                 &self->duration_ms,
                                 error) ||
      !dms_null_job_read_number (params, "prepare_ms", 0, 3600 * 1000, &self->prepare_ms, error) ||
      !dms_null_job_read_number (params, "exit_code", 0, 255, &exit_code, error) ||
      !dms_null_job_read_number (params, "exec_exit_code", 0, 255, &exec_exit_code, error) ||
      !dms_null_job_read_number (params, "signal", 0, 64, &signal, error) ||
      !dms_null_job_read_boolean (params, "out_of_memory", &self->out_of_memory, error) ||
      !dms_null_job_read_boolean (params, "ignore_stop", &self->ignore_stop, error))
    return NULL;
  self->exit_code = (int) exit_code;
  self->exec_exit_code = (int) exec_exit_code;
  self->signal = (int) signal;
  return g_steal_pointer (&self);
}

void
dms_null_job_free (DmsNullJob *self)
{
  g_free (self->out);
  g_free (self->err);
  g_free (self->out_at_end);
  g_free (self->fail_prepare);
  g_free (self->fail_launch);
  g_free (self->fail_script);
  g_free (self->exec_out);
  g_free (self);
}
