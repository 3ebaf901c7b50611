/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-autonat-client.h"

#include <sodium.h>

#include "autonat/dms-p2p-autonat-probe.h"
#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"

enum
{
  /* go-libp2p, p2p/protocol/autonatv2: dialBackStreamTimeout, dialBackMaxMsgSize. */
  DMS_P2P_AUTONAT_BACK_TIMEOUT_MS = 5 * 1000,
  DMS_P2P_AUTONAT_BACK_MAX_MESSAGE = 1024,
  /* Dials back that are read at a time; ours. */
  DMS_P2P_AUTONAT_MAX_BACKS = 16,
};

struct _DmsP2pAutonatClient
{
  GObject parent_instance;

  DmsP2pHost *host;
  /* Nonces (as guint64) that were sent and have not come back: to nothing. */
  GHashTable *nonces;
  guint n_backs;
};

G_DEFINE_FINAL_TYPE (DmsP2pAutonatClient, dms_p2p_autonat_client, G_TYPE_OBJECT)

typedef struct
{
  DmsP2pAutonatVersion version;
  guint64 nonce;
  GPtrArray *addresses;
  DmsMultiaddr *about;
} DmsP2pAutonatAsk;

/* A dial back. */
typedef struct
{
  DmsP2pAutonatClient *client;
  DmsP2pPipe *pipe;
} DmsP2pAutonatBack;

static void
dms_p2p_autonat_client_finalize (GObject *object)
{
  DmsP2pAutonatClient *self = DMS_P2P_AUTONAT_CLIENT (object);

  g_clear_object (&self->host);
  g_clear_pointer (&self->nonces, g_hash_table_unref);
  G_OBJECT_CLASS (dms_p2p_autonat_client_parent_class)->finalize (object);
}

static void
dms_p2p_autonat_client_class_init (DmsP2pAutonatClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_autonat_client_finalize;
}

static void
dms_p2p_autonat_client_init (DmsP2pAutonatClient *self)
{
  self->nonces = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

/* --- Dials back --------------------------------------------------------------------------------------- */

static void
dms_p2p_autonat_back_free (DmsP2pAutonatBack *self)
{
  self->client->n_backs--;
  g_clear_object (&self->pipe);
  g_clear_object (&self->client);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutonatBack, dms_p2p_autonat_back_free)

static void
dms_p2p_autonat_back_on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutonatBack) self = user_data;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_pipe_close (self->pipe);
  else
    dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_NONE);
}

static void
dms_p2p_autonat_back_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  /* DialBackResponse: status, OK. */
  static const guint8 fine[] = { 0x08, 0x00 };
  g_autoptr (DmsP2pAutonatBack) self = user_data;
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);
  g_autoptr (GBytes) answer = NULL;
  DmsP2pPipe *pipe = self->pipe;
  guint64 nonce = 0;

  /* Each counts once. */
  if (bytes == NULL ||
      !dms_p2p_autonat_nonce_decode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &nonce) ||
      !g_hash_table_remove (self->client->nonces, &nonce))
    {
      dms_p2p_pipe_reset (pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  answer = dms_p2p_frame_new (fine, sizeof fine);
  dms_p2p_pipe_write_all_async (pipe,
                                answer,
                                DMS_P2P_AUTONAT_BACK_TIMEOUT_MS,
                                NULL,
                                dms_p2p_autonat_back_on_answered,
                                g_steal_pointer (&self));
}

static void
dms_p2p_autonat_client_on_stream (DmsP2pHost *host,
                                  DmsP2pConnection *connection,
                                  DmsP2pStream *stream,
                                  gpointer user_data)
{
  DmsP2pAutonatClient *self = user_data;
  DmsP2pAutonatBack *back = NULL;

  /* Over a relay it proves nothing; nor does what this host opened itself. */
  if (g_hash_table_size (self->nonces) == 0 || self->n_backs >= DMS_P2P_AUTONAT_MAX_BACKS ||
      dms_p2p_connection_is_limited (connection) || !dms_p2p_connection_is_inbound (connection))
    {
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  self->n_backs++;
  back = g_new0 (DmsP2pAutonatBack, 1);
  back->client = g_object_ref (self);
  back->pipe = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_frame_read_async (back->pipe,
                            DMS_P2P_AUTONAT_BACK_MAX_MESSAGE,
                            DMS_P2P_AUTONAT_BACK_TIMEOUT_MS,
                            NULL,
                            dms_p2p_autonat_back_on_read,
                            back);
}

/* --- Asking ------------------------------------------------------------------------------------------- */

static void
dms_p2p_autonat_ask_free (gpointer data)
{
  DmsP2pAutonatAsk *self = data;

  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_clear_pointer (&self->about, dms_multiaddr_unref);
  g_free (self);
}

static gboolean
dms_p2p_autonat_client_speaks (DmsP2pAutonatClient *self, DmsPeerId *peer, const char *protocol)
{
  DmsP2pPeerStore *store = dms_p2p_swarm_get_peer_store (dms_p2p_host_get_swarm (self->host));
  const char *const *protocols = dms_p2p_peer_store_get_protocols (store, peer);

  return protocols != NULL && g_strv_contains (protocols, protocol);
}

gboolean
dms_p2p_autonat_client_can_ask (DmsP2pAutonatClient *self, DmsPeerId *peer)
{
  return dms_p2p_autonat_client_speaks (self, peer, DMS_P2P_AUTONAT_V2_PROTOCOL) ||
         dms_p2p_autonat_client_speaks (self, peer, DMS_P2P_AUTONAT_V1_PROTOCOL);
}

/* A dial that reached one address says nothing of the others; one that failed tried all of them. */
static DmsP2pReachability
dms_p2p_autonat_ask_judge_v1 (DmsP2pAutonatAsk *self, const DmsP2pAutonatMessage *answer)
{
  if (answer->status == DMS_P2P_AUTONAT_V1_DIAL_ERROR)
    return DMS_P2P_REACHABILITY_PRIVATE;
  if (answer->status != DMS_P2P_AUTONAT_V1_OK)
    return DMS_P2P_REACHABILITY_UNKNOWN;
  for (guint i = 0; i < self->addresses->len && answer->addresses->len > 0 && self->about == NULL; i++)
    if (answer->addresses->pdata[0] != NULL &&
        dms_multiaddr_equal (self->addresses->pdata[i], answer->addresses->pdata[0]))
      self->about = dms_multiaddr_ref (self->addresses->pdata[i]);
  /* Where there is but one, it need not say which. */
  if (self->about == NULL && self->addresses->len == 1)
    self->about = dms_multiaddr_ref (self->addresses->pdata[0]);
  return self->about != NULL ? DMS_P2P_REACHABILITY_PUBLIC : DMS_P2P_REACHABILITY_UNKNOWN;
}

static DmsP2pReachability
dms_p2p_autonat_ask_judge_v2 (DmsP2pAutonatAsk *self, const DmsP2pAutonatMessage *answer, gboolean came)
{
  if (answer->status != DMS_P2P_AUTONAT_V2_OK || answer->index >= self->addresses->len)
    return DMS_P2P_REACHABILITY_UNKNOWN;
  self->about = dms_multiaddr_ref (self->addresses->pdata[answer->index]);
  if (came)
    return DMS_P2P_REACHABILITY_PUBLIC;
  return answer->dial_status == DMS_P2P_AUTONAT_DIAL_ERROR ? DMS_P2P_REACHABILITY_PRIVATE
                                                           : DMS_P2P_REACHABILITY_UNKNOWN;
}

static void
dms_p2p_autonat_client_on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pAutonatClient *self = g_task_get_source_object (task);
  DmsP2pAutonatAsk *ask = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DmsP2pAutonatMessage) answer = dms_p2p_autonat_probe_finish (result, &error);
  gboolean came = !g_hash_table_remove (self->nonces, &ask->nonce);

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (ask->version == DMS_P2P_AUTONAT_V1)
    g_task_return_int (task, dms_p2p_autonat_ask_judge_v1 (ask, answer));
  else
    g_task_return_int (task, dms_p2p_autonat_ask_judge_v2 (ask, answer, came));
}

