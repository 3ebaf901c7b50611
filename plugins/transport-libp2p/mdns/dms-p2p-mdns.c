/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "mdns/dms-p2p-mdns.h"

#include <sodium.h>

#include "mdns/dms-p2p-mdns-message.h"
#include "mdns/dms-p2p-mdns-seal.h"
#include "mdns/dms-p2p-mdns-socket.h"
#include "swarm/dms-p2p-address.h"

/* Where no source is named it is ours. */
enum
{
  /* Discovery/mdns.md: 32 to 63 random characters, so that a host is not known again by it. */
  DMS_P2P_MDNS_NAME_SIZE = 32,
  /* Time between questions: at least a second, twice as long each time (RFC 6762, section 5.2). */
  DMS_P2P_MDNS_FIRST_QUERY_S = 1,
  DMS_P2P_MDNS_LONGEST_QUERY_S = 5 * 60,
  /* An answer waits a random time, so that not all come at once (RFC 6762, section 6). */
  DMS_P2P_MDNS_LEAST_DELAY_MS = 20,
  DMS_P2P_MDNS_MOST_DELAY_MS = 120,
  /* And is not sent again within a second (same place). */
  DMS_P2P_MDNS_ANSWER_GAP_MS = 1000,
  /* What is heard a second, on the average and at once; more is passed over. */
  DMS_P2P_MDNS_PACKETS_PER_S = 50,
  DMS_P2P_MDNS_BURST = 100,
  /* How long what was heard is believed: as long as it is announced. */
  DMS_P2P_MDNS_BELIEVED_S = 120,
  /* How many found peers are dialled at the same time, and how often the same one. */
  DMS_P2P_MDNS_MAX_DIALS = 8,
  DMS_P2P_MDNS_DIAL_GAP_S = 60,
  /* How many peers are known to have been dialled. */
  DMS_P2P_MDNS_MAX_TRIED = 256,
};

/* What the spec has for the open network, and the beginning for private ones. */
#define DMS_P2P_MDNS_OPEN_SERVICE "_p2p._udp.local"

struct _DmsP2pMdns
{
  /* Dials keep it. */
  grefcount ref_count;
  DmsP2pSwarm *swarm;
  DmsPeerId *own;
  GMainContext *context;
  GCancellable *cancellable;
  char *service;
  char name[DMS_P2P_MDNS_NAME_SIZE + 1];
  guint16 port;
  gboolean is_loopback;
  DmsP2pMdnsSocket *sockets[2];
  /* NULL in the open network. */
  DmsP2pMdnsSeal *seal;

  GSource *query_timer;
  guint query_wait_s;
  GSource *answer_timer;
  gint64 answered_us;

  double tokens;
  gint64 filled_us;

  /* Text of the peer ID to when it was dialled, in microseconds. */
  GHashTable *tried;
  guint n_dials;
};

static void
dms_p2p_mdns_drop_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
dms_p2p_mdns_unref (DmsP2pMdns *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->swarm);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->own, dms_peer_id_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->tried, g_hash_table_unref);
  g_clear_pointer (&self->seal, dms_p2p_mdns_seal_free);
  g_free (self->service);
  g_free (self);
}

static void
dms_p2p_mdns_send (DmsP2pMdns *self, GByteArray *message)
{
  g_autoptr (GByteArray) packet =
      self->seal != NULL ? dms_p2p_mdns_seal_close (self->seal, message) : g_byte_array_ref (message);

  for (guint i = 0; i < G_N_ELEMENTS (self->sockets); i++)
    if (self->sockets[i] != NULL)
      dms_p2p_mdns_socket_send (self->sockets[i], packet);
}

/* Asking */

