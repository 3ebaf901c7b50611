/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DMS_TRANSPORT_MAX_MESSAGE_SIZE:
 *
 * The most bytes of one message to an inbox or a topic.
 */
#define DMS_TRANSPORT_MAX_MESSAGE_SIZE (1024 * 1024)

/**
 * DMS_TRANSPORT_VALIDATION_TIMEOUT_S:
 *
 * How long a validator may take, in seconds.
 */
#define DMS_TRANSPORT_VALIDATION_TIMEOUT_S 30

/**
 * DmsValidation:
 * @DMS_VALIDATION_ACCEPT: deliver the message and pass it on
 * @DMS_VALIDATION_IGNORE: drop it without blaming anybody
 * @DMS_VALIDATION_REJECT: drop it and hold it against the peer that passed it on
 * @DMS_VALIDATION_LATER: not known yet: dms_transport_finish_validation() says it
 *
 * What a validator says of a message on a topic.
 */
typedef enum {
  DMS_VALIDATION_ACCEPT,
  DMS_VALIDATION_IGNORE,
  DMS_VALIDATION_REJECT,
  DMS_VALIDATION_LATER,
} DmsValidation;

/**
 * DmsReachability:
 * @DMS_REACHABILITY_UNKNOWN: not found out, or the transport does not care
 * @DMS_REACHABILITY_PUBLIC: others can connect to this node
 * @DMS_REACHABILITY_PRIVATE: they cannot, because a router or a firewall is in the way; relays may help
 *
 * Whether nodes anywhere can connect to this one by themselves.
 */
typedef enum {
  DMS_REACHABILITY_UNKNOWN,
  DMS_REACHABILITY_PUBLIC,
  DMS_REACHABILITY_PRIVATE,
} DmsReachability;

/**
 * DmsInboxHandler:
 * @transport: the transport
 * @inbox: the inbox the message is for
 * @from: (nullable): the peer that brought it; %NULL when unknown
 * @bytes: the message, as hostile as any
 * @user_data: (closure): the owner's data
 *
 * Gets every message to any inbox of this peer.
 *
 * Returns: %FALSE when there is no room for it now. The transport then makes this sender wait or lets it know
 *   that it was not taken (%DMS_ERROR_BUSY); it does not keep the message. %TRUE says nothing about the
 *   message: the sender of one that is refused learns nothing
 */
typedef gboolean (*DmsInboxHandler) (DmsTransport *transport,
                                     const char *inbox,
                                     DmsPeerId *from,
                                     GBytes *bytes,
                                     gpointer user_data);

/**
 * DmsTopicHandler:
 * @transport: the transport
 * @topic: the topic
 * @from: (nullable): the peer that published the message; %NULL when unknown
 * @bytes: the message, as hostile as any
 * @user_data: (closure): the owner's data
 *
 * Gets the messages on a topic that its validator accepted. A peer also gets what it published itself.
 */
typedef void (*DmsTopicHandler) (DmsTransport *transport,
                                 const char *topic,
                                 DmsPeerId *from,
                                 GBytes *bytes,
                                 gpointer user_data);

/**
 * DmsTopicValidator:
 * @transport: the transport
 * @topic: the topic
 * @from: (nullable): the peer that published the message; %NULL when unknown
 * @bytes: the message, as hostile as any
 * @ticket: names this validation; never 0
 * @user_data: (closure): the owner's data
 *
 * Judges a message on a topic before it is delivered or passed on. Must be quick: what takes long is answered
 * with %DMS_VALIDATION_LATER, and with dms_transport_finish_validation() when it is known. A transport waits
 * for a bounded number of messages, and for none longer than %DMS_TRANSPORT_VALIDATION_TIMEOUT_S: they are
 * ignored then.
 *
 * Returns: what to do with it
 */
typedef DmsValidation (*DmsTopicValidator) (DmsTransport *transport,
                                            const char *topic,
                                            DmsPeerId *from,
                                            GBytes *bytes,
                                            guint64 ticket,
                                            gpointer user_data);

/**
 * DmsStreamHandler:
 * @transport: the transport
 * @stream: a stream that a peer opened to us; keep a reference to use it later
 * @user_data: (closure): the owner's data
 *
 * Gets the streams that peers open for a protocol.
 */
typedef void (*DmsStreamHandler) (DmsTransport *transport, DmsStream *stream, gpointer user_data);

/**
 * DmsDialStepFunc:
 * @transport: the transport
 * @step: a step that has ended
 * @user_data: (closure): the owner's data
 *
 * Told of each step on the way to a peer when it has ended. Addresses are tried side by side, so steps of one
 * may come between those of another.
 */
