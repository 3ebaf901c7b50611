/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-succession-private.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "succession/dms-sealed-state.h"
#include "succession/dms-vote.h"

#include <string.h>

enum
{
  /* Questions within a lease, so that some may be lost; the clock is looked at at least once a second. */
  SAYINGS_PER_LEASE = 6,
  MIN_TICK_MS = 100,
  MAX_TICK_MS = 1000,
  /* Of the lease, in per cent: what is left is for the tick that notices, and for clocks that differ in
     speed. */
  HELD_PER_CENT = 75,
  /* For all standbys to agree in the beginning. */
  FOUND_SECONDS = 20,
  /* For all to hear of the end. */
  END_SECONDS = 60,
};

#define APPOINT_BEHAVIOUR "/dms/deployment/succession/appoint"
#define RENEW_BEHAVIOUR   "/dms/deployment/succession/renew"

G_DEFINE_FINAL_TYPE (DmsSuccession, dms_succession, G_TYPE_OBJECT)

static guint role_changed_signal;
static guint refused_signal;
static guint ended_signal;

typedef struct
{
  DmsSuccessionFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Waiting;

static void
waiting_free (gpointer data)
{
  Waiting *waiting = data;

  if (waiting->destroy != NULL)
    waiting->destroy (waiting->user_data);
  g_free (waiting);
}

static void
peer_free (gpointer data)
{
  SuccessionPeer *peer = data;

  g_free (peer->peer);
  g_clear_pointer (&peer->handle, dms_handle_unref);
  g_free (peer);
}

static void
dms_succession_dispose (GObject *object)
{
  DmsSuccession *self = DMS_SUCCESSION (object);

  dms_succession_stop (self);
  g_clear_object (&self->root);
  g_clear_object (&self->voter);
  G_OBJECT_CLASS (dms_succession_parent_class)->dispose (object);
}

static void
dms_succession_finalize (GObject *object)
{
  DmsSuccession *self = DMS_SUCCESSION (object);

  g_free (self->id);
  g_free (self->peer);
  g_free (self->end);
  g_clear_pointer (&self->gathered, json_array_unref);
  g_hash_table_unref (self->peers);
  g_ptr_array_unref (self->waiting);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (dms_succession_parent_class)->finalize (object);
}

static void
dms_succession_class_init (DmsSuccessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_succession_dispose;
  object_class->finalize = dms_succession_finalize;
  role_changed_signal = g_signal_new (
      "role-changed", DMS_TYPE_SUCCESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  refused_signal = g_signal_new ("refused",
                                 DMS_TYPE_SUCCESSION,
                                 G_SIGNAL_RUN_LAST,
                                 0,
                                 NULL,
                                 NULL,
                                 NULL,
                                 G_TYPE_NONE,
                                 2,
                                 G_TYPE_STRING,
                                 G_TYPE_STRING);
  ended_signal =
      g_signal_new ("ended", DMS_TYPE_SUCCESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dms_succession_init (DmsSuccession *self)
{
  self->peers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, peer_free);
  self->waiting = g_ptr_array_new_with_free_func (waiting_free);
  self->cancellable = g_cancellable_new ();
}

/* What is known */

DmsBallot *
dms_succession_get_ballot (DmsSuccession *self)
{
  return dms_voter_find (self->voter, self->id);
}

gint64
dms_succession_get_lease_us (DmsSuccession *self)
{
  return dms_roll_get_lease_ms (dms_succession_get_roll (self)) * 1000;
}

static gint64
held_for_us (DmsSuccession *self)
{
  return dms_succession_get_lease_us (self) * HELD_PER_CENT / 100;
}

gboolean
dms_succession_holds (DmsSuccession *self, SuccessionPeer *peer)
{
  return peer->held_us > 0 && dms_ballot_now_us () - peer->held_us < held_for_us (self);
}

static gboolean
has_the_newest (DmsSuccession *self, SuccessionPeer *peer)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);

  return peer->appointed && peer->version >= ballot->version &&
         peer->roll >= dms_roll_get_number (ballot->roll);
}

gboolean
dms_succession_has_majority (DmsSuccession *self,
                             gboolean (*is_one) (DmsSuccession *self, SuccessionPeer *peer))
{
  DmsBallot *ballot = dms_succession_get_ballot (self);
  const char *const *members = dms_roll_get_members (ballot->roll);
  guint n = 0;

  for (guint i = 0; members[i] != NULL; i++)
    {
      SuccessionPeer *peer = g_hash_table_lookup (self->peers, members[i]);

      /* A vote of its own in a newer term, for whomever, ends what it was in this one. */
      if (strcmp (members[i], self->peer) == 0)
        n += ballot->promised <= ballot->term ? 1 : 0;
      else
        n += peer != NULL && is_one (self, peer) ? 1 : 0;
    }
  return n >= dms_roll_get_majority (ballot->roll);
}

/* Whether it may act at this moment, and not just when the clock ticked last. */
static gboolean
leads_now (DmsSuccession *self)
{
  return self->role == DMS_SUCCESSION_LEADING && dms_succession_get_ballot (self) != NULL &&
         (!self->founded || dms_succession_has_majority (self, dms_succession_holds));
}

/* Stored before anything follows from it: a restart does not ask the orchestrators once more. */
static gboolean
end_founding (DmsSuccession *self)
{
  g_autoptr (DmsBallot) ballot = dms_ballot_copy (dms_succession_get_ballot (self));

  ballot->is_founding = FALSE;
  self->founded = dms_succession_store (self, ballot);
  return self->founded;
}

static gboolean
is_founded (DmsSuccession *self)
{
  const char *const *orchestrators = dms_roll_get_orchestrators (dms_succession_get_roll (self));

  for (guint i = 0; !self->founded && orchestrators[i] != NULL; i++)
    {
      SuccessionPeer *peer = g_hash_table_lookup (self->peers, orchestrators[i]);

      if (strcmp (orchestrators[i], self->peer) != 0 && !peer->appointed)
        return FALSE;
    }
  return self->founded || end_founding (self);
}

/* Whether the others could have chosen one of them, while this node was away, before all had agreed. */
static gboolean
may_be_deposed (DmsSuccession *self)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);
  GHashTableIter iter;
  gpointer peer;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    n += ((SuccessionPeer *) peer)->refuses ? 0 : 1;
  return ballot->promised > ballot->term || n >= dms_roll_get_majority (ballot->roll);
}

