/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* That nobody is starved: counted, not timed. */

#include <string.h>

#include "dms-test-node.h"

#include "actor/dms-mailbox.h"
#include "actor/dms-receiver.h"

#define NETWORK "test-flood"
#define N_FLOOD 2000
/* A burst and next to no refill, so that how long the test takes does not matter. */
#define BURST 200

typedef struct
{
  DmsTestNode *node;
  DmsTestNode *quiet;
  DmsTestNode *bad;
  guint64 nonce;
  guint64 wanted;
  DmsRefusal refusal;
} Fixture;

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_message_reply_object (message, json_object_new ());
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  DmsLimits limits;
  DmsActor *root;

  fixture->node = dms_test_node_new (NETWORK);
  fixture->quiet = dms_test_node_new (NETWORK);
  fixture->bad = dms_test_node_new (NETWORK);
  root = dms_test_node_get_root (fixture->node);
  dms_actor_add_behaviour (root, "/dms/echo", DMS_BEHAVIOUR_REQUIRE, on_echo, NULL, NULL);
  dms_actor_add_behaviour (root, "/public/echo", DMS_BEHAVIOUR_REQUIRE, on_echo, NULL, NULL);
  dms_test_node_allow (fixture->node, fixture->quiet, "/dms");
  dms_limits_init (&limits);
  limits.refused = (DmsLimit){ .rate = 0.0001, .burst = BURST };
  limits.per_sender[DMS_TRAFFIC_PUBLIC] = (DmsLimit){ .rate = 0.0001, .burst = 3 };
  dms_actor_registry_set_limits (dms_test_node_get_registry (fixture->node), &limits);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dms_test_node_free (fixture->node);
  dms_test_node_free (fixture->quiet);
  dms_test_node_free (fixture->bad);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  dms_transport_send_message_finish (DMS_TRANSPORT (source), result, NULL);
}

/* Signed by its sender, but without any right. */
static void
send_unauthorised (Fixture *fixture, guint n)
{
  g_autoptr (DmsPeerId) peer =
      dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->node));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DmsEnvelope) envelope = dms_envelope_new_signed (
          dms_test_node_get_key (fixture->bad), dms_test_node_get_handle (fixture->node), "/dms/echo",
          dms_test_node_get_handle (fixture->bad), ++fixture->nonce, dms_test_expiry_in (60), NULL, NULL,
          NULL, NULL);
      g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);

      dms_transport_send_message_async (dms_test_node_get_transport (fixture->bad), peer, "root", bytes, NULL,
                                        on_sent, NULL);
    }
}

static gboolean
was_refused (gpointer user_data)
{
  Fixture *fixture = user_data;

  return dms_actor_registry_get_refusals (dms_test_node_get_registry (fixture->node), fixture->refusal)
         >= fixture->wanted;
}

static void
wait_refused (Fixture *fixture, DmsRefusal refusal, guint64 wanted)
{
  fixture->refusal = refusal;
  fixture->wanted = wanted;
  dms_test_wait (was_refused, fixture);
  g_assert_cmpuint (
      dms_actor_registry_get_refusals (dms_test_node_get_registry (fixture->node), refusal), ==, wanted);
}

static void
assert_answered (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) answer =
      dms_test_invoke (dms_test_node_get_root (fixture->quiet), dms_test_node_get_handle (fixture->node),
                       "/dms/echo", "{}", 5, &error);

  g_assert_no_error (error);
  g_assert_nonnull (answer);
}

/* A peer whose messages are refused is soon not listened to, and costs no signature any more. */
static void
test_gate (Fixture *fixture, gconstpointer data)
{
  DmsActorRegistry *registry = dms_test_node_get_registry (fixture->node);

  send_unauthorised (fixture, BURST);
  wait_refused (fixture, DMS_REFUSAL_NOT_AUTHORIZED, BURST);
  send_unauthorised (fixture, N_FLOOD);
  wait_refused (fixture, DMS_REFUSAL_RATE_LIMITED, N_FLOOD);
  g_assert_cmpuint (dms_actor_registry_get_refusals (registry, DMS_REFUSAL_NOT_AUTHORIZED), ==, BURST);
  assert_answered (fixture);
}