static gboolean
dms_p2p_mdns_on_query_timer (gpointer user_data)
{
  DmsP2pMdns *self = user_data;
  g_autoptr (GByteArray) query = dms_p2p_mdns_message_make_query (self->service);

  for (guint i = 0; i < G_N_ELEMENTS (self->sockets); i++)
    if (self->sockets[i] != NULL)
      dms_p2p_mdns_socket_refresh (self->sockets[i]);
  dms_p2p_mdns_send (self, query);
  dms_p2p_mdns_drop_source (&self->query_timer);
  self->query_timer = g_timeout_source_new_seconds (self->query_wait_s);
  g_source_set_callback (self->query_timer, dms_p2p_mdns_on_query_timer, self, NULL);
  g_source_attach (self->query_timer, self->context);
  self->query_wait_s = MIN (2 * self->query_wait_s, DMS_P2P_MDNS_LONGEST_QUERY_S);
  return G_SOURCE_REMOVE;
}

/* Answering */

/* Other machines have no use for the loopback, nor is it theirs to know what else there is. */
static gboolean
dms_p2p_mdns_is_fit (DmsMultiaddr *address, gboolean is_loopback)
{
  DmsP2pReach reach = dms_p2p_address_get_reach (address);

  return !dms_p2p_address_is_relayed (address) &&
         (reach == DMS_P2P_REACH_PRIVATE || (is_loopback && reach == DMS_P2P_REACH_LOOPBACK));
}

static gboolean
dms_p2p_mdns_on_answer_timer (gpointer user_data)
{
  DmsP2pMdns *self = user_data;
  g_autoptr (GPtrArray) listening = dms_p2p_swarm_dup_listen_addresses (self->swarm);
  g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GByteArray) answer = NULL;

  dms_p2p_mdns_drop_source (&self->answer_timer);
  for (guint i = 0; i < listening->len; i++)
    if (dms_p2p_mdns_is_fit (listening->pdata[i], self->is_loopback))
      g_ptr_array_add (told, dms_multiaddr_append_peer_id (listening->pdata[i], self->own));
  if (told->len == 0)
    return G_SOURCE_REMOVE;
  answer = dms_p2p_mdns_message_make_response (self->service, self->name, told);
  self->answered_us = g_get_monotonic_time ();
  dms_p2p_mdns_send (self, answer);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_mdns_answer_soon (DmsP2pMdns *self)
{
  gint64 since_ms = (g_get_monotonic_time () - self->answered_us) / G_TIME_SPAN_MILLISECOND;
  guint delay_ms = (guint) g_random_int_range (DMS_P2P_MDNS_LEAST_DELAY_MS, DMS_P2P_MDNS_MOST_DELAY_MS + 1);

  if (self->answer_timer != NULL)
    return;
  if (self->answered_us != 0 && since_ms < DMS_P2P_MDNS_ANSWER_GAP_MS)
    delay_ms += (guint) (DMS_P2P_MDNS_ANSWER_GAP_MS - since_ms);
  self->answer_timer = g_timeout_source_new (delay_ms);
  g_source_set_callback (self->answer_timer, dms_p2p_mdns_on_answer_timer, self, NULL);
  g_source_attach (self->answer_timer, self->context);
}

/* Hearing */

static void
dms_p2p_mdns_on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pMdns *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  self->n_dials--;
  if (connection == NULL)
    g_debug ("a peer of the local network cannot be reached: %s", error->message);
  dms_p2p_mdns_unref (self);
}

/* Whether it is time for another try. What was tried long ago gives way. */
static gboolean
dms_p2p_mdns_note_try (DmsP2pMdns *self, DmsPeerId *peer)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 oldest_us = now_us - (gint64) DMS_P2P_MDNS_DIAL_GAP_S * G_USEC_PER_SEC;
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->tried);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (*(gint64 *) value < oldest_us)
      g_hash_table_iter_remove (&iter);
  if (g_hash_table_contains (self->tried, dms_peer_id_get_text (peer)) ||
      g_hash_table_size (self->tried) >= DMS_P2P_MDNS_MAX_TRIED)
    return FALSE;
  g_hash_table_insert (
      self->tried, g_strdup (dms_peer_id_get_text (peer)), g_memdup2 (&now_us, sizeof now_us));
  return TRUE;
}