static gboolean
is_safe (DmsSuccession *self)
{
  return leads_now (self) && !self->stale && is_founded (self) &&
         dms_succession_has_majority (self, has_the_newest);
}

void
dms_succession_learn_peers (DmsSuccession *self)
{
  const char *const *members = dms_roll_get_members (dms_succession_get_roll (self));

  for (guint i = 0; members[i] != NULL; i++)
    {
      g_autoptr (DmsPeerId) id = NULL;
      SuccessionPeer *peer;

      if (strcmp (members[i], self->peer) == 0 || g_hash_table_contains (self->peers, members[i]))
        continue;
      id = dms_peer_id_new (members[i], NULL);
      peer = g_new0 (SuccessionPeer, 1);
      peer->peer = g_strdup (members[i]);
      peer->handle = dms_handle_new_for_peer (id, "root");
      g_hash_table_insert (self->peers, peer->peer, peer);
    }
}

gboolean
dms_succession_store (DmsSuccession *self, DmsBallot *ballot)
{
  g_autoptr (GError) error = NULL;

  if (dms_voter_put (self->voter, ballot, &error))
    return TRUE;
  dms_log_event (G_LOG_LEVEL_WARNING,
                 "succession_not_stored",
                 "orchestratorID",
                 self->id,
                 "error",
                 error->message,
                 NULL);
  return FALSE;
}

void
dms_succession_set_role (DmsSuccession *self, DmsSuccessionRole role)
{
  static const char *const names[] = { "following", "halted", "leading" };
  g_autoptr (DmsSuccession) kept = g_object_ref (self);
  DmsBallot *ballot = dms_succession_get_ballot (self);
  g_autofree char *term = g_strdup_printf ("%" G_GUINT64_FORMAT, ballot == NULL ? 0 : ballot->term);

  if (self->role == role)
    return;
  self->role = role;
  if (role != DMS_SUCCESSION_LEADING)
    g_ptr_array_set_size (self->waiting, 0);
  dms_log_event (G_LOG_LEVEL_INFO,
                 "succession_role",
                 "orchestratorID",
                 self->id,
                 "role",
                 names[role],
                 "leader",
                 dms_succession_get_leader (self),
                 "term",
                 term,
                 NULL);
  g_signal_emit (self, role_changed_signal, 0);
}

/* Leading */