typedef void (*DmsDialStepFunc) (DmsTransport *transport, DmsDialStep *step, gpointer user_data);

/**
 * DmsPeerHandler:
 * @transport: the transport
 * @peer: the peer
 * @identified: whether it has said what it speaks, perhaps anew; %FALSE when its last connection is gone
 * @protocols: (array zero-terminated=1): what the peer says it speaks; empty when it is gone
 * @user_data: (closure): the owner's data
 *
 * Told when a peer has been identified and when it went.
 */
typedef void (*DmsPeerHandler) (DmsTransport *transport,
                                DmsPeerId *peer,
                                gboolean identified,
                                const char *const *protocols,
                                gpointer user_data);

#define DMS_TYPE_TRANSPORT (dms_transport_get_type ())

DMS_EXPORT
G_DECLARE_INTERFACE (DmsTransport, dms_transport, DMS, TRANSPORT, GObject)

/**
 * DmsTransportInterface:
 * @get_id: names the kind of transport, such as `libp2p` or `memory`
 * @start_async: takes an identity, listens, and joins the network. Handlers may be set before
 * @start_finish: finishes @start_async
 * @stop_async: leaves the network and closes everything. Nothing is delivered afterwards
 * @stop_finish: finishes @stop_async
 * @dup_peer_id: says who this node is
 * @dup_listen_addresses: lists the addresses under which this node can be dialled, without the `/p2p` part
 * @listen_async: listens on one more address
 * @listen_finish: finishes @listen_async
 * @dial_async: connects to the peer at an address. An address with a `/p2p` part connects to that peer or
 * fails
 * @dial_finish: finishes @dial_async
 * @disconnect_peer: closes the connections to a peer, if there are any
 * @set_stream_handler: sets who gets the streams that peers open for a protocol. Without one they are refused
 * @open_stream_async: opens a stream to a peer, which must be connected or findable. That the peer does not
 * speak the protocol may show only with the first read
 * @open_stream_finish: finishes @open_stream_async
 * @set_inbox_handler: sets who gets the messages to the inboxes of this peer
 * @send_message_async: sends a message to an inbox of a peer; in order, also to the own peer ID
 * @send_message_finish: finishes @send_message_async
 * @subscribe: joins a topic. A second call for the same topic replaces the handler
 * @unsubscribe: leaves a topic. Its validator stays
 * @set_topic_validator: sets who judges the messages on a topic. Without one all are accepted
 * @finish_validation: says what a validator could not say at once. Unknown tickets are those of messages that
 * are not waited for any more
 * @publish_async: publishes a message on a topic, subscribed or not; done when the validator accepted it
 * @publish_finish: finishes @publish_async
 * @put_value_async: stores a value in the network under a key
 * @put_value_finish: finishes @put_value_async
 * @get_value_async: finds the value the network keeps under a key
 * @get_value_finish: finishes @get_value_async
 * @provide_async: tells the network that this peer provides what a key names
 * @provide_finish: finishes @provide_async
 * @find_providers_async: finds peers that provide what a key names
 * @find_providers_finish: finishes @find_providers_async
 * @list_peers: lists the peers this one is connected to
 * @list_known_peers: lists the peers in the routing table
 * @ping_async: measures the round trip to a peer
 * @ping_finish: finishes @ping_async
 * @dup_scores: says what publish/subscribe thinks of peers
 * @set_private_network_key: makes this peer talk only to those with the same key; before the start only
 * @list_connections: lists the connections there are
 * @list_limits: lists the limits and how much of them is used
 * @trace_dial_async: connects to the peer at an address and tells of each step. `/p2p/<peer>` alone stands
 * for the addresses that are known of a peer. A connection that stands is used, and only what is done anew is
 * told
 * @trace_dial_finish: finishes @trace_dial_async
 * @dup_peer_protocols: says what a peer speaks; %NULL when it has not been identified
 * @set_peer_handler: sets who is told of peers that were identified and that went. Those that are there
 * already are told too
 * @set_peer_score: says what the program itself thinks of a peer, for publish/subscribe
 * @stop_providing: says no more that this peer provides what a key names; what others were told runs out
 * @estimate_peers: guesses how many peers the network has, this one included; 0 when it has no idea
 * @get_reachability: says whether others can connect to this node
 *
 * The contract of a network. Every function may be %NULL: the default answers %DMS_ERROR_NOT_SUPPORTED, or
 * nothing where no error can be answered.
 *
 * Handlers and callbacks run in the main context that started the transport, never from inside the call that
 * caused them.
 */
struct _DmsTransportInterface
{
  GTypeInterface parent_iface;

  const char *(*get_id) (DmsTransport *self);

