/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip.h"

#include <sodium.h>
#include <string.h>

#include "gossipsub/dms-p2p-gossip-limits.h"
#include "gossipsub/dms-p2p-gossip-line.h"
#include "identify/dms-p2p-signed-record.h"
#include "swarm/dms-p2p-address.h"

enum
{
  /* How long addresses from peer exchange are worth trying (go-libp2p, peerstore: TempAddrTTL is 2 min; a
   * dial may wait for others). */
  DMS_P2P_GOSSIP_PX_TTL_S = 10 * 60,
  /* A stream that broke is opened again so often in the life of a connection (ours). */
  DMS_P2P_GOSSIP_MAX_REOPENS = 8,
};

static const char *const dms_p2p_gossip_protocols[] = { DMS_P2P_GOSSIP_PROTOCOL_1_2,
                                                        DMS_P2P_GOSSIP_PROTOCOL_1_1,
                                                        DMS_P2P_GOSSIP_PROTOCOL_1_0,
                                                        NULL };

/* A peer that is connected and spoke gossipsub, or said it does. */
typedef struct
{
  DmsP2pGossipLine *line;
  /* What the stream to it is on; NULL when there is none. */
  DmsP2pConnection *connection;
  gboolean is_opening;
  guint n_opened;
  double app_score;
} DmsP2pGossipMember;

struct _DmsP2pGossip
{
  GObject parent_instance;

  DmsP2pHost *host;
  DmsP2pGossipCallbacks callbacks;
  gpointer user_data;
  DmsP2pGossipCore *core;
  /* DmsPeerId to DmsP2pGossipMember. */
  GHashTable *members;
  GSource *heartbeat;
  /* The next turn of the core; NULL when it asked for none. */
  GSource *turn;
  GCancellable *cancellable;
  guint n_px_dials;
  gboolean is_closed;
};

G_DEFINE_FINAL_TYPE (DmsP2pGossip, dms_p2p_gossip, G_TYPE_OBJECT)

/* An opening of a stream. */
typedef struct
{
  DmsP2pGossip *self;
  DmsP2pConnection *connection;
  DmsP2pGossipLine *line;
} DmsP2pGossipOpening;

static void
dms_p2p_gossip_opening_free (DmsP2pGossipOpening *opening)
{
  dms_p2p_gossip_line_unref (opening->line);
  g_object_unref (opening->self);
  g_object_unref (opening->connection);
  g_free (opening);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipOpening, dms_p2p_gossip_opening_free)

static void
dms_p2p_gossip_finalize (GObject *object)
{
  DmsP2pGossip *self = DMS_P2P_GOSSIP (object);

  g_clear_pointer (&self->members, g_hash_table_unref);
  g_clear_pointer (&self->core, dms_p2p_gossip_core_free);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->host);
  G_OBJECT_CLASS (dms_p2p_gossip_parent_class)->finalize (object);
}

static void
dms_p2p_gossip_class_init (DmsP2pGossipClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_gossip_finalize;
}

static void
dms_p2p_gossip_member_free (gpointer data)
{
  DmsP2pGossipMember *member = data;

  dms_p2p_gossip_line_close (member->line);
  dms_p2p_gossip_line_unref (member->line);
  g_clear_object (&member->connection);
  g_free (member);
}

static void
dms_p2p_gossip_init (DmsP2pGossip *self)
{
  self->cancellable = g_cancellable_new ();
  self->members = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                         (GEqualFunc) dms_peer_id_equal,
                                         (GDestroyNotify) dms_peer_id_unref,
                                         dms_p2p_gossip_member_free);
}

/* What the core asks for */

static gint64
dms_p2p_gossip_on_now (gpointer user_data)
{
  return g_get_monotonic_time ();
}

static guint32
dms_p2p_gossip_on_random (gpointer user_data)
{
  return randombytes_random ();
}

