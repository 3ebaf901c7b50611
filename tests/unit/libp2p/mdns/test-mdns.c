/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-p2p-host-fixture.h"
#include "mdns/dms-p2p-mdns-message.h"
#include "mdns/dms-p2p-mdns-seal.h"
#include "mdns/dms-p2p-mdns-socket.h"
#include "mdns/dms-p2p-mdns.h"

#define LISTEN "/ip4/127.0.0.1/tcp/0"
#define LO     "lo"

/* How many found peers are dialled at the same time. */
#define MAX_DIALS 8

/* Nobody else's port, for all that run at the same time. */
static guint16 port;

/* Somebody who listens and says what it likes. */
typedef struct
{
  DmsP2pMdnsSocket *socket;
  const char *service;
  guint n_queries;
  guint n_responses;
  GPtrArray *heard;
} Bystander;

static void
on_heard (const guint8 *data, gsize size, GInetSocketAddress *from, gpointer user_data)
{
  Bystander *self = user_data;
  g_autoptr (DmsP2pMdnsMessage) message = dms_p2p_mdns_message_parse (data, size, self->service);

  if (message == NULL)
    return;
  self->n_queries += message->is_query ? 1 : 0;
  self->n_responses += message->addresses->len > 0 ? 1 : 0;
  for (guint i = 0; i < message->addresses->len; i++)
    g_ptr_array_add (self->heard, g_strdup (dms_multiaddr_get_text (message->addresses->pdata[i])));
}

static void
bystander_init (Bystander *self, const char *service)
{
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->service = service;
  self->heard = g_ptr_array_new_with_free_func (g_free);
  self->socket = dms_p2p_mdns_socket_new (G_SOCKET_FAMILY_IPV4, port, LO, on_heard, self, &error);
  g_assert_no_error (error);
}

static void
bystander_clear (Bystander *self)
{
  dms_p2p_mdns_socket_free (self->socket);
  g_ptr_array_unref (self->heard);
}

static DmsP2pMdns *
start (DmsTestHost *host)
{
  g_autoptr (GError) error = NULL;
  DmsP2pMdns *mdns = dms_p2p_mdns_new (host->stack->swarm, port, LO, &error);

  g_assert_no_error (error);
  return mdns;
}

static void
test_find_each_other (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (LISTEN);
  g_autoptr (DmsTestHost) b = dms_test_host_new (LISTEN);
  g_autoptr (DmsP2pMdns) one = start (a);
  g_autoptr (DmsP2pMdns) two = start (b);

  g_assert_cmpstr (dms_p2p_mdns_get_service (one), ==, "_p2p._udp.local");
  dms_test_until (&a->n_identified);
  dms_test_until (&b->n_identified);
  g_assert_nonnull (dms_p2p_swarm_find (a->stack->swarm, b->id));
  g_assert_nonnull (dms_p2p_swarm_find (b->stack->swarm, a->id));
}

/* Hosts of a private network ask for each other only, and tell nobody else of themselves. */
static void
test_private_networks_apart (void)
{
  const guint8 bytes[32] = { 1, 2, 3 };
  g_autoptr (GBytes) key = g_bytes_new (bytes, sizeof bytes);
  g_autoptr (DmsTestHost) open = dms_test_host_new (LISTEN);
  g_autoptr (DmsTestHost) inside = dms_test_host_new_private (LISTEN, key);
  g_autoptr (DmsTestHost) beside = dms_test_host_new_private (LISTEN, key);
  g_autoptr (DmsP2pMdns) one = start (open);
  g_autoptr (DmsP2pMdns) two = start (inside);
  g_autoptr (DmsP2pMdns) three = start (beside);
  g_autoptr (GPtrArray) known = NULL;

  g_assert_true (g_str_has_prefix (dms_p2p_mdns_get_service (two), "_p2p-"));
  g_assert_cmpstr (dms_p2p_mdns_get_service (two), ==, dms_p2p_mdns_get_service (three));
  dms_test_until (&inside->n_identified);
  dms_test_until (&beside->n_identified);
  dms_test_spin (300);
  g_assert_cmpuint (open->n_identified, ==, 0);
  known = dms_p2p_peer_store_list (open->stack->peers);
  for (guint i = 0; i < known->len; i++)
    g_assert_true (dms_peer_id_equal (known->pdata[i], open->id));
}

