/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-fake-provider.h"

#include "common/dms-json-object.h"
#include "provider/dms-bid.h"
#include "resources/dms-location.h"

#include <string.h>

typedef struct
{
  DmsFakeProvider *provider;
  DmsMessage *message;
  char *id;
} Later;

static void
reply_ok (DmsMessage *message, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error : "");
  dms_message_reply_object (message, reply);
}

/* Whether this failure is due now for the allocation of this ID. */
static gboolean
fails (DmsFakeProvider *self, guint *left, const char *id)
{
  const char *bare = strrchr (id, '.');

  if (*left == 0 || (self->about != NULL && (bare == NULL || strcmp (bare + 1, self->about) != 0)))
    return FALSE;
  (*left)--;
  return TRUE;
}

static void
handle_request (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  JsonObject *payload = dms_message_get_object (message);
  JsonArray *requests = dms_json_object_get_list (payload, "Request");
  g_autoptr (DmsLocation) location = dms_location_new ("EU", "DE", NULL, 0, NULL);
  g_autoptr (DmsBid) bid = NULL;
  g_autoptr (JsonNode) reply = NULL;
  JsonObject *request;
  JsonArray *gpus;

  self->n_requests++;
  if (self->refuse_bids || requests == NULL || json_array_get_length (requests) == 0)
    return;
  request = dms_json_object_get_child (json_array_get_object_element (requests, 0), "V1");
  gpus = dms_json_object_get_list (dms_json_object_get_child (request, "Resources"), "gpus");
  self->n_gpus = gpus == NULL ? 0 : json_array_get_length (gpus);
  g_clear_pointer (&self->required, json_node_unref);
  if (dms_json_object_get_member (request, "Requires") != NULL)
    self->required = json_node_copy (dms_json_object_get_member (request, "Requires"));
  bid = dms_bid_new_signed (dms_test_node_get_key (self->node),
                            dms_test_node_get_handle (self->node),
                            dms_json_object_get_text (payload, "ID"),
                            dms_json_object_get_text (request, "NodeID"),
                            location);
  reply = dms_bid_to_json (bid);
  if (self->offer != NULL)
    json_object_set_member (
        json_node_get_object (reply), "Offer", dms_json_node_from_text (self->offer, -1, NULL));
  dms_message_reply (message, reply, NULL);
}

static void
handle_commit (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  JsonObject *payload = dms_message_get_object (message);
  const char *id = dms_json_object_get_text (payload, "AllocationName");
  gint64 n_dynamic = dms_json_object_get_whole (payload, "NumDynamicPorts", 0, 100, 0);
  JsonObject *reply;
  JsonArray *ports;

  self->n_commits++;
  if (fails (self, &self->n_commit_failures, id))
    {
      reply_ok (message, "resources not available");
      return;
    }
  reply = json_object_new ();
  ports = json_array_new ();
  for (gint64 i = 0; i < n_dynamic; i++)
    json_array_add_int_element (ports, 20000 + i);
  json_object_set_boolean_member (reply, "OK", TRUE);
  json_object_set_string_member (reply, "Error", "");
  json_object_set_array_member (reply, "DynamicPorts", ports);
  dms_message_reply_object (message, reply);
}

static void
later_free (Later *later)
{
  g_clear_pointer (&later->message, dms_message_unref);
  g_free (later->id);
  g_free (later);
}

static const char *
find_id (DmsFakeProvider *self, const char *name)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->actors);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      if (g_str_has_suffix (key, name) && ((const char *) key)[strlen (key) - strlen (name) - 1] == '.')
        return key;
    }
  return NULL;
}

static void
on_acknowledged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) reply = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);

  if (reply != NULL && dms_json_object_get_flag (dms_message_get_object (reply), "OK"))
    *(gboolean *) user_data = TRUE;
}

