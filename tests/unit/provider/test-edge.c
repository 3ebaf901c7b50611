/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* How far another machine is: the provider measures it for the orchestrator, to whom it made a bid. The other
 * machine is the orchestrator's own, which sends back what it gets when it wants to. */

#include "fixture.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "provider/dms-edge-probe.h"

static guint n_echoes;
static gsize n_bytes;

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  const char *data = dms_json_object_get_text (dms_message_get_object (message), "Data");
  JsonObject *reply = json_object_new ();

  n_echoes++;
  n_bytes += strlen (data);
  json_object_set_boolean_member (reply, "OK", TRUE);
  json_object_set_string_member (reply, "Data", data);
  dms_message_reply_object (message, reply);
}

static void
agree (Fixture *f)
{
  n_echoes = 0;
  n_bytes = 0;
  dms_actor_add_behaviour (dms_test_node_get_root (f->orchestrator),
                           DMS_EDGE_ECHO_BEHAVIOUR,
                           DMS_BEHAVIOUR_OPEN,
                           on_echo,
                           f,
                           NULL);
}

static const char *
host_of (DmsTestNode *node)
{
  return dms_handle_get_host (dms_test_node_get_handle (node));
}

/* (transfer none): valid as long as *message. */
static JsonObject *
ask (Fixture *f,
     const char *source,
     const char *target,
     gint64 rtt_ms,
     gint64 bandwidth,
     DmsMessage **message)
{
  g_autofree char *json =
      g_strdup_printf ("{\"EnsembleID\":\"%s\",\"S\":\"%s\",\"T\":\"%s\",\"RTT\":%" G_GINT64_FORMAT
                       ",\"BW\":%" G_GINT64_FORMAT "}",
                       FIXTURE_ENSEMBLE,
                       source,
                       target,
                       rtt_ms,
                       bandwidth);

  g_clear_pointer (message, dms_message_unref);
  return fixture_ask (
      f, dms_test_node_get_handle (f->node), "/dms/deployment/constraint/edge", json, message);
}

static void
assert_refused (JsonObject *reply, const char *why)
{
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, why);
  g_assert_false (json_object_has_member (reply, "RTT"));
}

static void
test_measures (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;
  double rtt_ms;

  fixture_onboard (f);
  fixture_get_bid (f);
  agree (f);
  reply = ask (f, host_of (f->node), host_of (f->orchestrator), 5000, 0, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  rtt_ms = json_object_get_double_member (reply, "RTT");
  g_assert_cmpfloat (rtt_ms, >, 0);
  g_assert_cmpfloat (rtt_ms, <, 5000);
  g_assert_false (json_object_has_member (reply, "BW"));
  g_assert_cmpuint (n_echoes, ==, 1);
  /* It is known now. */
  reply = ask (f, host_of (f->node), host_of (f->orchestrator), 4000, 0, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpfloat (json_object_get_double_member (reply, "RTT"), ==, rtt_ms);
  g_assert_cmpuint (n_echoes, ==, 1);
  /* That was not measured yet; and it is no more than it may be. */
  reply = ask (f, host_of (f->node), host_of (f->orchestrator), 5000, 1000, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_cmpint (json_object_get_int_member (reply, "BW"), >, 1000);
  g_assert_cmpuint (n_echoes, ==, 4);
  g_assert_cmpuint (n_bytes, ==, DMS_EDGE_PROBE_SHORT_BYTES + DMS_EDGE_PROBE_LONG_BYTES);
  reply = ask (f, host_of (f->node), host_of (f->orchestrator), 0, G_MAXINT64 / 2, &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "Mbit/s were measured"));
  g_assert_cmpuint (n_echoes, ==, 4);
}

static void
test_refuses (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsMessage) message = NULL;
  const char *own = host_of (f->node);
  const char *other = host_of (f->orchestrator);
  g_autofree char *no_bid = g_strdup_printf ("no bid requests for ensemble id %s", FIXTURE_ENSEMBLE);

  agree (f);
  fixture_onboard (f);
  assert_refused (ask (f, own, other, 50, 0, &message), no_bid);
  fixture_get_bid (f);
  assert_refused (ask (f, other, own, 50, 0, &message),
                  "S must be the peer that is asked, and T another one");
  assert_refused (ask (f, own, own, 50, 0, &message), "S must be the peer that is asked, and T another one");
  assert_refused (ask (f, own, "../../x", 50, 0, &message),
                  "a question about an edge must have EnsembleID, and peer IDs as S and T");
  g_assert_cmpuint (n_echoes, ==, 0);
}

static void
on_refused_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonObject *reply = json_object_new ();

  n_echoes++;
  n_bytes += strlen (dms_json_object_get_text (dms_message_get_object (message), "Data"));
  json_object_set_boolean_member (reply, "OK", FALSE);
  json_object_set_string_member (reply, "Error", "it does not bid for this ensemble");
  dms_message_reply_object (message, reply);
}