static void
call_waiting (DmsSuccession *self)
{
  g_autoptr (GPtrArray) ready = NULL;

  if (self->waiting->len == 0 || !is_safe (self))
    return;
  ready = g_steal_pointer (&self->waiting);
  self->waiting = g_ptr_array_new_with_free_func (waiting_free);
  for (guint i = 0; i < ready->len; i++)
    {
      Waiting *waiting = ready->pdata[i];

      waiting->func (waiting->user_data);
    }
}

void
dms_succession_close (DmsSuccession *self)
{
  g_autoptr (DmsSuccession) kept = g_object_ref (self);

  dms_succession_stop (self);
  /* The listener stores the end before the promises are forgotten. */
  g_signal_emit (self, ended_signal, 0);
  dms_voter_end (self->voter, self->id);
}

void
dms_succession_hear_of_end (DmsSuccession *self, SuccessionPeer *peer, JsonObject *reply)
{
  /* A witness cannot tell how it ended, and is no authority; nobody is over one that leads. */
  if (dms_roll_get_rank (dms_succession_get_roll (self), peer->peer) < 0 || leads_now (self))
    return;
  dms_succession_set_role (self, DMS_SUCCESSION_FOLLOWING);
  self->end = g_strdup (dms_json_object_get_text (reply, "End"));
  dms_succession_close (self);
}

static void
finish_ending (DmsSuccession *self)
{
  GHashTableIter iter;
  gpointer peer;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    {
      /* Who did not agree, or did and was not heard, asks when it wants to know. */
      if (((SuccessionPeer *) peer)->appointed && !((SuccessionPeer *) peer)->told_of_end &&
          dms_ballot_now_us () < self->end_until_us)
        return;
    }
  dms_succession_close (self);
}

static void
depose (DmsSuccession *self)
{
  self->founded = TRUE;
  dms_succession_set_role (self, DMS_SUCCESSION_FOLLOWING);
}

static JsonNode *
make_saying (DmsSuccession *self, SuccessionPeer *peer)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);
  JsonNode *payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "EnsembleID", self->id);
  json_object_set_member (object, "Roll", dms_roll_to_json (ballot->roll));
  json_object_set_int_member (object, "Term", (gint64) ballot->term);
  json_object_set_int_member (object, "Version", (gint64) ballot->version);
  if (ballot->votes != NULL)
    json_object_set_array_member (object, "Votes", json_array_ref (ballot->votes));
  if (ballot->state != NULL && (!peer->appointed || peer->version < ballot->version))
    json_object_set_string_member (object, "State", ballot->state);
  if (ballot->key != NULL && !peer->appointed && dms_roll_get_rank (ballot->roll, peer->peer) >= 0)
    json_object_set_string_member (object, "Key", ballot->key);
  if (self->ending)
    json_object_set_boolean_member (object, "Over", TRUE);
  json_node_take_object (payload, object);
  return payload;
}

typedef struct
{
  DmsSuccession *self;
  char *peer;
  guint64 term;
  guint64 version;
  guint64 roll;
  gint64 sent_us;
  gboolean over;
} Saying;

static void
saying_free (Saying *saying)
{
  g_object_unref (saying->self);
  g_free (saying->peer);
  g_free (saying);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Saying, saying_free)

static void say (DmsSuccession *self, SuccessionPeer *peer);

static void
take_agreement (Saying *saying, SuccessionPeer *peer)
{
  DmsSuccession *self = saying->self;
  DmsBallot *ballot;

  peer->appointed = TRUE;
  peer->refuses = FALSE;
  peer->version = MAX (peer->version, saying->version);
  peer->roll = MAX (peer->roll, saying->roll);
  peer->held_us = MAX (peer->held_us, saying->sent_us);
  peer->told_of_end = peer->told_of_end || saying->over;
  if (self->role == DMS_SUCCESSION_HALTED && dms_succession_has_majority (self, dms_succession_holds))
    dms_succession_set_role (self, DMS_SUCCESSION_LEADING);
  /* Whoever hears that this node leads writes, which makes another ballot, or ends it. */
  ballot = dms_succession_get_ballot (self);
  if (ballot == NULL || g_cancellable_is_cancelled (self->cancellable))
    return;
  /* There is news since. */
  if (peer->version < ballot->version || peer->roll < dms_roll_get_number (ballot->roll))
    say (self, peer);
  call_waiting (self);
}

/* After a restart the founder leads again, and can end what it has begun, once nobody else can. */
static void
lead_again (DmsSuccession *self)
{
  if (self->role == DMS_SUCCESSION_HALTED && !self->founded && !may_be_deposed (self))
    dms_succession_set_role (self, DMS_SUCCESSION_LEADING);
}

