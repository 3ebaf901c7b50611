/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-witness.h"

#include "common/dms-json-object.h"
#include "succession/dms-succession-behaviours.h"

#define ANSWER_SECONDS 10

struct _DmsWitness
{
  GObject parent_instance;

  DmsActor *root;
  DmsVoter *voter;
  GCancellable *cancellable;
  guint timer;
};

G_DEFINE_FINAL_TYPE (DmsWitness, dms_witness, G_TYPE_OBJECT)

typedef struct
{
  DmsWitness *self;
  char *ensemble_id;
} Question;

static void
question_free (Question *question)
{
  g_object_unref (question->self);
  g_free (question->ensemble_id);
  g_free (question);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

static void
dms_witness_finalize (GObject *object)
{
  DmsWitness *self = DMS_WITNESS (object);

  dms_witness_stop (self);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->voter);
  g_clear_object (&self->root);
  G_OBJECT_CLASS (dms_witness_parent_class)->finalize (object);
}

static void
dms_witness_class_init (DmsWitnessClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_witness_finalize;
}

static void
dms_witness_init (DmsWitness *self)
{
  self->cancellable = g_cancellable_new ();
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) question = user_data;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, NULL);
  JsonObject *reply = message == NULL ? NULL : dms_message_get_object (message);

  if (!g_cancellable_is_cancelled (question->self->cancellable) && dms_json_object_get_flag (reply, "Over"))
    dms_voter_end (question->self->voter, question->ensemble_id);
}

static void
ask (DmsWitness *self, const char *ensemble_id, const char *orchestrator)
{
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (orchestrator, NULL);
  g_autoptr (DmsHandle) handle = NULL;
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  Question *question = g_new0 (Question, 1);

  json_object_set_string_member (object, "EnsembleID", ensemble_id);
  json_node_take_object (payload, object);
  handle = dms_handle_new_for_peer (peer, "root");
  question->self = g_object_ref (self);
  question->ensemble_id = g_strdup (ensemble_id);
  dms_actor_invoke_async (self->root,
                          handle,
                          DMS_SUCCESSION_VOTE_BEHAVIOUR,
                          payload,
                          dms_actor_expiry_in (ANSWER_SECONDS),
                          self->cancellable,
                          on_answered,
                          question);
}

static gboolean
on_tick (gpointer user_data)
{
  DmsWitness *self = user_data;
  g_auto (GStrv) ids = dms_voter_list_witnessed (self->voter);

  for (guint i = 0; ids[i] != NULL; i++)
    {
      DmsBallot *ballot = dms_voter_find (self->voter, ids[i]);
      const char *const *orchestrators;

      /* What an answer that came at once has ended is gone. */
      if (ballot == NULL || dms_ballot_is_bound (ballot))
        continue;
      orchestrators = dms_roll_get_orchestrators (ballot->roll);
      for (guint j = 0; orchestrators[j] != NULL; j++)
        ask (self, ids[i], orchestrators[j]);
    }
  return G_SOURCE_CONTINUE;
}

DmsWitness *
dms_witness_new (DmsActor *root, DmsVoter *voter, guint interval_ms)
{
  DmsWitness *self = g_object_new (DMS_TYPE_WITNESS, NULL);

  self->root = g_object_ref (root);
  self->voter = g_object_ref (voter);
  self->timer = g_timeout_add (interval_ms, on_tick, self);
  return self;
}

void
dms_witness_stop (DmsWitness *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
}
