/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-p2p-host-fixture.h"
#include "dms-p2p-swarm-fixture.h"
#include "identify/dms-p2p-identify-message.h"
#include "identify/dms-p2p-identify-peer.h"
#include "identify/dms-p2p-signed-record.h"
#include "wire/dms-p2p-proto-writer.h"

#define LISTEN "/ip4/127.0.0.1/tcp/0"

static gboolean
speaks (DmsTestHost *host, DmsTestHost *other, const char *protocol)
{
  const char *const *known = dms_p2p_peer_store_get_protocols (host->stack->peers, other->id);

  return known != NULL && g_strv_contains (known, protocol);
}

static void
check_knows (DmsTestHost *host, DmsTestHost *other)
{
  g_autoptr (GPtrArray) addresses = dms_p2p_peer_store_dup_addresses (host->stack->peers, other->id);
  gboolean found = FALSE;

  g_assert_true (g_str_has_prefix (dms_p2p_peer_store_get_agent (host->stack->peers, other->id), "dms/"));
  g_assert_true (speaks (host, other, "/ipfs/id/1.0.0"));
  g_assert_true (speaks (host, other, "/ipfs/id/push/1.0.0"));
  g_assert_true (speaks (host, other, "/ipfs/ping/1.0.0"));
  g_assert_true (speaks (host, other, "actor/root/messages/0.0.1"));
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autoptr (DmsMultiaddr) whole =
          dms_multiaddr_append_peer_id (g_ptr_array_index (addresses, i), other->id);

      found = found || dms_multiaddr_equal (whole, other->address);
    }
  g_assert_true (found);
}

static void
test_both_ways (gconstpointer listen)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (GPtrArray) observed =
      dms_p2p_observed_dup_addresses (dms_p2p_identify_get_observed (a->stack->identify), 1);

  check_knows (a, b);
  check_knows (b, a);
  /* How b sees a, if that is where a can be reached: a dial from a port of its own says nothing of it. */
  if (!dms_p2p_swarm_is_listening_at (a->stack->swarm, dms_p2p_connection_get_local (connection)))
    {
      g_assert_cmpstr (listen, ==, LISTEN);
      g_assert_cmpuint (observed->len, ==, 0);
      return;
    }
  g_assert_cmpuint (observed->len, ==, 1);
  g_assert_true (
      dms_multiaddr_equal (g_ptr_array_index (observed, 0), dms_p2p_connection_get_local (connection)));
}

static void
ignore_stream (DmsP2pHost *host, DmsP2pConnection *connection, DmsP2pStream *stream, gpointer user_data)
{
}

/* One that meets nobody by itself. */
static DmsTestHost *
new_quiet_host (void)
{
  DmsTestHost *host = dms_test_host_new (LISTEN);

  dms_p2p_dht_close (host->stack->dht);
  return host;
}

static void
test_push (void)
{
  g_autoptr (DmsTestHost) a = new_quiet_host ();
  g_autoptr (DmsTestHost) b = new_quiet_host ();
  g_autoptr (DmsTestHost) c = new_quiet_host ();
  g_autoptr (DmsP2pConnection) ab = dms_test_host_connect (a, b);
  g_autoptr (DmsP2pConnection) cb = dms_test_host_connect (c, b);
  g_autoptr (DmsMultiaddr) wanted = dms_multiaddr_new ("/ip4/127.0.0.1/tcp/0", NULL);
  g_autoptr (DmsMultiaddr) bound = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  guint told_ab = 0;

  a->n_identified = c->n_identified = 0;
  dms_p2p_host_set_handler (b->stack->host, "/new/1", ignore_stream, NULL, NULL);
  dms_test_until (&a->n_identified);
  dms_test_until (&c->n_identified);
  g_assert_true (speaks (a, b, "/new/1"));
  g_assert_true (speaks (c, b, "/new/1"));

  a->n_identified = 0;
  dms_p2p_host_set_handler (b->stack->host, "/new/1", NULL, NULL, NULL);
  dms_test_until (&a->n_identified);
  g_assert_false (speaks (a, b, "/new/1"));

  a->n_identified = 0;
  bound = dms_p2p_swarm_listen (b->stack->swarm, wanted, NULL);
  dms_p2p_identify_note_changed (b->stack->identify);
  dms_test_until (&a->n_identified);
  addresses = dms_p2p_peer_store_dup_addresses (a->stack->peers, b->id);
  for (guint i = 0; i < addresses->len; i++)
    told_ab += dms_multiaddr_equal (g_ptr_array_index (addresses, i), bound);
  g_assert_cmpuint (told_ab, ==, 1);

  /* Changed and changed back is no change. */
  a->n_identified = 0;
  dms_p2p_host_set_handler (b->stack->host, "/new/2", ignore_stream, NULL, NULL);
  dms_p2p_host_set_handler (b->stack->host, "/new/2", NULL, NULL, NULL);
  dms_test_spin (800);
  g_assert_cmpuint (a->n_identified, ==, 0);
}

