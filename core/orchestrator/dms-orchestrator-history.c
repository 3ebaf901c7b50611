/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-orchestrator-private.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-units.h"

#include <glib/gstdio.h>
#include <string.h>

/* /dms/node/deployment/{prune,delete} (behaviors.md 3) */

static void
reply_ok (DmsMessage *message, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "ok", error == NULL);
  if (error != NULL)
    json_object_set_string_member (reply, "error", error);
  dms_message_reply_object (message, reply);
}

/* `<N>d`, a Go duration, RFC 3339, `YYYY-MM-DD HH:MM:SS` or `YYYY-MM-DD` (UTC); microseconds, or -1. */
static gint64
parse_before (const char *text)
{
  gsize length = strlen (text);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = NULL;
  g_autofree char *number = NULL;
  g_autofree char *why = NULL;
  g_autofree char *full = NULL;
  guint64 days;
  gint64 ns;

  if (length > 1 && text[length - 1] == 'd')
    {
      number = g_strndup (text, length - 1);
      if (!g_ascii_string_to_unsigned (number, 10, 0, 36500, &days, NULL))
        return -1;
      return g_get_real_time () - (gint64) days * 24 * 3600 * G_USEC_PER_SEC;
    }
  if (dms_job_units_parse_duration (text, &ns, &why))
    return g_get_real_time () - ns / 1000;
  full = length == 10 ? g_strconcat (text, "T00:00:00Z", NULL) : g_strdup (text);
  if (length > 10 && full[10] == ' ')
    full[10] = 'T';
  time = g_date_time_new_from_iso8601 (full, utc);
  return time == NULL ? -1 : g_date_time_to_unix (time) * G_USEC_PER_SEC;
}

/* Removes the logs of a deployment: a directory of directories of files, made by us. */
static void
remove_logs (DmsOrchestrator *self, const char *id)
{
  g_autofree char *probe = dms_orchestrator_dup_log_directory (self, id, "x");
  g_autofree char *folder = probe == NULL ? NULL : g_path_get_dirname (probe);
  g_autoptr (GDir) dir = folder == NULL ? NULL : g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (folder, name, NULL);

      dms_log_fetch_remove (inner);
    }
  if (folder != NULL)
    g_rmdir (folder);
}

static gboolean
remove_record (DmsOrchestrator *self, const char *id, GError **error)
{
  if (!dms_deployment_records_delete (self->records, id, error))
    return FALSE;
  remove_logs (self, id);
  return TRUE;
}

static void
handle_delete (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_orchestrator_get_id (message, "orchestrator_id", "id");
  g_autoptr (DmsDocument) record = NULL;
  g_autoptr (GError) error = NULL;

  if (id == NULL || *id == '\0')
    {
      reply_ok (message, "the ID of a deployment is required");
      return;
    }
  if (dms_orchestrator_find (self, id) != NULL)
    {
      reply_ok (message, "deployment is running: shut it down first");
      return;
    }
  if (self->records != NULL)
    record = dms_deployment_records_get (self->records, id, NULL);
  if (record == NULL)
    {
      reply_ok (message, DMS_ORCHESTRATOR_UNKNOWN);
      return;
    }
  reply_ok (message, remove_record (self, id, &error) ? NULL : error->message);
}

static void
handle_prune (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  JsonObject *payload = dms_message_get_object (message);
  const char *before = dms_json_object_get_text (payload, "before");
  gboolean all = dms_json_object_get_flag (payload, "all");
  g_autoptr (GPtrArray) records = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gint64 before_us = 0;

  if (!all && (before == NULL || *before == '\0'))
    {
      reply_ok (message, "before must be provided unless --all is used");
      return;
    }
  if (!all)
    before_us = parse_before (before);
  if (before_us < 0)
    {
      text = g_strdup_printf ("“%.40s” is no time: use 7d, 24h, 2026-01-31 or 2026-01-31T12:00:00Z", before);
      reply_ok (message, text);
      return;
    }
  if (self->records != NULL)
    records = dms_deployment_records_list_final (self->records, before_us, &error);
  for (guint i = 0; records != NULL && error == NULL && i < records->len; i++)
    {
      /* What is being finished this moment is not history yet. */
      if (dms_orchestrator_find (self, dms_document_get_id (records->pdata[i])) == NULL)
        remove_record (self, dms_document_get_id (records->pdata[i]), &error);
    }
  reply_ok (message, error != NULL ? error->message : NULL);
}

void
dms_orchestrator_install_history_behaviours (DmsOrchestrator *self, DmsActor *root)
{
  dms_actor_add_behaviour (
      root, "/dms/node/deployment/prune", DMS_BEHAVIOUR_REQUIRE, handle_prune, self, NULL);
  dms_actor_add_behaviour (
      root, "/dms/node/deployment/delete", DMS_BEHAVIOUR_REQUIRE, handle_delete, self, NULL);
}
