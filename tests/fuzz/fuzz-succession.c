/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "succession/dms-sealed-state.h"
#include "succession/dms-vote.h"
#include "succession/dms-voter.h"

#define MAX_STEPS 16
#define N_PEERS   4

/* The peers; the first is the node itself. In an input @PEER2@ stands for the third. */
static DmsKey *
get_key (guint index)
{
  static DmsKey *keys[N_PEERS];

  if (keys[index] == NULL)
    {
      guint8 seed[DMS_KEY_SEED_SIZE];

      memset (seed, (int) index + 1, sizeof seed);
      keys[index] = dms_key_new_from_seed (seed);
    }
  return keys[index];
}

static const char *
get_peer (guint index)
{
  return dms_peer_id_get_text (dms_key_get_peer_id (get_key (index)));
}

typedef struct
{
  DmsStore *store;
  DmsVoter *voter;
  /* Ensemble, roll and term → who has the vote in it */
  GHashTable *votes;
} Session;

static void
session_clear (Session *self)
{
  g_clear_object (&self->voter);
  dms_store_close (self->store);
  g_clear_object (&self->store);
  g_hash_table_unref (self->votes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Session, session_clear)

static void
session_open (Session *self)
{
  g_autoptr (GError) error = NULL;

  self->store = dms_store_open (":memory:", &error);
  g_assert_no_error (error);
  self->voter = dms_voter_new (self->store, get_key (0), &error);
  g_assert_no_error (error);
  self->votes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* Votes of those that the step names, which no change of the input could make. */
static void
sign (DmsBallot *ballot, JsonObject *step, JsonObject *payload, const char *candidate)
{
  JsonArray *signers = dms_json_object_get_list (step, "sign");
  guint64 term = (guint64) dms_json_object_get_whole (payload, "Term", 0, G_MAXINT32, 0);
  JsonArray *votes;

  if (signers == NULL || ballot == NULL)
    return;
  votes = json_array_new ();
  for (guint i = 0; i < MIN (json_array_get_length (signers), 2 * N_PEERS); i++)
    {
      JsonNode *item = json_array_get_element (signers, i);
      gint64 index = json_node_get_value_type (item) == G_TYPE_INT64 ? json_node_get_int (item) : 0;

      json_array_add_object_element (
          votes, dms_vote_sign (get_key ((guint) index % N_PEERS), ballot->roll, term, candidate));
    }
  json_object_set_array_member (payload, "Votes", votes);
}

static void
seal (DmsBallot *ballot, JsonObject *step, JsonObject *payload)
{
  const char *text = dms_json_object_get_text (step, "seal");
  const char *key = ballot != NULL ? ballot->key : dms_json_object_get_text (payload, "Key");
  guint64 version = (guint64) dms_json_object_get_whole (payload, "Version", 0, G_MAXINT64, 0);
  g_autofree char *sealed = text != NULL ? dms_sealed_state_seal (key, version, text, NULL) : NULL;

  if (sealed != NULL)
    json_object_set_string_member (payload, "State", sealed);
}

/* Nobody has two votes of this node in one term. */
static void
check_vote (Session *self, JsonObject *reply, const char *candidate, JsonObject *payload)
{
  JsonObject *vote = dms_json_object_get_child (reply, "Vote");
  const char *id = dms_json_object_get_text (payload, "EnsembleID");
  gint64 term = dms_json_object_get_whole (payload, "Term", 0, G_MAXINT64, 0);
  g_autofree char *key = NULL;
  const char *earlier;

  if (vote == NULL)
    return;
  g_assert_cmpstr (dms_json_object_get_text (vote, "Peer"), ==, get_peer (0));
  key = g_strdup_printf ("%s %" G_GINT64_FORMAT, id, term);
  earlier = g_hash_table_lookup (self->votes, key);
  if (earlier != NULL)
    g_assert_cmpstr (earlier, ==, candidate);
  else
    g_hash_table_insert (self->votes, g_steal_pointer (&key), g_strdup (candidate));
}

/* Another orchestrator is followed only when most of the others have chosen it. */
static void
renew (Session *self, const char *sender, JsonObject *payload, JsonObject **reply)
{
  const char *id = dms_json_object_get_text (payload, "EnsembleID");
  DmsBallot *known = id != NULL ? dms_voter_find (self->voter, id) : NULL;
  g_autoptr (DmsBallot) before = known != NULL ? dms_ballot_copy (known) : NULL;

  *reply = dms_voter_renew (self->voter, sender, payload);
  known = before != NULL ? dms_voter_find (self->voter, dms_roll_get_ensemble_id (before->roll)) : NULL;
  if (known == NULL)
    return;
  g_assert_cmpuint (known->term, >=, before->term);
  g_assert_cmpuint (known->version, >=, before->version);
  if (known->term > before->term)
    g_assert_true (dms_vote_is_majority (known->votes, before->roll, known->term, known->leader));
  else
    g_assert_cmpstr (known->leader, ==, before->leader);
}

static void
take_step (Session *self, JsonObject *step)
{
  const char *op = dms_json_object_get_text (step, "op");
  JsonObject *payload = dms_json_object_get_child (step, "payload");
  const char *sender = get_peer ((guint) dms_json_object_get_whole (step, "from", 0, N_PEERS - 1, 1));
  const char *id = dms_json_object_get_text (payload, "EnsembleID");
  DmsBallot *ballot = id != NULL ? dms_voter_find (self->voter, id) : NULL;
  g_autoptr (JsonObject) reply = NULL;

  if (payload == NULL)
    return;
  sign (ballot, step, payload, sender);
  seal (ballot, step, payload);
  if (g_strcmp0 (op, "silence") == 0 && ballot != NULL)
    ballot->heard_us = 0;
  else if (g_strcmp0 (op, "appoint") == 0)
    reply = dms_voter_appoint (self->voter, sender, payload);
  else if (g_strcmp0 (op, "renew") == 0)
    renew (self, sender, payload, &reply);
  else if (g_strcmp0 (op, "vote") == 0)
    reply = dms_voter_vote (self->voter, sender, payload);
  check_vote (self, reply, sender, payload);
}

/* A node that cannot read what it has promised does not start any more. */
static void
check_record (Session *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsVoter) again = dms_voter_new (self->store, get_key (0), &error);
  g_auto (GStrv) ids = dms_voter_list (self->voter);
  g_auto (GStrv) ids_again = NULL;

  g_assert_no_error (error);
  ids_again = dms_voter_list (again);
  g_assert_cmpuint (g_strv_length (ids), ==, g_strv_length (ids_again));
  for (guint i = 0; ids[i] != NULL; i++)
    {
      DmsBallot *ballot = dms_voter_find (self->voter, ids[i]);
      DmsBallot *read = dms_voter_find (again, ids[i]);

      g_assert_nonnull (read);
      g_assert_cmpuint (ballot->term, ==, read->term);
      g_assert_cmpuint (ballot->promised, ==, read->promised);
      g_assert_cmpstr (ballot->promised_to, ==, read->promised_to);
      g_assert_cmpstr (ballot->leader, ==, read->leader);
      g_assert_cmpuint (ballot->version, ==, read->version);
    }
}

static char *
fill_in (const guint8 *data, gsize size)
{
  g_autofree char *input = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (GString) text = g_string_new (input);

  for (guint i = 0; i < N_PEERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("@PEER%u@", i);

      g_string_replace (text, name, get_peer (i), 64);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* What other nodes say to a member of a roll: {"Steps": [{op, from, payload, sign, seal}]}; and a record of
 * what it has promised, {"Ballot": …}. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fill_in (data, size);
  g_autoptr (JsonNode) node =
      g_utf8_validate (text, -1, NULL) ? dms_json_node_from_text (text, -1, NULL) : NULL;
  JsonObject *input = dms_json_node_get_child (node);
  JsonArray *steps = dms_json_object_get_list (input, "Steps");
  g_autoptr (DmsBallot) ballot = NULL;
  g_auto (Session) session = { 0 };

  session_open (&session);
  for (guint i = 0; steps != NULL && i < MIN (json_array_get_length (steps), MAX_STEPS); i++)
    take_step (&session, dms_json_node_get_child (json_array_get_element (steps, i)));
  ballot = dms_ballot_new_from_json (dms_json_object_get_member (input, "Ballot"), NULL);
  if (ballot != NULL)
    {
      g_autoptr (JsonNode) wire = dms_ballot_to_json (ballot);
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsBallot) again = dms_ballot_new_from_json (wire, &error);

      g_assert_no_error (error);
    }
  check_record (&session);
  return 0;
}
