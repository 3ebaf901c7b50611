/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-voter.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "store/dms-collection.h"
#include "succession/dms-sealed-state.h"
#include "succession/dms-vote.h"

#include <string.h>

enum
{
  /* At one node, and of one orchestrator there. */
  MAX_BALLOTS = 1000,
  MAX_OF_ONE = 200,
  /* base64 of the longest state. */
  MAX_STATE = 2 * DMS_SEALED_STATE_MAX,
  MAX_KEY = 64,
  /* Ensembles that are over. */
  MAX_ENDED = 10000,
  KEEP_DAYS = 30,
};

struct _DmsVoter
{
  GObject parent_instance;

  DmsKey *key;
  char *peer;
  DmsCollection *collection;
  /* Ensemble ID → DmsBallot */
  GHashTable *ballots;
};

G_DEFINE_FINAL_TYPE (DmsVoter, dms_voter, G_TYPE_OBJECT)

static guint heard_signal;

static void
dms_voter_finalize (GObject *object)
{
  DmsVoter *self = DMS_VOTER (object);

  g_clear_object (&self->collection);
  g_hash_table_unref (self->ballots);
  g_clear_pointer (&self->key, dms_key_unref);
  g_free (self->peer);
  G_OBJECT_CLASS (dms_voter_parent_class)->finalize (object);
}

static void
dms_voter_class_init (DmsVoterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_voter_finalize;
  heard_signal = g_signal_new (
      "heard", DMS_TYPE_VOTER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
dms_voter_init (DmsVoter *self)
{
  self->ballots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_ballot_free);
}

DmsVoter *
dms_voter_new (DmsStore *store, DmsKey *key, GError **error)
{
  g_autoptr (DmsVoter) self = g_object_new (DMS_TYPE_VOTER, NULL);
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (GPtrArray) found = NULL;

  self->key = dms_key_ref (key);
  self->peer = g_strdup (dms_peer_id_get_text (dms_key_get_peer_id (key)));
  self->collection = dms_collection_new (store, "successions", NULL, error);
  if (self->collection == NULL)
    return NULL;
  found = dms_collection_query (self->collection, query, NULL, error);
  if (found == NULL)
    return NULL;
  for (guint i = 0; i < found->len; i++)
    {
      DmsDocument *document = found->pdata[i];
      DmsBallot *ballot = dms_ballot_new_from_json (dms_document_get_body (document), error);

      /* Without knowing what it has promised, this node must not promise anything. */
      if (ballot == NULL)
        return NULL;
      g_hash_table_insert (self->ballots, g_strdup (dms_document_get_id (document)), ballot);
    }
  return g_steal_pointer (&self);
}

/* (nullable): also of one that is over */
static DmsBallot *
lookup (DmsVoter *self, const char *ensemble_id)
{
  return ensemble_id == NULL ? NULL : g_hash_table_lookup (self->ballots, ensemble_id);
}

DmsBallot *
dms_voter_find (DmsVoter *self, const char *ensemble_id)
{
  DmsBallot *ballot = lookup (self, ensemble_id);

  return ballot == NULL || ballot->ended_us > 0 ? NULL : ballot;
}

gboolean
dms_voter_knows (DmsVoter *self, const char *ensemble_id)
{
  return lookup (self, ensemble_id) != NULL;
}

static GStrv
list (DmsVoter *self, gboolean as_witness)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer id;
  gpointer ballot;

  g_hash_table_iter_init (&iter, self->ballots);
  while (g_hash_table_iter_next (&iter, &id, &ballot))
    {
      if (((DmsBallot *) ballot)->ended_us == 0 &&
          (dms_roll_get_rank (((DmsBallot *) ballot)->roll, self->peer) < 0) == as_witness)
        g_strv_builder_add (builder, id);
    }
  return g_strv_builder_end (builder);
}

GStrv
dms_voter_list (DmsVoter *self)
{
  return list (self, FALSE);
}