static void
dms_p2p_gossip_on_send (DmsPeerId *peer, GBytes *rpc, DmsP2pGossipUrgency urgency, gpointer user_data)
{
  DmsP2pGossip *self = user_data;
  DmsP2pGossipMember *member = g_hash_table_lookup (self->members, peer);

  if (member != NULL)
    dms_p2p_gossip_line_send (member->line, rpc, urgency);
}

static DmsValidation
dms_p2p_gossip_on_validate (const char *topic,
                            DmsPeerId *from,
                            GBytes *data,
                            guint64 ticket,
                            gpointer user_data)
{
  DmsP2pGossip *self = user_data;

  if (self->is_closed)
    return DMS_VALIDATION_IGNORE;
  return self->callbacks.validate (topic, from, data, ticket, self->user_data);
}

static void
dms_p2p_gossip_on_deliver (const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data)
{
  DmsP2pGossip *self = user_data;

  if (!self->is_closed)
    self->callbacks.deliver (topic, from, data, self->user_data);
}

static DmsP2pPeerStore *
dms_p2p_gossip_get_peer_store (DmsP2pGossip *self)
{
  return dms_p2p_swarm_get_peer_store (dms_p2p_host_get_swarm (self->host));
}

static void
dms_p2p_gossip_on_px_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pGossip) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  self->n_px_dials--;
  if (connection == NULL)
    g_debug ("A peer that another one proposed cannot be reached: %s", error->message);
}

/* Only addresses that the peer signed for are believed: anybody can name anybody. */
static void
dms_p2p_gossip_on_connect (DmsPeerId *peer, GBytes *envelope, gpointer user_data)
{
  DmsP2pGossip *self = user_data;
  DmsP2pSwarm *swarm = dms_p2p_host_get_swarm (self->host);
  g_autoptr (DmsP2pSignedRecord) record = NULL;

  if (self->is_closed || envelope == NULL || self->n_px_dials >= DMS_P2P_GOSSIP_MAX_PX_DIALS ||
      dms_p2p_swarm_find (swarm, peer) != NULL)
    return;
  record =
      dms_p2p_signed_record_open (g_bytes_get_data (envelope, NULL), g_bytes_get_size (envelope), peer, NULL);
  if (record == NULL || record->addresses->len == 0)
    return;
  dms_p2p_peer_store_add_addresses (
      dms_p2p_gossip_get_peer_store (self), peer, record->addresses, DMS_P2P_GOSSIP_PX_TTL_S, TRUE);
  self->n_px_dials++;
  dms_p2p_swarm_connect_async (swarm,
                               peer,
                               NULL,
                               FALSE,
                               NULL,
                               NULL,
                               self->cancellable,
                               dms_p2p_gossip_on_px_connected,
                               g_object_ref (self));
}

static GBytes *
dms_p2p_gossip_on_dup_record (DmsPeerId *peer, gpointer user_data)
{
  return dms_p2p_peer_store_dup_envelope (dms_p2p_gossip_get_peer_store (user_data), peer);
}

static gboolean
dms_p2p_gossip_on_turn (gpointer user_data)
{
  g_autoptr (DmsP2pGossip) self = g_object_ref (user_data);

  g_clear_pointer (&self->turn, g_source_unref);
  dms_p2p_gossip_core_work (self->core);
  return G_SOURCE_REMOVE;
}

/* At the priority of what is read and written: nobody has to wait for the other. */
static void
dms_p2p_gossip_on_wake (gpointer user_data)
{
  DmsP2pGossip *self = user_data;

  if (self->is_closed || self->turn != NULL)
    return;
  self->turn = g_idle_source_new ();
  g_source_set_priority (self->turn, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->turn, "dms-p2p-gossip-turn");
  g_source_set_callback (self->turn, dms_p2p_gossip_on_turn, self, NULL);
  g_source_attach (self->turn, g_source_get_context (self->heartbeat));
}