/* Somebody who writes down all that is said. */
typedef struct
{
  DmsPeerId *whom;
  const char *service;
  guint n_packets;
  guint n_found;
} Spy;

static void
spy_on_heard (const guint8 *data, gsize size, GInetSocketAddress *from, gpointer user_data)
{
  Spy *self = user_data;
  const char *id = dms_peer_id_get_text (self->whom);
  g_autofree char *label = g_strndup (self->service, strcspn (self->service, "."));

  self->n_packets++;
  if (memmem (data, size, id, strlen (id)) != NULL || memmem (data, size, label, strlen (label)) != NULL ||
      memmem (data, size, "p2p", 3) != NULL)
    self->n_found++;
}

/* What hosts of a private network say to each other tells those without the key nothing. */
static void
test_private_is_sealed (void)
{
  const guint8 bytes[32] = { 7 };
  g_autoptr (GBytes) key = g_bytes_new (bytes, sizeof bytes);
  g_autoptr (DmsTestHost) inside = dms_test_host_new_private (LISTEN, key);
  g_autoptr (DmsTestHost) beside = dms_test_host_new_private (LISTEN, key);
  Spy spy = { inside->id, "_p2p-", 0, 0 };
  g_autoptr (GError) error = NULL;
  DmsP2pMdnsSocket *ear =
      dms_p2p_mdns_socket_new (G_SOCKET_FAMILY_IPV4, port, LO, spy_on_heard, &spy, &error);
  g_autoptr (DmsP2pMdns) one = NULL;
  g_autoptr (DmsP2pMdns) two = NULL;

  g_assert_no_error (error);
  one = start (inside);
  two = start (beside);
  dms_test_until (&inside->n_identified);
  dms_test_spin (300);
  g_assert_cmpuint (spy.n_packets, >=, 2);
  g_assert_cmpuint (spy.n_found, ==, 0);
  dms_p2p_mdns_socket_free (ear);
}

static void
test_seal (void)
{
  const guint8 bytes[2][32] = { { 1 }, { 2 } };
  g_autoptr (GBytes) key = g_bytes_new (bytes[0], 32);
  g_autoptr (GBytes) other_key = g_bytes_new (bytes[1], 32);
  g_autoptr (DmsP2pMdnsSeal) seal = dms_p2p_mdns_seal_new (key);
  g_autoptr (DmsP2pMdnsSeal) same = dms_p2p_mdns_seal_new (key);
  g_autoptr (DmsP2pMdnsSeal) other = dms_p2p_mdns_seal_new (other_key);
  g_autoptr (GByteArray) message = dms_p2p_mdns_message_make_query ("_p2p._udp.local");
  g_autoptr (GByteArray) sealed = dms_p2p_mdns_seal_close (seal, message);
  g_autoptr (GByteArray) again = dms_p2p_mdns_seal_close (seal, message);
  g_autoptr (GByteArray) opened = dms_p2p_mdns_seal_open (same, sealed->data, sealed->len);
  /* For everybody else it is a DNS message about nothing. */
  g_autoptr (DmsP2pMdnsMessage) seen =
      dms_p2p_mdns_message_parse (sealed->data, sealed->len, "_p2p._udp.local");

  g_assert_cmpmem (opened->data, opened->len, message->data, message->len);
  g_assert_false (sealed->len == again->len && memcmp (sealed->data, again->data, sealed->len) == 0);
  g_assert_true (seen == NULL || (!seen->is_query && seen->addresses->len == 0));
  g_assert_null (dms_p2p_mdns_seal_open (other, sealed->data, sealed->len));
  g_assert_null (dms_p2p_mdns_seal_open (seal, message->data, message->len));
  for (guint size = 0; size < sealed->len; size++)
    g_assert_null (dms_p2p_mdns_seal_open (seal, sealed->data, size));
  for (guint i = 0; i < sealed->len; i++)
    {
      sealed->data[i] ^= 1;
      g_assert_null (dms_p2p_mdns_seal_open (seal, sealed->data, sealed->len));
      sealed->data[i] ^= 1;
    }
}

