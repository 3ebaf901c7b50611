/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What the node answers to the orchestrator of an ensemble it serves: `/dms/ensemble/<id>/…` (behaviors.md
 * §5). */

#include <string.h>

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-job-log.h"
#include "provider/dms-provider-private.h"

enum
{
  CHUNK_BYTES = 512 * 1024,
  BOTH_BYTES = 256 * 1024,
};

static const char *const SUFFIXES[] = {
  "allocation/logs",     "allocation/shutdown", "node/subnet/create",
  "node/subnet/destroy", "node/subnet/join",    "succession",
};

typedef struct
{
  DmsProvider *provider;
  char *ensemble_id;
} Scope;

static void
scope_free (gpointer data)
{
  Scope *scope = data;

  g_free (scope->ensemble_id);
  g_free (scope);
}

static void
reply_outcome (DmsMessage *message, const GError *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error->message : "");
  dms_message_reply_object (message, reply);
}

/* Full ID, key or plain name of an allocation of this ensemble. */
static char *
dup_id (Scope *scope, const char *name)
{
  g_autofree char *prefix = g_strconcat (scope->ensemble_id, "_", NULL);

  if (name == NULL || g_str_has_prefix (name, prefix))
    return g_strdup (name);
  return g_strconcat (prefix, name, NULL);
}

/* Logs */

typedef struct
{
  DmsMessage *message;
  DmsAllocation *allocation; /* (nullable): NULL when it has ended and only its files are left */
  DmsJobLog *log;
  gboolean both;
  DmsLogStream stream;
  guint64 offset;
  gsize max_bytes;
  JsonObject *reply;
} Logs;

static void
logs_free (Logs *logs)
{
  dms_message_unref (logs->message);
  g_clear_object (&logs->allocation);
  g_clear_object (&logs->log);
  g_clear_pointer (&logs->reply, json_object_unref);
  g_free (logs);
}

static void
logs_fail (Logs *logs, const GError *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "Stdout", "");
  json_object_set_string_member (reply, "Stderr", "");
  json_object_set_string_member (reply, "Error", error->message);
  dms_message_reply_object (logs->message, reply);
  logs_free (logs);
}

static void read_piece (Logs *logs);

static void
take_chunk (Logs *logs, DmsLogChunk *chunk)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (dms_log_chunk_get_data (chunk), &size);
  g_autofree char *text = size > 0 ? g_base64_encode (data, size) : g_strdup ("");

  json_object_set_string_member (logs->reply, logs->stream == DMS_LOG_STDOUT ? "Stdout" : "Stderr", text);
  if (logs->both && logs->stream == DMS_LOG_STDOUT)
    {
      logs->stream = DMS_LOG_STDERR;
      read_piece (logs);
      return;
    }
  if (!logs->both)
    {
      /* Callers that ask for a stream read `data`; carrying it twice would break the limit of a message. */
      json_object_set_string_member (logs->reply, "Stdout", "");
      json_object_set_string_member (logs->reply, "Stderr", "");
      json_object_set_int_member (logs->reply, "offset", (gint64) dms_log_chunk_get_offset (chunk));
      json_object_set_int_member (
          logs->reply, "next_offset", (gint64) (dms_log_chunk_get_offset (chunk) + size));
      json_object_set_int_member (logs->reply, "total_size", (gint64) dms_log_chunk_get_total_size (chunk));
      json_object_set_boolean_member (logs->reply, "eof", dms_log_chunk_get_eof (chunk));
      json_object_set_string_member (logs->reply, "data", text);
    }
  json_object_set_string_member (logs->reply, "Error", "");
  dms_message_reply_object (logs->message, g_steal_pointer (&logs->reply));
  logs_free (logs);
}

static void
piece_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Logs *logs = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsLogChunk) chunk = logs->allocation != NULL
                                      ? dms_allocation_read_log_finish (logs->allocation, result, &error)
                                      : dms_job_log_read_finish (logs->log, result, &error);

  if (chunk == NULL)
    logs_fail (logs, error);
  else
    take_chunk (logs, chunk);
}

static void
read_piece (Logs *logs)
{
  if (logs->allocation != NULL)
    dms_allocation_read_log_async (
        logs->allocation, logs->stream, logs->offset, logs->max_bytes, piece_read, logs);
  else
    dms_job_log_read_async (
        logs->log, NULL, logs->stream, logs->offset, logs->max_bytes, NULL, piece_read, logs);
}