/* Nobody can have two machines bother a third: it is asked once, without a load, and left alone. */
static void
test_third_party (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *why =
      g_strdup_printf ("the way to peer “%s” cannot be measured: it does not bid for this ensemble",
                       host_of (f->orchestrator));

  fixture_onboard (f);
  fixture_get_bid (f);
  n_echoes = 0;
  n_bytes = 0;
  dms_actor_add_behaviour (dms_test_node_get_root (f->orchestrator),
                           DMS_EDGE_ECHO_BEHAVIOUR,
                           DMS_BEHAVIOUR_OPEN,
                           on_refused_echo,
                           f,
                           NULL);
  for (guint i = 0; i < 5; i++)
    assert_refused (ask (f, host_of (f->node), host_of (f->orchestrator), 50, 1000, &message), why);
  g_assert_cmpuint (n_echoes, ==, 1);
  g_assert_cmpuint (n_bytes, ==, 0);
}

/* A machine that does not bid says nothing at all. */
static void
test_spares_others (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *echo = g_strdup_printf ("{\"EnsembleID\":\"%s\",\"Data\":\"abc\"}", FIXTURE_ENSEMBLE);
  DmsHandle *node = dms_test_node_get_handle (f->node);
  g_autoptr (GError) error = NULL;
  JsonObject *reply;

  fixture_onboard (f);
  g_assert_null (dms_test_invoke (
      dms_test_node_get_root (f->orchestrator), node, DMS_EDGE_ECHO_BEHAVIOUR, echo, 0.5, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  fixture_get_bid (f);
  reply = fixture_ask (f, node, DMS_EDGE_ECHO_BEHAVIOUR, echo, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpstr (dms_json_object_get_text (reply, "Data"), ==, "abc");
}

/* Not more than so much is sent back. */
static void
test_bounds (Fixture *f, gconstpointer data)
{
  g_autofree char *long_text = g_strnfill (DMS_EDGE_PROBE_LONG_BYTES, 'x');
  g_autofree char *echo =
      g_strdup_printf ("{\"EnsembleID\":\"%s\",\"Data\":\"%s\"}", FIXTURE_ENSEMBLE, long_text);
  g_autofree char *too_long =
      g_strdup_printf ("{\"EnsembleID\":\"%s\",\"Data\":\"%sx\"}", FIXTURE_ENSEMBLE, long_text);
  g_autoptr (DmsMessage) message = NULL;
  DmsHandle *node = dms_test_node_get_handle (f->node);
  guint n = 0;

  fixture_onboard (f);
  fixture_get_bid (f);
  assert_refused (fixture_ask (f, node, DMS_EDGE_ECHO_BEHAVIOUR, too_long, &message),
                  "it sends back no more for now");
  for (n = 0; n < 32; n++)
    {
      JsonObject *reply;

      g_clear_pointer (&message, dms_message_unref);
      reply = fixture_ask (f, node, DMS_EDGE_ECHO_BEHAVIOUR, echo, &message);
      if (!dms_json_object_get_flag (reply, "OK"))
        break;
    }
  /* 4 MiB in a minute. */
  g_assert_cmpuint (n, ==, 16);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/provider/edge/measures", Fixture, NULL, fixture_set_up, test_measures, fixture_tear_down);
  g_test_add ("/provider/edge/refuses", Fixture, NULL, fixture_set_up, test_refuses, fixture_tear_down);
  g_test_add (
      "/provider/edge/third-party", Fixture, NULL, fixture_set_up, test_third_party, fixture_tear_down);
  g_test_add (
      "/provider/edge/spares-others", Fixture, NULL, fixture_set_up, test_spares_others, fixture_tear_down);
  g_test_add ("/provider/edge/bounds", Fixture, NULL, fixture_set_up, test_bounds, fixture_tear_down);
  return g_test_run ();
}
