/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-late-reverts.h"

#include <dms.h>

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "store/dms-collection.h"

#define REVERT_BEHAVIOUR "/dms/deployment/revert"

/* All ours: the protocol knows no second attempt. */
enum
{
  FIRST_SECONDS = 2,
  LAST_SECONDS = 10 * 60,
  ANSWER_SECONDS = 30,
  /* A machine that was away for so long is another one. */
  GIVE_UP_DAYS = 7,
  MAX_REVERTS = 10000,
};

typedef struct
{
  DmsLateReverts *self;
  char *id;
  char *ensemble_id;
  DmsHandle *machine;
  JsonNode *payload;
  gint64 created_us;
  guint64 serial;
  guint seconds;
  guint timer;
} LateRevert;

struct _DmsLateReverts
{
  GObject parent_instance;

  DmsCollection *collection;
  DmsActor *root;
  DmsLateRevertsWantedFunc is_wanted;
  gpointer user_data;
  /* ID → LateRevert */
  GHashTable *reverts;
  GCancellable *cancellable;
  guint64 last_serial;
};

G_DEFINE_FINAL_TYPE (DmsLateReverts, dms_late_reverts, G_TYPE_OBJECT)

typedef struct
{
  DmsLateReverts *self;
  char *id;
  guint64 serial;
} Attempt;

static void
attempt_free (Attempt *attempt)
{
  g_object_unref (attempt->self);
  g_free (attempt->id);
  g_free (attempt);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Attempt, attempt_free)

static void
late_revert_free (gpointer data)
{
  LateRevert *revert = data;

  g_clear_handle_id (&revert->timer, g_source_remove);
  g_clear_pointer (&revert->machine, dms_handle_unref);
  g_clear_pointer (&revert->payload, json_node_unref);
  g_free (revert->ensemble_id);
  g_free (revert->id);
  g_free (revert);
}

static void
dms_late_reverts_dispose (GObject *object)
{
  DmsLateReverts *self = DMS_LATE_REVERTS (object);

  dms_late_reverts_stop (self);
  g_clear_object (&self->collection);
  g_clear_object (&self->root);
  G_OBJECT_CLASS (dms_late_reverts_parent_class)->dispose (object);
}

static void
dms_late_reverts_finalize (GObject *object)
{
  DmsLateReverts *self = DMS_LATE_REVERTS (object);

  g_hash_table_unref (self->reverts);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (dms_late_reverts_parent_class)->finalize (object);
}

static void
dms_late_reverts_class_init (DmsLateRevertsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_late_reverts_dispose;
  object_class->finalize = dms_late_reverts_finalize;
}

static void
dms_late_reverts_init (DmsLateReverts *self)
{
  self->reverts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, late_revert_free);
  self->cancellable = g_cancellable_new ();
}

static void
settle (LateRevert *revert, const char *event)
{
  DmsLateReverts *self = revert->self;
  g_autoptr (GError) error = NULL;

  dms_log_event (G_LOG_LEVEL_INFO,
                 event,
                 "orchestratorID",
                 revert->ensemble_id,
                 "peer",
                 dms_handle_get_host (revert->machine),
                 NULL);
  if (!dms_collection_delete (self->collection, revert->id, NULL, &error))
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "late_revert_not_forgotten",
                   "orchestratorID",
                   revert->ensemble_id,
                   "error",
                   error->message,
                   NULL);
  g_hash_table_remove (self->reverts, revert->id);
}

static gboolean on_time (gpointer user_data);

static void
wait_again (LateRevert *revert)
{
  revert->timer = g_timeout_add_seconds (revert->seconds, on_time, revert);
  revert->seconds = MIN (revert->seconds * 2, LAST_SECONDS);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Attempt) attempt = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) reply = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  LateRevert *revert = g_hash_table_lookup (attempt->self->reverts, attempt->id);

  /* What was said before is not what has to be said now, if the machine was left behind once more since. */
  if (revert == NULL || revert->serial != attempt->serial ||
      g_cancellable_is_cancelled (attempt->self->cancellable))
    return;
  if (reply != NULL && dms_json_object_get_flag (dms_message_get_object (reply), "OK"))
    settle (revert, "late_revert_done");
  else
    wait_again (revert);
}

/* (transfer full) (nullable): what to say; NULL when the ensemble has put all of it there again. */
static JsonNode *
dup_unwanted (LateRevert *revert)
{
  DmsLateReverts *self = revert->self;
  g_auto (GStrv) names =
      dms_json_object_dup_texts (dms_json_node_get_child (revert->payload), "AllocsByName");
  JsonNode *nonce = dms_json_object_get_member (dms_json_node_get_child (revert->payload), "Nonce");
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *unwanted = json_array_new ();

  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (!self->is_wanted (revert->ensemble_id, revert->machine, names[i], self->user_data))
        json_array_add_string_element (unwanted, names[i]);
    }
  json_node_take_object (payload, object);
  json_object_set_string_member (object, "EnsembleID", revert->ensemble_id);
  json_object_set_array_member (object, "AllocsByName", unwanted);
  if (nonce != NULL)
    json_object_set_member (object, "Nonce", json_node_copy (nonce));
  return json_array_get_length (unwanted) > 0 ? g_steal_pointer (&payload) : NULL;
}

