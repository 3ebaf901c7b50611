/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-relay-service.h"

#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"
#include "relay/dms-p2p-relay-message.h"
#include "relay/dms-p2p-relay-voucher.h"
#include "relay/dms-p2p-relayed.h"
#include "swarm/dms-p2p-address.h"

/* go-libp2p, p2p/protocol/circuitv2/relay: DefaultResources, DefaultLimit. */
enum
{
  DMS_P2P_RELAY_MAX_PER_IP = 8,
  DMS_P2P_RELAY_RESERVATION_S = 60 * 60,
  DMS_P2P_RELAY_MAX_CIRCUITS_PER_PEER = 16,
  DMS_P2P_RELAY_CIRCUIT_S = 2 * 60,
  DMS_P2P_RELAY_CIRCUIT_BYTES = 128 * 1024,
};

/* Ours. */
enum
{
  /* Questions of one peer that are read or answered at a time, and of all. */
  DMS_P2P_RELAY_MAX_QUESTIONS_PER_PEER = 8,
  DMS_P2P_RELAY_MAX_QUESTIONS = 256,
  DMS_P2P_RELAY_QUESTION_TIMEOUT_MS = 10 * 1000,
  /* How much a peer with a reservation is worth to the connection manager. */
  DMS_P2P_RELAY_TAG_WEIGHT = 10,
};

#define DMS_P2P_RELAY_TAG "relay-reservation"

struct _DmsP2pRelayService
{
  GObject parent_instance;

  DmsP2pHost *host;
  DmsP2pRelayPolicy policy;
  DmsP2pReservations *reservations;
  /* DmsP2pRelayed. */
  GPtrArray *circuits;
  /* DmsPeerId to how many questions of it are open. */
  GHashTable *questions;
  guint n_questions;
  guint64 n_refused;
};

G_DEFINE_FINAL_TYPE (DmsP2pRelayService, dms_p2p_relay_service, G_TYPE_OBJECT)

/* One question of a peer. */
typedef struct
{
  DmsP2pRelayService *service;
  DmsP2pConnection *connection;
  DmsP2pPipe *pipe;
} DmsP2pHopQuestion;

void
dms_p2p_relay_policy_init (DmsP2pRelayPolicy *self)
{
  *self = (DmsP2pRelayPolicy){
    .max_reservations = DMS_P2P_RELAY_MAX_RESERVATIONS,
    .max_per_ip = DMS_P2P_RELAY_MAX_PER_IP,
    .reservation_s = DMS_P2P_RELAY_RESERVATION_S,
    .max_circuits_per_peer = DMS_P2P_RELAY_MAX_CIRCUITS_PER_PEER,
    .max_circuits = DMS_P2P_RELAY_MAX_CIRCUITS,
    .circuit_s = DMS_P2P_RELAY_CIRCUIT_S,
    .circuit_bytes = DMS_P2P_RELAY_CIRCUIT_BYTES,
  };
}

static void
dms_p2p_relay_service_dispose (GObject *object)
{
  DmsP2pRelayService *self = DMS_P2P_RELAY_SERVICE (object);
  g_autoptr (GPtrArray) circuits = g_steal_pointer (&self->circuits);

  for (guint i = 0; circuits != NULL && i < circuits->len; i++)
    dms_p2p_relayed_drop (circuits->pdata[i]);
  G_OBJECT_CLASS (dms_p2p_relay_service_parent_class)->dispose (object);
}

static void
dms_p2p_relay_service_finalize (GObject *object)
{
  DmsP2pRelayService *self = DMS_P2P_RELAY_SERVICE (object);

  g_clear_object (&self->host);
  g_clear_pointer (&self->reservations, dms_p2p_reservations_free);
  g_clear_pointer (&self->questions, g_hash_table_unref);
  G_OBJECT_CLASS (dms_p2p_relay_service_parent_class)->finalize (object);
}

static void
dms_p2p_relay_service_class_init (DmsP2pRelayServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_relay_service_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_relay_service_finalize;
}