static void
dms_p2p_mdns_dial (DmsP2pMdns *self, DmsPeerId *peer)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  if (self->n_dials >= DMS_P2P_MDNS_MAX_DIALS || dms_p2p_swarm_find (self->swarm, peer) != NULL ||
      !dms_p2p_mdns_note_try (self, peer))
    return;
  self->n_dials++;
  g_ref_count_inc (&self->ref_count);
  dms_p2p_swarm_connect_async (
      self->swarm, peer, none, FALSE, NULL, NULL, self->cancellable, dms_p2p_mdns_on_dialled, self);
}

/* (transfer full) (nullable): the peer that may be dialled now that this address of it is known. */
static DmsPeerId *
dms_p2p_mdns_learn (DmsP2pMdns *self, DmsMultiaddr *address, gboolean is_loopback)
{
  g_autoptr (DmsPeerId) peer = dms_multiaddr_dup_peer_id (address);
  g_autoptr (DmsMultiaddr) bare = dms_multiaddr_dup_without_peer_id (address);
  g_autoptr (GPtrArray) one = g_ptr_array_new ();

  if (peer == NULL || bare == NULL || dms_peer_id_equal (peer, self->own) ||
      !dms_p2p_mdns_is_fit (bare, is_loopback))
    return NULL;
  g_ptr_array_add (one, bare);
  dms_p2p_peer_store_add_addresses (
      dms_p2p_swarm_get_peer_store (self->swarm), peer, one, DMS_P2P_MDNS_BELIEVED_S, FALSE);
  return g_steal_pointer (&peer);
}

/* All addresses of a peer first, then the dial. */
static void
dms_p2p_mdns_learn_all (DmsP2pMdns *self, GPtrArray *addresses, gboolean is_loopback)
{
  g_autoptr (GPtrArray) peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);

  for (guint i = 0; i < addresses->len; i++)
    {
      DmsPeerId *peer = dms_p2p_mdns_learn (self, addresses->pdata[i], is_loopback);

      if (peer != NULL)
        g_ptr_array_add (peers, peer);
    }
  for (guint i = 0; i < peers->len; i++)
    dms_p2p_mdns_dial (self, peers->pdata[i]);
}

static gboolean
dms_p2p_mdns_take_token (DmsP2pMdns *self)
{
  gint64 now_us = g_get_monotonic_time ();

  self->tokens += (double) (now_us - self->filled_us) * DMS_P2P_MDNS_PACKETS_PER_S / (double) G_USEC_PER_SEC;
  self->tokens = MIN (self->tokens, DMS_P2P_MDNS_BURST);
  self->filled_us = now_us;
  if (self->tokens < 1)
    return FALSE;
  self->tokens--;
  return TRUE;
}

static void
dms_p2p_mdns_on_heard (const guint8 *data, gsize size, GInetSocketAddress *from, gpointer user_data)
{
  DmsP2pMdns *self = user_data;
  g_autoptr (DmsP2pMdnsMessage) message = NULL;
  g_autoptr (GByteArray) opened = NULL;
  gboolean is_loopback = g_inet_address_get_is_loopback (g_inet_socket_address_get_address (from));

  if (!dms_p2p_mdns_take_token (self))
    return;
  if (self->seal != NULL)
    {
      opened = dms_p2p_mdns_seal_open (self->seal, data, size);
      if (opened == NULL)
        return;
      data = opened->data;
      size = opened->len;
    }
  message = dms_p2p_mdns_message_parse (data, size, self->service);
  if (message == NULL)
    return;
  if (message->is_query)
    dms_p2p_mdns_answer_soon (self);
  /* RFC 6762, section 6: an answer from another port is to be ignored. */
  else if (g_inet_socket_address_get_port (from) == self->port)
    dms_p2p_mdns_learn_all (self, message->addresses, is_loopback);
}