GStrv
dms_voter_list_witnessed (DmsVoter *self)
{
  return list (self, TRUE);
}

gboolean
dms_voter_put (DmsVoter *self, DmsBallot *ballot, GError **error)
{
  const char *id = dms_roll_get_ensemble_id (ballot->roll);
  g_autoptr (JsonNode) body = dms_ballot_to_json (ballot);

  if (!dms_collection_put (self->collection, id, body, error))
    return FALSE;
  g_hash_table_replace (self->ballots, g_strdup (id), dms_ballot_copy (ballot));
  return TRUE;
}

/* Those that ended long ago; or, of too many, the oldest. */
static void
forget_old (DmsVoter *self)
{
  gint64 limit_us = g_get_real_time () - (gint64) KEEP_DAYS * 24 * 3600 * G_USEC_PER_SEC;
  g_autofree char *oldest = NULL;
  gint64 oldest_us = G_MAXINT64;
  guint n_ended = 0;
  GHashTableIter iter;
  gpointer id;
  gpointer value;

  g_hash_table_iter_init (&iter, self->ballots);
  while (g_hash_table_iter_next (&iter, &id, &value))
    {
      DmsBallot *ballot = value;

      if (ballot->ended_us == 0)
        continue;
      n_ended++;
      if (ballot->ended_us >= oldest_us)
        continue;
      oldest_us = ballot->ended_us;
      g_free (oldest);
      oldest = g_strdup (id);
    }
  if (oldest == NULL || (oldest_us > limit_us && n_ended <= MAX_ENDED))
    return;
  if (dms_collection_delete (self->collection, oldest, NULL, NULL))
    g_hash_table_remove (self->ballots, oldest);
}

void
dms_voter_end (DmsVoter *self, const char *ensemble_id)
{
  DmsBallot *known = dms_voter_find (self, ensemble_id);
  g_autofree char *id = g_strdup (ensemble_id);
  g_autoptr (DmsBallot) ballot = NULL;
  g_autoptr (GError) error = NULL;

  if (known == NULL)
    return;
  ballot = dms_ballot_copy (known);
  ballot->ended_us = g_get_real_time ();
  g_clear_pointer (&ballot->state, g_free);
  g_clear_pointer (&ballot->key, g_free);
  g_clear_pointer (&ballot->votes, json_array_unref);
  if (!dms_voter_put (self, ballot, &error))
    dms_log_event (
        G_LOG_LEVEL_WARNING, "succession_not_stored", "orchestratorID", id, "error", error->message, NULL);
  g_signal_emit (self, heard_signal, 0, id);
  forget_old (self);
}

static JsonObject *
make_reply (DmsBallot *ballot, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error : "");
  if (ballot == NULL)
    return reply;
  json_object_set_int_member (reply, "Term", (gint64) MAX (ballot->term, ballot->promised));
  json_object_set_string_member (reply, "Leader", ballot->leader);
  json_object_set_int_member (reply, "Version", (gint64) ballot->version);
  if (ballot->ended_us > 0)
    json_object_set_boolean_member (reply, "Over", TRUE);
  return reply;
}

/* Takes what is newer. FALSE when it is malformed. */
static gboolean
take_state (DmsBallot *ballot, JsonObject *payload)
{
  gint64 version = dms_json_object_get_whole (payload, "Version", 0, G_MAXINT64, -1);
  const char *state = dms_json_object_get_text (payload, "State");

  if (version < 0 || (state != NULL && strlen (state) > MAX_STATE))
    return FALSE;
  if (state == NULL || (guint64) version <= ballot->version)
    return TRUE;
  /* What cannot be read must not take the place of what can. A witness has no key. */
  if (ballot->key != NULL)
    {
      g_autofree char *text = dms_sealed_state_open (ballot->key, (guint64) version, state, NULL);

      if (text == NULL)
        return FALSE;
    }
  ballot->version = (guint64) version;
  g_free (ballot->state);
  ballot->state = g_strdup (state);
  return TRUE;
}

