/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-dial-back.h"

#include <sodium.h>

#include "autonat/dms-p2p-autonat-message.h"
#include "io/dms-p2p-frame.h"
#include "quic/dms-p2p-quic.h"
#include "tcp/dms-p2p-tcp.h"

enum
{
  /* go-libp2p, p2p/protocol/autonatv2: dialBackStreamTimeout, dialBackMaxMsgSize. */
  DMS_P2P_DIAL_BACK_TIMEOUT_MS = 5 * 1000,
  DMS_P2P_DIAL_BACK_MAX_MESSAGE = 1024,
};

struct _DmsP2pDialBack
{
  GObject parent_instance;

  DmsP2pSwarm *swarm;
  DmsP2pHost *host;
  /* DmsPeerId: those that are dialled now. */
  GHashTable *busy;
};

G_DEFINE_FINAL_TYPE (DmsP2pDialBack, dms_p2p_dial_back, G_TYPE_OBJECT)

typedef struct
{
  DmsPeerId *peer;
  gboolean has_nonce;
  guint64 nonce;
  DmsP2pConnection *connection;
  DmsP2pPipe *pipe;
} DmsP2pBackRun;

static void
dms_p2p_back_run_free (gpointer data)
{
  DmsP2pBackRun *self = data;

  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_object (&self->connection);
  g_clear_object (&self->pipe);
  g_free (self);
}

static void
dms_p2p_dial_back_dispose (GObject *object)
{
  dms_p2p_dial_back_close (DMS_P2P_DIAL_BACK (object));
  G_OBJECT_CLASS (dms_p2p_dial_back_parent_class)->dispose (object);
}

static void
dms_p2p_dial_back_finalize (GObject *object)
{
  DmsP2pDialBack *self = DMS_P2P_DIAL_BACK (object);

  g_clear_object (&self->host);
  g_clear_object (&self->swarm);
  g_clear_pointer (&self->busy, g_hash_table_unref);
  G_OBJECT_CLASS (dms_p2p_dial_back_parent_class)->finalize (object);
}

static void
dms_p2p_dial_back_class_init (DmsP2pDialBackClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_dial_back_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_dial_back_finalize;
}

static void
dms_p2p_dial_back_init (DmsP2pDialBack *self)
{
  self->busy = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, (GDestroyNotify) dms_peer_id_unref, NULL);
}

/* Nobody in particular, but of the same network. */
static DmsP2pIdentity *
dms_p2p_dial_back_make_identity (GBytes *network_key)
{
  guint8 secret[crypto_sign_SEEDBYTES];
  g_autoptr (GBytes) seed = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pIdentity *identity = NULL;

  randombytes_buf (secret, sizeof secret);
  seed = g_bytes_new (secret, sizeof secret);
  sodium_memzero (secret, sizeof secret);
  identity = dms_p2p_identity_new_private (seed, network_key, &error);
  if (identity == NULL)
    g_error ("%s", error->message);
  return identity;
}

DmsP2pDialBack *
dms_p2p_dial_back_new (DmsP2pLimits *limits, GBytes *network_key)
{
  DmsP2pDialBack *self = g_object_new (DMS_TYPE_P2P_DIAL_BACK, NULL);
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_dial_back_make_identity (network_key);
  g_autoptr (DmsP2pPeerStore) peers = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsP2pTransport) tcp = dms_p2p_tcp_new (identity, NULL);

  self->swarm = dms_p2p_swarm_new (identity, limits, peers);
  if (network_key == NULL)
    {
      g_autoptr (DmsP2pTransport) quic = dms_p2p_quic_new (identity);

      dms_p2p_swarm_add_transport (self->swarm, quic);
    }
  dms_p2p_swarm_add_transport (self->swarm, tcp);
  self->host = dms_p2p_host_new (self->swarm);
  return self;
}

void
dms_p2p_dial_back_close (DmsP2pDialBack *self)
{
  if (self->host != NULL)
    dms_p2p_host_close (self->host);
}

gboolean
dms_p2p_dial_back_is_busy (DmsP2pDialBack *self, DmsPeerId *peer)
{
  return g_hash_table_contains (self->busy, peer);
}

