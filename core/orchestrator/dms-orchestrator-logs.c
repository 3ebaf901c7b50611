/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-orchestrator-private.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-units.h"

#include <glib/gstdio.h>
#include <string.h>

/* /dms/node/deployment/logs and logs/async/… (behaviors.md 3) */

enum
{
  MAX_JOBS = 1024,
  DEFAULT_INTERVAL = 10,
  MAX_INTERVAL = 300,
  /* Somebody waits for the answer. */
  PATIENCE_SECONDS = 20,
};

/* What a request about logs names. */
typedef struct
{
  /* (nullable): when it is not over */
  DmsDeployment *deployment;
  char *ensemble_id;
  char *allocation_id;
  char *directory;
  /* The machine that has the logs. */
  DmsHandle *node;
} LogTarget;

static void
log_target_free (LogTarget *target)
{
  g_free (target->ensemble_id);
  g_free (target->allocation_id);
  g_free (target->directory);
  g_clear_pointer (&target->node, dms_handle_unref);
  g_free (target);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LogTarget, log_target_free)

/* The manifest of a deployment, running or past; NULL when it is not known or damaged. */
static DmsManifest *
find_manifest (DmsOrchestrator *self, const char *id)
{
  DmsDeployment *deployment = dms_orchestrator_find (self, id);
  g_autoptr (DmsDocument) record = NULL;

  if (deployment != NULL)
    return dms_deployment_dup_manifest (deployment);
  if (self->records != NULL)
    record = dms_deployment_records_get (self->records, id, NULL);
  if (record == NULL)
    return NULL;
  return dms_manifest_new_from_json (
      dms_json_object_get_member (dms_deployment_records_get_data (record), "Manifest"), NULL);
}

static LogTarget *
find_target (DmsOrchestrator *self, DmsMessage *message, GError **error)
{
  const char *id = dms_orchestrator_get_id (message, "EnsembleID", "id");
  const char *name = dms_orchestrator_get_id (message, "AllocationName", "allocation");
  g_autoptr (LogTarget) target = g_new0 (LogTarget, 1);
  g_autoptr (DmsManifest) manifest = NULL;
  DmsAllocationManifest *allocation;
  DmsNodeManifest *node;
  const char *key;

  if (id == NULL || name == NULL)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "EnsembleID and AllocationName are required");
      return NULL;
    }
  manifest = find_manifest (self, id);
  if (manifest == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "%s", DMS_ORCHESTRATOR_UNKNOWN);
      return NULL;
    }
  allocation = dms_manifest_find_allocation (manifest, name);
  key = allocation == NULL ? NULL : strchr (dms_allocation_manifest_get_id (allocation), '_');
  if (key != NULL)
    target->directory = dms_orchestrator_dup_log_directory (self, id, key + 1);
  if (target->directory == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "the deployment has no allocation “%.80s”", name);
      return NULL;
    }
  target->deployment = dms_orchestrator_find (self, id);
  target->ensemble_id = g_strdup (id);
  target->allocation_id = g_strdup (dms_allocation_manifest_get_id (allocation));
  node = dms_manifest_find_node (manifest, dms_allocation_manifest_get_node_id (allocation));
  if (node != NULL && !dms_handle_is_empty (dms_node_manifest_get_handle (node)))
    target->node = dms_handle_ref (dms_node_manifest_get_handle (node));
  return g_steal_pointer (&target);
}

/* Bytes of both logs as they are here; -1 when there are none. */
static gint64
size_of_logs (const char *directory)
{
  static const char *const names[] = { "stdout.log", "stderr.log" };
  gint64 total = -1;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (directory, names[i], NULL);
      GStatBuf info;

      if (g_stat (path, &info) == 0)
        total = MAX (total, 0) + (gint64) info.st_size;
    }
  return total;
}

/* logs */

typedef struct
{
  DmsMessage *message;
  char *allocation_id;
  char *ensemble_id;
} LogReply;

static void
reply_logs (DmsMessage *message, const char *directory, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "LogsWrittenTo", directory != NULL ? directory : "");
  json_object_set_string_member (reply, "Error", error != NULL ? error : "");
  dms_message_reply_object (message, reply);
}

