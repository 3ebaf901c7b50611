/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Messages of the commit protocol that come late, in another order, or again (docs/commit-protocol.md), and
 * what jobs may have only if the machine's owner agreed. */

#include "fixture.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "provider/dms-job-consent.h"

#define MAIN FIXTURE_ENSEMBLE "_n1.main"

static void
request (Fixture *f, gint64 nonce)
{
  g_autofree char *json = g_strdup_printf (
      "{\"ID\":\"%s\",\"Nonce\":%" G_GINT64_FORMAT ",\"Request\":[{\"V1\":{\"NodeID\":\"n1\",\"Executors\":"
      "[\"null\"],\"Resources\":{\"cpu\":{\"cores\":0.5},\"ram\":{\"size\":1048576},\"disk\":{\"size\":"
      "1048576}},"
      "\"Location\":{},\"PublicPorts\":{\"Static\":[],\"Dynamic\":0}}}],\"PeerExclusion\":[]}",
      FIXTURE_ENSEMBLE,
      nonce);

  g_ptr_array_set_size (f->bids, 0);
  fixture_request (f, json);
  dms_test_wait (fixture_has_bid, f);
}

/* (transfer full): what is wrong; empty if nothing is. */
static char *
ask (Fixture *f, const char *behaviour, gint64 nonce)
{
  g_autofree char *commit = fixture_build_commit ("n1.main", "{}", 0);
  g_autoptr (JsonNode) node = dms_json_node_from_text (commit, -1, NULL);
  JsonObject *object = json_node_get_object (node);
  g_autofree char *path = g_strconcat ("/dms/deployment/", behaviour, NULL);
  g_autofree char *json = NULL;
  g_autoptr (DmsMessage) message = NULL;
  g_autoptr (JsonNode) more =
      dms_json_node_from_text ("{\"AllocsByName\":[\"" MAIN "\"],\"Allocations\":{\"" MAIN
                               "\":{\"Type\":\"service\",\"Executor\":\"null\","
                               "\"Execution\":{\"type\":\"null\",\"params\":{\"duration_ms\":-1}}}}}",
                               -1,
                               NULL);
  JsonObject *added = json_node_get_object (more);
  JsonObject *reply;

  if (nonce >= 0)
    json_object_set_int_member (object, "Nonce", nonce);
  json_object_set_member (object, "AllocsByName", json_object_dup_member (added, "AllocsByName"));
  json_object_set_member (object, "Allocations", json_object_dup_member (added, "Allocations"));
  json = dms_json_node_to_text (node);
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), path, json, &message);
  return g_strdup (dms_json_object_get_text (reply, "Error"));
}

static void
assert_good (Fixture *f, const char *behaviour, gint64 nonce)
{
  g_autofree char *error = ask (f, behaviour, nonce);

  g_assert_cmpstr (error, ==, "");
}

static void
assert_bad (Fixture *f, const char *behaviour, gint64 nonce, const char *part)
{
  g_autofree char *error = ask (f, behaviour, nonce);

  if (strstr (error, part) == NULL)
    g_error ("%s %" G_GINT64_FORMAT ": “%s” is not in “%s”", behaviour, nonce, part, error);
}

static gboolean
is_all_free (gpointer user_data)
{
  return fixture_is_all_free (user_data);
}

/* The revert overtakes what it takes back. */
static void
test_revert_first (Fixture *f, gconstpointer data)
{
  fixture_onboard (f);
  request (f, 10);
  assert_good (f, "revert", 10);
  assert_bad (f, "commit", 10, "no bid requests");
  assert_bad (f, "allocate", 10, "no bid requests");
  /* The next attempt has asked, and still the commit of the one before comes in. */
  request (f, 11);
  assert_bad (f, "commit", 10, "an earlier attempt");
  g_assert_true (fixture_is_all_free (f));
  assert_good (f, "commit", 11);
  g_assert_false (fixture_is_all_free (f));
  /* Nor does an allocate of an attempt that committed nothing here make use of it. */
  assert_bad (f, "allocate", 10, "an earlier attempt");
  assert_bad (f, "allocate", 12, "another attempt");
  assert_good (f, "allocate", 11);
  assert_good (f, "allocate", 11);
}

/* A revert of an earlier attempt comes when the machine has been chosen again. */
static void
test_late_revert (Fixture *f, gconstpointer data)
{
  fixture_onboard (f);
  request (f, 10);
  assert_good (f, "commit", 10);
  request (f, 20);
  /* Its own goes, whoever has asked since. */
  assert_good (f, "revert", 10);
  g_assert_true (fixture_is_all_free (f));
  assert_good (f, "commit", 20);
  assert_good (f, "revert", 10);
  g_assert_false (fixture_is_all_free (f));
  assert_good (f, "allocate", 20);
  assert_good (f, "revert", 10);
  dms_test_run (50);
  g_assert_false (fixture_is_all_free (f));
  g_assert_nonnull (dms_provider_lookup (f->provider, MAIN));
  assert_good (f, "revert", 20);
  dms_test_wait (is_all_free, f);
}

/* The allocation is kept with its attempt, over a restart of the daemon. */
static void
test_late_after_restart (Fixture *f, gconstpointer data)
{
  fixture_onboard (f);
  request (f, 20);
  assert_good (f, "commit", 20);
  assert_good (f, "allocate", 20);
  fixture_stop_provider (f);
  fixture_start_provider (f);
  assert_good (f, "revert", 19);
  dms_test_run (50);
  g_assert_false (fixture_is_all_free (f));
  assert_good (f, "revert", 20);
  dms_test_wait (is_all_free, f);
}

