/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Measures how long a quiet peer waits for an answer while another one floods the node with messages it has
 * no right to. All three nodes are in this process, so what it costs to send the flood is in the figures too.
 * Prints one JSON object a figure. */

#include <stdio.h>

#include "dms-test-node.h"

#define N_QUESTIONS 1000
/* A question every so often: a quiet peer. */
#define PAUSE_MS 2
#define FLOOD_PER_SECOND 10000
#define FLOOD_TICK_MS 1
#define N_FLOOD 40000

typedef struct
{
  DmsTestNode *node;
  DmsTestNode *quiet;
  DmsTestNode *bad;
  DmsPeerId *peer;
  GPtrArray *flood;
  guint n_sent;
  gint64 flood_since;
  GMainLoop *loop;
  GArray *times;
  gint64 asked;
} Bench;

static void
print_figure (const char *name, double value, const char *against, double limit)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", name);
  json_object_set_double_member (object, "value", value);
  json_object_set_string_member (object, "unit", "µs");
  json_object_set_string_member (object, "against", against);
  json_object_set_double_member (object, "limit", limit);
  json_node_take_object (node, object);
  text = json_to_string (node, FALSE);
  printf ("%s\n", text);
}

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_message_reply_object (message, json_object_new ());
}

/* Signed beforehand, as somebody with more machines than we have would do. */
static void
make_flood (Bench *bench)
{
  for (guint i = 0; i < N_FLOOD; i++)
    {
      g_autoptr (DmsEnvelope) envelope = dms_envelope_new_signed (
          dms_test_node_get_key (bench->bad), dms_test_node_get_handle (bench->node), "/dms/echo",
          dms_test_node_get_handle (bench->bad), dms_envelope_make_nonce (), dms_actor_expiry_in (600), NULL,
          NULL, NULL, NULL);

      g_ptr_array_add (bench->flood, dms_envelope_to_bytes (envelope));
    }
}

static void
on_flood_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  dms_transport_send_message_finish (DMS_TRANSPORT (source), result, NULL);
}

/* As many as are due by now, however late the loop is. */
static gboolean
on_flood (gpointer user_data)
{
  Bench *bench = user_data;
  gint64 due = (g_get_monotonic_time () - bench->flood_since) * FLOOD_PER_SECOND / G_USEC_PER_SEC;

  for (; bench->n_sent < due; bench->n_sent++)
    dms_transport_send_message_async (dms_test_node_get_transport (bench->bad), bench->peer, "root",
                                      g_ptr_array_index (bench->flood, bench->n_sent % bench->flood->len),
                                      NULL, on_flood_sent, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean on_pause (gpointer user_data);

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Bench *bench = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  gint64 taken = g_get_monotonic_time () - bench->asked;

  g_assert_no_error (error);
  g_array_append_val (bench->times, taken);
  if (bench->times->len == N_QUESTIONS)
    g_main_loop_quit (bench->loop);
  else
    g_timeout_add (PAUSE_MS, on_pause, bench);
}

static gboolean
on_pause (gpointer user_data)
{
  Bench *bench = user_data;
  g_autoptr (JsonNode) payload = json_node_init_object (json_node_alloc (), json_object_new ());

  bench->asked = g_get_monotonic_time ();
  dms_actor_invoke_async (dms_test_node_get_root (bench->quiet), dms_test_node_get_handle (bench->node),
                          "/dms/echo", payload, dms_actor_expiry_in (60), NULL, on_answer, bench);
  return G_SOURCE_REMOVE;
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 one = *(const gint64 *) a;
  gint64 other = *(const gint64 *) b;

  return one < other ? -1 : one > other;
}

/* The wait that this share of the questions did not exceed, in microseconds. */
static double
percentile (Bench *bench, double share)
{
  guint at = MIN ((guint) (bench->times->len * share), bench->times->len - 1);

  g_array_sort (bench->times, compare_times);
  return (double) g_array_index (bench->times, gint64, at);
}

static void
ask_all (Bench *bench, gboolean with_flood)
{
  guint source = 0;

  g_array_set_size (bench->times, 0);
  if (with_flood)
    {
      bench->n_sent = 0;
      bench->flood_since = g_get_monotonic_time ();
      source = g_timeout_add (FLOOD_TICK_MS, on_flood, bench);
    }
  on_pause (bench);
  g_main_loop_run (bench->loop);
  if (source == 0)
    return;
  g_source_remove (source);
  fprintf (stderr, "flood: %u messages in %.1f s\n", bench->n_sent,
           (double) (g_get_monotonic_time () - bench->flood_since) / G_USEC_PER_SEC);
}

static void
set_gate (Bench *bench, gboolean enabled)
{
  DmsLimits limits;

  dms_limits_init (&limits);
  if (!enabled)
    limits.refused.rate = 0;
  dms_actor_registry_set_limits (dms_test_node_get_registry (bench->node), &limits);
}

static void
measure (Bench *bench)
{
  double quiet_p50;
  double quiet_p99;

  ask_all (bench, FALSE);
  quiet_p50 = percentile (bench, 0.5);
  quiet_p99 = percentile (bench, 0.99);
  print_figure ("actor.quiet_p50", quiet_p50, "10 ms", 10000);
  print_figure ("actor.quiet_p99", quiet_p99, "20 ms", 20000);

  set_gate (bench, TRUE);
  ask_all (bench, TRUE);
  print_figure ("actor.flood_p50", percentile (bench, 0.5), "twice that without the flood", 2 * quiet_p50);
  print_figure ("actor.flood_p99", percentile (bench, 0.99), "ten times that without the flood",
                10 * quiet_p99);

  /* As if the flood came from ever new peers: each message is read and its signature checked. */
  set_gate (bench, FALSE);
  ask_all (bench, TRUE);
  print_figure ("actor.flood_open_p50", percentile (bench, 0.5), "ten times that without the flood",
                10 * quiet_p50);
  print_figure ("actor.flood_open_p99", percentile (bench, 0.99), "twenty times that without the flood",
                20 * quiet_p99);
}

int
main (void)
{
  Bench bench = { .loop = g_main_loop_new (NULL, FALSE) };

  bench.times = g_array_new (FALSE, FALSE, sizeof (gint64));
  bench.flood = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  bench.node = dms_test_node_new ("bench-flood");
  bench.quiet = dms_test_node_new ("bench-flood");
  bench.bad = dms_test_node_new ("bench-flood");
  bench.peer = dms_transport_dup_peer_id (dms_test_node_get_transport (bench.node));
  dms_actor_add_behaviour (dms_test_node_get_root (bench.node), "/dms/echo", DMS_BEHAVIOUR_REQUIRE, on_echo,
                           NULL, NULL);
  dms_test_node_allow (bench.node, bench.quiet, "/dms");
  make_flood (&bench);
  measure (&bench);

  dms_peer_id_unref (bench.peer);
  dms_test_node_free (bench.bad);
  dms_test_node_free (bench.quiet);
  dms_test_node_free (bench.node);
  g_ptr_array_unref (bench.flood);
  g_array_unref (bench.times);
  g_main_loop_unref (bench.loop);
  return 0;
}
