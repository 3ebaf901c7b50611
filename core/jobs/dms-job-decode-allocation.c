/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-allocation-config-private.h"
#include "jobs/dms-job-key.h"

#include <string.h>

enum
{
  MAX_KEYS = 64
};

gboolean
dms_job_is_word (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= 64 && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

gboolean
dms_job_is_dns_name (const char *text, gboolean allow_dots)
{
  g_auto (GStrv) labels = NULL;

  if (*text == '\0' || strlen (text) > 253 || (!allow_dots && strchr (text, '.') != NULL))
    return FALSE;
  labels = g_strsplit (text, ".", -1);
  for (guint i = 0; labels[i] != NULL; i++)
    {
      gsize length = strlen (labels[i]);

      if (length == 0 || length > 63 || !g_ascii_isalnum (labels[i][0]) ||
          !g_ascii_isalnum (labels[i][length - 1]))
        return FALSE;
      for (gsize j = 0; j < length; j++)
        {
          if (!g_ascii_isalnum (labels[i][j]) && labels[i][j] != '-')
            return FALSE;
        }
    }
  return TRUE;
}

char *
dms_job_decode_word (DmsJobReader *reader, const char *key, DmsJobReadFlags flags)
{
  DmsJobNode *node = dms_job_node_get (dms_job_reader_get_node (reader), key);

  if (node != NULL && dms_job_node_get_kind (node) == DMS_JOB_NODE_NULL &&
      g_strcmp0 (dms_job_node_get_text (node), "null") == 0 &&
      dms_job_reader_get_form (reader) == DMS_JOB_FORM_FILE)
    {
      dms_job_reader_mark_known (reader, key);
      return g_strdup ("null");
    }
  return dms_job_reader_dup_string (reader, key, flags);
}

/* An older sender names the ensemble's key here instead of describing it. */
static DmsJobKey *
decode_named_key (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  DmsJobNode *content = dms_job_node_get (scope->keys, dms_job_node_get_text (node));

  if (content == NULL || dms_job_node_get_text (content) == NULL)
    {
      dms_job_report_error (scope->report,
                            node,
                            path,
                            "no key \"%.40s\" under the top-level keys",
                            dms_job_node_get_text (node));
      return NULL;
    }
  return dms_job_key_new ("ssh", dms_job_node_get_text (content), NULL);
}

static DmsJobKey *
decode_key (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  static const char *const types[] = { "ssh", "gpg", NULL };
  g_autoptr (DmsJobReader) key = NULL;
  g_autofree char *type = NULL;
  g_autofree char *file = NULL;
  g_autofree char *destination = NULL;
  DmsJobNode *named;
  gboolean is_ssh;

  if (dms_job_node_get_kind (node) == DMS_JOB_NODE_STRING)
    return decode_named_key (node, path, scope);
  key = dms_job_reader_new (node, path, scope->form, scope->report);
  if (key == NULL)
    return NULL;
  type = dms_job_reader_dup_choice (key, "type", types, NULL, DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  is_ssh = g_strcmp0 (type, "ssh") == 0;
  file = dms_job_reader_dup_string (key, "file", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  destination = dms_job_reader_dup_string (
      key, "dest", is_ssh ? DMS_JOB_READ_OPTIONAL : DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  if (!is_ssh && destination != NULL && *destination != '\0' && !g_path_is_absolute (destination))
    dms_job_reader_error (key, "dest", "must be an absolute path, got \"%.80s\"", destination);
  dms_job_reader_finish (key);
  named = file == NULL ? NULL : dms_job_node_get (scope->keys, file);
  return dms_job_key_new (
      type,
      named != NULL && dms_job_node_get_text (named) != NULL ? dms_job_node_get_text (named) : file,
      destination != NULL && *destination != '\0' ? destination : NULL);
}

static GPtrArray *
decode_keys (DmsJobReader *allocation, const DmsJobScope *scope)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_key_unref);
  DmsJobNode *list = dms_job_reader_get_list (allocation, "keys", DMS_JOB_READ_OPTIONAL);

  if (list == NULL)
    return keys;
  if (dms_job_node_get_n_items (list) > MAX_KEYS)
    {
      dms_job_reader_error (allocation, "keys", "must have at most %d items", MAX_KEYS);
      return keys;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s.keys[%u]", dms_job_reader_get_path (allocation), i);
      DmsJobKey *key = decode_key (dms_job_node_get_item (list, i), path, scope);

      if (key != NULL)
        g_ptr_array_add (keys, key);
    }
  return keys;
}

static void
check_provision (DmsJobReader *allocation, GStrv provision, const DmsJobScope *scope)
{
  for (guint i = 0; provision[i] != NULL; i++)
    {
      if (dms_job_node_get (scope->scripts, provision[i]) == NULL)
        dms_job_reader_error (
            allocation, "provision", "no script \"%.40s\" under the top-level scripts", provision[i]);
    }
}

static void
decode_executor (DmsJobReader *allocation, const DmsJobScope *scope, DmsAllocationConfig *self)
{
  g_autofree char *type = NULL;

  self->executor =
      dms_job_decode_word (allocation, "executor", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  self->params = dms_job_decode_execution (allocation, scope, &type);
  if (self->executor != NULL && *self->executor != '\0' && type != NULL && *type != '\0' &&
      strcmp (self->executor, type) != 0)
    dms_job_reader_error (allocation,
                          "executor",
                          "is \"%.40s\" but execution.type is \"%.40s\"; they must be the same",
                          self->executor,
                          type);
}

DmsAllocationConfig *
dms_job_decode_allocation (DmsJobNode *node, const char *path, const char *name, const DmsJobScope *scope)
{
  static const char *const types[] = { "task", "service", NULL };
  static const char *const recoveries[] = { "stay_down", "one_for_one", "one_for_all", "rest_for_one", NULL };
  g_autoptr (DmsJobReader) allocation = dms_job_reader_new (node, path, scope->form, scope->report);
  g_autoptr (DmsAllocationConfig) self = NULL;
  DmsJobNode *check;

  if (allocation == NULL)
    return NULL;
  self = g_atomic_rc_box_new0 (DmsAllocationConfig);
  self->name = g_strdup (name);
  decode_executor (allocation, scope, self);
  self->type = dms_job_reader_dup_choice (
      allocation, "type", types, "task", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  self->resources = dms_job_decode_resources (allocation, scope);
  self->dns_name = dms_job_reader_dup_string (allocation,
                                              "dns_name",
                                              scope->form == DMS_JOB_FORM_FILE ? DMS_JOB_READ_NON_EMPTY
                                                                               : DMS_JOB_READ_OPTIONAL);
  if (self->dns_name == NULL || *self->dns_name == '\0')
    {
      g_free (self->dns_name);
      self->dns_name = g_strdup (name);
    }
  else if (!dms_job_is_dns_name (self->dns_name, TRUE))
    {
      dms_job_reader_error (allocation, "dns_name", "must be a DNS name, got \"%.80s\"", self->dns_name);
    }
  self->depends_on = dms_job_reader_dup_strv (allocation, "depends_on", DMS_JOB_READ_OPTIONAL);
  self->keys = decode_keys (allocation, scope);
  self->provision = dms_job_reader_dup_strv (allocation, "provision", DMS_JOB_READ_OPTIONAL);
  check_provision (allocation, self->provision, scope);
  self->volumes = dms_job_decode_volumes (allocation, scope);
  check = dms_job_reader_get (allocation, "healthcheck", DMS_JOB_READ_OPTIONAL);
  if (check != NULL)
    {
      g_autofree char *check_path = dms_job_reader_dup_path_of (allocation, "healthcheck");

      self->health_check = dms_job_decode_health_check (check, check_path, scope->form, scope->report);
    }
  self->preferences = dms_job_decode_preferences (allocation, scope);
  self->required = dms_job_decode_requires (allocation, scope);
  self->failure_recovery = dms_job_reader_dup_choice (
      allocation, "failure_recovery", recoveries, "stay_down", DMS_JOB_READ_OPTIONAL);
  self->flow = dms_job_decode_flow (allocation);
  self->children = dms_job_decode_children (allocation, scope);
  self->single = dms_job_reader_get_bool (allocation, "single", FALSE);
  dms_job_reader_finish (allocation);
  return g_steal_pointer (&self);
}