static void
dms_p2p_gossip_on_drained (DmsPeerId *peer, gpointer user_data)
{
  DmsP2pGossip *self = user_data;
  DmsP2pGossipMember *member = g_hash_table_lookup (self->members, peer);

  if (member != NULL)
    dms_p2p_gossip_line_release (member->line);
}

/* Peers */

/* What counts as one place: an IPv4 address, a /64 of IPv6; this machine and relayed peers as none. */
static char *
dms_p2p_gossip_dup_place (DmsP2pConnection *connection)
{
  DmsMultiaddr *remote = dms_p2p_connection_get_remote (connection);
  g_autoptr (GInetAddress) ip = remote != NULL ? dms_p2p_address_dup_ip (remote) : NULL;
  g_autofree char *text = NULL;
  const guint8 *bytes = NULL;

  if (ip == NULL || g_inet_address_get_is_loopback (ip))
    return NULL;
  text = g_inet_address_to_string (ip);
  if (g_inet_address_get_family (ip) != G_SOCKET_FAMILY_IPV6)
    return g_steal_pointer (&text);
  bytes = g_inet_address_to_bytes (ip);
  return g_strdup_printf ("%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64",
                          bytes[0],
                          bytes[1],
                          bytes[2],
                          bytes[3],
                          bytes[4],
                          bytes[5],
                          bytes[6],
                          bytes[7]);
}

static DmsP2pGossipVersion
dms_p2p_gossip_version_of (const char *protocol)
{
  if (g_str_equal (protocol, DMS_P2P_GOSSIP_PROTOCOL_1_2))
    return DMS_P2P_GOSSIP_V1_2;
  return g_str_equal (protocol, DMS_P2P_GOSSIP_PROTOCOL_1_1) ? DMS_P2P_GOSSIP_V1_1 : DMS_P2P_GOSSIP_V1_0;
}

static gboolean
dms_p2p_gossip_on_received (DmsP2pGossipLine *line, GBytes *rpc, gpointer user_data)
{
  g_autoptr (DmsP2pGossip) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (rpc, &size);
  DmsPeerId *peer = dms_p2p_gossip_line_get_peer (line);

  if (self->is_closed)
    return FALSE;
  if (!dms_p2p_gossip_core_receive (self->core, peer, data, size, &error))
    {
      g_debug ("From %s: %s", dms_peer_id_get_text (peer), error->message);
      return FALSE;
    }
  if (dms_p2p_gossip_core_is_busy_with (self->core, peer))
    dms_p2p_gossip_line_hold (line, size);
  return TRUE;
}

static void
dms_p2p_gossip_open (DmsP2pGossip *self, DmsP2pGossipMember *member, DmsP2pConnection *connection);

/* The peer has not heard what we said last: it is told everything again, on a new stream. */
static void
dms_p2p_gossip_on_broken (DmsP2pGossipLine *line, gpointer user_data)
{
  DmsP2pGossip *self = user_data;
  DmsPeerId *peer = dms_p2p_gossip_line_get_peer (line);
  DmsP2pGossipMember *member = g_hash_table_lookup (self->members, peer);
  DmsP2pConnection *connection = dms_p2p_swarm_find (dms_p2p_host_get_swarm (self->host), peer);

  dms_p2p_gossip_core_remove_peer (self->core, peer);
  /* What waited of it is gone. */
  dms_p2p_gossip_line_release (line);
  if (member != NULL && connection != NULL)
    dms_p2p_gossip_open (self, member, connection);
}

static DmsP2pGossipMember *
dms_p2p_gossip_ensure_member (DmsP2pGossip *self, DmsPeerId *peer)
{
  static const DmsP2pGossipLineFuncs funcs = { dms_p2p_gossip_on_received, dms_p2p_gossip_on_broken };
  DmsP2pGossipMember *member = g_hash_table_lookup (self->members, peer);

  if (member != NULL)
    return member;
  member = g_new0 (DmsP2pGossipMember, 1);
  member->line = dms_p2p_gossip_line_new (peer, &funcs, self);
  g_hash_table_insert (self->members, dms_peer_id_ref (peer), member);
  return member;
}