static void
tell (DmsFakeProvider *self, const char *id, const char *suffix, JsonObject *object)
{
  g_autofree char *ensemble = g_strndup (id, strcspn (id, "_"));
  g_autofree char *behaviour = g_strdup_printf ("/dms/orchestrator/%s/%s", ensemble, suffix);
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (payload, object);
  dms_actor_invoke_async (g_hash_table_lookup (self->actors, id),
                          g_hash_table_lookup (self->orchestrators, id),
                          behaviour,
                          payload,
                          dms_test_expiry_in (5),
                          NULL,
                          on_acknowledged,
                          &self->acknowledged);
}

static void
end_job (DmsFakeProvider *self, const char *id, int exit_code, const char *message)
{
  JsonObject *object = json_object_new ();
  JsonObject *error = json_object_new ();
  JsonObject *result = json_object_new ();

  json_object_set_string_member (object, "allocation_id", id);
  json_object_set_string_member (object, "status", exit_code == 0 ? "completed" : "failed");
  json_object_set_string_member (error, "err", message != NULL ? message : "");
  json_object_set_int_member (error, "exit_code", exit_code);
  json_object_set_boolean_member (error, "killed", FALSE);
  json_object_set_object_member (object, "error", error);
  json_object_set_string_member (object, "stdout", "");
  json_object_set_string_member (object, "stderr", "");
  json_object_set_string_member (result, "reason", "exited");
  json_object_set_int_member (result, "exit_code", exit_code);
  json_object_set_object_member (object, "result", result);
  if (g_hash_table_contains (self->runs, id))
    json_object_set_string_member (object, "run", g_hash_table_lookup (self->runs, id));
  tell (self, id, "task-termination", object);
}

static gboolean
on_job_over (gpointer user_data)
{
  Later *later = user_data;

  end_job (later->provider, later->id, later->provider->exit_code, later->provider->message);
  return G_SOURCE_REMOVE;
}

static gboolean
on_start_done (gpointer user_data)
{
  Later *later = user_data;
  DmsFakeProvider *self = later->provider;

  self->n_open_starts--;
  if (fails (self, &self->n_start_failures, later->id))
    {
      reply_ok (later->message, "the image cannot be pulled");
      return G_SOURCE_REMOVE;
    }
  reply_ok (later->message, NULL);
  if (self->job_ms >= 0 && g_hash_table_contains (self->tasks, later->id))
    {
      Later *end = g_new0 (Later, 1);

      end->provider = self;
      end->id = g_strdup (later->id);
      g_timeout_add_full (
          G_PRIORITY_DEFAULT, (guint) self->job_ms, on_job_over, end, (GDestroyNotify) later_free);
    }
  return G_SOURCE_REMOVE;
}

static void
note_lease (DmsFakeProvider *self, DmsMessage *message)
{
  JsonObject *payload = dms_message_get_object (message);

  self->lease_ms = dms_json_object_get_whole (payload, "LeaseMs", 0, G_MAXINT64, 0);
  self->lease_until_us = dms_json_object_get_whole (payload, "LeaseUntilUs", 0, G_MAXINT64, 0);
}

static void
note_number (DmsFakeProvider *self, DmsMessage *message)
{
  gint64 number = dms_json_object_get_whole (dms_message_get_object (message), "Number", 0, G_MAXINT64, 0);

  g_assert_cmpint (number, >=, self->number);
  self->n_same = number == self->number ? self->n_same + 1 : 1;
  self->number = number;
}

static void
handle_start (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  const char *id = dms_actor_get_inbox (actor);
  const char *run = dms_json_object_get_text (dms_message_get_object (message), "Run");
  Later *later;

  g_ptr_array_add (self->started, g_strdup (strrchr (id, '.') + 1));
  if (run != NULL)
    g_hash_table_replace (self->runs, g_strdup (id), g_strdup (run));
  self->start_us = g_get_monotonic_time ();
  note_lease (self, message);
  note_number (self, message);
  if (self->hang_on_start)
    {
      g_hash_table_replace (self->held_starts, g_strdup (id), dms_message_ref (message));
      return;
    }
  self->n_open_starts++;
  self->max_open_starts = MAX (self->max_open_starts, self->n_open_starts);
  later = g_new0 (Later, 1);
  later->provider = self;
  later->message = dms_message_ref (message);
  later->id = g_strdup (id);
  g_timeout_add_full (G_PRIORITY_DEFAULT, 20, on_start_done, later, (GDestroyNotify) later_free);
}

