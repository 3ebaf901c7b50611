/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-relay-client.h"

#include "relay/dms-p2p-relay-ask.h"
#include "relay/dms-p2p-relay-voucher.h"
#include "swarm/dms-p2p-address.h"

enum
{
  /* go-libp2p, p2p/protocol/circuitv2/client: ReserveTimeout; p2p/host/autorelay: rsvpExpirationSlack. */
  DMS_P2P_RELAY_CLIENT_TIMEOUT_MS = 60 * 1000,
  DMS_P2P_RELAY_CLIENT_SLACK_S = 2 * 60,
  /* Ours: reservations at a time, and the longest one that is believed. */
  DMS_P2P_RELAY_CLIENT_MAX = 8,
  DMS_P2P_RELAY_CLIENT_MAX_S = 24 * 60 * 60,
};

#define DMS_P2P_RELAY_CLIENT_TAG "relay"

struct _DmsP2pRelayClient
{
  GObject parent_instance;

  GMainContext *context;
  DmsP2pHost *host;
  GCancellable *closed;
  /* DmsPeerId to DmsP2pHold. */
  GHashTable *holds;
  DmsP2pRelayClientChanged changed;
  gpointer changed_data;
};

G_DEFINE_FINAL_TYPE (DmsP2pRelayClient, dms_p2p_relay_client, G_TYPE_OBJECT)

/* One reservation. */
typedef struct
{
  DmsP2pRelayClient *client;
  DmsPeerId *relay;
  GPtrArray *addresses;
  GSource *timer;
} DmsP2pHold;

/* One question for a reservation. */
typedef struct
{
  DmsPeerId *relay;
  DmsP2pConnection *connection;
  DmsP2pPipe *pipe;
} DmsP2pReserving;

static void
dms_p2p_hold_free (gpointer data)
{
  DmsP2pHold *self = data;

  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_pointer (&self->relay, dms_peer_id_unref);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_free (self);
}

static void
dms_p2p_reserving_free (gpointer data)
{
  DmsP2pReserving *self = data;

  g_clear_pointer (&self->relay, dms_peer_id_unref);
  g_clear_object (&self->connection);
  g_clear_object (&self->pipe);
  g_free (self);
}

static void
dms_p2p_relay_client_dispose (GObject *object)
{
  dms_p2p_relay_client_close (DMS_P2P_RELAY_CLIENT (object));
  G_OBJECT_CLASS (dms_p2p_relay_client_parent_class)->dispose (object);
}

static void
dms_p2p_relay_client_finalize (GObject *object)
{
  DmsP2pRelayClient *self = DMS_P2P_RELAY_CLIENT (object);

  g_clear_object (&self->host);
  g_clear_object (&self->closed);
  g_clear_pointer (&self->holds, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (dms_p2p_relay_client_parent_class)->finalize (object);
}

static void
dms_p2p_relay_client_class_init (DmsP2pRelayClientClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_relay_client_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_relay_client_finalize;
}

static void
dms_p2p_relay_client_init (DmsP2pRelayClient *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->closed = g_cancellable_new ();
  self->holds = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, NULL, dms_p2p_hold_free);
}

void
dms_p2p_relay_client_set_changed (DmsP2pRelayClient *self,
                                  DmsP2pRelayClientChanged changed,
                                  gpointer user_data)
{
  self->changed = changed;
  self->changed_data = user_data;
}

static void
dms_p2p_relay_client_emit_changed (DmsP2pRelayClient *self)
{
  if (self->changed != NULL && !g_cancellable_is_cancelled (self->closed))
    self->changed (self, self->changed_data);
}

gboolean
dms_p2p_relay_client_has (DmsP2pRelayClient *self, DmsPeerId *relay)
{
  return g_hash_table_contains (self->holds, relay);
}

guint
dms_p2p_relay_client_get_n (DmsP2pRelayClient *self)
{
  return g_hash_table_size (self->holds);
}

GPtrArray *
dms_p2p_relay_client_dup_addresses (DmsP2pRelayClient *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->holds);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      DmsP2pHold *hold = value;

      for (guint i = 0; i < hold->addresses->len; i++)
        g_ptr_array_add (list, dms_multiaddr_ref (hold->addresses->pdata[i]));
    }
  return list;
}

void
dms_p2p_relay_client_drop (DmsP2pRelayClient *self, DmsPeerId *relay)
{
  g_autoptr (DmsPeerId) keep = dms_peer_id_ref (relay);

  if (!g_hash_table_remove (self->holds, relay))
    return;
  dms_p2p_swarm_unprotect (dms_p2p_host_get_swarm (self->host), keep, DMS_P2P_RELAY_CLIENT_TAG);
  dms_p2p_relay_client_emit_changed (self);
}