static void
dms_p2p_gossip_remove_member (DmsP2pGossip *self, DmsPeerId *peer)
{
  g_autoptr (DmsPeerId) keep = dms_peer_id_ref (peer);

  dms_p2p_gossip_core_remove_peer (self->core, keep);
  g_hash_table_remove (self->members, keep);
}

/* Whoever is not written to is not read from either; but there may be another way to him. */
static void
dms_p2p_gossip_open_elsewhere (DmsP2pGossip *self, DmsP2pGossipMember *member, DmsP2pConnection *failed)
{
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (failed);
  DmsP2pConnection *other = dms_p2p_swarm_find (dms_p2p_host_get_swarm (self->host), peer);

  if (other == NULL || other == failed || member->n_opened > DMS_P2P_GOSSIP_MAX_REOPENS)
    dms_p2p_gossip_remove_member (self, peer);
  else
    dms_p2p_gossip_open (self, member, other);
}

static void
dms_p2p_gossip_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pGossipOpening) opening = user_data;
  DmsP2pGossip *self = opening->self;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (opening->connection);
  DmsP2pGossipMember *member = g_hash_table_lookup (self->members, peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);
  g_autofree char *place = NULL;
  DmsP2pConnection *best = NULL;
  gboolean has_moved = FALSE;

  /* The peer may have gone and come back meanwhile. */
  if (member != NULL && member->line != opening->line)
    member = NULL;
  if (member != NULL)
    member->is_opening = FALSE;
  if (stream == NULL || member == NULL || self->is_closed)
    {
      if (stream != NULL)
        dms_stream_reset (DMS_STREAM (stream));
      else
        g_debug ("No gossip with %s: %s", dms_peer_id_get_text (peer), error->message);
      if (stream == NULL && member != NULL && !self->is_closed && !dms_p2p_gossip_line_is_open (member->line))
        dms_p2p_gossip_open_elsewhere (self, member, opening->connection);
      return;
    }
  place = dms_p2p_gossip_dup_place (opening->connection);
  has_moved = dms_p2p_gossip_line_is_open (member->line);
  g_set_object (&member->connection, opening->connection);
  dms_p2p_gossip_line_set_outlet (member->line, stream);
  /* What was on its way over the other connection may be lost; others ask for messages, nobody for topics. */
  if (has_moved)
    dms_p2p_gossip_core_greet_again (self->core, peer);
  dms_p2p_gossip_core_add_peer (self->core,
                                peer,
                                dms_p2p_gossip_version_of (dms_stream_get_protocol (DMS_STREAM (stream))),
                                !dms_p2p_connection_is_inbound (opening->connection),
                                place);
  dms_p2p_gossip_core_set_app_score (self->core, peer, member->app_score);
  /* A better connection may have come up meanwhile. */
  best = dms_p2p_swarm_find (dms_p2p_host_get_swarm (self->host), peer);
  if (best != NULL)
    dms_p2p_gossip_open (self, member, best);
}

/* Of two connections that were dialled at once from both ends one ends when nothing goes over it any more:
 * what goes over the other one moves. */
static gboolean
dms_p2p_gossip_is_well_placed (DmsP2pGossip *self, DmsP2pGossipMember *member, DmsP2pConnection *connection)
{
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);

  return dms_p2p_gossip_line_is_open (member->line) &&
         (member->connection == connection ||
          dms_p2p_swarm_find (dms_p2p_host_get_swarm (self->host), peer) != connection);
}