static void
handle_restart (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;

  self->n_restarts++;
  self->unhealthy = FALSE;
  note_lease (self, message);
  note_number (self, message);
  if (!self->hang_on_restart)
    reply_ok (message, NULL);
}

static void
handle_heartbeat (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  JsonArray *entries = dms_json_object_get_list (dms_message_get_object (message), "Ensembles");
  JsonObject *ensembles = json_object_new ();
  JsonObject *reply = json_object_new ();

  for (guint i = 0; entries != NULL && i < json_array_get_length (entries); i++)
    {
      const char *id = dms_json_object_get_text (json_array_get_object_element (entries, i), "EnsembleID");
      JsonObject *statuses = json_object_new ();
      GHashTableIter iter;
      gpointer name;

      g_hash_table_iter_init (&iter, self->actors);
      while (!self->forgets && g_hash_table_iter_next (&iter, &name, NULL))
        if (g_str_has_prefix (name, id))
          json_object_set_string_member (statuses, name, "running");
      json_object_set_object_member (ensembles, id, statuses);
    }
  json_object_set_boolean_member (reply, "OK", TRUE);
  json_object_set_string_member (reply, "Error", "");
  json_object_set_object_member (reply, "Ensembles", ensembles);
  dms_message_reply_object (message, reply);
}

void
dms_fake_provider_answer_heartbeats (DmsFakeProvider *self)
{
  dms_actor_add_behaviour (dms_test_node_get_root (self->node),
                           "/dms/deployment/heartbeat",
                           DMS_BEHAVIOUR_REQUIRE,
                           handle_heartbeat,
                           self,
                           NULL);
}

static void
handle_register (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonObject *payload = dms_message_get_object (message);

  reply_ok (message, dms_json_object_get_child (payload, "HealthCheck") == NULL ? "no health check" : NULL);
}

static void
handle_probe (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;

  self->n_probes++;
  reply_ok (message, self->unhealthy ? "it does not answer" : NULL);
}

static void
handle_stats (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  JsonObject *reply = json_object_new ();
  JsonObject *stats = json_object_new ();

  self->n_stats++;
  json_object_set_int_member (stats, "memory_used_bytes", 4096);
  json_object_set_boolean_member (reply, "ok", TRUE);
  json_object_set_object_member (reply, "stats", stats);
  dms_message_reply_object (message, reply);
}

static void
handle_logs (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  JsonObject *payload = dms_message_get_object (message);
  const char *text =
      g_strcmp0 (dms_json_object_get_text (payload, "Stream"), "stdout") == 0 ? self->output : "";
  gint64 offset = dms_json_object_get_whole (payload, "offset", 0, G_MAXINT32, 0);
  gsize left = (gsize) offset < strlen (text) ? strlen (text) - (gsize) offset : 0;
  /* Small pieces, so that several are needed. */
  gsize size = MIN (left, 7);
  g_autofree char *base64 = g_base64_encode ((const guchar *) text + strlen (text) - left, size);
  JsonObject *reply;

  self->n_logs++;
  if (self->hang_on_logs)
    return;
  reply = json_object_new ();
  json_object_set_string_member (reply, "Error", "");
  json_object_set_string_member (reply, "data", base64);
  json_object_set_int_member (reply, "next_offset", offset + (gint64) size);
  json_object_set_boolean_member (reply, "eof", left == size);
  dms_message_reply_object (message, reply);
}

static void
forget (DmsFakeProvider *self, const char *id)
{
  DmsActor *actor = g_hash_table_lookup (self->actors, id);

  if (actor == NULL)
    return;
  dms_actor_stop (actor);
  g_hash_table_remove (self->orchestrators, id);
  g_hash_table_remove (self->tasks, id);
  g_hash_table_remove (self->runs, id);
  g_hash_table_remove (self->held_starts, id);
  g_hash_table_remove (self->actors, id);
}

