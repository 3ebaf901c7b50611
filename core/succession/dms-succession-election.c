/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-succession-private.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "succession/dms-sealed-state.h"
#include "succession/dms-succession-behaviours.h"
#include "succession/dms-vote.h"

#include <string.h>

/* How a node comes to lead: it asks all members of the roll for their votes in a new term. A member gives one
 * in a term, and none while the present orchestrator has been heard of; so no two lead in one term, and none
 * leads before the lease of the last is over. */

enum
{
  MAX_TERMS_AHEAD = 10000,
};

typedef struct
{
  DmsSuccession *self;
  char *peer;
  guint attempt;
} Asking;

static void
asking_free (Asking *asking)
{
  g_object_unref (asking->self);
  g_free (asking->peer);
  g_free (asking);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asking, asking_free)

/* What a member knows that this node does not. */
static void
learn (DmsSuccession *self, JsonObject *reply)
{
  DmsBallot *known = dms_succession_get_ballot (self);
  g_autoptr (DmsBallot) ballot = dms_ballot_copy (known);
  g_autoptr (DmsRoll) roll = dms_roll_new_from_json (dms_json_object_get_member (reply, "Roll"), NULL);
  guint64 version = (guint64) dms_json_object_get_whole (reply, "Version", 0, G_MAXINT64, 0);
  const char *state = dms_json_object_get_text (reply, "State");
  g_autofree char *text = NULL;
  gboolean changed = FALSE;

  if (roll != NULL && dms_roll_may_follow (roll, ballot->roll))
    {
      dms_roll_unref (ballot->roll);
      ballot->roll = g_steal_pointer (&roll);
      changed = TRUE;
    }
  /* Whoever says so may be a witness, who knows no key, or lie. */
  if (state != NULL && version > ballot->version)
    text = dms_sealed_state_open (ballot->key, version, state, NULL);
  if (text != NULL)
    {
      g_free (ballot->state);
      ballot->state = g_strdup (state);
      ballot->version = version;
      changed = TRUE;
    }
  if (changed && dms_succession_store (self, ballot))
    dms_succession_learn_peers (self);
}

static gboolean
counts (DmsSuccession *self, SuccessionPeer *peer)
{
  return peer->held_us == self->asked_us && dms_succession_holds (self, peer);
}

static void
take_over (DmsSuccession *self)
{
  g_autoptr (DmsBallot) ballot = dms_ballot_copy (dms_succession_get_ballot (self));
  GHashTableIter iter;
  gpointer value;

  ballot->term = self->candidate_term;
  g_free (ballot->leader);
  ballot->leader = g_strdup (self->peer);
  g_clear_pointer (&ballot->votes, json_array_unref);
  ballot->votes = json_array_ref (self->gathered);
  if (!dms_succession_store (self, ballot))
    return;
  /* Votes that took too long bind nobody any more; the promise in them still does, to this term. */
  if (!dms_succession_has_majority (self, counts))
    {
      self->attempt++;
      dms_succession_set_role (self, DMS_SUCCESSION_HALTED);
      dms_succession_say_to_all (self);
      return;
    }
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SuccessionPeer *peer = value;

      /* What it has, it says again. */
      peer->appointed = TRUE;
      peer->version = 0;
      peer->roll = 0;
    }
  self->attempt++;
  dms_succession_set_role (self, DMS_SUCCESSION_LEADING);
  dms_succession_say_to_all (self);
}

static gboolean
is_won (DmsSuccession *self)
{
  return dms_vote_is_majority (
      self->gathered, dms_succession_get_roll (self), self->candidate_term, self->peer);
}