static void
dms_p2p_hold_on_refreshed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsPeerId) relay = user_data;
  DmsP2pRelayClient *self = DMS_P2P_RELAY_CLIENT (source);
  g_autoptr (GError) error = NULL;

  if (dms_p2p_relay_client_reserve_finish (self, result, &error) || g_cancellable_is_cancelled (self->closed))
    return;
  g_debug ("the reservation with %s is lost: %s", dms_peer_id_get_text (relay), error->message);
  dms_p2p_relay_client_drop (self, relay);
}

static gboolean
dms_p2p_hold_on_timer (gpointer user_data)
{
  DmsP2pHold *self = user_data;

  g_clear_pointer (&self->timer, g_source_unref);
  dms_p2p_relay_client_reserve_async (self->client,
                                      self->relay,
                                      self->client->closed,
                                      dms_p2p_hold_on_refreshed,
                                      dms_peer_id_ref (self->relay));
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_relay_client_is_useful (DmsMultiaddr *address, DmsPeerId *relay)
{
  g_autoptr (DmsPeerId) named = dms_multiaddr_dup_peer_id (address);
  DmsP2pReach reach = dms_p2p_address_get_reach (address);

  return !dms_p2p_address_is_relayed (address) && reach != DMS_P2P_REACH_NONE &&
         reach != DMS_P2P_REACH_OTHER && (named == NULL || dms_peer_id_equal (named, relay));
}

/* Where the relay says it is, and others can reach it. When it knows of no public address of its own, also
 * where this host reached it; so, too, when it says nothing of use. */
static GPtrArray *
dms_p2p_relay_client_choose_addresses (const DmsP2pReserving *reserving, const DmsP2pRelayMessage *answer)
{
  DmsMultiaddr *remote = dms_p2p_connection_get_remote (reserving->connection);
  g_autoptr (GPtrArray) relays = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  gboolean has_public = FALSE;

  for (guint i = 0; i < answer->addresses->len; i++)
    {
      DmsMultiaddr *address = answer->addresses->pdata[i];

      if (!dms_p2p_relay_client_is_useful (address, reserving->relay))
        continue;
      has_public |= dms_p2p_address_get_reach (address) == DMS_P2P_REACH_PUBLIC;
      g_ptr_array_add (relays, dms_multiaddr_append_peer_id (address, reserving->relay));
    }
  if (relays->len == 0 || (!has_public && !dms_p2p_connection_is_inbound (reserving->connection) &&
                           dms_p2p_address_get_reach (remote) == DMS_P2P_REACH_PUBLIC))
    g_ptr_array_add (relays, dms_multiaddr_append_peer_id (remote, reserving->relay));
  for (guint i = 0; i < relays->len; i++)
    {
      DmsMultiaddr *address = dms_multiaddr_append (relays->pdata[i], "/p2p-circuit", NULL);

      if (address != NULL)
        g_ptr_array_add (list, address);
    }
  return list;
}

static gboolean
dms_p2p_relay_client_check (DmsP2pRelayClient *self,
                            const DmsP2pReserving *reserving,
                            const DmsP2pRelayMessage *answer,
                            guint64 now_s,
                            GError **error)
{
  DmsP2pIdentity *identity = dms_p2p_swarm_get_identity (dms_p2p_host_get_swarm (self->host));
  guint64 expire_s = answer->expire_s;

  if (!answer->has_reservation)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the relay agrees, but gives no reservation");
      return FALSE;
    }
  /* go-libp2p and js-libp2p give one; the specification does not demand it. */
  if (answer->voucher != NULL &&
      !dms_p2p_relay_voucher_verify (
          answer->voucher, reserving->relay, dms_p2p_identity_get_peer_id (identity), &expire_s, error))
    return FALSE;
  if (answer->expire_s > now_s && expire_s > now_s)
    return TRUE;
  g_set_error_literal (
      error, DMS_ERROR, DMS_ERROR_EXPIRED, "the relay gave a reservation that is over; check the clock");
  return FALSE;
}

static gboolean
dms_p2p_relay_client_keep (DmsP2pRelayClient *self,
                           const DmsP2pReserving *reserving,
                           const DmsP2pRelayMessage *answer,
                           GError **error)
{
  guint64 now_s = (guint64) (g_get_real_time () / G_USEC_PER_SEC);
  DmsP2pHold *hold = NULL;
  guint64 left_s = 0;
  guint delay_s = 0;

  if (!dms_p2p_relay_client_check (self, reserving, answer, now_s, error))
    return FALSE;
  left_s = MIN (answer->expire_s - now_s, DMS_P2P_RELAY_CLIENT_MAX_S);
  delay_s = (guint) (left_s > 2 * DMS_P2P_RELAY_CLIENT_SLACK_S ? left_s - DMS_P2P_RELAY_CLIENT_SLACK_S
                                                               : MAX (left_s / 2, 1));
  hold = g_new0 (DmsP2pHold, 1);
  hold->client = self;
  hold->relay = dms_peer_id_ref (reserving->relay);
  hold->addresses = dms_p2p_relay_client_choose_addresses (reserving, answer);
  hold->timer = g_timeout_source_new_seconds (delay_s);
  g_source_set_static_name (hold->timer, "dms-p2p-relay-client");
  g_source_set_callback (hold->timer, dms_p2p_hold_on_timer, hold, NULL);
  g_source_attach (hold->timer, self->context);
  g_hash_table_replace (self->holds, hold->relay, hold);
  dms_p2p_swarm_protect (dms_p2p_host_get_swarm (self->host), hold->relay, DMS_P2P_RELAY_CLIENT_TAG);
  dms_p2p_relay_client_emit_changed (self);
  return TRUE;
}