static gboolean
has_room (DmsVoter *self, const char *sender)
{
  guint n = 0;
  guint n_of_one = 0;
  GHashTableIter iter;
  gpointer ballot;

  g_hash_table_iter_init (&iter, self->ballots);
  while (g_hash_table_iter_next (&iter, NULL, &ballot))
    {
      if (((DmsBallot *) ballot)->ended_us > 0)
        continue;
      n++;
      n_of_one += dms_roll_get_rank (((DmsBallot *) ballot)->roll, sender) >= 0 ? 1 : 0;
    }
  return n_of_one < MAX_OF_ONE && n < MAX_BALLOTS;
}

JsonObject *
dms_voter_appoint (DmsVoter *self, const char *sender, JsonObject *payload)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsRoll) roll = dms_roll_new_from_json (dms_json_object_get_member (payload, "Roll"), &error);
  gint64 term = dms_json_object_get_whole (payload, "Term", 1, G_MAXINT32, 0);
  const char *key = dms_json_object_get_text (payload, "Key");
  g_autoptr (DmsBallot) ballot = NULL;

  if (roll == NULL)
    return make_reply (NULL, error->message);
  /* The answer to an earlier appointment may have been lost. */
  if (lookup (self, dms_roll_get_ensemble_id (roll)) != NULL)
    {
      JsonObject *reply;

      json_object_set_string_member (payload, "EnsembleID", dms_roll_get_ensemble_id (roll));
      reply = dms_voter_renew (self, sender, payload);
      return reply != NULL ? reply : make_reply (NULL, "the ensemble is another's");
    }
  /* Whoever makes this node a standby must be the one that deploys: what it is told to do later is done on
   * that one's behalf, and with no right but its. */
  if (dms_roll_get_rank (roll, self->peer) >= 0 && dms_roll_get_rank (roll, sender) != 0)
    return make_reply (NULL, "only the node that deploys can appoint standby orchestrators");
  if (dms_roll_get_rank (roll, sender) < 0 || !dms_roll_has_member (roll, self->peer) || term == 0 ||
      (key != NULL && strlen (key) > MAX_KEY))
    return make_reply (NULL, "the appointment is malformed");
  if (!has_room (self, sender))
    return make_reply (NULL, "this node is a standby of too many deployments");
  ballot = dms_ballot_new (roll, (guint64) term, sender);
  ballot->promised = (guint64) term;
  ballot->key = g_strdup (key);
  if (!take_state (ballot, payload))
    return make_reply (NULL, "the appointment is malformed");
  if (!dms_voter_put (self, ballot, &error))
    return make_reply (NULL, error->message);
  g_signal_emit (self, heard_signal, 0, dms_roll_get_ensemble_id (roll));
  return make_reply (ballot, NULL);
}

static gboolean
follow (DmsBallot *ballot, const char *sender, guint64 term, JsonObject *payload)
{
  JsonArray *votes = dms_json_object_get_list (payload, "Votes");

  if (term == ballot->term)
    return strcmp (ballot->leader, sender) == 0;
  if (!dms_vote_is_majority (votes, ballot->roll, term, sender))
    return FALSE;
  ballot->term = term;
  ballot->promised = MAX (ballot->promised, term);
  g_free (ballot->promised_to);
  ballot->promised_to = g_strdup (sender);
  g_free (ballot->leader);
  ballot->leader = g_strdup (sender);
  g_clear_pointer (&ballot->votes, json_array_unref);
  ballot->votes = json_array_ref (votes);
  return TRUE;
}