static void
dms_p2p_relay_service_init (DmsP2pRelayService *self)
{
  self->circuits = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_relayed_unref);
  self->questions = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, (GDestroyNotify) dms_peer_id_unref, NULL);
}

guint
dms_p2p_relay_service_get_n_reservations (DmsP2pRelayService *self)
{
  return dms_p2p_reservations_get_n (self->reservations, g_get_monotonic_time ());
}

guint
dms_p2p_relay_service_get_n_circuits (DmsP2pRelayService *self)
{
  return self->circuits->len;
}

guint64
dms_p2p_relay_service_get_n_refused (DmsP2pRelayService *self)
{
  return self->n_refused;
}

const DmsP2pRelayPolicy *
dms_p2p_relay_service_get_policy (DmsP2pRelayService *self)
{
  return &self->policy;
}

DmsP2pHost *
dms_p2p_relay_service_get_host (DmsP2pRelayService *self)
{
  return self->host;
}

static void
dms_p2p_hop_question_free (DmsP2pHopQuestion *self)
{
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (self->connection);
  GHashTable *table = self->service->questions;
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (table, peer));

  self->service->n_questions--;
  if (n > 1)
    g_hash_table_replace (table, dms_peer_id_ref (peer), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (table, peer);
  g_clear_object (&self->pipe);
  g_clear_object (&self->connection);
  g_clear_object (&self->service);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pHopQuestion, dms_p2p_hop_question_free)

static void
dms_p2p_hop_question_on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pHopQuestion) self = user_data;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_pipe_close (self->pipe);
  else
    dms_p2p_pipe_reset (self->pipe, 0);
}

/* Takes @self. */
static void
dms_p2p_hop_question_answer (DmsP2pHopQuestion *self, const DmsP2pRelayMessage *answer)
{
  g_autoptr (GBytes) bytes = dms_p2p_relay_message_encode (answer, DMS_P2P_RELAY_HOP);

  dms_p2p_pipe_write_all_async (
      self->pipe, bytes, DMS_P2P_RELAY_QUESTION_TIMEOUT_MS, NULL, dms_p2p_hop_question_on_answered, self);
}

/* Takes @self. */
static void
dms_p2p_hop_question_refuse (DmsP2pHopQuestion *self, DmsP2pRelayStatus status)
{
  g_autoptr (DmsP2pRelayMessage) answer = dms_p2p_relay_message_new (DMS_P2P_RELAY_STATUS);

  self->service->n_refused++;
  answer->status = status;
  dms_p2p_hop_question_answer (self, answer);
}

/* Where this relay is: public addresses, or all when it has none. */
static void
dms_p2p_relay_service_add_addresses (DmsP2pRelayService *self, GPtrArray *list)
{
  DmsP2pSwarm *swarm = dms_p2p_host_get_swarm (self->host);
  DmsPeerId *own = dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (swarm));
  g_autoptr (GPtrArray) addresses = dms_p2p_swarm_dup_listen_addresses (swarm);
  gboolean has_public = FALSE;

  for (guint i = 0; i < addresses->len; i++)
    has_public |= dms_p2p_address_get_reach (addresses->pdata[i]) == DMS_P2P_REACH_PUBLIC;
  for (guint i = 0; i < addresses->len && list->len < DMS_P2P_RELAY_MAX_ADDRESSES; i++)
    {
      DmsMultiaddr *address = addresses->pdata[i];

      if (!dms_p2p_address_is_relayed (address) &&
          (!has_public || dms_p2p_address_get_reach (address) == DMS_P2P_REACH_PUBLIC))
        g_ptr_array_add (list, dms_multiaddr_append_peer_id (address, own));
    }
}