static void
take_refusal (DmsSuccession *self, SuccessionPeer *peer, JsonObject *reply)
{
  const char *text = dms_json_object_get_text (reply, "Error");

  /* Who knows a term is a member. */
  peer->refuses = !json_object_has_member (reply, "Term");
  lead_again (self);
  if (self->role == DMS_SUCCESSION_LEADING)
    g_signal_emit (self, refused_signal, 0, peer->peer, text != NULL ? text : "it refuses without a reason");
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Saying) saying = user_data;
  DmsSuccession *self = saying->self;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, NULL);
  JsonObject *reply = message == NULL ? NULL : dms_message_get_object (message);
  SuccessionPeer *peer = g_hash_table_lookup (self->peers, saying->peer);
  DmsBallot *ballot = dms_succession_get_ballot (self);
  gboolean newer;

  if (g_cancellable_is_cancelled (self->cancellable) || peer == NULL || ballot == NULL)
    return;
  peer->asked = FALSE;
  if (self->role == DMS_SUCCESSION_FOLLOWING || ballot->term != saying->term)
    return;
  newer = (guint64) dms_json_object_get_whole (reply, "Term", 1, G_MAXINT32, 0) > ballot->term;
  if (reply == NULL)
    /* Who forgot everything must be appointed again. */
    peer->appointed = self->ending ? peer->appointed : self->founded && !peer->appointed;
  else if (dms_json_object_get_flag (reply, "OK"))
    take_agreement (saying, peer);
  else if (dms_json_object_get_flag (reply, "Over"))
    dms_succession_hear_of_end (self, peer, reply);
  else if (newer)
    depose (self);
  else if (!self->founded)
    take_refusal (self, peer, reply);
  if (self->ending && !g_cancellable_is_cancelled (self->cancellable))
    finish_ending (self);
}

static void
say (DmsSuccession *self, SuccessionPeer *peer)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);
  g_autoptr (JsonNode) payload = NULL;
  Saying *saying;

  if (peer->asked || peer->handle == NULL || (self->ending && (peer->told_of_end || !peer->appointed)))
    return;
  payload = make_saying (self, peer);
  saying = g_new0 (Saying, 1);
  saying->self = g_object_ref (self);
  saying->peer = g_strdup (peer->peer);
  saying->term = ballot->term;
  saying->version = ballot->version;
  saying->roll = dms_roll_get_number (ballot->roll);
  saying->sent_us = dms_ballot_now_us ();
  saying->over = self->ending;
  peer->asked = TRUE;
  dms_actor_invoke_async (
      self->root,
      peer->handle,
      peer->appointed ? RENEW_BEHAVIOUR : APPOINT_BEHAVIOUR,
      payload,
      dms_actor_expiry_in ((double) dms_succession_get_lease_us (self) / G_USEC_PER_SEC / 3),
      self->cancellable,
      on_answered,
      saying);
}

void
dms_succession_say_to_all (DmsSuccession *self)
{
  g_autoptr (GList) all = NULL;

  if (self->role == DMS_SUCCESSION_FOLLOWING || dms_succession_get_ballot (self) == NULL)
    return;
  self->said_us = dms_ballot_now_us ();
  all = g_hash_table_get_values (self->peers);
  for (GList *l = all; l != NULL; l = l->next)
    say (self, l->data);
}

/* Whom to blame when not all have agreed in time. */
static void
check_founding (DmsSuccession *self)
{
  const char *const *orchestrators = dms_roll_get_orchestrators (dms_succession_get_roll (self));

  if (is_founded (self) || dms_ballot_now_us () < self->found_until_us)
    return;
  for (guint i = 0; orchestrators[i] != NULL; i++)
    {
      SuccessionPeer *peer = g_hash_table_lookup (self->peers, orchestrators[i]);

      if (peer == NULL || peer->appointed)
        continue;
      g_signal_emit (
          self, refused_signal, 0, peer->peer, "it does not answer, or does not let this node deploy there");
      return;
    }
}

static void
lead_on (DmsSuccession *self)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);

  if (leads_now (self))
    ballot->heard_us = dms_ballot_now_us ();
  if (!self->founded || self->ending ||
      dms_ballot_now_us () - self->said_us >= dms_succession_get_lease_us (self) / SAYINGS_PER_LEASE)
    dms_succession_say_to_all (self);
  if (self->ending)
    finish_ending (self);
  else if (!self->founded && self->role == DMS_SUCCESSION_HALTED)
    lead_again (self);
  else if (!self->founded)
    check_founding (self);
  else if (!dms_succession_has_majority (self, dms_succession_holds))
    dms_succession_set_role (self, DMS_SUCCESSION_HALTED);
}