static void
reply_what_is_here (DmsMessage *message,
                    const char *directory,
                    const char *ensemble_id,
                    const char *allocation_id,
                    const char *error)
{
  g_autofree char *text = NULL;

  if (size_of_logs (directory) > 0)
    {
      reply_logs (message, directory, error);
      return;
    }
  text = error != NULL ? g_strdup (error)
                       : g_strdup_printf ("stdout and stderr for allocation %s are empty (ensemble: %s)",
                                          allocation_id + strlen (ensemble_id) + 1,
                                          ensemble_id);
  reply_logs (message, NULL, text);
}

static void
log_reply_free (gpointer data, GClosure *closure)
{
  LogReply *pending = data;

  dms_message_unref (pending->message);
  g_free (pending->allocation_id);
  g_free (pending->ensemble_id);
  g_free (pending);
}

static void
on_fetched (DmsLogFetch *fetch, gpointer user_data)
{
  LogReply *pending = user_data;
  gboolean failed = dms_log_fetch_get_state (fetch) != DMS_LOG_FETCH_COMPLETE;

  reply_what_is_here (pending->message,
                      dms_log_fetch_get_directory (fetch),
                      pending->ensemble_id,
                      pending->allocation_id,
                      failed ? dms_log_fetch_get_error (fetch) : NULL);
  g_object_unref (fetch);
}

static void
handle_logs (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (LogTarget) target = find_target (self, message, &error);
  g_autoptr (DmsLogFetch) fetch = NULL;
  g_autofree char *shortfall = NULL;
  LogReply *pending;

  if (target == NULL)
    {
      reply_logs (message, NULL, error->message);
      return;
    }
  /* A deployment that is over has brought its logs here already. */
  if (target->deployment == NULL || target->node == NULL)
    {
      shortfall = dms_log_fetch_read_shortfall (target->directory);
      reply_what_is_here (message, target->directory, target->ensemble_id, target->allocation_id, shortfall);
      return;
    }
  fetch = dms_log_fetch_new (
      self->root, target->node, target->ensemble_id, target->allocation_id, target->directory, FALSE, 0);
  dms_log_fetch_set_patience (fetch, PATIENCE_SECONDS, 0);
  pending = g_new0 (LogReply, 1);
  pending->message = dms_message_ref (message);
  pending->allocation_id = g_strdup (target->allocation_id);
  pending->ensemble_id = g_strdup (target->ensemble_id);
  g_signal_connect_data (fetch, "ended", G_CALLBACK (on_fetched), pending, log_reply_free, 0);
  if (dms_log_fetch_start (fetch, &error))
    g_steal_pointer (&fetch);
  else
    reply_logs (message, NULL, error->message);
}

/* logs/async */

static char *
job_key (DmsMessage *message, const char *allocation_id)
{
  return g_strdup_printf ("%s %s", dms_did_get_uri (dms_message_get_sender_did (message)), allocation_id);
}

static void
reply_job (DmsMessage *message, DmsLogFetch *job, gboolean with_bytes)
{
  JsonObject *reply = json_object_new ();
  g_autofree char *interval =
      dms_job_units_format_duration ((gint64) dms_log_fetch_get_interval (job) * 1000000000);

  json_object_set_string_member (reply, "LogsWrittenTo", dms_log_fetch_get_directory (job));
  json_object_set_string_member (reply, "Status", dms_log_fetch_get_state_name (job));
  if (with_bytes)
    json_object_set_int_member (reply, "BytesWritten", (gint64) dms_log_fetch_get_bytes (job));
  json_object_set_boolean_member (reply, "Follow", dms_log_fetch_get_follow (job));
  json_object_set_string_member (reply, "FollowInterval", interval);
  json_object_set_string_member (reply, "Error", dms_log_fetch_get_error (job));
  dms_message_reply_object (message, reply);
}

static void
reply_no_job (DmsMessage *message, const char *status, const char *directory, gint64 bytes, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "LogsWrittenTo", directory != NULL ? directory : "");
  json_object_set_string_member (reply, "Status", status);
  json_object_set_int_member (reply, "BytesWritten", MAX (bytes, 0));
  json_object_set_boolean_member (reply, "Follow", FALSE);
  json_object_set_string_member (reply, "FollowInterval", "10s");
  json_object_set_string_member (reply, "Error", error != NULL ? error : "");
  dms_message_reply_object (message, reply);
}

static gboolean
is_ended (gpointer key, gpointer value, gpointer user_data)
{
  return dms_log_fetch_get_state (value) != DMS_LOG_FETCH_RUNNING;
}