/* Takes @question. */
static void
dms_p2p_relay_service_reserve (DmsP2pRelayService *self, DmsP2pHopQuestion *question)
{
  DmsP2pSwarm *swarm = dms_p2p_host_get_swarm (self->host);
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (question->connection);
  g_autoptr (GInetAddress) ip = dms_p2p_address_dup_ip (dms_p2p_connection_get_remote (question->connection));
  g_autoptr (DmsP2pRelayMessage) answer = NULL;
  gint64 now_us = g_get_monotonic_time ();

  if (!dms_p2p_reservations_take (self->reservations,
                                  peer,
                                  ip,
                                  now_us,
                                  now_us + (gint64) self->policy.reservation_s * G_USEC_PER_SEC))
    {
      dms_p2p_hop_question_refuse (question, DMS_P2P_RELAY_RESERVATION_REFUSED);
      return;
    }
  dms_p2p_swarm_tag (swarm, peer, DMS_P2P_RELAY_TAG, DMS_P2P_RELAY_TAG_WEIGHT);
  answer = dms_p2p_relay_message_new (DMS_P2P_RELAY_STATUS);
  answer->status = DMS_P2P_RELAY_OK;
  answer->has_reservation = TRUE;
  answer->expire_s = (guint64) (g_get_real_time () / G_USEC_PER_SEC) + self->policy.reservation_s;
  dms_p2p_relay_service_add_addresses (self, answer->addresses);
  answer->voucher = dms_p2p_relay_voucher_seal (dms_p2p_swarm_get_identity (swarm), peer, answer->expire_s);
  answer->has_limit = self->policy.circuit_s > 0 || self->policy.circuit_bytes > 0;
  answer->limit_s = self->policy.circuit_s;
  answer->limit_bytes = self->policy.circuit_bytes;
  dms_p2p_hop_question_answer (question, answer);
}

static guint
dms_p2p_relay_service_count_circuits (DmsP2pRelayService *self, DmsPeerId *peer)
{
  guint n = 0;

  for (guint i = 0; i < self->circuits->len; i++)
    if (dms_peer_id_equal (dms_p2p_relayed_get_from (self->circuits->pdata[i]), peer) ||
        dms_peer_id_equal (dms_p2p_relayed_get_to (self->circuits->pdata[i]), peer))
      n++;
  return n;
}

static void
dms_p2p_relay_service_on_over (DmsP2pRelayed *circuit, gpointer user_data)
{
  DmsP2pRelayService *self = user_data;

  g_ptr_array_remove_fast (self->circuits, circuit);
}

static gboolean
dms_p2p_relay_service_has_room (DmsP2pRelayService *self, DmsPeerId *from, DmsPeerId *to)
{
  return self->circuits->len < self->policy.max_circuits &&
         dms_p2p_relay_service_count_circuits (self, from) < self->policy.max_circuits_per_peer &&
         dms_p2p_relay_service_count_circuits (self, to) < self->policy.max_circuits_per_peer;
}

/* Takes @question. */
static void
dms_p2p_relay_service_connect (DmsP2pRelayService *self, DmsP2pHopQuestion *question, DmsPeerId *to)
{
  g_autoptr (DmsP2pHopQuestion) own = question;
  DmsPeerId *from = dms_p2p_connection_get_peer_id (question->connection);
  DmsP2pConnection *destination = dms_p2p_swarm_find (dms_p2p_host_get_swarm (self->host), to);

  if (dms_peer_id_equal (from, to))
    dms_p2p_hop_question_refuse (g_steal_pointer (&own), DMS_P2P_RELAY_MALFORMED_MESSAGE);
  else if (!dms_p2p_reservations_has (self->reservations, to, g_get_monotonic_time ()))
    dms_p2p_hop_question_refuse (g_steal_pointer (&own), DMS_P2P_RELAY_NO_RESERVATION);
  else if (!dms_p2p_relay_service_has_room (self, from, to))
    dms_p2p_hop_question_refuse (g_steal_pointer (&own), DMS_P2P_RELAY_RESOURCE_LIMIT_EXCEEDED);
  else if (destination == NULL || dms_p2p_connection_is_limited (destination))
    dms_p2p_hop_question_refuse (g_steal_pointer (&own), DMS_P2P_RELAY_CONNECTION_FAILED);
  else
    g_ptr_array_add (
        self->circuits,
        dms_p2p_relayed_new (self, from, question->pipe, destination, dms_p2p_relay_service_on_over, self));
}