static void
dms_p2p_gossip_open (DmsP2pGossip *self, DmsP2pGossipMember *member, DmsP2pConnection *connection)
{
  DmsP2pGossipOpening *opening = NULL;

  /* What is relayed is limited in bytes: none of them are for gossip. */
  if (self->is_closed || dms_p2p_connection_is_limited (connection) || member->is_opening ||
      dms_p2p_gossip_is_well_placed (self, member, connection) ||
      member->n_opened > DMS_P2P_GOSSIP_MAX_REOPENS)
    return;
  member->is_opening = TRUE;
  member->n_opened++;
  opening = g_new0 (DmsP2pGossipOpening, 1);
  opening->self = g_object_ref (self);
  opening->connection = g_object_ref (connection);
  opening->line = dms_p2p_gossip_line_ref (member->line);
  dms_p2p_host_open_stream_on_async (
      self->host, connection, dms_p2p_gossip_protocols, self->cancellable, dms_p2p_gossip_on_opened, opening);
}

static void
dms_p2p_gossip_on_stream (DmsP2pHost *host,
                          DmsP2pConnection *connection,
                          DmsP2pStream *stream,
                          gpointer user_data)
{
  DmsP2pGossip *self = user_data;
  DmsP2pGossipMember *member = NULL;

  /* What is relayed is limited in bytes: none of them are for gossip. */
  if (self->is_closed || dms_p2p_connection_is_limited (connection))
    {
      dms_stream_reset (DMS_STREAM (stream));
      return;
    }
  member = dms_p2p_gossip_ensure_member (self, dms_p2p_connection_get_peer_id (connection));
  /* Whoever begins to write has perhaps forgotten us and what we said to him before. */
  dms_p2p_gossip_core_greet_again (self->core, dms_p2p_connection_get_peer_id (connection));
  dms_p2p_gossip_line_set_inlet (member->line, stream);
  dms_p2p_gossip_open (self, member, connection);
}

static gboolean
dms_p2p_gossip_speaks (const char *const *protocols)
{
  for (guint i = 0; dms_p2p_gossip_protocols[i] != NULL; i++)
    {
      if (protocols != NULL && g_strv_contains (protocols, dms_p2p_gossip_protocols[i]))
        return TRUE;
    }
  return FALSE;
}

static void
dms_p2p_gossip_on_identified (DmsP2pHost *host, DmsP2pConnection *connection, gpointer user_data)
{
  DmsP2pGossip *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);

  if (self->is_closed || dms_p2p_connection_is_limited (connection) ||
      !dms_p2p_gossip_speaks (dms_p2p_peer_store_get_protocols (dms_p2p_gossip_get_peer_store (self), peer)))
    return;
  dms_p2p_gossip_open (self, dms_p2p_gossip_ensure_member (self, peer), connection);
}

static void
dms_p2p_gossip_on_connection (DmsP2pSwarm *swarm,
                              DmsP2pConnection *connection,
                              gboolean is_open,
                              gpointer user_data)
{
  DmsP2pGossip *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  DmsP2pGossipMember *member = g_hash_table_lookup (self->members, peer);

  if (self->is_closed || is_open || member == NULL)
    return;
  if (dms_p2p_swarm_find (swarm, peer) == NULL)
    {
      dms_p2p_gossip_remove_member (self, peer);
      return;
    }
  /* There may be nothing to write for long, and until then the peer would hear nothing and be told nothing.
   */
  if (member->connection == connection)
    {
      g_clear_object (&member->connection);
      member->n_opened = 0;
      dms_p2p_gossip_line_break (member->line);
    }
}

/* Life */

static gboolean
dms_p2p_gossip_on_heartbeat (gpointer user_data)
{
  g_autoptr (DmsP2pGossip) self = g_object_ref (user_data);

  dms_p2p_gossip_core_heartbeat (self->core);
  return G_SOURCE_CONTINUE;
}

static void
dms_p2p_gossip_start_heartbeat (DmsP2pGossip *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->heartbeat = g_timeout_source_new (DMS_P2P_GOSSIP_HEARTBEAT_MS);
  g_source_set_static_name (self->heartbeat, "dms-p2p-gossip");
  g_source_set_callback (self->heartbeat, dms_p2p_gossip_on_heartbeat, self, NULL);
  g_source_attach (self->heartbeat, context);
}