/* However often it is asked, it answers once a second, and with what it listens on. */
static void
test_answers_are_limited (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new (LISTEN);
  g_autoptr (GByteArray) query = dms_p2p_mdns_message_make_query ("_p2p._udp.local");
  g_autoptr (DmsP2pMdns) mdns = NULL;
  Bystander bystander;

  bystander_init (&bystander, "_p2p._udp.local");
  mdns = start (host);
  dms_test_until (&bystander.n_queries);
  for (guint i = 0; i < 400; i++)
    {
      dms_p2p_mdns_socket_send (bystander.socket, query);
      if (i % 20 == 0)
        dms_test_spin (10);
    }
  dms_test_spin (300);
  g_assert_cmpuint (bystander.n_responses, >=, 1);
  g_assert_cmpuint (bystander.n_responses, <=, 2);
  g_assert_cmpstr (bystander.heard->pdata[0], ==, dms_multiaddr_get_text (host->address));
  g_clear_pointer (&mdns, dms_p2p_mdns_free);
  bystander_clear (&bystander);
}

/* What is told is believed only as far as it can be of the local network. */
static void
test_lies (void)
{
  static const char *const lies[] = {
    "/ip4/8.8.8.8/tcp/9000",
    "/dns4/example.org/tcp/9000",
    "/ip4/224.0.0.1/tcp/9000",
    "/ip4/0.0.0.0/tcp/9000",
    "/ip4/192.168.1.1/tcp/9000/p2p/12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3/p2p-circuit",
  };
  g_autoptr (DmsTestHost) host = dms_test_host_new (LISTEN);
  g_autoptr (DmsP2pMdns) mdns = start (host);
  g_autoptr (DmsP2pIdentity) liar = dms_p2p_identity_new_random ();
  g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GByteArray) response = NULL;
  g_autoptr (GPtrArray) known = NULL;
  DmsPeerId *peer = dms_p2p_identity_get_peer_id (liar);
  Bystander bystander;

  bystander_init (&bystander, "_p2p._udp.local");
  for (guint i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (lies[i], NULL);

      g_assert_nonnull (address);
      g_ptr_array_add (told, dms_multiaddr_append_peer_id (address, peer));
    }
  /* And that somebody else is this host. */
  g_ptr_array_add (told, dms_multiaddr_ref (host->address));
  response = dms_p2p_mdns_message_make_response ("_p2p._udp.local", "liar", told);
  dms_p2p_mdns_socket_send (bystander.socket, response);
  /* It has come here, so it has come there. */
  dms_test_until (&bystander.n_responses);
  dms_test_spin (100);
  known = dms_p2p_peer_store_dup_addresses (host->stack->peers, peer);
  g_assert_cmpuint (known->len, ==, 0);

  /* The same peer with an address that may be: it is tried, and is not there. */
  g_ptr_array_set_size (told, 0);
  {
    g_autoptr (DmsMultiaddr) address = dms_multiaddr_new ("/ip4/127.0.0.1/tcp/1", NULL);

    g_ptr_array_add (told, dms_multiaddr_append_peer_id (address, peer));
  }
  g_clear_pointer (&response, g_byte_array_unref);
  response = dms_p2p_mdns_message_make_response ("_p2p._udp.local", "honest", told);
  dms_p2p_mdns_socket_send (bystander.socket, response);
  dms_test_spin (200);
  g_clear_pointer (&known, g_ptr_array_unref);
  known = dms_p2p_peer_store_dup_addresses (host->stack->peers, peer);
  g_assert_cmpuint (known->len, ==, 1);
  bystander_clear (&bystander);
}