/* Takes @task. */
static void
dms_p2p_dial_back_end (GTask *task, DmsP2pDialBackResult result)
{
  g_autoptr (GTask) own = task;
  DmsP2pDialBack *self = g_task_get_source_object (task);
  DmsP2pBackRun *run = g_task_get_task_data (task);

  g_hash_table_remove (self->busy, run->peer);
  if (run->pipe != NULL)
    dms_p2p_pipe_close (run->pipe);
  dms_p2p_swarm_disconnect (self->swarm, run->peer);
  g_task_return_int (task, result);
}

static void
dms_p2p_dial_back_on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);

  /* DialBackResponse has but one status, OK. */
  dms_p2p_dial_back_end (user_data, bytes != NULL ? DMS_P2P_DIAL_BACK_DONE : DMS_P2P_DIAL_BACK_NOT_TAKEN);
}

static void
dms_p2p_dial_back_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pBackRun *run = g_task_get_task_data (user_data);

  if (!dms_p2p_pipe_write_all_finish (result, NULL) || !dms_p2p_pipe_shutdown_write (run->pipe, NULL))
    {
      dms_p2p_dial_back_end (user_data, DMS_P2P_DIAL_BACK_NOT_TAKEN);
      return;
    }
  dms_p2p_frame_read_async (run->pipe,
                            DMS_P2P_DIAL_BACK_MAX_MESSAGE,
                            DMS_P2P_DIAL_BACK_TIMEOUT_MS,
                            NULL,
                            dms_p2p_dial_back_on_answer,
                            user_data);
}

static void
dms_p2p_dial_back_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pBackRun *run = g_task_get_task_data (user_data);
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, NULL);
  g_autoptr (GBytes) bytes = NULL;

  if (stream == NULL)
    {
      dms_p2p_dial_back_end (user_data, DMS_P2P_DIAL_BACK_NOT_TAKEN);
      return;
    }
  run->pipe = dms_p2p_stream_steal_pipe (stream);
  bytes = dms_p2p_autonat_nonce_encode (run->nonce);
  dms_p2p_pipe_write_all_async (
      run->pipe, bytes, DMS_P2P_DIAL_BACK_TIMEOUT_MS, NULL, dms_p2p_dial_back_on_written, user_data);
}

static void
dms_p2p_dial_back_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const char *const protocols[] = { DMS_P2P_AUTONAT_BACK_PROTOCOL, NULL };
  DmsP2pDialBack *self = g_task_get_source_object (user_data);
  DmsP2pBackRun *run = g_task_get_task_data (user_data);

  run->connection = dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, NULL);
  if (run->connection == NULL)
    dms_p2p_dial_back_end (user_data, DMS_P2P_DIAL_BACK_FAILED);
  else if (!run->has_nonce)
    dms_p2p_dial_back_end (user_data, DMS_P2P_DIAL_BACK_DONE);
  else
    dms_p2p_host_open_stream_on_async (
        self->host, run->connection, protocols, NULL, dms_p2p_dial_back_on_opened, user_data);
}

void
dms_p2p_dial_back_run_async (DmsP2pDialBack *self,
                             DmsPeerId *peer,
                             GPtrArray *addresses,
                             const guint64 *nonce,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  DmsP2pBackRun *run = g_new0 (DmsP2pBackRun, 1);

  g_task_set_source_tag (task, dms_p2p_dial_back_run_async);
  run->peer = dms_peer_id_ref (peer);
  run->has_nonce = nonce != NULL;
  run->nonce = nonce != NULL ? *nonce : 0;
  g_task_set_task_data (task, run, dms_p2p_back_run_free);
  g_hash_table_add (self->busy, dms_peer_id_ref (peer));
  /* What is known of the peer from earlier is not what was asked. */
  dms_p2p_swarm_disconnect (self->swarm, peer);
  dms_p2p_peer_store_forget (dms_p2p_swarm_get_peer_store (self->swarm), peer);
  dms_p2p_swarm_connect_async (
      self->swarm, peer, addresses, TRUE, NULL, NULL, NULL, dms_p2p_dial_back_on_connected, task);
}

DmsP2pDialBackResult
dms_p2p_dial_back_run_finish (DmsP2pDialBack *self, GAsyncResult *result, DmsMultiaddr **reached)
{
  DmsP2pBackRun *run = g_task_get_task_data (G_TASK (result));

  if (reached != NULL)
    *reached =
        run->connection != NULL ? dms_multiaddr_ref (dms_p2p_connection_get_remote (run->connection)) : NULL;
  return (DmsP2pDialBackResult) g_task_propagate_int (G_TASK (result), NULL);
}
