/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-auto-relay.h"

#include "relay/dms-p2p-relay-message.h"

enum
{
  /* How long one that refused is let alone (go-libp2p, p2p/host/autorelay: backoff); one of those that were
   * given, for which there is no other; and one that did not answer: it may be back soon. Ours. */
  DMS_P2P_AUTO_RELAY_BACK_OFF_S = 60 * 60,
  DMS_P2P_AUTO_RELAY_GIVEN_BACK_OFF_S = 5 * 60,
  DMS_P2P_AUTO_RELAY_SILENT_BACK_OFF_S = 30,
  /* How many of those are remembered. */
  DMS_P2P_AUTO_RELAY_MAX_REFUSED = 256,
};

struct _DmsP2pAutoRelay
{
  DmsP2pHost *host;
  DmsP2pRelayClient *client;
  GPtrArray *relays;
  GMainContext *context;
  GCancellable *cancellable;
  GSource *timer;
  guint boot_ms;
  guint look_ms;
  gint64 begun_us;
  gboolean is_wanted;
  /* Those asked just now; those that refused, to until when they are let alone. */
  GHashTable *asked;
  GHashTable *refused;
};

/* One that is asked. */
typedef struct
{
  /* NULL when it is gone. */
  DmsP2pAutoRelay *owner;
  GCancellable *cancellable;
  DmsPeerId *relay;
} DmsP2pAutoAsk;

static void dms_p2p_auto_relay_schedule (DmsP2pAutoRelay *self, guint ms);

static void
dms_p2p_auto_relay_stop (DmsP2pAutoRelay *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
dms_p2p_auto_ask_free (DmsP2pAutoAsk *self)
{
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->relay, dms_peer_id_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutoAsk, dms_p2p_auto_ask_free)

static guint
dms_p2p_auto_relay_get_back_off_s (DmsP2pAutoRelay *self, const GError *error)
{
  static const int refusals[] = { DMS_ERROR_BUSY, DMS_ERROR_NOT_AUTHORIZED, DMS_ERROR_NOT_FOUND,
                                  DMS_ERROR_FAILED, DMS_ERROR_INVALID_DATA, DMS_ERROR_EXPIRED };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (g_error_matches (error, DMS_ERROR, refusals[i]))
      return self->relays->len > 0 ? DMS_P2P_AUTO_RELAY_GIVEN_BACK_OFF_S : DMS_P2P_AUTO_RELAY_BACK_OFF_S;
  return DMS_P2P_AUTO_RELAY_SILENT_BACK_OFF_S;
}

static void
dms_p2p_auto_relay_note_refused (DmsP2pAutoRelay *self, DmsPeerId *relay, const GError *error)
{
  gint64 until_us =
      g_get_monotonic_time () + (gint64) dms_p2p_auto_relay_get_back_off_s (self, error) * G_USEC_PER_SEC;

  if (g_hash_table_size (self->refused) >= DMS_P2P_AUTO_RELAY_MAX_REFUSED)
    g_hash_table_remove_all (self->refused);
  g_hash_table_replace (self->refused, dms_peer_id_ref (relay), g_memdup2 (&until_us, sizeof until_us));
}

static void
dms_p2p_auto_relay_on_reserved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutoAsk) ask = user_data;
  g_autoptr (GError) error = NULL;
  gboolean done = dms_p2p_relay_client_reserve_finish (DMS_P2P_RELAY_CLIENT (source), result, &error);

  /* The owner has gone when it cancelled. */
  if (g_cancellable_is_cancelled (ask->cancellable))
    return;
  g_hash_table_remove (ask->owner->asked, ask->relay);
  if (done)
    return;
  g_debug ("%s is no relay for this host: %s", dms_peer_id_get_text (ask->relay), error->message);
  dms_p2p_auto_relay_note_refused (ask->owner, ask->relay, error);
  dms_p2p_auto_relay_schedule (ask->owner, 0);
}

static void
dms_p2p_auto_relay_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, NULL);

  if (connection == NULL)
    g_debug ("a relay cannot be reached");
}