static void
start_job (DmsOrchestrator *self, DmsMessage *message, LogTarget *target, char *key)
{
  JsonObject *payload = dms_message_get_object (message);
  gint64 interval =
      dms_json_object_get_whole (payload, "FollowIntervalSeconds", 1, G_MAXINT64, DEFAULT_INTERVAL);
  g_autoptr (DmsLogFetch) job = NULL;
  g_autoptr (GError) error = NULL;

  if (g_hash_table_size (self->log_jobs) >= MAX_JOBS)
    g_hash_table_foreach_remove (self->log_jobs, is_ended, NULL);
  if (g_hash_table_size (self->log_jobs) >= MAX_JOBS)
    {
      reply_no_job (message, "failed", NULL, 0, "too many logs are being followed; stop one first");
      return;
    }
  job = dms_log_fetch_new (self->root,
                           target->node,
                           target->ensemble_id,
                           target->allocation_id,
                           target->directory,
                           dms_json_object_get_flag (payload, "Follow"),
                           (guint) MIN (interval, MAX_INTERVAL));
  if (!dms_log_fetch_start (job, &error))
    {
      reply_no_job (message, "failed", NULL, 0, error->message);
      return;
    }
  g_hash_table_replace (self->log_jobs, g_strdup (key), g_object_ref (job));
  reply_job (message, job, FALSE);
}

static void
handle_async (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (LogTarget) target = find_target (self, message, &error);
  g_autofree char *key = NULL;
  DmsLogFetch *job;

  if (target == NULL)
    {
      reply_no_job (message, "failed", NULL, 0, error->message);
      return;
    }
  key = job_key (message, target->allocation_id);
  job = g_hash_table_lookup (self->log_jobs, key);
  if (job != NULL && dms_log_fetch_get_state (job) == DMS_LOG_FETCH_RUNNING)
    {
      reply_job (message, job, FALSE);
      return;
    }
  if (target->deployment == NULL || target->node == NULL)
    {
      gint64 bytes = size_of_logs (target->directory);

      reply_no_job (message,
                    bytes >= 0 ? "complete" : "failed",
                    bytes >= 0 ? target->directory : NULL,
                    bytes,
                    bytes >= 0 ? NULL : "the allocation has no logs");
      return;
    }
  start_job (self, message, target, key);
}

static DmsLogFetch *
find_job (DmsOrchestrator *self, DmsMessage *message)
{
  const char *name = dms_orchestrator_get_id (message, "AllocationName", "allocation");
  g_autoptr (GError) error = NULL;
  g_autoptr (LogTarget) target = find_target (self, message, &error);
  g_autofree char *key = target == NULL ? NULL : job_key (message, target->allocation_id);
  DmsLogFetch *job = key == NULL ? NULL : g_hash_table_lookup (self->log_jobs, key);
  g_autofree char *text = NULL;

  if (job != NULL)
    return job;
  text = g_strdup_printf ("no log fetch for allocation %.80s by requester %s",
                          name != NULL ? name : "",
                          dms_did_get_uri (dms_message_get_sender_did (message)));
  reply_no_job (message, "", NULL, 0, text);
  return NULL;
}

static void
handle_async_status (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsLogFetch *job = find_job (user_data, message);

  if (job != NULL)
    reply_job (message, job, TRUE);
}

static void
handle_async_stop (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsLogFetch *job = find_job (user_data, message);

  if (job == NULL)
    return;
  dms_log_fetch_stop (job);
  reply_job (message, job, TRUE);
}

void
dms_orchestrator_end_log_jobs (DmsOrchestrator *self, DmsDeployment *deployment)
{
  g_autofree char *needle = g_strdup_printf (" %s_", dms_deployment_get_id (deployment));
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  g_hash_table_iter_init (&iter, self->log_jobs);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      if (strstr (key, needle) != NULL)
        dms_log_fetch_stop_following (value);
    }
}

void
dms_orchestrator_install_log_behaviours (DmsOrchestrator *self, DmsActor *root)
{
  static const struct
  {
    const char *path;
    DmsBehaviourFunc func;
  } behaviours[] = {
    { "/dms/node/deployment/logs", handle_logs },
    { "/dms/node/deployment/logs/async", handle_async },
    { "/dms/node/deployment/logs/async/status", handle_async_status },
    { "/dms/node/deployment/logs/async/stop", handle_async_stop },
  };

  for (guint i = 0; i < G_N_ELEMENTS (behaviours); i++)
    dms_actor_add_behaviour (root, behaviours[i].path, DMS_BEHAVIOUR_REQUIRE, behaviours[i].func, self, NULL);
}
