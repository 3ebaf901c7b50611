/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-bootstrap.h"

/* Ours. */
enum
{
  DMS_LIBP2P_BOOTSTRAP_MAX = 64,
  /* After the first failure, or the end of a connection; then twice as long each time, up to the longest. */
  DMS_LIBP2P_BOOTSTRAP_FIRST_S = 5,
  DMS_LIBP2P_BOOTSTRAP_LONGEST_S = 10 * 60,
  /* How often it looks whether the connection still stands. What has stood so long begins anew. */
  DMS_LIBP2P_BOOTSTRAP_CHECK_S = 60,
  /* How often it says in the log that a peer cannot be reached. */
  DMS_LIBP2P_BOOTSTRAP_TELL_S = 60 * 60,
};

typedef struct
{
  /* NULL when it is gone, and only the dial keeps this. */
  DmsLibp2pBootstrap *bootstrap;
  DmsMultiaddr *address;
  DmsPeerId *peer;
  GSource *timer;
  guint wait_s;
  gint64 told_us;
} DmsLibp2pBootstrapPeer;

struct _DmsLibp2pBootstrap
{
  DmsP2pSwarm *swarm;
  GMainContext *context;
  GCancellable *cancellable;
  /* DmsLibp2pBootstrapPeer */
  GPtrArray *peers;
};

static void
dms_libp2p_bootstrap_peer_clear (gpointer data)
{
  DmsLibp2pBootstrapPeer *peer = data;

  g_clear_pointer (&peer->address, dms_multiaddr_unref);
  g_clear_pointer (&peer->peer, dms_peer_id_unref);
}

static void
dms_libp2p_bootstrap_peer_unref (DmsLibp2pBootstrapPeer *peer)
{
  g_rc_box_release_full (peer, dms_libp2p_bootstrap_peer_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pBootstrapPeer, dms_libp2p_bootstrap_peer_unref)

static void
dms_libp2p_bootstrap_peer_drop_timer (DmsLibp2pBootstrapPeer *peer)
{
  if (peer->timer != NULL)
    g_source_destroy (peer->timer);
  g_clear_pointer (&peer->timer, g_source_unref);
}

static void
dms_libp2p_bootstrap_peer_forget (gpointer data)
{
  DmsLibp2pBootstrapPeer *peer = data;

  peer->bootstrap = NULL;
  dms_libp2p_bootstrap_peer_drop_timer (peer);
  dms_libp2p_bootstrap_peer_unref (peer);
}

static gboolean dms_libp2p_bootstrap_peer_on_timer (gpointer user_data);

/* Up to half as long again, by chance: of two that start together and dial each other from the port at which
 * they listen, each SYN may meet the other's (RFC 9293, 3.5), and then both begin the handshake as clients.
 * Who waits as long as the other does it again. */
static void
dms_libp2p_bootstrap_peer_wait (DmsLibp2pBootstrapPeer *peer, guint seconds)
{
  guint ms = seconds * 1000;

  dms_libp2p_bootstrap_peer_drop_timer (peer);
  peer->timer = g_timeout_source_new (ms + (guint) g_random_int_range (0, (gint32) (ms / 2 + 1)));
  g_source_set_static_name (peer->timer, "dms-libp2p-bootstrap");
  g_source_set_callback (peer->timer, dms_libp2p_bootstrap_peer_on_timer, peer, NULL);
  g_source_attach (peer->timer, peer->bootstrap->context);
}

static void
dms_libp2p_bootstrap_peer_wait_longer (DmsLibp2pBootstrapPeer *peer)
{
  dms_libp2p_bootstrap_peer_wait (peer, peer->wait_s);
  peer->wait_s = MIN (2 * peer->wait_s, DMS_LIBP2P_BOOTSTRAP_LONGEST_S);
}

static void
dms_libp2p_bootstrap_peer_note_failure (DmsLibp2pBootstrapPeer *peer, const GError *error)
{
  gint64 now_us = g_get_monotonic_time ();

  if (peer->told_us == 0 || now_us - peer->told_us >= (gint64) DMS_LIBP2P_BOOTSTRAP_TELL_S * G_USEC_PER_SEC)
    {
      g_message ("The bootstrap peer %s cannot be reached; it is tried again from time to time: %s",
                 dms_multiaddr_get_text (peer->address),
                 error->message);
      peer->told_us = now_us;
    }
  dms_libp2p_bootstrap_peer_wait_longer (peer);
}

static void
dms_libp2p_bootstrap_peer_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsLibp2pBootstrapPeer) peer = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  if (peer->bootstrap == NULL)
    return;
  if (connection == NULL)
    {
      dms_libp2p_bootstrap_peer_note_failure (peer, error);
      return;
    }
  if (peer->peer == NULL)
    peer->peer = dms_peer_id_ref (dms_p2p_connection_get_peer_id (connection));
  peer->told_us = 0;
  dms_libp2p_bootstrap_peer_wait (peer, DMS_LIBP2P_BOOTSTRAP_CHECK_S);
}

