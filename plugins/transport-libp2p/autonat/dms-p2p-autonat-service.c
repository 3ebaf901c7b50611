/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-autonat-service.h"

#include "autonat/dms-p2p-autonat-message.h"
#include "autonat/dms-p2p-dial-back.h"
#include "autonat/dms-p2p-rate-limit.h"
#include "autonat/dms-p2p-reachability.h"
#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"
#include "swarm/dms-p2p-address.h"

enum
{
  /* Requests a minute (libp2p of the nodes in the field: AutoNAT v2, 60 in all and 12 a peer); go-libp2p,
   * p2p/host/autonat: 3 a peer in version 1. */
  DMS_P2P_AUTONAT_RATE = 60,
  DMS_P2P_AUTONAT_RATE_PER_PEER_V2 = 12,
  DMS_P2P_AUTONAT_RATE_PER_PEER_V1 = 3,
  /* go-libp2p, p2p/host/autonat: maxPeerAddresses. */
  DMS_P2P_AUTONAT_V1_MAX_DIALS = 16,
  /* go-libp2p, p2p/protocol/autonatv2: minHandshakeSizeBytes, maxHandshakeSizeBytes. */
  DMS_P2P_AUTONAT_MIN_DATA = 30 * 1000,
  DMS_P2P_AUTONAT_MAX_DATA = 100 * 1000,
  /* The same: data of less than that in a message costs us more than its sender. */
  DMS_P2P_AUTONAT_LEAST_DATA = 100,
  /* The same: amplificationAttackPreventionDialWait: many dials that were asked for at once are spread. */
  DMS_P2P_AUTONAT_MAX_WAIT_MS = 3000,
  DMS_P2P_AUTONAT_TIMEOUT_MS = 15 * 1000,
  /* Questions under way; ours. */
  DMS_P2P_AUTONAT_MAX_QUESTIONS = 64,
};

struct _DmsP2pAutonatService
{
  GObject parent_instance;

  DmsP2pHost *host;
  DmsP2pIdentify *identify;
  GMainContext *context;
  DmsP2pDialBack *dial_back;
  DmsP2pRateLimit *rates[2];
  GCancellable *closed;
  guint n_questions;
  gboolean is_private_allowed;
};

G_DEFINE_FINAL_TYPE (DmsP2pAutonatService, dms_p2p_autonat_service, G_TYPE_OBJECT)

/* One question. */
typedef struct
{
  DmsP2pAutonatService *service;
  DmsP2pAutonatVersion version;
  DmsP2pConnection *connection;
  DmsP2pPipe *pipe;
  DmsP2pAutonatMessage *request;
  /* What may be dialled. */
  GPtrArray *addresses;
  guint index;
  guint64 left;
} DmsP2pAutonatQuestion;

static void
dms_p2p_autonat_service_dispose (GObject *object)
{
  dms_p2p_autonat_service_close (DMS_P2P_AUTONAT_SERVICE (object));
  G_OBJECT_CLASS (dms_p2p_autonat_service_parent_class)->dispose (object);
}

static void
dms_p2p_autonat_service_finalize (GObject *object)
{
  DmsP2pAutonatService *self = DMS_P2P_AUTONAT_SERVICE (object);

  g_clear_object (&self->host);
  g_clear_object (&self->identify);
  g_clear_object (&self->dial_back);
  g_clear_object (&self->closed);
  g_clear_pointer (&self->context, g_main_context_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->rates); i++)
    g_clear_pointer (&self->rates[i], dms_p2p_rate_limit_free);
  G_OBJECT_CLASS (dms_p2p_autonat_service_parent_class)->finalize (object);
}

static void
dms_p2p_autonat_service_class_init (DmsP2pAutonatServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_autonat_service_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_autonat_service_finalize;
}

static void
dms_p2p_autonat_service_init (DmsP2pAutonatService *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->closed = g_cancellable_new ();
  self->rates[DMS_P2P_AUTONAT_V1] =
      dms_p2p_rate_limit_new (DMS_P2P_AUTONAT_RATE, DMS_P2P_AUTONAT_RATE_PER_PEER_V1);
  self->rates[DMS_P2P_AUTONAT_V2] =
      dms_p2p_rate_limit_new (DMS_P2P_AUTONAT_RATE, DMS_P2P_AUTONAT_RATE_PER_PEER_V2);
}

void
dms_p2p_autonat_service_set_private_allowed (DmsP2pAutonatService *self, gboolean is_allowed)
{
  self->is_private_allowed = is_allowed;
}

static void
dms_p2p_autonat_question_free (DmsP2pAutonatQuestion *self)
{
  self->service->n_questions--;
  g_clear_pointer (&self->request, dms_p2p_autonat_message_free);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_clear_object (&self->pipe);
  g_clear_object (&self->connection);
  g_clear_object (&self->service);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutonatQuestion, dms_p2p_autonat_question_free)