  void (*start_async) (DmsTransport *self,
                       DmsTransportConfig *config,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*start_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  void (*stop_async) (DmsTransport *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  gboolean (*stop_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  DmsPeerId *(*dup_peer_id) (DmsTransport *self);

  GPtrArray *(*dup_listen_addresses) (DmsTransport *self);

  void (*listen_async) (DmsTransport *self,
                        DmsMultiaddr *address,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  gboolean (*listen_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  void (*dial_async) (DmsTransport *self,
                      DmsMultiaddr *address,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  DmsPeerId *(*dial_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  void (*disconnect_peer) (DmsTransport *self, DmsPeerId *peer);

  void (*set_stream_handler) (DmsTransport *self,
                              const char *protocol,
                              DmsStreamHandler handler,
                              gpointer user_data,
                              GDestroyNotify destroy);

  void (*open_stream_async) (DmsTransport *self,
                             DmsPeerId *peer,
                             const char *protocol,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
  DmsStream *(*open_stream_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  void (*set_inbox_handler) (DmsTransport *self,
                             DmsInboxHandler handler,
                             gpointer user_data,
                             GDestroyNotify destroy);

  void (*send_message_async) (DmsTransport *self,
                              DmsPeerId *peer,
                              const char *inbox,
                              GBytes *bytes,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
  gboolean (*send_message_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  gboolean (*subscribe) (DmsTransport *self,
                         const char *topic,
                         DmsTopicHandler handler,
                         gpointer user_data,
                         GDestroyNotify destroy,
                         GError **error);

  void (*unsubscribe) (DmsTransport *self, const char *topic);

  void (*set_topic_validator) (DmsTransport *self,
                               const char *topic,
                               DmsTopicValidator handler,
                               gpointer user_data,
                               GDestroyNotify destroy);

  void (*publish_async) (DmsTransport *self,
                         const char *topic,
                         GBytes *bytes,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
  gboolean (*publish_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  void (*put_value_async) (DmsTransport *self,
                           const char *key,
                           GBytes *bytes,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
  gboolean (*put_value_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  void (*get_value_async) (DmsTransport *self,
                           const char *key,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
  GBytes *(*get_value_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  void (*provide_async) (DmsTransport *self,
                         const char *key,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
  gboolean (*provide_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  void (*find_providers_async) (DmsTransport *self,
                                const char *key,
                                guint max_peers,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
  GPtrArray *(*find_providers_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  GPtrArray *(*list_peers) (DmsTransport *self);

  GPtrArray *(*list_known_peers) (DmsTransport *self);

  void (*ping_async) (DmsTransport *self,
                      DmsPeerId *peer,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  gint64 (*ping_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  GPtrArray *(*dup_scores) (DmsTransport *self);

  gboolean (*set_private_network_key) (DmsTransport *self, GBytes *key, GError **error);

  GPtrArray *(*list_connections) (DmsTransport *self);

  GPtrArray *(*list_limits) (DmsTransport *self);

  void (*trace_dial_async) (DmsTransport *self,
                            DmsMultiaddr *address,
                            GCancellable *cancellable,
                            DmsDialStepFunc progress,
                            gpointer progress_data,
                            GDestroyNotify progress_destroy,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
  DmsPeerId *(*trace_dial_finish) (DmsTransport *self, GAsyncResult *result, GError **error);

  GStrv (*dup_peer_protocols) (DmsTransport *self, DmsPeerId *peer);

  void (*set_peer_handler) (DmsTransport *self,
                            DmsPeerHandler handler,
                            gpointer user_data,
                            GDestroyNotify destroy);

  void (*set_peer_score) (DmsTransport *self, DmsPeerId *peer, double score);

  void (*finish_validation) (DmsTransport *self, guint64 ticket, DmsValidation verdict);

  void (*stop_providing) (DmsTransport *self, const char *key);

  guint (*estimate_peers) (DmsTransport *self);

  DmsReachability (*get_reachability) (DmsTransport *self);

  /*< private >*/
  gpointer reserved[1];
};

DMS_EXPORT const char *dms_transport_get_id (DmsTransport *self);

DMS_EXPORT void dms_transport_start_async (DmsTransport *self,
                                           DmsTransportConfig *config,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
DMS_EXPORT gboolean dms_transport_start_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_stop_async (DmsTransport *self,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT gboolean dms_transport_stop_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT DmsPeerId *dms_transport_dup_peer_id (DmsTransport *self);

DMS_EXPORT GPtrArray *dms_transport_dup_listen_addresses (DmsTransport *self);

DMS_EXPORT void dms_transport_listen_async (DmsTransport *self,
                                            DmsMultiaddr *address,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
DMS_EXPORT gboolean dms_transport_listen_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_dial_async (DmsTransport *self,
                                          DmsMultiaddr *address,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT DmsPeerId *dms_transport_dial_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_disconnect_peer (DmsTransport *self, DmsPeerId *peer);

DMS_EXPORT void dms_transport_set_stream_handler (DmsTransport *self,
                                                  const char *protocol,
                                                  DmsStreamHandler handler,
                                                  gpointer user_data,
                                                  GDestroyNotify destroy);

DMS_EXPORT void dms_transport_open_stream_async (DmsTransport *self,
                                                 DmsPeerId *peer,
                                                 const char *protocol,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data);
DMS_EXPORT DmsStream *
dms_transport_open_stream_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_set_inbox_handler (DmsTransport *self,
                                                 DmsInboxHandler handler,
                                                 gpointer user_data,
                                                 GDestroyNotify destroy);

DMS_EXPORT void dms_transport_send_message_async (DmsTransport *self,
                                                  DmsPeerId *peer,
                                                  const char *inbox,
                                                  GBytes *bytes,
                                                  GCancellable *cancellable,
                                                  GAsyncReadyCallback callback,
                                                  gpointer user_data);
DMS_EXPORT gboolean dms_transport_send_message_finish (DmsTransport *self,
                                                       GAsyncResult *result,
                                                       GError **error);

DMS_EXPORT gboolean dms_transport_subscribe (DmsTransport *self,
                                             const char *topic,
                                             DmsTopicHandler handler,
                                             gpointer user_data,
                                             GDestroyNotify destroy,
                                             GError **error);

DMS_EXPORT void dms_transport_unsubscribe (DmsTransport *self, const char *topic);

DMS_EXPORT void dms_transport_set_topic_validator (DmsTransport *self,
                                                   const char *topic,
                                                   DmsTopicValidator handler,
                                                   gpointer user_data,
                                                   GDestroyNotify destroy);

DMS_EXPORT void
dms_transport_finish_validation (DmsTransport *self, guint64 ticket, DmsValidation verdict);

DMS_EXPORT void dms_transport_publish_async (DmsTransport *self,
                                             const char *topic,
                                             GBytes *bytes,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
DMS_EXPORT gboolean dms_transport_publish_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_put_value_async (DmsTransport *self,
                                               const char *key,
                                               GBytes *bytes,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
DMS_EXPORT gboolean dms_transport_put_value_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_get_value_async (DmsTransport *self,
                                               const char *key,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
DMS_EXPORT GBytes *dms_transport_get_value_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_provide_async (DmsTransport *self,
                                             const char *key,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
DMS_EXPORT gboolean dms_transport_provide_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_find_providers_async (DmsTransport *self,
                                                    const char *key,
                                                    guint max_peers,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
DMS_EXPORT GPtrArray *
dms_transport_find_providers_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT void dms_transport_stop_providing (DmsTransport *self, const char *key);

DMS_EXPORT guint dms_transport_estimate_peers (DmsTransport *self);

DMS_EXPORT GPtrArray *dms_transport_list_peers (DmsTransport *self);

DMS_EXPORT GPtrArray *dms_transport_list_known_peers (DmsTransport *self);

DMS_EXPORT void dms_transport_ping_async (DmsTransport *self,
                                          DmsPeerId *peer,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
DMS_EXPORT gint64 dms_transport_ping_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT GPtrArray *dms_transport_dup_scores (DmsTransport *self);

DMS_EXPORT gboolean dms_transport_set_private_network_key (DmsTransport *self, GBytes *key, GError **error);

DMS_EXPORT GPtrArray *dms_transport_list_connections (DmsTransport *self);

DMS_EXPORT GPtrArray *dms_transport_list_limits (DmsTransport *self);

DMS_EXPORT void dms_transport_trace_dial_async (DmsTransport *self,
                                                DmsMultiaddr *address,
                                                GCancellable *cancellable,
                                                DmsDialStepFunc progress,
                                                gpointer progress_data,
                                                GDestroyNotify progress_destroy,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data);
DMS_EXPORT DmsPeerId *
dms_transport_trace_dial_finish (DmsTransport *self, GAsyncResult *result, GError **error);

DMS_EXPORT GStrv dms_transport_dup_peer_protocols (DmsTransport *self, DmsPeerId *peer);

DMS_EXPORT void dms_transport_set_peer_handler (DmsTransport *self,
                                                DmsPeerHandler handler,
                                                gpointer user_data,
                                                GDestroyNotify destroy);

DMS_EXPORT void dms_transport_set_peer_score (DmsTransport *self, DmsPeerId *peer, double score);

DMS_EXPORT DmsReachability dms_transport_get_reachability (DmsTransport *self);

G_END_DECLS