/* A peer that says what it should not. */
typedef struct
{
  const char *name;
  DmsError code;
  /* Writes what it says. */
  void (*say) (DmsTestHost *host, GByteArray *out);
  /* Says nothing more, but does not end either. */
  gboolean is_endless;
} Hostile;

static void
append_frame (GByteArray *out, GByteArray *message)
{
  g_autoptr (GBytes) framed = dms_p2p_proto_free_to_framed (g_byte_array_ref (message));

  g_byte_array_append (out, g_bytes_get_data (framed, NULL), (guint) g_bytes_get_size (framed));
}

static GByteArray *
plain_message (void)
{
  GByteArray *message = g_byte_array_new ();

  dms_p2p_proto_write_text (message, 6, "hostile/1");
  dms_p2p_proto_write_text (message, 3, "/hostile/1");
  return message;
}

static void
say_others_record (DmsTestHost *host, GByteArray *out)
{
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GByteArray) message = plain_message ();
  g_autoptr (GBytes) record = NULL;

  g_ptr_array_add (addresses, dms_multiaddr_new ("/ip4/127.0.0.1/tcp/1", NULL));
  record = dms_p2p_signed_record_seal (other, 1, addresses);
  dms_p2p_proto_write_gbytes (message, 8, record);
  append_frame (out, message);
}

static void
say_others_key (DmsTestHost *host, GByteArray *out)
{
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  g_autoptr (GByteArray) message = plain_message ();

  dms_p2p_proto_write_gbytes (
      message, 1, dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (other)));
  append_frame (out, message);
}

static void
say_too_many_messages (DmsTestHost *host, GByteArray *out)
{
  g_autoptr (GByteArray) message = plain_message ();

  for (guint i = 0; i < DMS_P2P_IDENTIFY_MAX_MESSAGES + 1; i++)
    append_frame (out, message);
}

static void
say_too_large (DmsTestHost *host, GByteArray *out)
{
  g_autoptr (GByteArray) message = plain_message ();
  g_autofree char *filler = g_strnfill (DMS_P2P_IDENTIFY_MAX_MESSAGE_SIZE, 'x');

  dms_p2p_proto_write_text (message, 100, filler);
  append_frame (out, message);
}

static void
say_protocols_in_chunks (DmsTestHost *host, GByteArray *out)
{
  for (guint chunk = 0; chunk < 10; chunk++)
    {
      g_autoptr (GByteArray) message = g_byte_array_new ();

      for (guint i = 0; i < 190; i++)
        {
          g_autofree char *protocol = g_strdup_printf ("/p/%u/%u", chunk, i);

          dms_p2p_proto_write_text (message, 3, protocol);
        }
      append_frame (out, message);
    }
}

static void
say_half (DmsTestHost *host, GByteArray *out)
{
  g_autoptr (GByteArray) message = plain_message ();

  append_frame (out, message);
  g_byte_array_set_size (out, out->len / 2);
}

static void
say_nothing (DmsTestHost *host, GByteArray *out)
{
}

static void
say_a_little (DmsTestHost *host, GByteArray *out)
{
  g_autoptr (GByteArray) message = plain_message ();

  append_frame (out, message);
}

static const Hostile hostiles[] = {
  { "others-record", DMS_ERROR_BAD_SIGNATURE, say_others_record },
  { "others-key", DMS_ERROR_BAD_SIGNATURE, say_others_key },
  { "too-many-messages", DMS_ERROR_TOO_LARGE, say_too_many_messages },
  { "too-large", DMS_ERROR_TOO_LARGE, say_too_large },
  { "protocols-in-chunks", DMS_ERROR_TOO_LARGE, say_protocols_in_chunks },
  { "half", DMS_ERROR_INVALID_DATA, say_half },
  { "nothing", DMS_ERROR_NOT_FOUND, say_nothing },
  { "silent", DMS_ERROR_TIMED_OUT, say_nothing, TRUE },
  { "endless", DMS_ERROR_TIMED_OUT, say_a_little, TRUE },
};

typedef struct
{
  DmsTestHost *host;
  const Hostile *hostile;
  DmsP2pStream *kept;
} Liar;