/* The field's orchestrators do not number their attempts. */
static void
test_unnumbered (Fixture *f, gconstpointer data)
{
  fixture_onboard (f);
  request (f, 10);
  assert_good (f, "commit", -1);
  assert_good (f, "allocate", -1);
  assert_good (f, "revert", -1);
  dms_test_wait (is_all_free, f);
  assert_bad (f, "commit", -1, "no bid requests");
}

static void
test_late_start (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsMessage) message = NULL;
  DmsHandle *allocation;
  JsonObject *reply;

  fixture_onboard (f);
  request (f, 20);
  assert_good (f, "commit", 20);
  assert_good (f, "allocate", 20);
  allocation = dms_actor_get_handle (dms_allocation_get_actor (dms_provider_lookup (f->provider, MAIN)));
  reply = fixture_ask (f, allocation, "/dms/allocation/start", "{\"Nonce\":19}", &message);
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "an earlier attempt"));
  g_assert_cmpint (dms_allocation_get_record (dms_provider_lookup (f->provider, MAIN))->status,
                   ==,
                   DMS_ALLOCATION_PENDING);
  reply = fixture_ask (f, allocation, "/dms/allocation/start", "{\"Nonce\":20}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
}

/* Leases end by themselves, also where the clock was put back meanwhile. */
static void
test_clock_put_back (Fixture *f, gconstpointer data)
{
  DmsLedger *ledger = dms_provider_get_ledger (f->provider);
  g_autoptr (DmsResources) some = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) left = NULL;
  g_auto (GStrv) expired = NULL;

  fixture_onboard (f);
  some = dms_ledger_dup_free (ledger, &error);
  g_assert_no_error (error);
  g_assert_true (dms_ledger_commit (ledger, "far", some, g_get_real_time () + 365 * G_TIME_SPAN_DAY, &error));
  g_assert_no_error (error);
  g_assert_true (dms_ledger_limit_commits (ledger, g_get_real_time () + 10 * G_TIME_SPAN_MINUTE, &error));
  g_assert_no_error (error);
  left = dms_ledger_expire_commits (ledger, g_get_real_time (), &error);
  g_assert_cmpuint (g_strv_length (left), ==, 0);
  expired = dms_ledger_expire_commits (ledger, g_get_real_time () + 11 * G_TIME_SPAN_MINUTE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (expired), ==, 1);
  g_assert_true (fixture_is_all_free (f));
}

static void
test_consent (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *params;
    DmsJobConsent needed;
  } cases[] = {
    { "{}", DMS_JOB_CONSENT_NONE },
    { "{\"network\":\"none\",\"rootfs\":null}", DMS_JOB_CONSENT_NONE },
    { "{\"network\":\"host\"}", DMS_JOB_CONSENT_HOST_NETWORK },
    { "{\"network\":[\"host\"]}", DMS_JOB_CONSENT_HOST_NETWORK },
    { "{\"root\":\"/\"}", DMS_JOB_CONSENT_HOST_ROOTFS },
    { "{\"rootfs\":\"/srv\",\"network\":\"host\"}",
      DMS_JOB_CONSENT_HOST_NETWORK | DMS_JOB_CONSENT_HOST_ROOTFS },
  };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonNode) params = dms_json_node_from_text (cases[i].params, -1, NULL);

      g_assert_cmpint (dms_job_consent_of_params (json_node_get_object (params)), ==, cases[i].needed);
    }
  g_assert_true (dms_job_consent_check (cases[5].needed, f->config, TRUE, &error));
  g_assert_no_error (error);
  g_assert_false (dms_job_consent_check (DMS_JOB_CONSENT_HOST_NETWORK, f->config, FALSE, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, "job.allow_host_network"));
}

/* Neither does the machine bid, nor does it run a job that hid its wish until it was allocated. */
static void
test_consent_is_asked (Fixture *f, gconstpointer data)
{
  static const char *const flags[] = { "HostNetwork", "HostRootfs" };
  g_autofree char *commit = fixture_build_commit ("n1.main", "{}", 0);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;

  fixture_onboard (f);
  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      g_autofree char *extra = g_strdup_printf (",\"GeneralRequirements\":{\"%s\":true}", flags[i]);
      g_autofree char *json = fixture_build_request ("n1", extra);

      fixture_request (f, json);
      dms_test_run (50);
      g_assert_cmpuint (
          dms_bidder_get_refusals (dms_provider_get_bidder (f->provider), "consent_not_given"), ==, i + 1);
    }
  g_assert_cmpuint (f->bids->len, ==, 0);

  fixture_get_bid (f);
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/commit", commit, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  reply =
      fixture_ask (f,
                   dms_test_node_get_handle (f->node),
                   "/dms/deployment/allocate",
                   "{\"EnsembleID\":\"" FIXTURE_ENSEMBLE "\",\"NodeID\":\"n1\",\"Allocations\":{\"" MAIN
                   "\":{\"Type\":\"task\",\"Executor\":\"null\",\"Execution\":{\"type\":\"null\",\"params\":"
                   "{\"network\":\"host\"}}}}}",
                   &message);
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "network of this machine"));
  g_assert_null (dms_provider_lookup (f->provider, MAIN));
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* What is refused is logged as a warning. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  add ("/provider/late/revert-first", test_revert_first);
  add ("/provider/late/revert", test_late_revert);
  add ("/provider/late/after-restart", test_late_after_restart);
  add ("/provider/late/unnumbered", test_unnumbered);
  add ("/provider/late/start", test_late_start);
  add ("/provider/late/clock-put-back", test_clock_put_back);
  add ("/provider/consent/kinds", test_consent);
  add ("/provider/consent/is-asked", test_consent_is_asked);
  return g_test_run ();
}