static gboolean
on_time (gpointer user_data)
{
  LateRevert *revert = user_data;
  DmsLateReverts *self = revert->self;
  g_autoptr (JsonNode) payload = dup_unwanted (revert);
  Attempt *attempt = NULL;

  revert->timer = 0;
  if (payload == NULL)
    {
      settle (revert, "late_revert_superseded");
      return G_SOURCE_REMOVE;
    }
  if (g_get_real_time () - revert->created_us > GIVE_UP_DAYS * G_TIME_SPAN_DAY)
    {
      settle (revert, "late_revert_given_up");
      return G_SOURCE_REMOVE;
    }
  attempt = g_new0 (Attempt, 1);
  attempt->self = g_object_ref (self);
  attempt->id = g_strdup (revert->id);
  attempt->serial = revert->serial;
  dms_actor_invoke_async (self->root,
                          revert->machine,
                          REVERT_BEHAVIOUR,
                          payload,
                          dms_actor_expiry_in (ANSWER_SECONDS),
                          self->cancellable,
                          on_answered,
                          attempt);
  return G_SOURCE_REMOVE;
}

/* Takes over the members. */
static void
keep (DmsLateReverts *self, const char *id, DmsHandle *machine, JsonNode *payload, gint64 created_us)
{
  LateRevert *revert = g_new0 (LateRevert, 1);

  revert->self = self;
  revert->id = g_strdup (id);
  revert->ensemble_id = g_strdup (dms_json_object_get_text (dms_json_node_get_child (payload), "EnsembleID"));
  revert->machine = machine;
  revert->payload = payload;
  revert->created_us = created_us;
  revert->seconds = FIRST_SECONDS;
  revert->serial = ++self->last_serial;
  g_hash_table_replace (self->reverts, revert->id, revert);
  wait_again (revert);
}

static void
restore (DmsLateReverts *self, DmsDocument *document)
{
  JsonObject *body = dms_json_node_get_child (dms_document_get_body (document));
  JsonNode *payload = dms_json_object_get_member (body, "payload");
  JsonNode *handle = dms_json_object_get_member (body, "machine");
  g_autoptr (DmsHandle) machine = handle != NULL ? dms_handle_new_from_json (handle, NULL) : NULL;

  if (machine == NULL || payload == NULL ||
      dms_json_object_get_text (dms_json_node_get_child (payload), "EnsembleID") == NULL)
    {
      dms_log_event (G_LOG_LEVEL_WARNING, "late_revert_damaged", "id", dms_document_get_id (document), NULL);
      dms_collection_delete (self->collection, dms_document_get_id (document), NULL, NULL);
      return;
    }
  keep (self,
        dms_document_get_id (document),
        g_steal_pointer (&machine),
        json_node_copy (payload),
        dms_document_get_created_us (document));
}

DmsLateReverts *
dms_late_reverts_new (DmsStore *store,
                      DmsActor *root,
                      DmsLateRevertsWantedFunc is_wanted,
                      gpointer user_data,
                      GError **error)
{
  g_autoptr (DmsLateReverts) self = g_object_new (DMS_TYPE_LATE_REVERTS, NULL);
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (GPtrArray) found = NULL;

  self->root = g_object_ref (root);
  self->is_wanted = is_wanted;
  self->user_data = user_data;
  self->collection = dms_collection_new (store, "late_reverts", NULL, error);
  if (self->collection == NULL)
    return NULL;
  found = dms_collection_query (self->collection, query, NULL, error);
  if (found == NULL)
    return NULL;
  for (guint i = 0; i < found->len; i++)
    restore (self, found->pdata[i]);
  return g_steal_pointer (&self);
}

static JsonNode *
make_payload (const char *ensemble_id, const char *const *names, guint64 nonce)
{
  JsonNode *payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; names[i] != NULL; i++)
    json_array_add_string_element (array, names[i]);
  json_object_set_string_member (object, "EnsembleID", ensemble_id);
  json_object_set_array_member (object, "AllocsByName", array);
  json_object_set_int_member (object, "Nonce", (gint64) nonce);
  json_node_take_object (payload, object);
  return payload;
}

void
dms_late_reverts_add (DmsLateReverts *self,
                      const char *ensemble_id,
                      DmsHandle *machine,
                      const char *const *names,
                      guint64 nonce)
{
  /* A machine may have several nodes of an ensemble, those that are bound to it. */
  g_autofree char *id = g_strdup_printf ("%s_%s", names[0], dms_handle_get_host (machine));
  g_autoptr (JsonNode) payload = make_payload (ensemble_id, names, nonce);
  g_autoptr (JsonNode) body = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (GError) error = NULL;
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "machine", dms_handle_to_json (machine));
  json_object_set_member (object, "payload", json_node_copy (payload));
  json_node_take_object (body, object);
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (g_hash_table_size (self->reverts) >= MAX_REVERTS)
    {
      dms_log_event (G_LOG_LEVEL_WARNING,
                     "late_revert_not_kept",
                     "orchestratorID",
                     ensemble_id,
                     "error",
                     "too many",
                     NULL);
      return;
    }
  if (!dms_collection_put (self->collection, id, body, &error))
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "late_revert_not_saved",
                   "orchestratorID",
                   ensemble_id,
                   "error",
                   error->message,
                   NULL);
  keep (self, id, dms_handle_ref (machine), g_steal_pointer (&payload), g_get_real_time ());
}

guint
dms_late_reverts_get_size (DmsLateReverts *self)
{
  return g_hash_table_size (self->reverts);
}

void
dms_late_reverts_stop (DmsLateReverts *self)
{
  g_cancellable_cancel (self->cancellable);
  g_hash_table_remove_all (self->reverts);
}