static gboolean
dms_p2p_auto_relay_is_free (DmsP2pAutoRelay *self, DmsPeerId *relay)
{
  const gint64 *until_us = g_hash_table_lookup (self->refused, relay);

  return !dms_p2p_relay_client_has (self->client, relay) && !g_hash_table_contains (self->asked, relay) &&
         (until_us == NULL || *until_us <= g_get_monotonic_time ());
}

static gboolean
dms_p2p_auto_relay_is_relay (DmsP2pAutoRelay *self, DmsPeerId *peer)
{
  DmsP2pPeerStore *store = dms_p2p_swarm_get_peer_store (dms_p2p_host_get_swarm (self->host));
  const char *const *protocols = dms_p2p_peer_store_get_protocols (store, peer);

  return protocols != NULL && g_strv_contains (protocols, DMS_P2P_RELAY_HOP_PROTOCOL);
}

/* Those that are connected, can be asked, and speak the protocol. */
static GPtrArray *
dms_p2p_auto_relay_list_candidates (DmsP2pAutoRelay *self)
{
  g_autoptr (GPtrArray) connections = dms_p2p_swarm_list (dms_p2p_host_get_swarm (self->host));
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);

  for (guint i = 0; i < connections->len; i++)
    {
      DmsPeerId *peer = dms_p2p_connection_get_peer_id (connections->pdata[i]);

      if (!dms_p2p_connection_is_limited (connections->pdata[i]) && dms_p2p_auto_relay_is_free (self, peer) &&
          dms_p2p_auto_relay_is_relay (self, peer) &&
          !g_ptr_array_find_with_equal_func (list, peer, (GEqualFunc) dms_peer_id_equal, NULL))
        g_ptr_array_add (list, dms_peer_id_ref (peer));
    }
  return list;
}

static void
dms_p2p_auto_relay_ask (DmsP2pAutoRelay *self, DmsPeerId *relay)
{
  DmsP2pAutoAsk *ask = g_new0 (DmsP2pAutoAsk, 1);

  ask->owner = self;
  ask->cancellable = g_object_ref (self->cancellable);
  ask->relay = dms_peer_id_ref (relay);
  g_hash_table_add (self->asked, dms_peer_id_ref (relay));
  dms_p2p_relay_client_reserve_async (
      self->client, relay, self->cancellable, dms_p2p_auto_relay_on_reserved, ask);
}

static gboolean
dms_p2p_auto_relay_has_enough (DmsP2pAutoRelay *self)
{
  return dms_p2p_relay_client_get_n (self->client) + g_hash_table_size (self->asked) >= DMS_P2P_AUTO_RELAY_N;
}

static void
dms_p2p_auto_relay_take_given (DmsP2pAutoRelay *self)
{
  DmsP2pSwarm *swarm = dms_p2p_host_get_swarm (self->host);

  for (guint i = 0; i < self->relays->len && !dms_p2p_auto_relay_has_enough (self); i++)
    {
      g_autoptr (DmsPeerId) relay = dms_multiaddr_dup_peer_id (self->relays->pdata[i]);
      g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
      DmsP2pConnection *connection = relay != NULL ? dms_p2p_swarm_find (swarm, relay) : NULL;

      if (relay == NULL || !dms_p2p_auto_relay_is_free (self, relay))
        continue;
      if (connection != NULL && !dms_p2p_connection_is_limited (connection))
        {
          dms_p2p_auto_relay_ask (self, relay);
          continue;
        }
      g_ptr_array_add (addresses, self->relays->pdata[i]);
      dms_p2p_swarm_connect_async (swarm,
                                   relay,
                                   addresses,
                                   FALSE,
                                   NULL,
                                   NULL,
                                   self->cancellable,
                                   dms_p2p_auto_relay_on_connected,
                                   NULL);
    }
}