static void
dms_p2p_autonat_question_on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutonatQuestion) self = user_data;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_pipe_close (self->pipe);
  else
    dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_NONE);
}

/* Takes @self. */
static void
dms_p2p_autonat_question_answer (DmsP2pAutonatQuestion *self, const DmsP2pAutonatMessage *answer)
{
  g_autoptr (GBytes) bytes = dms_p2p_autonat_message_encode (answer, self->version);

  dms_p2p_pipe_write_all_async (self->pipe,
                                bytes,
                                DMS_P2P_AUTONAT_TIMEOUT_MS,
                                self->service->closed,
                                dms_p2p_autonat_question_on_answered,
                                self);
}

/* Takes @self. */
static void
dms_p2p_autonat_question_refuse (DmsP2pAutonatQuestion *self, guint status)
{
  g_autoptr (DmsP2pAutonatMessage) answer = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_RESPONSE);

  answer->status = status;
  dms_p2p_autonat_question_answer (self, answer);
}

/* --- Dialling ----------------------------------------------------------------------------------------- */

static void
dms_p2p_autonat_question_on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutonatQuestion) self = user_data;
  g_autoptr (DmsP2pAutonatMessage) answer = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_RESPONSE);
  g_autoptr (DmsMultiaddr) reached = NULL;
  DmsP2pDialBackResult what = dms_p2p_dial_back_run_finish (DMS_P2P_DIAL_BACK (source), result, &reached);

  if (self->version == DMS_P2P_AUTONAT_V1)
    {
      answer->status = what == DMS_P2P_DIAL_BACK_DONE ? DMS_P2P_AUTONAT_V1_OK : DMS_P2P_AUTONAT_V1_DIAL_ERROR;
      if (reached != NULL)
        g_ptr_array_add (answer->addresses, g_steal_pointer (&reached));
    }
  else
    {
      answer->status = DMS_P2P_AUTONAT_V2_OK;
      answer->index = self->index;
      answer->dial_status = what == DMS_P2P_DIAL_BACK_DONE        ? DMS_P2P_AUTONAT_DIAL_OK
                            : what == DMS_P2P_DIAL_BACK_NOT_TAKEN ? DMS_P2P_AUTONAT_DIAL_BACK_ERROR
                                                                  : DMS_P2P_AUTONAT_DIAL_ERROR;
    }
  dms_p2p_autonat_question_answer (g_steal_pointer (&self), answer);
}

/* Takes @self. */
static void
dms_p2p_autonat_question_dial (DmsP2pAutonatQuestion *self)
{
  DmsP2pAutonatService *service = self->service;

  if (g_cancellable_is_cancelled (service->closed))
    {
      dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_SHUTDOWN);
      dms_p2p_autonat_question_free (self);
      return;
    }
  /* Another question of it may have come first while this one was paid for. */
  if (dms_p2p_dial_back_is_busy (service->dial_back, dms_p2p_connection_get_peer_id (self->connection)))
    {
      dms_p2p_autonat_question_refuse (self,
                                       self->version == DMS_P2P_AUTONAT_V1
                                           ? (guint) DMS_P2P_AUTONAT_V1_DIAL_REFUSED
                                           : (guint) DMS_P2P_AUTONAT_V2_REQUEST_REJECTED);
      return;
    }
  dms_p2p_dial_back_run_async (service->dial_back,
                               dms_p2p_connection_get_peer_id (self->connection),
                               self->addresses,
                               self->version == DMS_P2P_AUTONAT_V2 ? &self->request->nonce : NULL,
                               dms_p2p_autonat_question_on_dialled,
                               self);
}

static gboolean
dms_p2p_autonat_question_on_waited (gpointer user_data)
{
  dms_p2p_autonat_question_dial (user_data);
  return G_SOURCE_REMOVE;
}

/* Takes @self. */
static void
dms_p2p_autonat_question_wait (DmsP2pAutonatQuestion *self)
{
  g_autoptr (GSource) timer =
      g_timeout_source_new ((guint) g_random_int_range (0, DMS_P2P_AUTONAT_MAX_WAIT_MS));

  g_source_set_static_name (timer, "dms-p2p-autonat");
  g_source_set_callback (timer, dms_p2p_autonat_question_on_waited, self, NULL);
  g_source_attach (timer, self->service->context);
}

/* --- What is paid for a dial to another IP (libp2p specs, autonat-v2, "Amplification Attack Prevention")
 * ---- */

static void dms_p2p_autonat_question_read_data (DmsP2pAutonatQuestion *self);

