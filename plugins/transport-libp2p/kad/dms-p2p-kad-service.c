/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-service.h"

#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"
#include "kad/dms-p2p-kad-limits.h"

enum
{
  /* Streams of one peer, and of all. Ours: a lookup of go uses one a peer. */
  DMS_P2P_KAD_SERVICE_STREAMS_OF_PEER = 8,
  DMS_P2P_KAD_SERVICE_STREAMS = 512,
  /* go-libp2p-kad-dht: dhtStreamIdleTimeout. */
  DMS_P2P_KAD_SERVICE_IDLE_MS = 60 * 1000,
  DMS_P2P_KAD_SERVICE_WRITE_MS = 10 * 1000,
  /* Requests of one peer: so many at once, and so many a second. Ours: ten lookups at a time ask each peer
   * less. */
  DMS_P2P_KAD_SERVICE_BURST = 200,
  DMS_P2P_KAD_SERVICE_RATE = 50,
  /* Clients that are remembered, with a stream or without one. Ours. */
  DMS_P2P_KAD_SERVICE_CLIENTS = 2 * DMS_P2P_KAD_SERVICE_STREAMS,
};

struct _DmsP2pKadService
{
  DmsP2pHost *host;
  char *protocol;
  DmsP2pKadCore *core;
  gboolean is_serving;
  GCancellable *closing;
  /* DmsPeerId to DmsP2pKadClient. */
  GHashTable *clients;
  guint n_streams;
};

/* One who asks; remembered after its last stream, so that a new stream brings no new requests. */
typedef struct
{
  guint n_streams;
  double tokens;
  gint64 filled_us;
} DmsP2pKadClient;

typedef struct
{
  DmsP2pKadService *service;
  DmsPeerId *peer;
  DmsMultiaddr *remote;
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
} DmsP2pKadServing;

static void
dms_p2p_kad_service_clear (gpointer data)
{
  DmsP2pKadService *self = data;

  g_clear_pointer (&self->clients, g_hash_table_unref);
  g_clear_pointer (&self->protocol, g_free);
  g_clear_object (&self->closing);
  g_clear_object (&self->host);
}

void
dms_p2p_kad_service_unref (DmsP2pKadService *self)
{
  g_rc_box_release_full (self, dms_p2p_kad_service_clear);
}

static void
dms_p2p_kad_serving_free (DmsP2pKadServing *serving)
{
  DmsP2pKadService *service = serving->service;
  DmsP2pKadClient *client = g_hash_table_lookup (service->clients, serving->peer);

  service->n_streams--;
  if (client != NULL)
    client->n_streams--;
  g_clear_object (&serving->pipe);
  g_clear_object (&serving->stream);
  g_clear_pointer (&serving->remote, dms_multiaddr_unref);
  g_clear_pointer (&serving->peer, dms_peer_id_unref);
  g_free (serving);
  dms_p2p_kad_service_unref (service);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadServing, dms_p2p_kad_serving_free)

/* A bucket that fills with time. */
static gboolean
dms_p2p_kad_client_may_ask (DmsP2pKadClient *client)
{
  gint64 now_us = g_get_monotonic_time ();
  double grown = (double) (now_us - client->filled_us) / G_USEC_PER_SEC * DMS_P2P_KAD_SERVICE_RATE;

  client->tokens = MIN (client->tokens + grown, DMS_P2P_KAD_SERVICE_BURST);
  client->filled_us = now_us;
  if (client->tokens < 1)
    return FALSE;
  client->tokens -= 1;
  return TRUE;
}

static void dms_p2p_kad_serving_read (DmsP2pKadServing *serving);

static void
dms_p2p_kad_serving_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pKadServing) serving = user_data;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_kad_serving_read (g_steal_pointer (&serving));
  else
    dms_p2p_pipe_reset (serving->pipe, DMS_P2P_RESET_NONE);
}

static void
dms_p2p_kad_serving_write (DmsP2pKadServing *serving, GBytes *answer)
{
  gsize size = 0;
  const void *data = g_bytes_get_data (answer, &size);
  g_autoptr (GBytes) frame = dms_p2p_frame_new (data, size);

  dms_p2p_pipe_write_all_async (serving->pipe,
                                frame,
                                DMS_P2P_KAD_SERVICE_WRITE_MS,
                                serving->service->closing,
                                dms_p2p_kad_serving_on_written,
                                serving);
}