static gboolean
on_tick (gpointer user_data)
{
  g_autoptr (DmsSuccession) self = g_object_ref (user_data);

  if (dms_succession_get_ballot (self) == NULL)
    return G_SOURCE_CONTINUE;
  if (self->role != DMS_SUCCESSION_FOLLOWING)
    lead_on (self);
  /* The founder stands for election once it has founded something. */
  if (self->role != DMS_SUCCESSION_LEADING && self->founded &&
      !g_cancellable_is_cancelled (self->cancellable))
    dms_succession_look_for_leader (self);
  return G_SOURCE_CONTINUE;
}

static void
on_heard (DmsVoter *voter, const char *ensemble_id, gpointer user_data)
{
  DmsSuccession *self = user_data;
  DmsBallot *ballot = dms_succession_get_ballot (self);

  if (ballot == NULL || strcmp (ensemble_id, self->id) != 0)
    return;
  if (self->role != DMS_SUCCESSION_FOLLOWING && strcmp (ballot->leader, self->peer) != 0)
    depose (self);
}

static DmsSuccession *
succession_new (DmsActor *root, DmsVoter *voter, const char *ensemble_id)
{
  DmsSuccession *self = g_object_new (DMS_TYPE_SUCCESSION, NULL);

  self->root = g_object_ref (root);
  self->voter = g_object_ref (voter);
  self->id = g_strdup (ensemble_id);
  self->peer = g_strdup (dms_handle_get_host (dms_actor_get_handle (root)));
  g_signal_connect_object (voter, "heard", G_CALLBACK (on_heard), self, 0);
  return self;
}

static void
begin (DmsSuccession *self)
{
  gint64 tick_ms = dms_roll_get_lease_ms (dms_succession_get_roll (self)) / SAYINGS_PER_LEASE;

  self->found_until_us = dms_ballot_now_us () + (gint64) FOUND_SECONDS * G_USEC_PER_SEC;
  dms_succession_learn_peers (self);
  self->timer = g_timeout_add ((guint) CLAMP (tick_ms, MIN_TICK_MS, MAX_TICK_MS), on_tick, self);
  dms_succession_say_to_all (self);
}

DmsSuccession *
dms_succession_new (DmsActor *root, DmsVoter *voter, DmsRoll *roll, GError **error)
{
  g_autoptr (DmsSuccession) self = succession_new (root, voter, dms_roll_get_ensemble_id (roll));
  g_autoptr (DmsBallot) ballot = dms_ballot_new (roll, 1, self->peer);

  ballot->promised = 1;
  ballot->promised_to = g_strdup (self->peer);
  ballot->key = dms_sealed_state_make_key ();
  ballot->is_founding = TRUE;
  if (!dms_voter_put (voter, ballot, error))
    return NULL;
  self->role = DMS_SUCCESSION_LEADING;
  begin (self);
  return g_steal_pointer (&self);
}

DmsSuccession *
dms_succession_join (DmsActor *root, DmsVoter *voter, const char *ensemble_id)
{
  DmsSuccession *self = succession_new (root, voter, ensemble_id);
  DmsBallot *ballot = dms_succession_get_ballot (self);
  GHashTableIter iter;
  gpointer peer;

  self->founded = !ballot->is_founding || ballot->term > 1 || strcmp (ballot->leader, self->peer) != 0;
  self->role = strcmp (ballot->leader, self->peer) == 0 ? DMS_SUCCESSION_HALTED : DMS_SUCCESSION_FOLLOWING;
  dms_succession_learn_peers (self);
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    ((SuccessionPeer *) peer)->appointed = self->founded;
  begin (self);
  return self;
}

void
dms_succession_stop (DmsSuccession *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_ptr_array_set_size (self->waiting, 0);
}

/* For the deployment */

DmsSuccessionRole
dms_succession_get_role (DmsSuccession *self)
{
  return self->role == DMS_SUCCESSION_LEADING && !leads_now (self) ? DMS_SUCCESSION_HALTED : self->role;
}

gboolean
dms_succession_take_news (DmsSuccession *self)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);
  gboolean is_new = ballot != NULL && ballot->version != self->told_version;

  if (is_new)
    self->told_version = ballot->version;
  return is_new;
}