static void
on_question (DmsP2pHost *host, DmsP2pConnection *connection, DmsP2pStream *stream, gpointer user_data)
{
  Liar *liar = user_data;
  DmsP2pPipe *pipe = dms_p2p_stream_get_pipe (stream);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  liar->hostile->say (liar->host, bytes);
  if (bytes->len > 0)
    g_assert_cmpint (dms_p2p_pipe_write (pipe, bytes->data, bytes->len, &error), ==, bytes->len);
  g_assert_no_error (error);
  if (liar->hostile->is_endless)
    g_set_object (&liar->kept, stream);
  else
    dms_p2p_pipe_close (pipe);
}

static void
test_hostile (gconstpointer data)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (LISTEN);
  g_autoptr (DmsTestHost) b = dms_test_host_new (LISTEN);
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (GError) error = NULL;
  Liar liar = { b, data, NULL };
  DmsTestResult done = { 0 };

  dms_p2p_host_set_handler (b->stack->host, "/ipfs/id/1.0.0", on_question, &liar, NULL);
  connection = dms_test_host_dial (a, b);
  dms_p2p_identify_wait_async (a->stack->identify, connection, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_false (dms_p2p_identify_wait_finish (a->stack->identify, result, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, DMS_ERROR, (int) liar.hostile->code);
  /* Nothing of it is kept. */
  g_assert_cmpuint (a->n_identified, ==, 0);
  g_assert_false (speaks (a, b, "/hostile/1"));
  g_assert_null (dms_p2p_peer_store_get_agent (a->stack->peers, b->id));
  addresses = dms_p2p_peer_store_dup_addresses (a->stack->peers, b->id);
  for (guint i = 0; i < addresses->len; i++)
    g_assert_cmpstr (dms_multiaddr_get_text (g_ptr_array_index (addresses, i)), !=, "/ip4/127.0.0.1/tcp/1");
  g_clear_object (&liar.kept);
}

/* What a peer pushes too often is not read. */
static void
test_push_flood (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (LISTEN);
  g_autoptr (DmsTestHost) b = dms_test_host_new (LISTEN);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (b, a);
  guint n_taken = 0;

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsP2pStream) stream = dms_test_host_open (b, a, "/ipfs/id/push/1.0.0", &error);
      g_autoptr (GByteArray) message = g_byte_array_new ();
      g_autoptr (GByteArray) out = g_byte_array_new ();
      g_autoptr (GByteArray) end = NULL;
      g_autofree char *protocol = g_strdup_printf ("/pushed/%u", i);
      DmsP2pPipe *pipe = NULL;

      g_assert_no_error (error);
      pipe = dms_p2p_stream_get_pipe (stream);
      dms_p2p_proto_write_text (message, 3, protocol);
      append_frame (out, message);
      if (dms_p2p_pipe_write (pipe, out->data, out->len, NULL) > 0)
        dms_p2p_pipe_shutdown_write (pipe, NULL);
      end = dms_test_pipe_read (pipe, 1, NULL);
      if (end != NULL && speaks (a, b, protocol))
        n_taken++;
    }
  g_assert_cmpuint (n_taken, >=, 4);
  g_assert_cmpuint (n_taken, <=, 6);
  g_assert_true (dms_p2p_connection_is_open (connection));
}

/* So many pushes of a peer in a row are read. */
static void
test_push_burst (void)
{
  enum
  {
    BURST = 5
  };
  DmsP2pIdentifyPeer *peer = dms_p2p_identify_peer_new ();

  for (guint i = 0; i < BURST; i++)
    {
      g_assert_true (dms_p2p_identify_peer_begin_push (peer));
      /* One at a time. */
      g_assert_false (dms_p2p_identify_peer_begin_push (peer));
      dms_p2p_identify_peer_end_push (peer);
    }
  g_assert_false (dms_p2p_identify_peer_begin_push (peer));
  dms_p2p_identify_peer_free (peer);
}

/* One end of a connection between far machines, which go by memory. */
typedef struct
{
  DmsP2pSwarmFixture *fixture;
  DmsP2pHost *host;
  DmsP2pIdentify *identify;
} Far;

static void
far_init (Far *far, const char *address)
{
  far->fixture = dms_p2p_swarm_fixture_new (address);
  far->host = dms_p2p_host_new (far->fixture->swarm);
  far->identify = dms_p2p_identify_new (far->host, "far");
}

static void
far_clear (Far *far)
{
  dms_p2p_host_close (far->host);
  dms_test_spin (20);
  g_assert_finalize_object (far->identify);
  g_assert_finalize_object (far->host);
  dms_p2p_swarm_fixture_free (far->fixture);
}