static void
dms_p2p_relay_service_on_question (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pHopQuestion) question = user_data;
  DmsP2pRelayService *self = question->service;
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);
  g_autoptr (DmsP2pRelayMessage) message = NULL;

  if (bytes == NULL || self->circuits == NULL)
    {
      dms_p2p_pipe_reset (question->pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  message = dms_p2p_relay_message_decode (
      DMS_P2P_RELAY_HOP, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL);
  /* Who comes over a relay has nothing to ask of another: there would be no end to it. */
  if (message == NULL)
    dms_p2p_hop_question_refuse (g_steal_pointer (&question), DMS_P2P_RELAY_MALFORMED_MESSAGE);
  else if (dms_p2p_connection_is_limited (question->connection))
    dms_p2p_hop_question_refuse (g_steal_pointer (&question), DMS_P2P_RELAY_PERMISSION_DENIED);
  else if (message->type == DMS_P2P_RELAY_RESERVE)
    dms_p2p_relay_service_reserve (self, g_steal_pointer (&question));
  else if (message->type == DMS_P2P_RELAY_CONNECT)
    dms_p2p_relay_service_connect (self, g_steal_pointer (&question), message->peer);
  else
    dms_p2p_hop_question_refuse (g_steal_pointer (&question), DMS_P2P_RELAY_UNEXPECTED_MESSAGE);
}

static void
dms_p2p_relay_service_on_stream (DmsP2pHost *host,
                                 DmsP2pConnection *connection,
                                 DmsP2pStream *stream,
                                 gpointer user_data)
{
  DmsP2pRelayService *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->questions, peer));
  DmsP2pHopQuestion *question = NULL;

  if (n >= DMS_P2P_RELAY_MAX_QUESTIONS_PER_PEER || self->n_questions >= DMS_P2P_RELAY_MAX_QUESTIONS)
    {
      self->n_refused++;
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_RESOURCE_LIMIT);
      return;
    }
  g_hash_table_replace (self->questions, dms_peer_id_ref (peer), GUINT_TO_POINTER (n + 1));
  self->n_questions++;
  question = g_new0 (DmsP2pHopQuestion, 1);
  question->service = g_object_ref (self);
  question->connection = g_object_ref (connection);
  question->pipe = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_frame_read_async (question->pipe,
                            DMS_P2P_RELAY_MAX_MESSAGE,
                            DMS_P2P_RELAY_QUESTION_TIMEOUT_MS,
                            NULL,
                            dms_p2p_relay_service_on_question,
                            question);
}

/* A reservation holds as long as its peer is connected. */
static void
dms_p2p_relay_service_on_connection (DmsP2pSwarm *swarm,
                                     DmsP2pConnection *connection,
                                     gboolean is_open,
                                     gpointer user_data)
{
  DmsP2pRelayService *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  DmsP2pConnection *other = dms_p2p_swarm_find (swarm, peer);

  if (!is_open && (other == NULL || dms_p2p_connection_is_limited (other)))
    dms_p2p_reservations_remove (self->reservations, peer);
}

DmsP2pRelayService *
dms_p2p_relay_service_new (DmsP2pHost *host, const DmsP2pRelayPolicy *policy)
{
  DmsP2pRelayService *self = g_object_new (DMS_TYPE_P2P_RELAY_SERVICE, NULL);

  self->host = g_object_ref (host);
  self->policy = *policy;
  self->reservations = dms_p2p_reservations_new (policy->max_reservations, policy->max_per_ip);
  dms_p2p_host_set_handler (host, DMS_P2P_RELAY_HOP_PROTOCOL, dms_p2p_relay_service_on_stream, self, NULL);
  dms_p2p_swarm_add_notify (dms_p2p_host_get_swarm (host), dms_p2p_relay_service_on_connection, self);
  return self;
}