static void
handle_shutdown (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  const char *id = dms_json_object_get_text (dms_message_get_object (message), "AllocationID");

  self->n_shutdowns++;
  if (self->refuse_shutdown)
    {
      reply_ok (message, "the engine does not answer");
      return;
    }
  forget (self, id);
  reply_ok (message, NULL);
}

static void
add_allocation (DmsFakeProvider *self,
                DmsHandle *orchestrator,
                const char *id,
                gboolean is_task,
                JsonObject *handles)
{
  static const struct
  {
    const char *path;
    DmsBehaviourFunc func;
  } behaviours[] = {
    { "/dms/allocation/start", handle_start },  { "/dms/allocation/restart", handle_restart },
    { "/dms/allocation/stats", handle_stats },  { "/dms/actor/healthcheck/register", handle_register },
    { "/dms/actor/healthcheck", handle_probe },
  };
  const char *const capabilities[] = { "/dms/allocation", "/dms/actor", NULL };
  g_autoptr (DmsKey) key = dms_key_derive (dms_test_node_get_key (self->node), id);
  g_autoptr (GBytes) tokens = NULL;
  g_autoptr (GError) error = NULL;
  DmsActor *actor;

  forget (self, id);
  actor = dms_actor_new_child (dms_test_node_get_root (self->node), id, key, NULL);
  dms_actor_start (actor, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (behaviours); i++)
    dms_actor_add_behaviour (
        actor, behaviours[i].path, DMS_BEHAVIOUR_REQUIRE, behaviours[i].func, self, NULL);
  tokens = dms_actor_grant (
      actor, id, dms_handle_get_did (orchestrator), capabilities, dms_actor_expiry_in (600), &error);
  g_assert_no_error (error);
  json_object_set_member (handles, id, dms_handle_to_json (dms_actor_get_handle (actor)));
  g_hash_table_insert (self->orchestrators, g_strdup (id), dms_handle_ref (orchestrator));
  if (is_task)
    g_hash_table_add (self->tasks, g_strdup (id));
  g_hash_table_insert (self->actors, g_strdup (id), actor);
}