static void
dms_p2p_autonat_question_on_data (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutonatQuestion) self = user_data;
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);
  g_autoptr (DmsP2pAutonatMessage) message = NULL;

  if (bytes != NULL)
    message = dms_p2p_autonat_message_decode (
        DMS_P2P_AUTONAT_V2, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL);
  if (message == NULL || message->type != DMS_P2P_AUTONAT_DATA ||
      (message->n_bytes < DMS_P2P_AUTONAT_LEAST_DATA && message->n_bytes < self->left))
    {
      dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  self->left -= MIN (self->left, message->n_bytes);
  if (self->left > 0)
    dms_p2p_autonat_question_read_data (g_steal_pointer (&self));
  else
    dms_p2p_autonat_question_wait (g_steal_pointer (&self));
}

/* Takes @self. */
static void
dms_p2p_autonat_question_read_data (DmsP2pAutonatQuestion *self)
{
  dms_p2p_frame_read_async (self->pipe,
                            DMS_P2P_AUTONAT_MAX_MESSAGE,
                            DMS_P2P_AUTONAT_TIMEOUT_MS,
                            self->service->closed,
                            dms_p2p_autonat_question_on_data,
                            self);
}

static void
dms_p2p_autonat_question_on_demanded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutonatQuestion) self = user_data;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_autonat_question_read_data (g_steal_pointer (&self));
  else
    dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_NONE);
}

/* Takes @self. */
static void
dms_p2p_autonat_question_demand (DmsP2pAutonatQuestion *self)
{
  g_autoptr (DmsP2pAutonatMessage) demand = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_DATA_REQUEST);
  g_autoptr (GBytes) bytes = NULL;

  self->left = (guint64) g_random_int_range (DMS_P2P_AUTONAT_MIN_DATA, DMS_P2P_AUTONAT_MAX_DATA);
  demand->index = self->index;
  demand->n_bytes = self->left;
  bytes = dms_p2p_autonat_message_encode (demand, DMS_P2P_AUTONAT_V2);
  dms_p2p_pipe_write_all_async (self->pipe,
                                bytes,
                                DMS_P2P_AUTONAT_TIMEOUT_MS,
                                self->service->closed,
                                dms_p2p_autonat_question_on_demanded,
                                self);
}

/* --- Questions ---------------------------------------------------------------------------------------- */

/* Whether the address is behind the router that this host is behind, too. */
static gboolean
dms_p2p_autonat_service_is_at_home (DmsP2pAutonatService *self, DmsMultiaddr *address)
{
  g_autoptr (GPtrArray) own = dms_p2p_observed_dup_ips (dms_p2p_identify_get_observed (self->identify));
  g_autoptr (GInetAddress) ip = dms_p2p_address_dup_ip (address);

  return ip != NULL &&
         g_ptr_array_find_with_equal_func (own, ip, (GEqualFunc) g_inet_address_equal, NULL);
}

/* Not an address of its own router either, which may let its own people in where it keeps others out. */
static gboolean
dms_p2p_autonat_service_may_dial (DmsP2pAutonatService *self, DmsMultiaddr *address)
{
  return address != NULL && dms_p2p_reachability_may_dial (address, self->is_private_allowed) &&
         (dms_p2p_address_get_reach (address) != DMS_P2P_REACH_PUBLIC ||
          !dms_p2p_autonat_service_is_at_home (self, address));
}

static gboolean
dms_p2p_autonat_question_is_at_home (DmsP2pAutonatQuestion *self, DmsMultiaddr *address)
{
  g_autoptr (GInetAddress) from = dms_p2p_address_dup_ip (dms_p2p_connection_get_remote (self->connection));
  g_autoptr (GInetAddress) to = dms_p2p_address_dup_ip (address);

  return from != NULL && to != NULL && g_inet_address_equal (from, to);
}

/* Takes @self. */
static void
dms_p2p_autonat_question_begin_v1 (DmsP2pAutonatQuestion *self)
{
  DmsP2pAutonatService *service = self->service;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (self->connection);
  GPtrArray *asked = self->request->addresses;

  if (self->request->peer == NULL || !dms_peer_id_equal (self->request->peer, peer))
    {
      dms_p2p_autonat_question_refuse (self, DMS_P2P_AUTONAT_V1_BAD_REQUEST);
      return;
    }
  for (guint i = 0; i < asked->len && self->addresses->len < DMS_P2P_AUTONAT_V1_MAX_DIALS; i++)
    if (dms_p2p_autonat_service_may_dial (service, asked->pdata[i]) &&
        dms_p2p_autonat_question_is_at_home (self, asked->pdata[i]))
      g_ptr_array_add (self->addresses, dms_multiaddr_ref (asked->pdata[i]));
  if (self->addresses->len == 0 || dms_p2p_connection_is_limited (self->connection) ||
      dms_p2p_dial_back_is_busy (service->dial_back, peer) ||
      !dms_p2p_rate_limit_take (service->rates[DMS_P2P_AUTONAT_V1], peer, g_get_monotonic_time ()))
    dms_p2p_autonat_question_refuse (self, DMS_P2P_AUTONAT_V1_DIAL_REFUSED);
  else
    dms_p2p_autonat_question_dial (self);
}