static void
on_voted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Asking) asking = user_data;
  DmsSuccession *self = asking->self;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, NULL);
  JsonObject *reply = message == NULL ? NULL : dms_message_get_object (message);
  JsonObject *vote = dms_json_object_get_child (reply, "Vote");
  SuccessionPeer *peer = g_hash_table_lookup (self->peers, asking->peer);
  guint64 number;
  guint64 told;
  const char *voter;

  if (g_cancellable_is_cancelled (self->cancellable) || reply == NULL || peer == NULL ||
      self->role == DMS_SUCCESSION_LEADING || dms_succession_get_ballot (self) == NULL ||
      asking->attempt != self->attempt)
    return;
  if (dms_json_object_get_flag (reply, "Over"))
    {
      dms_succession_hear_of_end (self, peer, reply);
      return;
    }
  number = dms_roll_get_number (dms_succession_get_roll (self));
  told = (guint64) dms_json_object_get_whole (reply, "Term", 0, G_MAXINT32, 0);
  /* One that lies must not use up all terms. */
  if (told > self->candidate_term)
    {
      self->candidate_term = MIN (told, self->candidate_term + MAX_TERMS_AHEAD);
      learn (self, reply);
      return;
    }
  learn (self, reply);
  /* Votes under the old roll count no more. */
  if (dms_roll_get_number (dms_succession_get_roll (self)) != number)
    {
      self->attempt++;
      self->next_try_us = 0;
      return;
    }
  voter = vote == NULL
              ? NULL
              : dms_vote_get_voter (vote, dms_succession_get_roll (self), self->candidate_term, self->peer);
  /* Who knows more than this node would lose it by making it lead. */
  if (voter == NULL || strcmp (voter, asking->peer) != 0 ||
      (guint64) dms_json_object_get_whole (reply, "Version", 0, G_MAXINT64, G_MAXINT64) >
          dms_succession_get_ballot (self)->version)
    return;
  peer->held_us = self->asked_us;
  json_array_add_object_element (self->gathered, json_object_ref (vote));
  if (is_won (self))
    take_over (self);
}

static void
ask_for_votes (DmsSuccession *self)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  const char *const *members = dms_roll_get_members (ballot->roll);

  json_object_set_string_member (object, "EnsembleID", self->id);
  json_object_set_int_member (object, "Term", (gint64) self->candidate_term);
  json_object_set_int_member (object, "Roll", (gint64) dms_roll_get_number (ballot->roll));
  json_object_set_int_member (object, "Version", (gint64) ballot->version);
  json_node_take_object (payload, object);
  for (guint i = 0; members[i] != NULL; i++)
    {
      SuccessionPeer *peer = g_hash_table_lookup (self->peers, members[i]);
      Asking *asking;

      if (peer == NULL || peer->handle == NULL)
        continue;
      asking = g_new0 (Asking, 1);
      asking->self = g_object_ref (self);
      asking->peer = g_strdup (members[i]);
      asking->attempt = self->attempt;
      dms_actor_invoke_async (
          self->root,
          peer->handle,
          DMS_SUCCESSION_VOTE_BEHAVIOUR,
          payload,
          dms_actor_expiry_in ((double) dms_succession_get_lease_us (self) / G_USEC_PER_SEC / 3),
          self->cancellable,
          on_voted,
          asking);
    }
}

static void
stand (DmsSuccession *self)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);
  g_autoptr (JsonObject) request = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  JsonObject *vote;

  /* The roll may have come since. */
  dms_succession_learn_peers (self);
  self->attempt++;
  self->asked_us = dms_ballot_now_us ();
  self->candidate_term = MAX (self->candidate_term, MAX (ballot->term, ballot->promised)) + 1;
  g_clear_pointer (&self->gathered, json_array_unref);
  self->gathered = json_array_new ();
  json_object_set_string_member (request, "EnsembleID", self->id);
  json_object_set_int_member (request, "Term", (gint64) self->candidate_term);
  json_object_set_int_member (request, "Roll", (gint64) dms_roll_get_number (ballot->roll));
  json_object_set_int_member (request, "Version", (gint64) ballot->version);
  reply = dms_voter_vote (self->voter, self->peer, request);
  vote = dms_json_object_get_child (reply, "Vote");
  if (vote == NULL)
    return;
  json_array_add_object_element (self->gathered, json_object_ref (vote));
  dms_log_event (G_LOG_LEVEL_INFO, "succession_candidacy", "orchestratorID", self->id, NULL);
  if (is_won (self))
    take_over (self);
  else
    ask_for_votes (self);
}

/* The first standby tries first, and each waits a while between two tries, by chance so that two who collide
 * do not do so again. */
void
dms_succession_look_for_leader (DmsSuccession *self)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);
  gint64 lease_us = dms_succession_get_lease_us (self);
  int rank = dms_roll_get_rank (ballot->roll, self->peer);
  gint64 now = dms_ballot_now_us ();

  if (rank < 0 || dms_ballot_is_bound (ballot))
    return;
  if (now < ballot->heard_us + lease_us + rank * lease_us / 4 || now < self->next_try_us)
    return;
  self->next_try_us =
      now + lease_us / 3 + g_random_int_range (0, (gint32) MIN (lease_us / 3, G_MAXINT32 - 1) + 1);
  stand (self);
}