static void
open_ensemble (DmsFakeProvider *self, DmsHandle *orchestrator, const char *ensemble)
{
  DmsActor *root = dms_test_node_get_root (self->node);
  g_autofree char *namespace = g_strdup_printf ("/dms/ensemble/%s", ensemble);
  g_autofree char *logs = g_strconcat (namespace, "/allocation/logs", NULL);
  g_autofree char *shutdown = g_strconcat (namespace, "/allocation/shutdown", NULL);
  const char *const capabilities[] = { namespace, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = dms_actor_grant (
      root, ensemble, dms_handle_get_did (orchestrator), capabilities, dms_actor_expiry_in (600), &error);

  g_assert_no_error (error);
  dms_actor_add_behaviour (root, logs, DMS_BEHAVIOUR_REQUIRE, handle_logs, self, NULL);
  dms_actor_add_behaviour (root, shutdown, DMS_BEHAVIOUR_REQUIRE, handle_shutdown, self, NULL);
}

static void
handle_allocate (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  JsonObject *payload = dms_message_get_object (message);
  JsonObject *allocations = dms_json_object_get_child (payload, "Allocations");
  JsonObject *reply;
  JsonObject *handles;
  JsonObjectIter iter;
  const char *id;
  JsonNode *config;

  self->n_allocates++;
  if (fails (self, &self->n_allocate_failures, "x.x"))
    {
      reply_ok (message, "allocation not found");
      return;
    }
  open_ensemble (self, dms_message_get_from (message), dms_json_object_get_text (payload, "EnsembleID"));
  handles = json_object_new ();
  json_object_iter_init_ordered (&iter, allocations);
  while (json_object_iter_next_ordered (&iter, &id, &config))
    add_allocation (self,
                    dms_message_get_from (message),
                    id,
                    g_strcmp0 (dms_json_object_get_text (json_node_get_object (config), "Type"), "task") == 0,
                    handles);
  reply = json_object_new ();
  json_object_set_boolean_member (reply, "OK", TRUE);
  json_object_set_string_member (reply, "Error", "");
  json_object_set_object_member (reply, "Allocations", handles);
  dms_message_reply_object (message, reply);
}

static void
handle_revert (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsFakeProvider *self = user_data;
  g_auto (GStrv) names = dms_json_object_dup_texts (dms_message_get_object (message), "AllocsByName");

  self->n_reverts++;
  if (self->miss_reverts)
    return;
  if (self->n_revert_failures > 0)
    {
      self->n_revert_failures--;
      reply_ok (message, "the machine is out of order");
      return;
    }
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    forget (self, names[i]);
  reply_ok (message, NULL);
}

DmsFakeProvider *
dms_fake_provider_new (DmsTestNode *node)
{
  DmsFakeProvider *self = g_new0 (DmsFakeProvider, 1);
  DmsActor *root = dms_test_node_get_root (node);

  self->node = node;
  self->job_ms = 30;
  self->output = "hello from the job\n";
  self->started = g_ptr_array_new_with_free_func (g_free);
  self->actors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->orchestrators =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_handle_unref);
  self->tasks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->runs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->held_starts =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_message_unref);
  dms_actor_add_behaviour (
      root, "/dms/deployment/request", DMS_BEHAVIOUR_REQUIRE, handle_request, self, NULL);
  dms_actor_add_behaviour (root, "/dms/deployment/commit", DMS_BEHAVIOUR_REQUIRE, handle_commit, self, NULL);
  dms_actor_add_behaviour (
      root, "/dms/deployment/allocate", DMS_BEHAVIOUR_REQUIRE, handle_allocate, self, NULL);
  dms_actor_add_behaviour (root, "/dms/deployment/revert", DMS_BEHAVIOUR_REQUIRE, handle_revert, self, NULL);
  return self;
}

void
dms_fake_provider_free (DmsFakeProvider *self)
{
  g_autoptr (GList) ids = g_hash_table_get_keys (self->actors);

  g_clear_pointer (&self->required, json_node_unref);
  for (GList *l = ids; l != NULL; l = l->next)
    dms_actor_stop (g_hash_table_lookup (self->actors, l->data));
  g_hash_table_unref (self->actors);
  g_hash_table_unref (self->orchestrators);
  g_hash_table_unref (self->tasks);
  g_hash_table_unref (self->runs);
  g_hash_table_unref (self->held_starts);
  g_ptr_array_unref (self->started);
  g_free (self);
}

void
dms_fake_provider_end (DmsFakeProvider *self, const char *name, int exit_code, const char *message)
{
  const char *id = find_id (self, name);

  g_assert_nonnull (id);
  end_job (self, id, exit_code, message);
}

void
dms_fake_provider_answer_start (DmsFakeProvider *self, const char *name)
{
  const char *id = find_id (self, name);

  g_assert_nonnull (id);
  g_assert_true (g_hash_table_contains (self->held_starts, id));
  reply_ok (g_hash_table_lookup (self->held_starts, id), NULL);
  g_hash_table_remove (self->held_starts, id);
}

void
dms_fake_provider_beat (DmsFakeProvider *self, const char *name)
{
  const char *id = find_id (self, name);
  JsonObject *object = json_object_new ();
  JsonObject *health = json_object_new ();

  g_assert_nonnull (id);
  json_object_set_string_member (object, "allocation_id", id);
  json_object_set_string_member (object, "status", "running");
  json_object_set_int_member (object, "sequence_number", 7);
  json_object_set_boolean_member (health, "healthy", TRUE);
  json_object_set_object_member (object, "health", health);
  tell (self, id, "allocation/liveness", object);
}