void
dms_succession_resign (DmsSuccession *self)
{
  dms_succession_stop (self);
  dms_succession_set_role (self, DMS_SUCCESSION_FOLLOWING);
}

gboolean
dms_succession_is_stale (DmsSuccession *self)
{
  return self->stale;
}

const char *
dms_succession_get_ensemble_id (DmsSuccession *self)
{
  return self->id;
}

const char *
dms_succession_get_leader (DmsSuccession *self)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);

  return ballot == NULL ? self->peer : ballot->leader;
}

guint64
dms_succession_get_term (DmsSuccession *self)
{
  return dms_succession_get_ballot (self)->term;
}

DmsRoll *
dms_succession_get_roll (DmsSuccession *self)
{
  return dms_succession_get_ballot (self)->roll;
}

JsonArray *
dms_succession_get_votes (DmsSuccession *self)
{
  return dms_succession_get_ballot (self)->votes;
}

char *
dms_succession_dup_state (DmsSuccession *self, GError **error)
{
  DmsBallot *ballot = dms_succession_get_ballot (self);

  if (ballot == NULL || ballot->state == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "nothing of the deployment is known here");
      return NULL;
    }
  return dms_sealed_state_open (ballot->key, ballot->version, ballot->state, error);
}

static gboolean
refuse_to_write (DmsSuccession *self, GError **error)
{
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_WRONG_STATE,
               "this node does not orchestrate the deployment now: %s does",
               dms_succession_get_leader (self));
  return FALSE;
}

const char *
dms_succession_get_end (DmsSuccession *self)
{
  return self->end;
}

gboolean
dms_succession_write (DmsSuccession *self, const char *state, GError **error)
{
  DmsBallot *known = dms_succession_get_ballot (self);
  g_autoptr (DmsBallot) ballot = NULL;
  guint64 first;

  if (known == NULL || !leads_now (self))
    return refuse_to_write (self, error);
  self->stale = TRUE;
  ballot = dms_ballot_copy (known);
  g_free (ballot->state);
  /* So that what a later term writes is newer than anything of an earlier one. */
  first = ballot->term << 32;
  ballot->version = MAX (ballot->version, first) + 1;
  ballot->state = dms_sealed_state_seal (ballot->key, ballot->version, state, error);
  if (ballot->state == NULL)
    return FALSE;
  if (!dms_voter_put (self->voter, ballot, error))
    return FALSE;
  self->stale = FALSE;
  dms_succession_say_to_all (self);
  return TRUE;
}

gboolean
dms_succession_set_witness (DmsSuccession *self, const char *witness, GError **error)
{
  DmsBallot *known = dms_succession_get_ballot (self);
  g_autoptr (DmsBallot) ballot = NULL;
  g_autoptr (DmsRoll) roll = NULL;

  if (known == NULL || !leads_now (self))
    return refuse_to_write (self, error);
  if (g_strcmp0 (dms_roll_get_witness (known->roll), witness) == 0)
    return TRUE;
  /* Another one in its place could leave two majorities without a common member. */
  if (dms_roll_get_witness (known->roll) != NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS, "there is a witness");
      return FALSE;
    }
  ballot = dms_ballot_copy (known);
  roll = dms_roll_dup_with_witness (ballot->roll, witness);
  dms_roll_unref (ballot->roll);
  ballot->roll = dms_roll_ref (roll);
  if (!dms_voter_put (self->voter, ballot, error))
    return FALSE;
  dms_succession_learn_peers (self);
  dms_succession_say_to_all (self);
  return TRUE;
}

void
dms_succession_when_safe (DmsSuccession *self,
                          DmsSuccessionFunc func,
                          gpointer user_data,
                          GDestroyNotify destroy)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  waiting->func = func;
  waiting->user_data = user_data;
  waiting->destroy = destroy;
  /* There are few: what waits is let go of when this node leads no more, within a lease. */
  if (self->role != DMS_SUCCESSION_LEADING)
    {
      waiting_free (waiting);
      return;
    }
  g_ptr_array_add (self->waiting, waiting);
  call_waiting (self);
}

void
dms_succession_end (DmsSuccession *self)
{
  if (self->ending)
    return;
  self->ending = TRUE;
  self->end_until_us = dms_ballot_now_us () + (gint64) END_SECONDS * G_USEC_PER_SEC;
  if (dms_succession_get_ballot (self) != NULL)
    dms_succession_say_to_all (self);
}