static void
dms_p2p_kad_serving_on_request (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pKadServing) serving = user_data;
  DmsP2pKadService *self = serving->service;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) request = dms_p2p_frame_read_finish (result, &error);
  g_autoptr (GBytes) answer = NULL;

  if (request == NULL && g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    dms_p2p_pipe_close (serving->pipe);
  else if (request == NULL || self->core == NULL || !self->is_serving)
    dms_p2p_pipe_reset (serving->pipe, DMS_P2P_RESET_NONE);
  else if (!dms_p2p_kad_client_may_ask (g_hash_table_lookup (self->clients, serving->peer)))
    dms_p2p_pipe_reset (serving->pipe, DMS_P2P_RESET_RATE_LIMITED);
  else if (!dms_p2p_kad_core_handle (self->core, serving->peer, serving->remote, request, &answer, &error))
    {
      g_debug ("A request of %s is refused: %s", dms_peer_id_get_text (serving->peer), error->message);
      dms_p2p_pipe_reset (serving->pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
    }
  else if (answer != NULL)
    dms_p2p_kad_serving_write (g_steal_pointer (&serving), answer);
  else
    dms_p2p_kad_serving_read (g_steal_pointer (&serving));
}

static void
dms_p2p_kad_serving_read (DmsP2pKadServing *serving)
{
  dms_p2p_frame_read_async (serving->pipe,
                            DMS_P2P_KAD_MAX_REQUEST_SIZE,
                            DMS_P2P_KAD_SERVICE_IDLE_MS,
                            serving->service->closing,
                            dms_p2p_kad_serving_on_request,
                            serving);
}

static gboolean
dms_p2p_kad_client_is_away (gpointer key, gpointer value, gpointer user_data)
{
  return ((DmsP2pKadClient *) value)->n_streams == 0;
}

/* Those whose bucket is full again are as good as new ones. */
static gboolean
dms_p2p_kad_client_is_rested (gpointer key, gpointer value, gpointer user_data)
{
  const DmsP2pKadClient *client = value;
  gint64 rest_us = g_get_monotonic_time () - client->filled_us;

  return client->n_streams == 0 &&
         rest_us >= (gint64) DMS_P2P_KAD_SERVICE_BURST / DMS_P2P_KAD_SERVICE_RATE * G_USEC_PER_SEC;
}

static void
dms_p2p_kad_service_forget_clients (DmsP2pKadService *self)
{
  if (g_hash_table_size (self->clients) < DMS_P2P_KAD_SERVICE_CLIENTS)
    return;
  g_hash_table_foreach_remove (self->clients, dms_p2p_kad_client_is_rested, NULL);
  if (g_hash_table_size (self->clients) >= DMS_P2P_KAD_SERVICE_CLIENTS)
    g_hash_table_foreach_remove (self->clients, dms_p2p_kad_client_is_away, NULL);
}

/* (nullable): NULL when it has enough streams. */
static DmsP2pKadClient *
dms_p2p_kad_service_admit (DmsP2pKadService *self, DmsPeerId *peer)
{
  DmsP2pKadClient *client = g_hash_table_lookup (self->clients, peer);

  if (self->n_streams >= DMS_P2P_KAD_SERVICE_STREAMS ||
      (client != NULL && client->n_streams >= DMS_P2P_KAD_SERVICE_STREAMS_OF_PEER))
    return NULL;
  if (client != NULL)
    return client;
  dms_p2p_kad_service_forget_clients (self);
  client = g_new0 (DmsP2pKadClient, 1);
  client->tokens = DMS_P2P_KAD_SERVICE_BURST;
  client->filled_us = g_get_monotonic_time ();
  g_hash_table_insert (self->clients, dms_peer_id_ref (peer), client);
  return client;
}

static void
dms_p2p_kad_service_on_stream (DmsP2pHost *host,
                               DmsP2pConnection *connection,
                               DmsP2pStream *stream,
                               gpointer user_data)
{
  DmsP2pKadService *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  DmsP2pKadClient *client = dms_p2p_kad_service_admit (self, peer);
  DmsP2pKadServing *serving = NULL;

  if (client == NULL)
    {
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_RESOURCE_LIMIT);
      return;
    }
  client->n_streams++;
  self->n_streams++;
  serving = g_new0 (DmsP2pKadServing, 1);
  serving->service = g_rc_box_acquire (self);
  serving->peer = dms_peer_id_ref (peer);
  serving->remote = dms_multiaddr_ref (dms_p2p_connection_get_remote (connection));
  serving->stream = g_object_ref (stream);
  serving->pipe = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_kad_serving_read (serving);
}

void
dms_p2p_kad_service_set_serving (DmsP2pKadService *self, gboolean serving)
{
  if (self->is_serving == serving)
    return;
  self->is_serving = serving;
  dms_p2p_host_set_handler (
      self->host, self->protocol, serving ? dms_p2p_kad_service_on_stream : NULL, self, NULL);
}

gboolean
dms_p2p_kad_service_is_serving (DmsP2pKadService *self)
{
  return self->is_serving;
}

DmsP2pKadService *
dms_p2p_kad_service_new (DmsP2pHost *host, const char *protocol, DmsP2pKadCore *core)
{
  DmsP2pKadService *self = g_rc_box_new0 (DmsP2pKadService);

  self->host = g_object_ref (host);
  self->protocol = g_strdup (protocol);
  self->core = core;
  self->closing = g_cancellable_new ();
  self->clients = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                         (GEqualFunc) dms_peer_id_equal,
                                         (GDestroyNotify) dms_peer_id_unref,
                                         g_free);
  return self;
}

void
dms_p2p_kad_service_close (DmsP2pKadService *self)
{
  dms_p2p_kad_service_set_serving (self, FALSE);
  self->core = NULL;
  g_cancellable_cancel (self->closing);
}
