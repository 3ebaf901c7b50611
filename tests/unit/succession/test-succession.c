/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "dms-test-node.h"
#include "succession/dms-sealed-state.h"
#include "succession/dms-succession-behaviours.h"
#include "succession/dms-succession.h"
#include "succession/dms-vote.h"
#include "succession/dms-witness.h"

#include <string.h>

#define ENSEMBLE "e1"
#define LEASE_MS 1000

enum
{
  MAX_MEMBERS = 4,
};

/* Nodes that are members of one roll; those with a succession are orchestrators. */
typedef struct
{
  DmsTestNode *node;
  DmsStore *store;
  DmsVoter *voter;
  DmsSuccession *succession;
  gboolean knows_end;
  gboolean ended;
  char *end;
  char *refusal;
} Member;

typedef struct
{
  Member members[MAX_MEMBERS];
  guint n;
  guint n_leading;
} Fixture;

static const char *
peer_of (Member *member)
{
  return dms_handle_get_host (dms_test_node_get_handle (member->node));
}

static gboolean
may_join (DmsRoll *roll, gboolean as_witness, gpointer user_data, GError **error)
{
  Member *member = user_data;

  if (member->refusal == NULL)
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, member->refusal);
  return FALSE;
}

static char *
dup_end (const char *ensemble_id, const char *peer, gpointer user_data)
{
  return ((Member *) user_data)->knows_end ? g_strdup ("the end") : NULL;
}

static void
on_ended (DmsSuccession *succession, gpointer user_data)
{
  Member *member = user_data;

  member->ended = TRUE;
  member->end = g_strdup (dms_succession_get_end (succession));
}

static void
listen (Member *member)
{
  g_signal_connect (member->succession, "ended", G_CALLBACK (on_ended), member);
}

static const DmsSuccessionHooks hooks = { may_join, dup_end };

static void
open_voter (Member *member)
{
  g_autoptr (GError) error = NULL;

  member->voter = dms_voter_new (member->store, dms_test_node_get_key (member->node), &error);
  g_assert_no_error (error);
  dms_succession_behaviours_install (dms_test_node_get_root (member->node), member->voter, &hooks, member);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->n = GPOINTER_TO_UINT (data);
  for (guint i = 0; i < f->n; i++)
    {
      Member *member = &f->members[i];

      member->node = dms_test_node_new ("succession");
      member->store = dms_store_open (":memory:", NULL);
      open_voter (member);
    }
  for (guint i = 1; i < f->n; i++)
    dms_test_node_allow (f->members[i].node, f->members[0].node, "/dms/deployment");
}

static void
leave (Member *member)
{
  if (member->succession != NULL)
    {
      dms_succession_stop (member->succession);
      g_signal_handlers_disconnect_by_data (member->succession, member);
    }
  g_clear_object (&member->succession);
}

static void
close_voter (Member *member)
{
  leave (member);
  dms_succession_behaviours_remove (dms_test_node_get_root (member->node));
  g_clear_object (&member->voter);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < f->n; i++)
    close_voter (&f->members[i]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < f->n; i++)
    {
      dms_test_node_free (f->members[i].node);
      dms_store_close (f->members[i].store);
      g_object_unref (f->members[i].store);
      g_free (f->members[i].refusal);
      g_free (f->members[i].end);
    }
}

static DmsRoll *
make_roll (Fixture *f, guint n_orchestrators, const char *witness)
{
  const char *peers[MAX_MEMBERS + 1] = { NULL };

  for (guint i = 0; i < n_orchestrators; i++)
    peers[i] = peer_of (&f->members[i]);
  return dms_roll_new (ENSEMBLE, 1, peers, witness, LEASE_MS);
}

static void
found (Fixture *f, guint n_orchestrators)
{
  g_autoptr (DmsRoll) roll = make_roll (f, n_orchestrators, NULL);
  g_autoptr (GError) error = NULL;

  f->members[0].succession =
      dms_succession_new (dms_test_node_get_root (f->members[0].node), f->members[0].voter, roll, &error);
  g_assert_no_error (error);
  listen (&f->members[0]);
}