/* Somebody else's name in the sender's address does not make somebody else pay. */
static void
test_forged_host (Fixture *fixture, gconstpointer data)
{
  DmsActorRegistry *registry = dms_test_node_get_registry (fixture->node);
  DmsHandle *victim = dms_test_node_get_handle (fixture->quiet);
  g_autoptr (DmsHandle) liar = dms_handle_new (dms_handle_get_id (victim), dms_handle_get_did (victim),
                                               dms_handle_get_host (victim), "root");
  g_autoptr (DmsPeerId) peer =
      dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->node));

  for (guint i = 0; i < BURST + 10; i++)
    {
      g_autoptr (DmsEnvelope) envelope = dms_envelope_new_signed (
          dms_test_node_get_key (fixture->bad), dms_test_node_get_handle (fixture->node), "/dms/echo", liar,
          i, dms_test_expiry_in (60), NULL, NULL, NULL, NULL);
      g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);

      dms_transport_send_message_async (dms_test_node_get_transport (fixture->bad), peer, "root", bytes, NULL,
                                        on_sent, NULL);
    }
  dms_test_run (200);
  g_assert_cmpuint (dms_actor_registry_get_refusals (registry, DMS_REFUSAL_WRONG_HOST), >=, BURST);
  assert_answered (fixture);
}

/* Who may ask may not ask for ever. */
static void
test_public (Fixture *fixture, gconstpointer data)
{
  guint answered = 0;

  dms_test_node_allow (fixture->node, fixture->quiet, "/public");
  for (guint i = 0; i < 6; i++)
    {
      g_autoptr (DmsMessage) answer =
          dms_test_invoke (dms_test_node_get_root (fixture->quiet), dms_test_node_get_handle (fixture->node),
                           "/public/echo", "{}", 0.3, NULL);

      answered += answer != NULL;
    }
  g_assert_cmpuint (answered, ==, 3);
  g_assert_cmpuint (
      dms_actor_registry_get_refusals (dms_test_node_get_registry (fixture->node), DMS_REFUSAL_RATE_LIMITED),
      ==, 3);
  assert_answered (fixture);
}

static void
on_open (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  (*(guint *) user_data)++;
}

static gboolean
has_heard_six (gpointer user_data)
{
  return *(guint *) user_data == 6;
}

/* Where a signature is enough, new senders are for free: their peer answers for them together. */
static void
test_open (Fixture *fixture, gconstpointer data)
{
  const char *host = dms_handle_get_host (dms_test_node_get_handle (fixture->bad));
  g_autoptr (DmsPeerId) peer =
      dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->node));
  g_autoptr (GError) error = NULL;
  DmsLimits limits;
  guint heard = 0;

  dms_limits_init (&limits);
  limits.per_sender[DMS_TRAFFIC_OTHER] = (DmsLimit){ .rate = 0.0001, .burst = 5 };
  dms_actor_registry_set_limits (dms_test_node_get_registry (fixture->node), &limits);
  dms_actor_add_behaviour (dms_test_node_get_root (fixture->node), "/open", DMS_BEHAVIOUR_OPEN, on_open,
                           &heard, NULL);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (DmsKey) key = dms_key_generate ();
      g_autofree char *id = dms_key_dup_id_pub (key);
      g_autoptr (DmsHandle) from = dms_handle_new (id, dms_key_get_did (key), host, "x");
      g_autoptr (DmsEnvelope) envelope = dms_envelope_new_signed (
          key, dms_test_node_get_handle (fixture->node), "/open", from, i, dms_test_expiry_in (60), NULL,
          NULL, NULL, NULL);
      g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);

      dms_transport_send_message_async (dms_test_node_get_transport (fixture->bad), peer, "root", bytes, NULL,
                                        on_sent, NULL);
    }
  wait_refused (fixture, DMS_REFUSAL_RATE_LIMITED, 15);
  g_assert_cmpuint (heard, ==, 5);
  dms_actor_send (dms_test_node_get_root (fixture->quiet), dms_test_node_get_handle (fixture->node), "/open",
                  NULL, 0, NULL, &error);
  g_assert_no_error (error);
  dms_test_wait (has_heard_six, &heard);
}