/* Discovery/mdns.md: hosts of a private network look for each other only. The fingerprint says which one it
 * is, and nothing of the key: a hash of a keystream, as that which people are shown. */
static char *
dms_p2p_mdns_make_service (GBytes *network_key)
{
  static const guint8 nonce[crypto_stream_salsa20_NONCEBYTES] = { 'f', 'i', 'n', 'p', 'r', 'i', 'n', 't' };
  guint8 stream[64];
  guint8 hash[16];
  char text[2 * sizeof hash + 1];

  if (network_key == NULL)
    return g_strdup (DMS_P2P_MDNS_OPEN_SERVICE);
  crypto_stream_salsa20 (stream, sizeof stream, nonce, g_bytes_get_data (network_key, NULL));
  crypto_generichash (hash, sizeof hash, stream, sizeof stream, NULL, 0);
  sodium_memzero (stream, sizeof stream);
  sodium_bin2hex (text, sizeof text, hash, sizeof hash);
  return g_strconcat ("_p2p-", text, "._udp.local", NULL);
}

static gboolean
dms_p2p_mdns_open (DmsP2pMdns *self, guint16 port, const char *interface, GError **error)
{
  static const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV4, G_SOCKET_FAMILY_IPV6 };
  g_autoptr (GError) failure = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (GError) local = NULL;

      self->sockets[i] =
          dms_p2p_mdns_socket_new (families[i], port, interface, dms_p2p_mdns_on_heard, self, &local);
      if (local != NULL && failure == NULL)
        failure = g_steal_pointer (&local);
    }
  if (self->sockets[0] != NULL || self->sockets[1] != NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

DmsP2pMdns *
dms_p2p_mdns_new (DmsP2pSwarm *swarm, guint16 port, const char *interface, GError **error)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  g_autoptr (DmsP2pMdns) self = g_new0 (DmsP2pMdns, 1);
  DmsP2pIdentity *identity = dms_p2p_swarm_get_identity (swarm);

  g_ref_count_init (&self->ref_count);
  self->swarm = g_object_ref (swarm);
  self->own = dms_peer_id_ref (dms_p2p_identity_get_peer_id (identity));
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  self->service = dms_p2p_mdns_make_service (dms_p2p_identity_get_network_key (identity));
  if (dms_p2p_identity_get_network_key (identity) != NULL)
    self->seal = dms_p2p_mdns_seal_new (dms_p2p_identity_get_network_key (identity));
  for (guint i = 0; i < DMS_P2P_MDNS_NAME_SIZE; i++)
    self->name[i] = letters[randombytes_uniform (sizeof letters - 1)];
  self->port = port;
  self->is_loopback = g_strcmp0 (interface, "lo") == 0;
  self->tokens = DMS_P2P_MDNS_BURST;
  self->filled_us = g_get_monotonic_time ();
  self->tried = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->query_wait_s = DMS_P2P_MDNS_FIRST_QUERY_S;
  if (!dms_p2p_mdns_open (self, port, interface, error))
    return NULL;
  /* From the main loop: the host listens first. */
  self->query_timer = g_idle_source_new ();
  g_source_set_priority (self->query_timer, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->query_timer, dms_p2p_mdns_on_query_timer, self, NULL);
  g_source_attach (self->query_timer, self->context);
  return g_steal_pointer (&self);
}

void
dms_p2p_mdns_free (DmsP2pMdns *self)
{
  dms_p2p_mdns_drop_source (&self->query_timer);
  dms_p2p_mdns_drop_source (&self->answer_timer);
  for (guint i = 0; i < G_N_ELEMENTS (self->sockets); i++)
    g_clear_pointer (&self->sockets[i], dms_p2p_mdns_socket_free);
  g_cancellable_cancel (self->cancellable);
  dms_p2p_mdns_unref (self);
}

const char *
dms_p2p_mdns_get_service (DmsP2pMdns *self)
{
  return self->service;
}