void
dms_p2p_autonat_client_ask_async (DmsP2pAutonatClient *self,
                                  DmsP2pConnection *connection,
                                  GPtrArray *addresses,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  DmsP2pAutonatAsk *ask = g_new0 (DmsP2pAutonatAsk, 1);
  g_autoptr (DmsP2pAutonatMessage) question = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_DIAL);

  g_task_set_source_tag (task, dms_p2p_autonat_client_ask_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, ask, dms_p2p_autonat_ask_free);
  ask->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  ask->version = dms_p2p_autonat_client_speaks (
                     self, dms_p2p_connection_get_peer_id (connection), DMS_P2P_AUTONAT_V2_PROTOCOL)
                     ? DMS_P2P_AUTONAT_V2
                     : DMS_P2P_AUTONAT_V1;
  randombytes_buf (&ask->nonce, sizeof ask->nonce);
  for (guint i = 0; i < addresses->len; i++)
    {
      g_ptr_array_add (ask->addresses, dms_multiaddr_ref (addresses->pdata[i]));
      g_ptr_array_add (question->addresses, dms_multiaddr_ref (addresses->pdata[i]));
    }
  question->peer = dms_peer_id_ref (
      dms_p2p_identity_get_peer_id (dms_p2p_swarm_get_identity (dms_p2p_host_get_swarm (self->host))));
  question->nonce = ask->nonce;
  if (ask->version == DMS_P2P_AUTONAT_V2)
    g_hash_table_add (self->nonces, g_memdup2 (&ask->nonce, sizeof ask->nonce));
  dms_p2p_autonat_probe_async (
      self->host, connection, ask->version, question, cancellable, dms_p2p_autonat_client_on_probed, task);
}

DmsP2pReachability
dms_p2p_autonat_client_ask_finish (DmsP2pAutonatClient *self,
                                   GAsyncResult *result,
                                   DmsMultiaddr **about,
                                   GError **error)
{
  DmsP2pAutonatAsk *ask = g_task_get_task_data (G_TASK (result));
  gssize said = -1;

  g_return_val_if_fail (g_task_is_valid (result, self), DMS_P2P_REACHABILITY_UNKNOWN);

  said = g_task_propagate_int (G_TASK (result), error);
  *about = g_steal_pointer (&ask->about);
  return said >= 0 ? (DmsP2pReachability) said : DMS_P2P_REACHABILITY_UNKNOWN;
}

DmsP2pAutonatClient *
dms_p2p_autonat_client_new (DmsP2pHost *host)
{
  DmsP2pAutonatClient *self = g_object_new (DMS_TYPE_P2P_AUTONAT_CLIENT, NULL);

  self->host = g_object_ref (host);
  dms_p2p_host_set_handler (
      host, DMS_P2P_AUTONAT_BACK_PROTOCOL, dms_p2p_autonat_client_on_stream, self, NULL);
  return self;
}