/* The queue before the signatures */

typedef struct
{
  guint n_arrived;
  guint quiet_was;
  guint n;
  GMainLoop *loop;
} Order;

static GPtrArray *
no_links (const char *inbox, DmsEnvelope *envelope, gpointer user_data)
{
  return NULL;
}

static void
on_checked (const char *inbox, DmsToken *link, gboolean is_good, gpointer user_data)
{
}

static void
on_arrived (const char *peer,
            const char *inbox,
            DmsEnvelope *envelope,
            gsize size,
            const GError *error,
            gpointer user_data)
{
  Order *order = user_data;

  order->n_arrived++;
  if (g_str_equal (peer, "quiet"))
    order->quiet_was = order->n_arrived;
  if (order->n_arrived == order->n)
    g_main_loop_quit (order->loop);
}

/* One message behind a thousand of another peer is not the thousand and first whose signature is computed. */
static void
test_before_signatures (void)
{
  static const DmsReceiverFuncs funcs = { no_links, on_checked, on_arrived, NULL };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("{}", 2);
  Order order = { .n = 1001, .loop = loop };
  g_autoptr (DmsReceiver) receiver = dms_receiver_new (0, &funcs, &order);

  for (guint i = 0; i < 1000; i++)
    g_assert_true (dms_receiver_push (receiver, "flood", "root", bytes, NULL));
  g_assert_true (dms_receiver_push (receiver, "quiet", "root", bytes, NULL));
  g_main_loop_run (loop);
  g_assert_cmpuint (order.quiet_was, <=, 24);
}

/* Broadcasts, which the workers check as well */

typedef struct
{
  guint64 last;
  guint n;
  guint n_arrived;
  gboolean has_refused;
  GMainLoop *loop;
} Judged;

static void
count_arrived (const char *peer,
               const char *inbox,
               DmsEnvelope *envelope,
               gsize size,
               const GError *error,
               gpointer user_data)
{
  ((Judged *) user_data)->n_arrived++;
}

static void
on_judged (const char *peer,
           const char *topic,
           GBytes *bytes,
           DmsEnvelope *envelope,
           const GError *error,
           guint64 ticket,
           gpointer user_data)
{
  Judged *judged = user_data;

  g_assert_cmpstr (peer, ==, "publisher");
  g_assert_cmpstr (topic, ==, "/nunet/hello");
  g_assert_nonnull (bytes);
  /* In the order in which they came, and among the messages to inboxes. */
  g_assert_cmpuint (ticket, ==, judged->last + 1);
  g_assert_cmpuint (judged->n_arrived, ==, ticket / 10);
  judged->last = ticket;
  if (envelope == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      judged->has_refused = TRUE;
    }
  else
    g_assert_true (dms_envelope_is_verified (envelope));
  if (ticket == judged->n)
    g_main_loop_quit (judged->loop);
}

static GBytes *
make_broadcast (DmsKey *key, guint64 nonce)
{
  g_autoptr (DmsHandle) nobody = dms_handle_new_empty ();
  g_autoptr (DmsHandle) from =
      dms_handle_new_for_key (key, dms_key_get_did (key), dms_key_get_peer_id (key), "root");
  guint64 expiry_ns = (guint64) (g_get_real_time () + 60 * G_USEC_PER_SEC) * 1000;
  g_autoptr (DmsEnvelope) envelope = dms_envelope_new_signed (key, nobody, "/broadcast/hello", from, nonce,
                                                              expiry_ns, NULL, "/nunet/hello", NULL, NULL);

  return dms_envelope_to_bytes (envelope);
}

