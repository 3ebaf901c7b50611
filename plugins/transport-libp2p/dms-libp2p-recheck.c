/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-recheck.h"

enum
{
  /* Ours: longer than any round trip, shorter than anybody waits for an answer that was sent into the void.
   */
  DMS_LIBP2P_RECHECK_MS = 3000,
};

struct _DmsLibp2pRecheck
{
  DmsP2pSwarm *swarm;
  DmsP2pPing *ping;
  /* DmsP2pConnection: those that are being asked. */
  GHashTable *asked;
  GCancellable *cancellable;
};

typedef struct
{
  DmsP2pConnection *connection;
  GCancellable *cancellable;
  GCancellable *parent;
  gulong chained;
  GSource *timer;
  /* NULL once it is gone. */
  DmsLibp2pRecheck *owner;
} DmsLibp2pDoubt;

static void
dms_libp2p_doubt_free (DmsLibp2pDoubt *doubt)
{
  g_cancellable_disconnect (doubt->parent, doubt->chained);
  g_source_destroy (doubt->timer);
  g_source_unref (doubt->timer);
  g_object_unref (doubt->parent);
  g_object_unref (doubt->cancellable);
  g_object_unref (doubt->connection);
  g_free (doubt);
}

static gboolean
dms_libp2p_doubt_on_time (gpointer user_data)
{
  g_cancellable_cancel (((DmsLibp2pDoubt *) user_data)->cancellable);
  return G_SOURCE_REMOVE;
}

static void
dms_libp2p_doubt_on_cancelled (GCancellable *parent, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
dms_libp2p_doubt_on_measured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsLibp2pDoubt *doubt = user_data;
  g_autoptr (GError) error = NULL;
  gint64 rtt_us = dms_p2p_ping_measure_finish (DMS_P2P_PING (source), result, &error);

  if (!g_cancellable_is_cancelled (doubt->parent))
    {
      g_hash_table_remove (doubt->owner->asked, doubt->connection);
      if (rtt_us < 0 && dms_p2p_connection_is_open (doubt->connection))
        {
          g_debug ("A connection to %s is given up, for a newer one is there and it does not answer: %s",
                   dms_peer_id_get_text (dms_p2p_connection_get_peer_id (doubt->connection)),
                   error->message);
          dms_p2p_connection_close (doubt->connection);
        }
    }
  dms_libp2p_doubt_free (doubt);
}

static void
dms_libp2p_recheck_ask (DmsLibp2pRecheck *self, DmsP2pConnection *connection)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  DmsLibp2pDoubt *doubt = NULL;

  if (!g_hash_table_add (self->asked, connection))
    return;
  doubt = g_new0 (DmsLibp2pDoubt, 1);
  doubt->owner = self;
  doubt->connection = g_object_ref (connection);
  doubt->cancellable = g_cancellable_new ();
  doubt->parent = g_object_ref (self->cancellable);
  doubt->chained = g_cancellable_connect (self->cancellable,
                                          G_CALLBACK (dms_libp2p_doubt_on_cancelled),
                                          g_object_ref (doubt->cancellable),
                                          g_object_unref);
  doubt->timer = g_timeout_source_new (DMS_LIBP2P_RECHECK_MS);
  g_source_set_callback (doubt->timer, dms_libp2p_doubt_on_time, doubt, NULL);
  g_source_attach (doubt->timer, context);
  dms_p2p_ping_measure_on_async (
      self->ping, connection, doubt->cancellable, dms_libp2p_doubt_on_measured, doubt);
}

static void
dms_libp2p_recheck_on_connection (DmsP2pSwarm *swarm,
                                  DmsP2pConnection *connection,
                                  gboolean is_open,
                                  gpointer user_data)
{
  DmsLibp2pRecheck *self = user_data;
  g_autoptr (GPtrArray) all = dms_p2p_swarm_list (swarm);
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);

  if (!is_open || !dms_p2p_connection_is_inbound (connection) ||
      g_cancellable_is_cancelled (self->cancellable))
    return;
  for (guint i = 0; i < all->len; i++)
    {
      DmsP2pConnection *other = all->pdata[i];

      /* What is relayed is limited, and ends with its relay. */
      if (other != connection && dms_p2p_connection_is_open (other) &&
          !dms_p2p_connection_is_limited (other) &&
          dms_peer_id_equal (dms_p2p_connection_get_peer_id (other), peer))
        dms_libp2p_recheck_ask (self, other);
    }
}

DmsLibp2pRecheck *
dms_libp2p_recheck_new (DmsP2pSwarm *swarm, DmsP2pPing *ping)
{
  DmsLibp2pRecheck *self = g_new0 (DmsLibp2pRecheck, 1);

  self->swarm = g_object_ref (swarm);
  self->ping = g_object_ref (ping);
  self->asked = g_hash_table_new (NULL, NULL);
  self->cancellable = g_cancellable_new ();
  dms_p2p_swarm_add_notify (swarm, dms_libp2p_recheck_on_connection, self);
  return self;
}

void
dms_libp2p_recheck_free (DmsLibp2pRecheck *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_hash_table_unref (self->asked);
  g_object_unref (self->ping);
  g_object_unref (self->swarm);
  g_free (self);
}