JsonObject *
dms_voter_renew (DmsVoter *self, const char *sender, JsonObject *payload)
{
  DmsBallot *known = lookup (self, dms_json_object_get_text (payload, "EnsembleID"));
  gint64 term = dms_json_object_get_whole (payload, "Term", 1, G_MAXINT32, 0);
  g_autoptr (DmsBallot) ballot = NULL;
  g_autoptr (DmsRoll) roll = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;
  gboolean changed;

  if (known == NULL || dms_roll_get_rank (known->roll, sender) < 0)
    return NULL;
  if (known->ended_us > 0)
    return make_reply (known, "the deployment is over");
  if (term == 0 || (guint64) term < MAX (known->term, known->promised))
    return make_reply (known, "there is a newer term");
  id = g_strdup (dms_roll_get_ensemble_id (known->roll));
  ballot = dms_ballot_copy (known);
  if (!follow (ballot, sender, (guint64) term, payload) || !take_state (ballot, payload))
    return make_reply (known, "this node follows another");
  roll = dms_roll_new_from_json (dms_json_object_get_member (payload, "Roll"), NULL);
  changed = ballot->version != known->version || ballot->term != known->term;
  if (roll != NULL && dms_roll_may_follow (roll, ballot->roll))
    {
      dms_roll_unref (ballot->roll);
      ballot->roll = g_steal_pointer (&roll);
      changed = TRUE;
    }
  if (changed && !dms_voter_put (self, ballot, &error))
    return make_reply (known, error->message);
  known = lookup (self, id);
  known->heard_us = dms_ballot_now_us ();
  g_signal_emit (self, heard_signal, 0, id);
  if (dms_json_object_get_flag (payload, "Over"))
    dms_voter_end (self, id);
  return make_reply (ballot, NULL);
}

static JsonObject *
refuse_vote (DmsBallot *ballot, const char *why)
{
  JsonObject *reply = make_reply (ballot, why);

  json_object_set_member (reply, "Roll", dms_roll_to_json (ballot->roll));
  return reply;
}

JsonObject *
dms_voter_vote (DmsVoter *self, const char *sender, JsonObject *payload)
{
  DmsBallot *known = lookup (self, dms_json_object_get_text (payload, "EnsembleID"));
  guint64 term = (guint64) dms_json_object_get_whole (payload, "Term", 1, G_MAXINT32, 0);
  guint64 number = (guint64) dms_json_object_get_whole (payload, "Roll", 1, G_MAXINT32, 0);
  guint64 version = (guint64) dms_json_object_get_whole (payload, "Version", 0, G_MAXINT64, 0);
  g_autoptr (DmsBallot) ballot = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *reply;

  if (known == NULL || !dms_roll_has_member (known->roll, sender))
    return NULL;
  if (known->ended_us > 0)
    return make_reply (known, "the deployment is over");
  /* A witness that slept through the end may know that much, and has no part in anything else. */
  if (dms_roll_get_rank (known->roll, sender) < 0)
    return NULL;
  if (number != dms_roll_get_number (known->roll))
    return refuse_vote (known, "the roll is another one");
  if (term < MAX (known->term, known->promised) ||
      (term == known->promised && g_strcmp0 (known->promised_to, sender) != 0))
    return refuse_vote (known, "this node has voted in that term");
  if (term > known->promised && dms_ballot_is_bound (known))
    return refuse_vote (known, "the orchestrator was heard of");
  ballot = dms_ballot_copy (known);
  ballot->promised = term;
  g_free (ballot->promised_to);
  ballot->promised_to = g_strdup (sender);
  ballot->heard_us = dms_ballot_now_us ();
  if (!dms_voter_put (self, ballot, &error))
    return refuse_vote (known, error->message);
  reply = make_reply (ballot, NULL);
  json_object_set_object_member (reply, "Vote", dms_vote_sign (self->key, ballot->roll, term, sender));
  json_object_set_member (reply, "Roll", dms_roll_to_json (ballot->roll));
  if (ballot->version > version && ballot->state != NULL)
    json_object_set_string_member (reply, "State", ballot->state);
  return reply;
}