/* Takes @self. */
static void
dms_p2p_autonat_question_begin_v2 (DmsP2pAutonatQuestion *self)
{
  DmsP2pAutonatService *service = self->service;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (self->connection);
  GPtrArray *asked = self->request->addresses;

  if (dms_p2p_connection_is_limited (self->connection) ||
      dms_p2p_dial_back_is_busy (service->dial_back, peer) ||
      !dms_p2p_rate_limit_take (service->rates[DMS_P2P_AUTONAT_V2], peer, g_get_monotonic_time ()))
    {
      dms_p2p_autonat_question_refuse (self, DMS_P2P_AUTONAT_V2_REQUEST_REJECTED);
      return;
    }
  while (self->index < asked->len && !dms_p2p_autonat_service_may_dial (service, asked->pdata[self->index]))
    self->index++;
  if (self->index == asked->len)
    {
      dms_p2p_autonat_question_refuse (self, DMS_P2P_AUTONAT_V2_DIAL_REFUSED);
      return;
    }
  g_ptr_array_add (self->addresses, dms_multiaddr_ref (asked->pdata[self->index]));
  if (dms_p2p_autonat_question_is_at_home (self, self->addresses->pdata[0]))
    dms_p2p_autonat_question_dial (self);
  else
    dms_p2p_autonat_question_demand (self);
}

static void
dms_p2p_autonat_question_on_request (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutonatQuestion) self = user_data;
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);

  if (bytes != NULL)
    self->request = dms_p2p_autonat_message_decode (
        self->version, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL);
  if (self->request == NULL || self->request->type != DMS_P2P_AUTONAT_DIAL)
    dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
  else if (self->version == DMS_P2P_AUTONAT_V1)
    dms_p2p_autonat_question_begin_v1 (g_steal_pointer (&self));
  else
    dms_p2p_autonat_question_begin_v2 (g_steal_pointer (&self));
}

static void
dms_p2p_autonat_service_on_stream (DmsP2pHost *host,
                                   DmsP2pConnection *connection,
                                   DmsP2pStream *stream,
                                   gpointer user_data)
{
  DmsP2pAutonatService *self = user_data;
  DmsP2pAutonatQuestion *question = NULL;

  if (self->n_questions >= DMS_P2P_AUTONAT_MAX_QUESTIONS)
    {
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_RESOURCE_LIMIT);
      return;
    }
  self->n_questions++;
  question = g_new0 (DmsP2pAutonatQuestion, 1);
  question->service = g_object_ref (self);
  question->version = g_str_equal (dms_stream_get_protocol (DMS_STREAM (stream)), DMS_P2P_AUTONAT_V1_PROTOCOL)
                          ? DMS_P2P_AUTONAT_V1
                          : DMS_P2P_AUTONAT_V2;
  question->connection = g_object_ref (connection);
  question->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  question->pipe = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_frame_read_async (question->pipe,
                            DMS_P2P_AUTONAT_MAX_MESSAGE,
                            DMS_P2P_AUTONAT_TIMEOUT_MS,
                            self->closed,
                            dms_p2p_autonat_question_on_request,
                            question);
}

DmsP2pAutonatService *
dms_p2p_autonat_service_new (DmsP2pHost *host, DmsP2pIdentify *identify)
{
  DmsP2pAutonatService *self = g_object_new (DMS_TYPE_P2P_AUTONAT_SERVICE, NULL);
  DmsP2pSwarm *swarm = dms_p2p_host_get_swarm (host);

  self->host = g_object_ref (host);
  self->identify = g_object_ref (identify);
  self->dial_back = dms_p2p_dial_back_new (
      dms_p2p_swarm_get_limits (swarm),
      dms_p2p_identity_get_network_key (dms_p2p_swarm_get_identity (swarm)));
  dms_p2p_host_set_handler (host, DMS_P2P_AUTONAT_V1_PROTOCOL, dms_p2p_autonat_service_on_stream, self, NULL);
  dms_p2p_host_set_handler (host, DMS_P2P_AUTONAT_V2_PROTOCOL, dms_p2p_autonat_service_on_stream, self, NULL);
  return self;
}

void
dms_p2p_autonat_service_close (DmsP2pAutonatService *self)
{
  g_cancellable_cancel (self->closed);
  if (self->dial_back != NULL)
    dms_p2p_dial_back_close (self->dial_back);
}