static gboolean
is_appointed (gpointer user_data)
{
  return dms_voter_find (((Member *) user_data)->voter, ENSEMBLE) != NULL;
}

static void
join (Member *member)
{
  dms_test_wait (is_appointed, member);
  member->succession = dms_succession_join (dms_test_node_get_root (member->node), member->voter, ENSEMBLE);
  listen (member);
}

static void
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static gboolean
is_set (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static void
await_safe (Member *member)
{
  gboolean safe = FALSE;

  dms_succession_when_safe (member->succession, set_flag, &safe, NULL);
  dms_test_wait (is_set, &safe);
}

static void
write_state (Member *member, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_succession_write (member->succession, text, &error));
  g_assert_no_error (error);
}

static void
assert_state (Member *member, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = dms_succession_dup_state (member->succession, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static gboolean
leads (gpointer user_data)
{
  Member *member = user_data;

  return member->succession != NULL && dms_succession_get_role (member->succession) == DMS_SUCCESSION_LEADING;
}

static gboolean
follows (gpointer user_data)
{
  return dms_succession_get_role (((Member *) user_data)->succession) == DMS_SUCCESSION_FOLLOWING;
}

static gboolean
halts (gpointer user_data)
{
  return dms_succession_get_role (((Member *) user_data)->succession) == DMS_SUCCESSION_HALTED;
}

static gboolean
has_ended (gpointer user_data)
{
  return ((Member *) user_data)->ended;
}

/* One orchestrator, one standby, one witness: all that is written arrives, the witness cannot read it. */
static void
test_founding (Fixture *f, gconstpointer data)
{
  Member *first = &f->members[0];
  Member *second = &f->members[1];
  Member *witness = &f->members[2];
  g_autoptr (GError) error = NULL;

  found (f, 2);
  g_assert_true (leads (first));
  write_state (first, "one");
  await_safe (first);
  join (second);
  assert_state (second, "one");
  g_assert_true (dms_succession_set_witness (first->succession, peer_of (witness), &error));
  write_state (first, "two");
  await_safe (first);
  dms_test_wait (is_appointed, witness);
  g_assert_null (dms_voter_find (witness->voter, ENSEMBLE)->key);
  g_assert_null (strstr (dms_voter_find (witness->voter, ENSEMBLE)->state, "two"));
  g_assert_false (dms_succession_write (second->succession, "three", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
}

static void
found_with_witness (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  found (f, 2);
  write_state (&f->members[0], "one");
  join (&f->members[1]);
  g_assert_true (dms_succession_set_witness (f->members[0].succession, peer_of (&f->members[2]), &error));
  await_safe (&f->members[0]);
  dms_test_wait (is_appointed, &f->members[2]);
}

/* What is too large to be kept elsewhere is told, and nothing is done that follows from it. */
static void
test_too_large (Fixture *f, gconstpointer data)
{
  Member *first = &f->members[0];
  g_autofree char *text = g_strnfill (DMS_SEALED_STATE_MAX + 1, 'x');
  g_autoptr (GError) error = NULL;
  gboolean safe = FALSE;

  found_with_witness (f);
  g_assert_false (dms_succession_write (first->succession, text, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  dms_succession_when_safe (first->succession, set_flag, &safe, NULL);
  dms_test_run (LEASE_MS);
  g_assert_false (safe);
  write_state (first, "two");
  dms_test_wait (is_set, &safe);
}

/* The first dies; the standby takes over with the votes of the witness, which only it can show. */
static void
test_takeover (Fixture *f, gconstpointer data)
{
  Member *second = &f->members[1];
  DmsRoll *roll;

  found_with_witness (f);
  close_voter (&f->members[0]);
  dms_test_wait (leads, second);
  g_assert_cmpuint (dms_succession_get_term (second->succession), >=, 2);
  assert_state (second, "one");
  roll = dms_succession_get_roll (second->succession);
  g_assert_true (dms_vote_is_majority (dms_succession_get_votes (second->succession),
                                       roll,
                                       dms_succession_get_term (second->succession),
                                       peer_of (second)));
  g_assert_false (dms_vote_is_majority (dms_succession_get_votes (second->succession),
                                        roll,
                                        dms_succession_get_term (second->succession),
                                        peer_of (&f->members[0])));
  g_assert_false (dms_vote_is_majority (dms_succession_get_votes (second->succession),
                                        roll,
                                        dms_succession_get_term (second->succession) + 1,
                                        peer_of (second)));
  write_state (second, "two");
  await_safe (second);
  /* The first comes back, and follows. */
  open_voter (&f->members[0]);
  join (&f->members[0]);
  dms_test_wait (follows, &f->members[0]);
  write_state (second, "three");
  await_safe (second);
  dms_test_run (LEASE_MS * 3);
  g_assert_true (leads (second));
  g_assert_true (follows (&f->members[0]));
  assert_state (&f->members[0], "three");
}

/* A standby that hears nothing, while the others do, gets no votes; one that leads and hears nobody halts. */
static void
test_alone (Fixture *f, gconstpointer data)
{
  Member *first = &f->members[0];
  Member *second = &f->members[1];

  found_with_witness (f);
  dms_succession_behaviours_remove (dms_test_node_get_root (second->node));
  dms_test_run (LEASE_MS * 3);
  g_assert_true (leads (first));
  g_assert_false (leads (second));
  dms_succession_behaviours_remove (dms_test_node_get_root (f->members[2].node));
  dms_test_wait (halts, first);
  g_assert_false (leads (second));
}

/* Started again, the one that led goes on leading when nobody else does. */
static void
test_restart (Fixture *f, gconstpointer data)
{
  Member *first = &f->members[0];

  found_with_witness (f);
  close_voter (first);
  open_voter (first);
  join (first);
  g_assert_true (halts (first));
  dms_test_wait (leads, first);
  g_assert_cmpuint (dms_succession_get_term (first->succession), ==, 1);
  g_assert_false (leads (&f->members[1]));
}

static void
on_leading (DmsSuccession *succession, gpointer user_data)
{
  if (dms_succession_get_role (succession) == DMS_SUCCESSION_LEADING)
    write_state (user_data, "three");
}

/* Whoever hears that this node leads again writes at once, as a deployment does that goes on. */
static void
test_restart_and_write (Fixture *f, gconstpointer data)
{
  Member *first = &f->members[0];

  found_with_witness (f);
  close_voter (first);
  open_voter (first);
  join (first);
  g_signal_connect (first->succession, "role-changed", G_CALLBACK (on_leading), first);
  dms_test_wait (leads, first);
  await_safe (first);
  assert_state (first, "three");
  assert_state (&f->members[1], "three");
}

/* What only the witness has heard of is not lost. */
static void
test_newest_state (Fixture *f, gconstpointer data)
{
  Member *second = &f->members[1];

  found_with_witness (f);
  close_voter (second);
  write_state (&f->members[0], "two");
  await_safe (&f->members[0]);
  close_voter (&f->members[0]);
  open_voter (second);
  join (second);
  assert_state (second, "one");
  dms_test_wait (leads, second);
  assert_state (second, "two");
}

static void
test_end (Fixture *f, gconstpointer data)
{
  found_with_witness (f);
  dms_succession_end (f->members[0].succession);
  dms_test_wait (has_ended, &f->members[0]);
  for (guint i = 0; i < f->n; i++)
    g_assert_null (dms_voter_find (f->members[i].voter, ENSEMBLE));
}

/* One that led and slept through the end does not lead again, whomever it asks; it is told how it ended. */
static void
test_end_of_another (Fixture *f, gconstpointer data)
{
  found_with_witness (f);
  close_voter (&f->members[0]);
  dms_test_wait (leads, &f->members[1]);
  dms_succession_end (f->members[1].succession);
  dms_test_run (LEASE_MS);
  leave (&f->members[1]);
  dms_voter_end (f->members[1].voter, ENSEMBLE);
  dms_succession_behaviours_remove (dms_test_node_get_root (f->members[1].node));
  open_voter (&f->members[0]);
  join (&f->members[0]);
  dms_test_run (LEASE_MS * 3);
  g_assert_false (leads (&f->members[0]));
  g_assert_false (f->members[0].ended);
  f->members[1].knows_end = TRUE;
  dms_succession_behaviours_install (
      dms_test_node_get_root (f->members[1].node), f->members[1].voter, &hooks, &f->members[1]);
  dms_test_wait (has_ended, &f->members[0]);
  g_assert_cmpstr (f->members[0].end, ==, "the end");
}

/* A standby that slept through the end is told when it asks. */
static void
test_missed_end (Fixture *f, gconstpointer data)
{
  found_with_witness (f);
  close_voter (&f->members[1]);
  leave (&f->members[0]);
  dms_voter_end (f->members[0].voter, ENSEMBLE);
  dms_voter_end (f->members[2].voter, ENSEMBLE);
  f->members[0].knows_end = TRUE;
  open_voter (&f->members[1]);
  join (&f->members[1]);
  dms_test_wait (has_ended, &f->members[1]);
  g_assert_cmpstr (f->members[1].end, ==, "the end");
  g_assert_null (dms_voter_find (f->members[1].voter, ENSEMBLE));
}

static gboolean
knows_nothing (gpointer user_data)
{
  return !is_appointed (user_data);
}

/* So does a witness; it is told by one that knows, and while it is not over by nobody. */
static void
test_missed_end_of_witness (Fixture *f, gconstpointer data)
{
  Member *witness = &f->members[2];
  g_autoptr (DmsWitness) asks = NULL;

  found_with_witness (f);
  asks = dms_witness_new (dms_test_node_get_root (witness->node), witness->voter, LEASE_MS / 4);
  leave (&f->members[0]);
  leave (&f->members[1]);
  dms_test_run (LEASE_MS * 3);
  g_assert_true (is_appointed (witness));
  dms_voter_end (f->members[0].voter, ENSEMBLE);
  dms_test_wait (knows_nothing, witness);
  g_assert_true (dms_voter_knows (witness->voter, ENSEMBLE));
  dms_witness_stop (asks);
}

static void
on_refused (DmsSuccession *succession, const char *peer, const char *text, gpointer user_data)
{
  *(char **) user_data = g_strconcat (peer, ": ", text, NULL);
}

static gboolean
has_text (gpointer user_data)
{
  return *(char **) user_data != NULL;
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autofree char *expected = NULL;

  f->members[1].refusal = g_strdup ("not here");
  found (f, 2);
  g_signal_connect (f->members[0].succession, "refused", G_CALLBACK (on_refused), &text);
  dms_test_wait (has_text, &text);
  expected = g_strconcat (peer_of (&f->members[1]), ": not here", NULL);
  g_assert_cmpstr (text, ==, expected);
  g_signal_handlers_disconnect_by_data (f->members[0].succession, &text);
}

/* The same when the founder was started again before it could hear that. A standby that has agreed already is
 * no reason to forget the other. */
static void
test_refused_after_restart (Fixture *f, gconstpointer data)
{
  Member *first = &f->members[0];
  Member *last = &f->members[f->n - 1];
  g_autofree char *text = NULL;
  g_autofree char *expected = NULL;

  dms_succession_behaviours_remove (dms_test_node_get_root (last->node));
  found (f, f->n);
  write_state (first, "one");
  dms_test_run (LEASE_MS / 5);
  close_voter (first);
  open_voter (first);
  last->refusal = g_strdup ("not here");
  dms_succession_behaviours_install (dms_test_node_get_root (last->node), last->voter, &hooks, last);
  join (first);
  g_assert_true (halts (first));
  g_signal_connect (first->succession, "refused", G_CALLBACK (on_refused), &text);
  dms_test_wait (has_text, &text);
  g_assert_true (leads (first));
  g_assert_cmpuint (dms_succession_get_term (first->succession), ==, 1);
  expected = g_strconcat (peer_of (last), ": not here", NULL);
  g_assert_cmpstr (text, ==, expected);
  g_signal_handlers_disconnect_by_data (first->succession, &text);
}

/* All had agreed before: that one has forgotten is no reason to end it. */
static void
test_forgotten_after_restart (Fixture *f, gconstpointer data)
{
  Member *first = &f->members[0];
  g_autofree char *text = NULL;

  found_with_witness (f);
  close_voter (first);
  open_voter (first);
  join (first);
  g_signal_connect (first->succession, "refused", G_CALLBACK (on_refused), &text);
  dms_succession_behaviours_remove (dms_test_node_get_root (f->members[1].node));
  dms_test_run (LEASE_MS);
  f->members[1].refusal = g_strdup ("not here");
  close_voter (&f->members[1]);
  dms_store_close (f->members[1].store);
  g_object_unref (f->members[1].store);
  f->members[1].store = dms_store_open (":memory:", NULL);
  open_voter (&f->members[1]);
  dms_test_run (LEASE_MS * 2);
  g_assert_null (text);
  g_assert_true (leads (first));
  g_signal_handlers_disconnect_by_data (first->succession, &text);
}

/* Two standbys want to take over at the same time: one does, whoever it is. */
static void
test_two_standbys (Fixture *f, gconstpointer data)
{
  guint n = 0;

  found (f, 3);
  write_state (&f->members[0], "one");
  await_safe (&f->members[0]);
  join (&f->members[1]);
  join (&f->members[2]);
  close_voter (&f->members[0]);
  for (guint i = 0; i < 60 && n == 0; i++)
    {
      dms_test_run (100);
      n = (leads (&f->members[1]) ? 1 : 0) + (leads (&f->members[2]) ? 1 : 0);
      g_assert_cmpuint (n, <=, 1);
    }
  g_assert_cmpuint (n, ==, 1);
}

static JsonObject *
make_request (guint64 term, guint64 roll)
{
  JsonObject *request = json_object_new ();

  json_object_set_string_member (request, "EnsembleID", ENSEMBLE);
  json_object_set_int_member (request, "Term", (gint64) term);
  json_object_set_int_member (request, "Roll", (gint64) roll);
  json_object_set_int_member (request, "Version", 0);
  return request;
}

static gboolean
asks (DmsVoter *voter, const char *sender, guint64 term, guint64 roll)
{
  g_autoptr (JsonObject) request = make_request (term, roll);
  g_autoptr (JsonObject) reply = dms_voter_vote (voter, sender, request);

  return reply != NULL && dms_json_object_get_flag (reply, "OK");
}

/* Promises: one vote a term, none while the orchestrator is there, none for strangers, none under another
 * roll; and all of them outlive the daemon. */
static void
test_promises (Fixture *f, gconstpointer data)
{
  Member *witness = &f->members[2];
  const char *first = peer_of (&f->members[0]);
  const char *second = peer_of (&f->members[1]);

  found_with_witness (f);
  leave (&f->members[0]);
  leave (&f->members[1]);
  g_assert_false (asks (witness->voter, second, 2, 2));
  dms_test_run (LEASE_MS + 100);
  g_assert_false (asks (witness->voter, peer_of (witness), 2, 2));
  g_assert_false (asks (witness->voter, second, 1, 2));
  g_assert_false (asks (witness->voter, second, 2, 1));
  g_assert_false (asks (witness->voter, second, 2, 3));
  g_assert_true (asks (witness->voter, second, 2, 2));
  g_assert_true (asks (witness->voter, second, 2, 2));
  g_assert_false (asks (witness->voter, first, 2, 2));
  g_assert_false (asks (witness->voter, first, 3, 2));
  close_voter (witness);
  open_voter (witness);
  g_assert_false (asks (witness->voter, first, 3, 2));
  dms_test_run (LEASE_MS + 100);
  g_assert_false (asks (witness->voter, first, 2, 2));
  g_assert_true (asks (witness->voter, first, 3, 2));
}

/* One that has voted for another leads no more by what it was before, even though the witness would agree. */
static void
test_voted_for_another (Fixture *f, gconstpointer data)
{
  Member *first = &f->members[0];

  found_with_witness (f);
  leave (first);
  leave (&f->members[1]);
  dms_test_run (LEASE_MS + 100);
  g_assert_true (asks (first->voter, peer_of (&f->members[1]), 2, 2));
  dms_succession_behaviours_remove (dms_test_node_get_root (f->members[1].node));
  join (first);
  g_assert_true (halts (first));
  dms_test_run (LEASE_MS / 2);
  g_assert_true (halts (first));
}

/* Somebody who knows the ID of an ensemble, and a member that lies, get nowhere. */
static void
test_liars (Fixture *f, gconstpointer data)
{
  Member *witness = &f->members[2];
  const char *first = peer_of (&f->members[0]);
  const char *second = peer_of (&f->members[1]);
  g_autoptr (JsonObject) stranger = make_request (5, 2);
  g_autoptr (JsonObject) usurper = make_request (5, 2);
  g_autoptr (JsonObject) forged = make_request (5, 2);
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (JsonObject) again = NULL;
  g_autoptr (DmsRoll) bigger = NULL;
  JsonArray *votes = json_array_new ();

  found_with_witness (f);
  g_assert_null (dms_voter_renew (witness->voter, peer_of (witness), stranger));
  reply = dms_voter_renew (witness->voter, second, usurper);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  /* Two votes of its own are one, and a roll of its own making is none. */
  bigger = make_roll (f, 2, peer_of (&f->members[1]));
  for (guint i = 0; i < 3; i++)
    json_array_add_object_element (votes,
                                   dms_vote_sign (dms_test_node_get_key (f->members[1].node),
                                                  dms_voter_find (witness->voter, ENSEMBLE)->roll,
                                                  5,
                                                  second));
  json_object_set_array_member (forged, "Votes", votes);
  json_object_set_member (forged, "Roll", dms_roll_to_json (bigger));
  again = dms_voter_renew (witness->voter, second, forged);
  g_assert_false (dms_json_object_get_flag (again, "OK"));
  g_assert_cmpstr (dms_voter_find (witness->voter, ENSEMBLE)->leader, ==, first);
  g_assert_cmpuint (dms_voter_find (witness->voter, ENSEMBLE)->term, ==, 1);
}

/* Whoever wants a standby to act must be the one that deploys, for on that one's behalf it will act. */
static void
test_appointed_by_another (Fixture *f, gconstpointer data)
{
  Member *victim = &f->members[0];
  const char *const peers[] = { peer_of (victim), peer_of (&f->members[1]), NULL };
  g_autoptr (DmsRoll) roll = dms_roll_new (ENSEMBLE, 1, peers, NULL, LEASE_MS);
  g_autoptr (JsonObject) request = make_request (1, 1);
  g_autoptr (JsonObject) reply = NULL;

  json_object_set_member (request, "Roll", dms_roll_to_json (roll));
  reply = dms_voter_appoint (victim->voter, peer_of (&f->members[1]), request);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_null (dms_voter_find (victim->voter, ENSEMBLE));
}

/* A witness that lies about the state, which it cannot read, does no harm to those who can. */
static void
test_lying_witness (Fixture *f, gconstpointer data)
{
  Member *second = &f->members[1];
  Member *witness = &f->members[2];
  g_autoptr (DmsBallot) ballot = NULL;
  g_autoptr (GError) error = NULL;

  found_with_witness (f);
  close_voter (&f->members[0]);
  ballot = dms_ballot_copy (dms_voter_find (witness->voter, ENSEMBLE));
  ballot->version += 1000;
  g_assert_true (dms_voter_put (witness->voter, ballot, &error));
  dms_test_run (LEASE_MS * 4);
  /* It says that it knows more than it can show: with its vote alone nobody leads. */
  g_assert_false (leads (second));
  assert_state (second, "one");
}

static void
test_rolls (void)
{
  static const char *const bad[] = {
    "null",
    "{}",
    "[]",
    "{\"EnsembleID\":\"e\",\"Number\":1,\"LeaseMs\":1000,\"Orchestrators\":[]}",
    "{\"EnsembleID\":\"e\",\"Number\":1,\"LeaseMs\":1000,\"Orchestrators\":[\"x\"]}",
    "{\"EnsembleID\":\"e\",\"Number\":0,\"LeaseMs\":1000,"
    "\"Orchestrators\":[\"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp\"]}",
    "{\"EnsembleID\":\"e\",\"Number\":1,\"LeaseMs\":1,"
    "\"Orchestrators\":[\"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp\"]}",
    "{\"EnsembleID\":\"e\",\"Number\":1,\"LeaseMs\":1000,"
    "\"Orchestrators\":[\"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp\","
    "\"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp\"]}",
    "{\"EnsembleID\":\"e\",\"Number\":1,\"LeaseMs\":1000,"
    "\"Orchestrators\":[\"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp\"],"
    "\"Witness\":\"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) json = dms_json_node_from_text (bad[i], -1, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_null (dms_roll_new_from_json (json, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

static void
test_sealing (void)
{
  g_autofree char *key = dms_sealed_state_make_key ();
  g_autofree char *other = dms_sealed_state_make_key ();
  g_autoptr (GError) error = NULL;
  g_autofree char *sealed = dms_sealed_state_seal (key, 7, "{\"a\": 1}", &error);
  g_autofree char *text = dms_sealed_state_open (key, 7, sealed, &error);
  g_autofree char *long_text = g_strnfill (DMS_SEALED_STATE_MAX + 1, 'x');

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "{\"a\": 1}");
  g_assert_null (dms_sealed_state_open (key, 8, sealed, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (dms_sealed_state_open (other, 7, sealed, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (dms_sealed_state_open (key, 7, "AAAA", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (dms_sealed_state_open ("AAAA", 7, sealed, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (dms_sealed_state_seal (key, 7, long_text, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

static void
add (const char *path, guint n_members, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, GUINT_TO_POINTER (n_members), set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/succession/rolls", test_rolls);
  g_test_add_func ("/succession/sealing", test_sealing);
  add ("/succession/founding", 3, test_founding);
  add ("/succession/too-large", 3, test_too_large);
  add ("/succession/takeover", 3, test_takeover);
  add ("/succession/alone", 3, test_alone);
  add ("/succession/restart", 3, test_restart);
  add ("/succession/restart-and-write", 3, test_restart_and_write);
  add ("/succession/newest-state", 3, test_newest_state);
  add ("/succession/end", 3, test_end);
  add ("/succession/end-of-another", 3, test_end_of_another);
  add ("/succession/missed-end", 3, test_missed_end);
  add ("/succession/missed-end-of-witness", 3, test_missed_end_of_witness);
  add ("/succession/refused", 2, test_refused);
  add ("/succession/refused-after-restart", 2, test_refused_after_restart);
  add ("/succession/refused-after-restart/of-two", 3, test_refused_after_restart);
  add ("/succession/forgotten-after-restart", 3, test_forgotten_after_restart);
  add ("/succession/two-standbys", 3, test_two_standbys);
  add ("/succession/promises", 3, test_promises);
  add ("/succession/voted-for-another", 3, test_voted_for_another);
  add ("/succession/appointed-by-another", 3, test_appointed_by_another);
  add ("/succession/lying-witness", 3, test_lying_witness);
  add ("/succession/liars", 3, test_liars);
  return g_test_run ();
}