static void
dms_p2p_relay_client_on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pRelayClient *self = g_task_get_source_object (task);
  DmsP2pReserving *reserving = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DmsP2pRelayMessage) answer = dms_p2p_relay_ask_finish (result, &error);

  if (answer == NULL)
    dms_p2p_pipe_reset (reserving->pipe, 0);
  else
    dms_p2p_pipe_close (reserving->pipe);
  if (answer != NULL &&
      (g_cancellable_is_cancelled (self->closed) || !dms_p2p_connection_is_open (reserving->connection)))
    error = g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "the relay has gone");
  if (error != NULL || !dms_p2p_relay_client_keep (self, reserving, answer, &error))
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
dms_p2p_relay_client_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pReserving *reserving = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);
  g_autoptr (DmsP2pRelayMessage) question = NULL;

  if (stream == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  reserving->pipe = dms_p2p_stream_steal_pipe (stream);
  question = dms_p2p_relay_message_new (DMS_P2P_RELAY_RESERVE);
  dms_p2p_relay_ask_async (reserving->pipe,
                           DMS_P2P_RELAY_HOP,
                           question,
                           DMS_P2P_RELAY_CLIENT_TIMEOUT_MS,
                           cancellable,
                           dms_p2p_relay_client_on_answer,
                           g_steal_pointer (&task));
}

void
dms_p2p_relay_client_reserve_async (DmsP2pRelayClient *self,
                                    DmsPeerId *relay,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  static const char *const protocols[] = { DMS_P2P_RELAY_HOP_PROTOCOL, NULL };
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  DmsP2pConnection *connection = NULL;
  DmsP2pReserving *reserving = NULL;

  g_task_set_source_tag (task, dms_p2p_relay_client_reserve_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!g_cancellable_is_cancelled (self->closed))
    connection = dms_p2p_swarm_find (dms_p2p_host_get_swarm (self->host), relay);
  if (connection == NULL || dms_p2p_connection_is_limited (connection))
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_UNAVAILABLE,
                               "there is no direct connection to the relay %s; connect to it first",
                               dms_peer_id_get_text (relay));
      return;
    }
  if (g_hash_table_size (self->holds) >= DMS_P2P_RELAY_CLIENT_MAX && !dms_p2p_relay_client_has (self, relay))
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_BUSY,
                               "there are reservations with %d relays already; drop one first",
                               DMS_P2P_RELAY_CLIENT_MAX);
      return;
    }
  reserving = g_new0 (DmsP2pReserving, 1);
  reserving->relay = dms_peer_id_ref (relay);
  reserving->connection = g_object_ref (connection);
  g_task_set_task_data (task, reserving, dms_p2p_reserving_free);
  dms_p2p_host_open_stream_on_async (self->host,
                                     connection,
                                     protocols,
                                     cancellable,
                                     dms_p2p_relay_client_on_opened,
                                     g_steal_pointer (&task));
}

gboolean
dms_p2p_relay_client_reserve_finish (DmsP2pRelayClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* A relay forgets who goes. */
static void
dms_p2p_relay_client_on_connection (DmsP2pSwarm *swarm,
                                    DmsP2pConnection *connection,
                                    gboolean is_open,
                                    gpointer user_data)
{
  DmsP2pRelayClient *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  DmsP2pConnection *other = dms_p2p_swarm_find (swarm, peer);

  if (!is_open && (other == NULL || dms_p2p_connection_is_limited (other)))
    dms_p2p_relay_client_drop (self, peer);
}

DmsP2pRelayClient *
dms_p2p_relay_client_new (DmsP2pHost *host)
{
  DmsP2pRelayClient *self = g_object_new (DMS_TYPE_P2P_RELAY_CLIENT, NULL);

  self->host = g_object_ref (host);
  dms_p2p_swarm_add_notify (dms_p2p_host_get_swarm (host), dms_p2p_relay_client_on_connection, self);
  return self;
}

void
dms_p2p_relay_client_close (DmsP2pRelayClient *self)
{
  g_cancellable_cancel (self->closed);
  g_hash_table_remove_all (self->holds);
}