/* Any of them: who could choose which one is asked could see who talks with whom. */
static void
dms_p2p_auto_relay_take_found (DmsP2pAutoRelay *self)
{
  g_autoptr (GPtrArray) list = dms_p2p_auto_relay_list_candidates (self);

  while (list->len > 0 && !dms_p2p_auto_relay_has_enough (self))
    {
      guint i = (guint) g_random_int_range (0, (gint32) list->len);

      dms_p2p_auto_relay_ask (self, list->pdata[i]);
      g_ptr_array_remove_index_fast (list, i);
    }
}

/* How long better ones may still come by. */
static guint
dms_p2p_auto_relay_get_wait_ms (DmsP2pAutoRelay *self)
{
  gint64 since_ms = (g_get_monotonic_time () - self->begun_us) / 1000;

  return self->relays->len > 0 || since_ms >= self->boot_ms ? 0 : (guint) (self->boot_ms - since_ms);
}

static guint
dms_p2p_auto_relay_get_delay_ms (DmsP2pAutoRelay *self)
{
  guint wait_ms = dms_p2p_auto_relay_get_wait_ms (self);

  return wait_ms > 0 ? MIN (wait_ms, self->look_ms) : self->look_ms;
}

static gboolean
dms_p2p_auto_relay_on_timer (gpointer user_data)
{
  DmsP2pAutoRelay *self = user_data;

  g_clear_pointer (&self->timer, g_source_unref);
  if (!self->is_wanted)
    return G_SOURCE_REMOVE;
  if (self->relays->len > 0)
    dms_p2p_auto_relay_take_given (self);
  else if (dms_p2p_auto_relay_get_wait_ms (self) == 0)
    dms_p2p_auto_relay_take_found (self);
  dms_p2p_auto_relay_schedule (self, dms_p2p_auto_relay_get_delay_ms (self));
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_auto_relay_schedule (DmsP2pAutoRelay *self, guint ms)
{
  dms_p2p_auto_relay_stop (self);
  if (!self->is_wanted)
    return;
  self->timer = g_timeout_source_new (ms);
  g_source_set_static_name (self->timer, "dms-p2p-auto-relay");
  g_source_set_callback (self->timer, dms_p2p_auto_relay_on_timer, self, NULL);
  g_source_attach (self->timer, self->context);
}

DmsP2pAutoRelay *
dms_p2p_auto_relay_new (DmsP2pHost *host, DmsP2pRelayClient *client, GPtrArray *relays)
{
  DmsP2pAutoRelay *self = g_new0 (DmsP2pAutoRelay, 1);

  self->host = g_object_ref (host);
  self->client = g_object_ref (client);
  self->relays = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  for (guint i = 0; relays != NULL && i < relays->len; i++)
    g_ptr_array_add (self->relays, dms_multiaddr_ref (relays->pdata[i]));
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  self->begun_us = g_get_monotonic_time ();
  self->boot_ms = DMS_P2P_AUTO_RELAY_BOOT_S * 1000;
  self->look_ms = DMS_P2P_AUTO_RELAY_LOOK_MS;
  self->asked = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, (GDestroyNotify) dms_peer_id_unref, NULL);
  self->refused = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                         (GEqualFunc) dms_peer_id_equal,
                                         (GDestroyNotify) dms_peer_id_unref,
                                         g_free);
  return self;
}

void
dms_p2p_auto_relay_free (DmsP2pAutoRelay *self)
{
  dms_p2p_auto_relay_stop (self);
  self->is_wanted = FALSE;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->client);
  g_clear_object (&self->host);
  g_clear_pointer (&self->relays, g_ptr_array_unref);
  g_clear_pointer (&self->asked, g_hash_table_unref);
  g_clear_pointer (&self->refused, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self);
}

void
dms_p2p_auto_relay_set_timing (DmsP2pAutoRelay *self, guint boot_ms, guint look_ms)
{
  self->boot_ms = boot_ms;
  self->look_ms = look_ms;
}

void
dms_p2p_auto_relay_set_wanted (DmsP2pAutoRelay *self, gboolean is_wanted)
{
  if (self->is_wanted == is_wanted)
    return;
  self->is_wanted = is_wanted;
  dms_p2p_auto_relay_schedule (self, MIN (dms_p2p_auto_relay_get_wait_ms (self), self->look_ms));
}