static void
dms_libp2p_bootstrap_peer_dial (DmsLibp2pBootstrapPeer *peer)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();

  g_ptr_array_add (addresses, peer->address);
  dms_p2p_swarm_connect_async (peer->bootstrap->swarm,
                               peer->peer,
                               addresses,
                               TRUE,
                               NULL,
                               NULL,
                               peer->bootstrap->cancellable,
                               dms_libp2p_bootstrap_peer_on_connected,
                               g_rc_box_acquire (peer));
}

static gboolean
dms_libp2p_bootstrap_peer_on_timer (gpointer user_data)
{
  DmsLibp2pBootstrapPeer *peer = user_data;

  dms_libp2p_bootstrap_peer_drop_timer (peer);
  if (peer->peer != NULL && dms_p2p_swarm_find (peer->bootstrap->swarm, peer->peer) != NULL)
    {
      peer->wait_s = DMS_LIBP2P_BOOTSTRAP_FIRST_S;
      dms_libp2p_bootstrap_peer_wait (peer, DMS_LIBP2P_BOOTSTRAP_CHECK_S);
    }
  else
    dms_libp2p_bootstrap_peer_dial (peer);
  return G_SOURCE_REMOVE;
}

/* Who loses its only way into the network does not wait for the next look; a peer that ends every connection
 * is asked less and less often all the same. */
static void
dms_libp2p_bootstrap_on_connection (DmsP2pSwarm *swarm,
                                    DmsP2pConnection *connection,
                                    gboolean is_open,
                                    gpointer user_data)
{
  DmsLibp2pBootstrap *self = user_data;
  DmsPeerId *id = dms_p2p_connection_get_peer_id (connection);

  if (is_open || dms_p2p_swarm_find (swarm, id) != NULL)
    return;
  for (guint i = 0; i < self->peers->len; i++)
    {
      DmsLibp2pBootstrapPeer *peer = self->peers->pdata[i];

      /* Without a timer it is being dialled. */
      if (peer->timer != NULL && peer->peer != NULL && dms_peer_id_equal (peer->peer, id))
        dms_libp2p_bootstrap_peer_wait_longer (peer);
    }
}

static void
dms_libp2p_bootstrap_add (DmsLibp2pBootstrap *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, &error);
  DmsLibp2pBootstrapPeer *peer = NULL;

  if (address == NULL)
    {
      g_warning ("A bootstrap peer is left out: %s", error->message);
      return;
    }
  peer = g_rc_box_new0 (DmsLibp2pBootstrapPeer);
  peer->bootstrap = self;
  peer->address = g_steal_pointer (&address);
  peer->peer = dms_multiaddr_dup_peer_id (peer->address);
  peer->wait_s = DMS_LIBP2P_BOOTSTRAP_FIRST_S;
  g_ptr_array_add (self->peers, peer);
  dms_libp2p_bootstrap_peer_dial (peer);
}

DmsLibp2pBootstrap *
dms_libp2p_bootstrap_new (DmsP2pSwarm *swarm, const char *const *addresses)
{
  DmsLibp2pBootstrap *self = g_new0 (DmsLibp2pBootstrap, 1);

  self->swarm = g_object_ref (swarm);
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  self->peers = g_ptr_array_new_with_free_func (dms_libp2p_bootstrap_peer_forget);
  for (guint i = 0; addresses[i] != NULL && i < DMS_LIBP2P_BOOTSTRAP_MAX; i++)
    dms_libp2p_bootstrap_add (self, addresses[i]);
  dms_p2p_swarm_add_notify (swarm, dms_libp2p_bootstrap_on_connection, self);
  return self;
}

void
dms_libp2p_bootstrap_free (DmsLibp2pBootstrap *self)
{
  dms_p2p_swarm_remove_notify (self->swarm, dms_libp2p_bootstrap_on_connection, self);
  g_clear_pointer (&self->peers, g_ptr_array_unref);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->swarm);
  g_free (self);
}