/* RFC 6762, section 6: what comes from another port than the protocol's is no answer. */
static void
test_other_port (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new (LISTEN);
  g_autoptr (DmsP2pMdns) mdns = start (host);
  g_autoptr (DmsP2pIdentity) liar = dms_p2p_identity_new_random ();
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new ("/ip4/127.0.0.1/tcp/1", NULL);
  g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, 0, NULL);
  g_autoptr (GSocketAddress) there = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  g_autoptr (GByteArray) response = NULL;
  g_autoptr (GPtrArray) known = NULL;
  DmsPeerId *peer = dms_p2p_identity_get_peer_id (liar);

  g_ptr_array_add (told, dms_multiaddr_append_peer_id (address, peer));
  response = dms_p2p_mdns_message_make_response ("_p2p._udp.local", "liar", told);
  g_assert_cmpint (g_socket_send_to (socket, there, (const char *) response->data, response->len, NULL, NULL),
                   ==,
                   response->len);
  dms_test_spin (200);
  known = dms_p2p_peer_store_dup_addresses (host->stack->peers, peer);
  g_assert_cmpuint (known->len, ==, 0);
}

static guint
count_waiting (GSocket *listener)
{
  guint n = 0;

  for (;; n++)
    {
      g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, NULL);

      if (socket == NULL)
        return n;
    }
}

/* Many peers at once, at an address that says nothing: so many are dialled and no more, and nothing breaks
 * when it ends in between. */
static void
test_crowd (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new (LISTEN);
  g_autoptr (DmsP2pMdns) mdns = start (host);
  g_autoptr (GSocket) silent = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char *there = NULL;
  Bystander bystander;

  g_socket_set_blocking (silent, FALSE);
  g_socket_set_listen_backlog (silent, 200);
  g_assert_true (g_socket_bind (silent, any, FALSE, NULL) && g_socket_listen (silent, NULL));
  bound = g_socket_get_local_address (silent, NULL);
  there = g_strdup_printf ("/ip4/127.0.0.1/tcp/%u",
                           g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  bystander_init (&bystander, "_p2p._udp.local");
  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
      g_autoptr (GByteArray) response = NULL;

      for (guint j = 0; j < 20; j++)
        {
          g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
          g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (there, NULL);

          g_ptr_array_add (told,
                           dms_multiaddr_append_peer_id (address, dms_p2p_identity_get_peer_id (identity)));
        }
      response = dms_p2p_mdns_message_make_response ("_p2p._udp.local", "crowd", told);
      dms_p2p_mdns_socket_send (bystander.socket, response);
      dms_test_spin (2);
    }
  dms_test_spin (300);
  g_assert_cmpuint (count_waiting (silent), ==, MAX_DIALS);
  g_clear_pointer (&mdns, dms_p2p_mdns_free);
  dms_test_spin (50);
  bystander_clear (&bystander);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  port = (guint16) (20000 + randombytes_uniform (20000));

  g_test_add_func ("/p2p-mdns/find-each-other", test_find_each_other);
  g_test_add_func ("/p2p-mdns/private-networks-apart", test_private_networks_apart);
  g_test_add_func ("/p2p-mdns/private-is-sealed", test_private_is_sealed);
  g_test_add_func ("/p2p-mdns/seal", test_seal);
  g_test_add_func ("/p2p-mdns/answers-are-limited", test_answers_are_limited);
  g_test_add_func ("/p2p-mdns/lies", test_lies);
  g_test_add_func ("/p2p-mdns/other-port", test_other_port);
  g_test_add_func ("/p2p-mdns/crowd", test_crowd);
  return g_test_run ();
}