DmsP2pGossip *
dms_p2p_gossip_new (DmsP2pHost *host, const DmsP2pGossipCallbacks *callbacks, gpointer user_data)
{
  static const DmsP2pGossipFuncs funcs = {
    dms_p2p_gossip_on_now,        dms_p2p_gossip_on_random,  dms_p2p_gossip_on_send,
    dms_p2p_gossip_on_validate,   dms_p2p_gossip_on_deliver, dms_p2p_gossip_on_connect,
    dms_p2p_gossip_on_dup_record, dms_p2p_gossip_on_wake,    dms_p2p_gossip_on_drained,
  };
  DmsP2pGossip *self = g_object_new (DMS_TYPE_P2P_GOSSIP, NULL);
  DmsP2pSwarm *swarm = dms_p2p_host_get_swarm (host);
  DmsP2pGossipScoreParams params;

  self->host = g_object_ref (host);
  self->callbacks = *callbacks;
  self->user_data = user_data;
  dms_p2p_gossip_score_params_init (&params);
  /* As go-libp2p-pubsub counts: from the time of the start, in nanoseconds. */
  self->core = dms_p2p_gossip_core_new (
      dms_p2p_swarm_get_identity (swarm), (guint64) g_get_real_time () * 1000, &params, &funcs, self);
  for (guint i = 0; dms_p2p_gossip_protocols[i] != NULL; i++)
    dms_p2p_host_set_handler (host, dms_p2p_gossip_protocols[i], dms_p2p_gossip_on_stream, self, NULL);
  dms_p2p_host_add_identified (host, dms_p2p_gossip_on_identified, self);
  dms_p2p_swarm_add_notify (swarm, dms_p2p_gossip_on_connection, self);
  dms_p2p_gossip_start_heartbeat (self);
  return self;
}

void
dms_p2p_gossip_close (DmsP2pGossip *self)
{
  if (self->is_closed)
    return;
  self->is_closed = TRUE;
  g_source_destroy (self->heartbeat);
  g_clear_pointer (&self->heartbeat, g_source_unref);
  if (self->turn != NULL)
    g_source_destroy (self->turn);
  g_clear_pointer (&self->turn, g_source_unref);
  for (guint i = 0; dms_p2p_gossip_protocols[i] != NULL; i++)
    dms_p2p_host_set_handler (self->host, dms_p2p_gossip_protocols[i], NULL, NULL, NULL);
  g_cancellable_cancel (self->cancellable);
  g_hash_table_remove_all (self->members);
  dms_p2p_gossip_core_end_cases (self->core);
}

gboolean
dms_p2p_gossip_join (DmsP2pGossip *self, const char *topic, GError **error)
{
  return dms_p2p_gossip_core_join (self->core, topic, error);
}

void
dms_p2p_gossip_leave (DmsP2pGossip *self, const char *topic)
{
  dms_p2p_gossip_core_leave (self->core, topic);
}

void
dms_p2p_gossip_publish (DmsP2pGossip *self,
                        const char *topic,
                        GBytes *data,
                        DmsP2pGossipPublished published,
                        gpointer user_data)
{
  dms_p2p_gossip_core_publish (self->core, topic, data, published, user_data);
}

gboolean
dms_p2p_gossip_finish_validation (DmsP2pGossip *self, guint64 ticket, DmsValidation verdict)
{
  g_autoptr (DmsP2pGossip) keep = g_object_ref (self);

  return dms_p2p_gossip_core_finish_validation (keep->core, ticket, verdict);
}

void
dms_p2p_gossip_set_app_score (DmsP2pGossip *self, DmsPeerId *peer, double score)
{
  DmsP2pGossipMember *member = g_hash_table_lookup (self->members, peer);

  if (member != NULL)
    member->app_score = score;
  dms_p2p_gossip_core_set_app_score (self->core, peer, score);
}

DmsP2pGossipCore *
dms_p2p_gossip_get_core (DmsP2pGossip *self)
{
  return self->core;
}