static void
check_broadcasts (guint n_threads)
{
  static const DmsReceiverFuncs funcs = { no_links, on_checked, count_arrived, on_judged };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GBytes) garbage = g_bytes_new_static ("{", 1);
  g_autoptr (DmsKey) key = dms_key_generate ();
  Judged judged = { .n = 200, .loop = loop };
  g_autoptr (DmsReceiver) receiver = dms_receiver_new (n_threads, &funcs, &judged);

  for (guint64 ticket = 1; ticket <= judged.n; ticket++)
    {
      g_autoptr (GBytes) bytes =
          ticket == 77 ? g_bytes_ref (garbage) : make_broadcast (key, ticket);

      if (ticket % 10 == 0)
        g_assert_true (dms_receiver_push (receiver, "publisher", "root", bytes, NULL));
      g_assert_true (
          dms_receiver_push_broadcast (receiver, "publisher", "/nunet/hello", bytes, ticket, NULL));
    }
  g_main_loop_run (loop);
  g_assert_cmpuint (judged.last, ==, 200);
  g_assert_true (judged.has_refused);
}

static void
test_broadcasts (void)
{
  check_broadcasts (4);
  check_broadcasts (0);
}

/* Mailboxes */

static DmsEnvelope *
make_envelope (DmsKey *key, guint64 nonce)
{
  g_autoptr (DmsHandle) handle =
      dms_handle_new_for_key (key, dms_key_get_did (key), dms_key_get_peer_id (key), "x");

  return dms_envelope_new_signed (key, handle, "/x", handle, nonce, 1, NULL, NULL, NULL, NULL);
}

static void
count_displaced (DmsEnvelope *envelope, const char *peer, gpointer user_data)
{
  g_assert_cmpstr (peer, ==, "flood");
  (*(guint *) user_data)++;
}

static void
test_mailbox (void)
{
  guint displaced = 0;
  guint before = 0;
  g_autoptr (DmsMailbox) mailbox = dms_mailbox_new (100, 1024 * 1024, count_displaced, &displaced);
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autofree char *peer = NULL;

  for (guint i = 0; i < 150; i++)
    {
      g_autoptr (DmsEnvelope) envelope = make_envelope (key, i);

      g_assert_true (dms_mailbox_push (mailbox, envelope, "flood", 1000) == (i < 100));
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DmsEnvelope) envelope = make_envelope (key, 1000 + i);

      g_assert_true (dms_mailbox_push (mailbox, envelope, i == 0 ? "quiet" : NULL, 1000));
    }
  g_assert_cmpuint (displaced, ==, 2);
  g_assert_cmpuint (dms_mailbox_get_length (mailbox), ==, 100);
  while (g_strcmp0 (peer, "quiet") != 0)
    {
      g_autoptr (DmsEnvelope) envelope = NULL;

      g_clear_pointer (&peer, g_free);
      envelope = dms_mailbox_pop (mailbox, &peer);
      g_assert_nonnull (envelope);
      before++;
    }
  g_assert_cmpuint (before, <=, 10);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/actor/flood/gate", Fixture, NULL, set_up, test_gate, tear_down);
  g_test_add ("/actor/flood/forged-host", Fixture, NULL, set_up, test_forged_host, tear_down);
  g_test_add ("/actor/flood/public", Fixture, NULL, set_up, test_public, tear_down);
  g_test_add ("/actor/flood/open", Fixture, NULL, set_up, test_open, tear_down);
  g_test_add_func ("/actor/flood/before-signatures", test_before_signatures);
  g_test_add_func ("/actor/flood/broadcasts", test_broadcasts);
  g_test_add_func ("/actor/flood/mailbox", test_mailbox);
  return g_test_run ();
}
