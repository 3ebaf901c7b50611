/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-transport-private.h"

static gboolean
dms_libp2p_transport_subscribe (DmsTransport *transport,
                                const char *topic,
                                DmsTopicHandler handler,
                                gpointer user_data,
                                GDestroyNotify destroy,
                                GError **error)
{
  g_autoptr (DmsLibp2pCallback) callback = dms_libp2p_callback_new (G_CALLBACK (handler), user_data, destroy);

  return dms_libp2p_topics_subscribe (DMS_LIBP2P_TRANSPORT (transport)->topics, topic, callback, error);
}

static void
dms_libp2p_transport_unsubscribe (DmsTransport *transport, const char *topic)
{
  dms_libp2p_topics_unsubscribe (DMS_LIBP2P_TRANSPORT (transport)->topics, topic);
}

static void
dms_libp2p_transport_set_topic_validator (DmsTransport *transport,
                                          const char *topic,
                                          DmsTopicValidator handler,
                                          gpointer user_data,
                                          GDestroyNotify destroy)
{
  g_autoptr (DmsLibp2pCallback) callback = NULL;

  if (handler != NULL)
    callback = dms_libp2p_callback_new (G_CALLBACK (handler), user_data, destroy);
  dms_libp2p_topics_set_validator (DMS_LIBP2P_TRANSPORT (transport)->topics, topic, callback);
}

static void
dms_libp2p_transport_finish_validation (DmsTransport *transport, guint64 ticket, DmsValidation verdict)
{
  DmsP2pGossip *gossip = dms_libp2p_topics_get_gossip (DMS_LIBP2P_TRANSPORT (transport)->topics);

  if (gossip != NULL)
    dms_p2p_gossip_finish_validation (gossip, ticket, verdict);
}

static void
dms_libp2p_transport_publish_async (DmsTransport *transport,
                                    const char *topic,
                                    GBytes *bytes,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_libp2p_transport_publish_async);
  if (dms_libp2p_transport_check_running (self, task))
    dms_libp2p_topics_publish (self->topics, topic, bytes, task);
}

/* Of all peers that are there; those that gossip are judged by what they do, others by what the program
 * thinks.
 */
static GPtrArray *
dms_libp2p_transport_dup_scores (DmsTransport *transport)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  DmsP2pGossip *gossip = dms_libp2p_topics_get_gossip (self->topics);
  GPtrArray *scores = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_score_unref);
  g_autoptr (GPtrArray) peers = dms_libp2p_peers_list (self->peers);

  for (guint i = 0; i < peers->len; i++)
    {
      DmsPeerId *peer = g_ptr_array_index (peers, i);
      double app = dms_libp2p_peers_get_score (self->peers, peer);
      DmsP2pGossipStanding standing = { .score = app, .app = app };

      if (gossip != NULL && dms_p2p_gossip_core_has_peer (dms_p2p_gossip_get_core (gossip), peer))
        dms_p2p_gossip_score_describe (
            dms_p2p_gossip_core_get_score (dms_p2p_gossip_get_core (gossip)), peer, &standing);
      g_ptr_array_add (
          scores, dms_peer_score_new (peer, standing.score, standing.app, standing.ip, standing.behaviour));
    }
  return scores;
}

static void
dms_libp2p_transport_set_peer_score (DmsTransport *transport, DmsPeerId *peer, double score)
{
  DmsLibp2pTransport *self = DMS_LIBP2P_TRANSPORT (transport);
  DmsP2pGossip *gossip = dms_libp2p_topics_get_gossip (self->topics);

  dms_libp2p_peers_set_score (self->peers, peer, score);
  if (gossip != NULL)
    dms_p2p_gossip_set_app_score (gossip, peer, score);
}

void
dms_libp2p_transport_topics_init (DmsTransportInterface *iface)
{
  iface->subscribe = dms_libp2p_transport_subscribe;
  iface->unsubscribe = dms_libp2p_transport_unsubscribe;
  iface->set_topic_validator = dms_libp2p_transport_set_topic_validator;
  iface->finish_validation = dms_libp2p_transport_finish_validation;
  iface->publish_async = dms_libp2p_transport_publish_async;
  iface->publish_finish = dms_libp2p_transport_finish_boolean;
  iface->dup_scores = dms_libp2p_transport_dup_scores;
  iface->set_peer_score = dms_libp2p_transport_set_peer_score;
}