static gboolean
has_address (GPtrArray *addresses, const char *text)
{
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, NULL);

  return g_ptr_array_find_with_equal_func (addresses, address, (GEqualFunc) dms_multiaddr_equal, NULL);
}

/* Who is far away cannot lead this host to itself, or into its own network. */
static void
test_far (void)
{
  static const char *const told[] = { "/ip4/127.0.0.1/tcp/9",
                                      "/ip4/10.1.1.1/tcp/9",
                                      "/ip4/198.51.100.9/tcp/9" };
  g_autoptr (GPtrArray) mapped = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };
  Far a;
  Far b;

  far_init (&a, "/ip4/198.51.100.1/tcp/1");
  far_init (&b, "/ip4/198.51.100.2/tcp/1");
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    g_ptr_array_add (mapped, dms_multiaddr_new (told[i], NULL));
  dms_p2p_swarm_set_mapped_addresses (b.fixture->swarm, mapped);
  connection = dms_p2p_swarm_fixture_reach (a.fixture, b.fixture, NULL);
  dms_p2p_identify_wait_async (a.identify, connection, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_true (dms_p2p_identify_wait_finish (a.identify, result, &error));
  g_assert_no_error (error);
  addresses = dms_p2p_peer_store_dup_addresses (a.fixture->store, b.fixture->peer);
  g_assert_true (has_address (addresses, "/ip4/198.51.100.2/tcp/1"));
  g_assert_true (has_address (addresses, told[2]));
  g_assert_false (has_address (addresses, told[1]));
  g_assert_false (has_address (addresses, told[0]));
  g_clear_object (&result);
  g_clear_object (&connection);
  far_clear (&a);
  far_clear (&b);
}

/* Somebody who asks and does not read the answers gets no more than four. */
static void
test_unread_answers (void)
{
  enum
  {
    ALLOWED = 4
  };
  DmsP2pIdentifyPeer *peer = dms_p2p_identify_peer_new ();

  for (guint i = 0; i < ALLOWED; i++)
    g_assert_true (dms_p2p_identify_peer_begin_answer (peer));
  g_assert_false (dms_p2p_identify_peer_begin_answer (peer));
  dms_p2p_identify_peer_end_answer (peer);
  g_assert_true (dms_p2p_identify_peer_begin_answer (peer));
  g_assert_false (dms_p2p_identify_peer_begin_answer (peer));
  dms_p2p_identify_peer_free (peer);
}

/* Somebody who asks and reads the answers gets all of them. */
static void
test_question_flood (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (LISTEN);
  g_autoptr (DmsTestHost) b = dms_test_host_new (LISTEN);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (b, a);

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsP2pStream) stream = dms_test_host_open (b, a, "/ipfs/id/1.0.0", &error);
      g_autoptr (GByteArray) answer = NULL;

      g_assert_no_error (error);
      answer = dms_test_pipe_read (dms_p2p_stream_get_pipe (stream), 8192, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (answer->len, >, 100);
      g_assert_cmpuint (answer->len, <=, DMS_P2P_IDENTIFY_MAX_OWN_SIZE);
    }
}