static gboolean
find_logs (Logs *logs, Scope *scope, const char *name, GError **error)
{
  g_autofree char *id = dup_id (scope, name);
  g_autoptr (DmsAllocationRecord) record = NULL;
  g_autofree char *folder = NULL;
  DmsAllocation *allocation = NULL;

  if (!dms_allocation_record_check_id (id, scope->ensemble_id, error))
    return FALSE;
  allocation = dms_provider_lookup (scope->provider, id);
  if (allocation != NULL)
    {
      logs->allocation = g_object_ref (allocation);
      return TRUE;
    }
  record = dms_provider_load_record (scope->provider, id, error);
  if (record == NULL)
    return FALSE;
  folder = g_build_filename (dms_provider_get_jobs_dir (scope->provider), id, NULL);
  logs->log = dms_job_log_new (folder);
  return TRUE;
}

static void
on_logs (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonObject *payload = dms_message_get_object (message);
  const char *stream = dms_json_object_get_text (payload, "Stream");
  Logs *logs = g_new0 (Logs, 1);
  g_autoptr (GError) error = NULL;

  logs->message = dms_message_ref (message);
  logs->reply = json_object_new ();
  logs->both = stream == NULL || stream[0] == '\0';
  logs->stream = g_strcmp0 (stream, "stderr") == 0 ? DMS_LOG_STDERR : DMS_LOG_STDOUT;
  logs->offset = (guint64) dms_json_object_get_whole (payload, "offset", 0, G_MAXINT64, 0);
  logs->max_bytes =
      logs->both ? BOTH_BYTES
                 : (gsize) dms_json_object_get_whole (payload, "max_bytes", 1, CHUNK_BYTES, CHUNK_BYTES);
  if (!logs->both && strcmp (stream, "stdout") != 0 && strcmp (stream, "stderr") != 0)
    g_set_error_literal (&error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "Stream must be “stdout” or “stderr”");
  else
    (void) find_logs (logs, user_data, dms_json_object_get_text (payload, "AllocName"), &error);
  if (error != NULL)
    logs_fail (logs, error);
  else
    read_piece (logs);
}

/* Shutdown */

static void
terminated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  g_autoptr (GError) error = NULL;

  (void) dms_allocation_terminate_finish (DMS_ALLOCATION (source), result, &error);
  reply_outcome (message, error);
}

static void
on_shutdown (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Scope *scope = user_data;
  g_autofree char *id =
      dup_id (scope, dms_json_object_get_text (dms_message_get_object (message), "AllocationID"));
  g_autoptr (DmsAllocationRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  DmsAllocation *allocation = NULL;

  if (!dms_allocation_record_check_id (id, scope->ensemble_id, &error))
    {
      reply_outcome (message, error);
      return;
    }
  allocation = dms_provider_lookup (scope->provider, id);
  if (allocation != NULL)
    {
      dms_log_event (G_LOG_LEVEL_INFO,
                     "STOP_ALLOCATION",
                     "orchestratorID",
                     scope->ensemble_id,
                     "allocationID",
                     id,
                     NULL);
      dms_allocation_terminate_async (allocation, "shut down", terminated, dms_message_ref (message));
      return;
    }
  /* One that has ended needs no more; one that never was is an error. */
  record = dms_provider_load_record (scope->provider, id, &error);
  reply_outcome (message, error);
}

static void
on_subnet (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = g_error_new_literal (
      DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "networks of ensembles are not supported by this node");

  reply_outcome (message, error);
}

static void
on_succession (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Scope *scope = user_data;

  dms_succession_answers_take_roll (scope->provider, scope->ensemble_id, message);
}

static char *
dup_path (const char *ensemble_id, const char *suffix)
{
  return g_strdup_printf ("/dms/ensemble/%s/%s", ensemble_id, suffix);
}

void
dms_ensemble_behaviours_install (DmsProvider *provider, DmsActor *root, const char *ensemble_id)
{
  const DmsBehaviourFunc funcs[] = { on_logs, on_shutdown, on_subnet, on_subnet, on_subnet, on_succession };

  for (gsize i = 0; i < G_N_ELEMENTS (SUFFIXES); i++)
    {
      g_autofree char *path = dup_path (ensemble_id, SUFFIXES[i]);
      Scope *scope = g_new0 (Scope, 1);
      scope->provider = provider;
      scope->ensemble_id = g_strdup (ensemble_id);
      dms_actor_add_behaviour (root, path, DMS_BEHAVIOUR_REQUIRE, funcs[i], scope, scope_free);
      dms_actor_bind_behaviour (root, ensemble_id, path);
    }
}