static void
test_wait_for_the_gone (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (LISTEN);
  g_autoptr (DmsTestHost) b = dms_test_host_new (LISTEN);
  Liar liar = { b, &hostiles[7], NULL };
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) late = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_host_set_handler (b->stack->host, "/ipfs/id/1.0.0", on_question, &liar, NULL);
  connection = dms_test_host_dial (a, b);
  dms_p2p_identify_wait_async (a->stack->identify, connection, NULL, dms_test_on_done, &done);
  dms_p2p_connection_close (connection);
  result = dms_test_await (&done);
  g_assert_false (dms_p2p_identify_wait_finish (a->stack->identify, result, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  g_clear_error (&error);
  dms_p2p_identify_wait_async (a->stack->identify, connection, NULL, dms_test_on_done, &done);
  late = dms_test_await (&done);
  g_assert_false (dms_p2p_identify_wait_finish (a->stack->identify, late, &error));
  g_clear_object (&liar.kept);
}

static void
note (DmsP2pObserved *observed, const char *observer, const char *address)
{
  g_autoptr (DmsMultiaddr) who = dms_multiaddr_new (observer, NULL);
  g_autoptr (DmsMultiaddr) what = dms_multiaddr_new (address, NULL);

  dms_p2p_observed_note (observed, who, what, TRUE);
}

static guint
count_observed (DmsP2pObserved *observed, guint min)
{
  g_autoptr (GPtrArray) addresses = dms_p2p_observed_dup_addresses (observed, min);

  return addresses->len;
}

/* A connection from a port at which it does not listen says where it is, and no more. */
static void
test_observed_ips (void)
{
  g_autoptr (DmsP2pObserved) observed = dms_p2p_observed_new ();
  g_autoptr (DmsMultiaddr) who = dms_multiaddr_new ("/ip4/192.0.2.1/tcp/1", NULL);
  g_autoptr (DmsMultiaddr) what = dms_multiaddr_new ("/ip4/198.51.100.1/udp/40000/quic-v1", NULL);
  g_autoptr (DmsMultiaddr) home = dms_multiaddr_new ("/ip4/192.168.1.1/tcp/9000", NULL);
  g_autoptr (GPtrArray) ips = NULL;
  g_autofree char *text = NULL;

  dms_p2p_observed_note (observed, who, what, FALSE);
  g_assert_cmpuint (count_observed (observed, 1), ==, 0);
  note (observed, "/ip4/192.0.2.1/tcp/1", "/ip4/198.51.100.1/tcp/9000");
  dms_p2p_observed_note (observed, who, home, FALSE);
  g_assert_cmpuint (count_observed (observed, 1), ==, 1);
  ips = dms_p2p_observed_dup_ips (observed);
  g_assert_cmpuint (ips->len, ==, 1);
  text = g_inet_address_to_string (ips->pdata[0]);
  g_assert_cmpstr (text, ==, "198.51.100.1");
}

static void
test_observed (void)
{
  g_autoptr (DmsP2pObserved) observed = dms_p2p_observed_new ();

  /* Many peers of one IP are one voice, and the last word counts. */
  for (guint i = 1; i < 100; i++)
    {
      g_autofree char *observer = g_strdup_printf ("/ip4/192.0.2.1/tcp/%u", i);

      note (observed, observer, "/ip4/198.51.100.1/tcp/1");
    }
  g_assert_cmpuint (count_observed (observed, 1), ==, 1);
  g_assert_cmpuint (count_observed (observed, 2), ==, 0);
  note (observed, "/ip4/192.0.2.2/tcp/1", "/ip4/198.51.100.1/tcp/1");
  g_assert_cmpuint (count_observed (observed, 2), ==, 1);
  note (observed,
        "/ip4/192.0.2.2/tcp/1",
        "/ip4/198.51.100.1/tcp/1/p2p/12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3");
  g_assert_cmpuint (count_observed (observed, 2), ==, 1);
  g_assert_cmpuint (count_observed (observed, 1), ==, 1);
  note (observed, "/ip4/192.0.2.2/tcp/1", "/ip4/198.51.100.1/tcp/2");
  g_assert_cmpuint (count_observed (observed, 2), ==, 0);
  g_assert_cmpuint (count_observed (observed, 1), ==, 2);
  note (observed, "/ip4/192.0.2.3/tcp/1", "/dns4/example.org/tcp/2");
  g_assert_cmpuint (count_observed (observed, 1), ==, 2);
  /* Bounded. */
  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *observer = g_strdup_printf ("/ip4/10.0.%u.%u/tcp/1", i / 256, i % 256);
      g_autofree char *address = g_strdup_printf ("/ip4/198.51.100.1/tcp/%u", i + 10);

      note (observed, observer, address);
    }
  g_assert_cmpuint (count_observed (observed, 1), ==, 256);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_data_func ("/p2p/identify/both-ways/tcp", LISTEN, test_both_ways);
  g_test_add_data_func ("/p2p/identify/both-ways/quic", "/ip4/127.0.0.1/udp/0/quic-v1", test_both_ways);
  g_test_add_func ("/p2p/identify/push", test_push);
  g_test_add_func ("/p2p/identify/push-burst", test_push_burst);
  g_test_add_func ("/p2p/identify/far", test_far);
  g_test_add_func ("/p2p/identify/push-flood", test_push_flood);
  g_test_add_func ("/p2p/identify/question-flood", test_question_flood);
  g_test_add_func ("/p2p/identify/unread-answers", test_unread_answers);
  g_test_add_func ("/p2p/identify/wait-for-the-gone", test_wait_for_the_gone);
  g_test_add_func ("/p2p/identify/observed", test_observed);
  g_test_add_func ("/p2p/identify/observed-ips", test_observed_ips);
  for (guint i = 0; i < G_N_ELEMENTS (hostiles); i++)
    {
      g_autofree char *path = g_strconcat ("/p2p/identify/hostile/", hostiles[i].name, NULL);

      g_test_add_data_func (path, &hostiles[i], test_hostile);
    }
  return g_test_run ();
}
