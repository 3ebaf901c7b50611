/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "host/dms-p2p-host.h"

#include "host/dms-p2p-handler.h"
#include "host/dms-p2p-negotiation.h"
#include "host/dms-p2p-opening.h"
#include "host/dms-p2p-order.h"
#include "host/dms-p2p-reset-code.h"

enum
{
  /* Inbound streams of one connection whose protocol is not known yet: what go-libp2p's transient scope lets
   * in (p2p/host/resource-manager, limit_defaults.go). No less than that: js-libp2p opens a thousand at once,
   * whatever the backlog of yamux. The limit of the peer comes first. */
  DMS_P2P_HOST_MAX_NEGOTIATIONS = 1024,
};

typedef struct
{
  GCallback func;
  gpointer user_data;
} DmsP2pListener;

/* The streams that the peer of one connection opened. */
typedef struct
{
  guint n_negotiating;
  DmsP2pOrder *order;
} DmsP2pInboundStreams;

struct _DmsP2pHost
{
  GObject parent_instance;

  DmsP2pSwarm *swarm;
  GCancellable *closing;
  /* Protocol to DmsP2pHandler. */
  GHashTable *exact;
  GPtrArray *families;
  /* Connection, not referenced, to DmsP2pInboundStreams, while it is open. */
  GHashTable *inbound;
  GArray *identified;
  GArray *changed;
};

G_DEFINE_FINAL_TYPE (DmsP2pHost, dms_p2p_host, G_TYPE_OBJECT)

static void
dms_p2p_inbound_streams_free (gpointer data)
{
  DmsP2pInboundStreams *streams = data;

  g_clear_pointer (&streams->order, dms_p2p_order_free);
  g_free (streams);
}

static void
dms_p2p_host_dispose (GObject *object)
{
  dms_p2p_host_close (DMS_P2P_HOST (object));
  G_OBJECT_CLASS (dms_p2p_host_parent_class)->dispose (object);
}

static void
dms_p2p_host_finalize (GObject *object)
{
  DmsP2pHost *self = DMS_P2P_HOST (object);

  g_clear_object (&self->swarm);
  g_clear_object (&self->closing);
  g_clear_pointer (&self->exact, g_hash_table_unref);
  g_clear_pointer (&self->families, g_ptr_array_unref);
  g_clear_pointer (&self->inbound, g_hash_table_unref);
  g_clear_pointer (&self->identified, g_array_unref);
  g_clear_pointer (&self->changed, g_array_unref);
  G_OBJECT_CLASS (dms_p2p_host_parent_class)->finalize (object);
}

static void
dms_p2p_host_class_init (DmsP2pHostClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_host_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_host_finalize;
}

static void
dms_p2p_host_init (DmsP2pHost *self)
{
  self->closing = g_cancellable_new ();
  self->exact =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_p2p_handler_unref);
  self->families = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_handler_unref);
  self->inbound = g_hash_table_new_full (NULL, NULL, NULL, dms_p2p_inbound_streams_free);
  self->identified = g_array_new (FALSE, FALSE, sizeof (DmsP2pListener));
  self->changed = g_array_new (FALSE, FALSE, sizeof (DmsP2pListener));
}

DmsP2pSwarm *
dms_p2p_host_get_swarm (DmsP2pHost *self)
{
  return self->swarm;
}

/* Who listens */

static void
dms_p2p_host_add_listener (GArray *listeners, GCallback func, gpointer user_data)
{
  DmsP2pListener listener = { func, user_data };

  g_array_append_val (listeners, listener);
}

void
dms_p2p_host_add_identified (DmsP2pHost *self, DmsP2pHostIdentified identified, gpointer user_data)
{
  dms_p2p_host_add_listener (self->identified, G_CALLBACK (identified), user_data);
}

void
dms_p2p_host_emit_identified (DmsP2pHost *self, DmsP2pConnection *connection)
{
  g_autoptr (DmsP2pHost) keep = g_object_ref (self);
  g_autoptr (DmsP2pConnection) keep_connection = g_object_ref (connection);

  /* Closing empties the array. */
  for (guint i = 0; i < self->identified->len; i++)
    {
      DmsP2pListener *listener = &g_array_index (self->identified, DmsP2pListener, i);

      ((DmsP2pHostIdentified) listener->func) (self, connection, listener->user_data);
    }
}

void
dms_p2p_host_add_changed (DmsP2pHost *self, DmsP2pHostChanged changed, gpointer user_data)
{
  dms_p2p_host_add_listener (self->changed, G_CALLBACK (changed), user_data);
}

static void
dms_p2p_host_emit_changed (DmsP2pHost *self)
{
  g_autoptr (DmsP2pHost) keep = g_object_ref (self);

  for (guint i = 0; i < self->changed->len; i++)
    {
      DmsP2pListener *listener = &g_array_index (self->changed, DmsP2pListener, i);

      ((DmsP2pHostChanged) listener->func) (self, listener->user_data);
    }
}

/* Handlers */

void
dms_p2p_host_set_handler (DmsP2pHost *self,
                          const char *protocol,
                          DmsP2pHostStreamHandler handler,
                          gpointer user_data,
                          GDestroyNotify destroy)
{
  gboolean had = g_hash_table_contains (self->exact, protocol);

  if (handler != NULL)
    g_hash_table_replace (
        self->exact, g_strdup (protocol), dms_p2p_handler_new (protocol, NULL, handler, user_data, destroy));
  else
    g_hash_table_remove (self->exact, protocol);
  if (had != (handler != NULL))
    dms_p2p_host_emit_changed (self);
}

static gboolean
dms_p2p_host_remove_family (DmsP2pHost *self, const char *announced)
{
  for (guint i = 0; i < self->families->len; i++)
    if (g_str_equal (dms_p2p_handler_get_protocol (g_ptr_array_index (self->families, i)), announced))
      {
        g_ptr_array_remove_index (self->families, i);
        return TRUE;
      }
  return FALSE;
}

void
dms_p2p_host_set_match_handler (DmsP2pHost *self,
                                const char *announced,
                                DmsP2pHostMatch match,
                                DmsP2pHostStreamHandler handler,
                                gpointer user_data,
                                GDestroyNotify destroy)
{
  gboolean had = dms_p2p_host_remove_family (self, announced);

  if (handler != NULL)
    g_ptr_array_add (self->families, dms_p2p_handler_new (announced, match, handler, user_data, destroy));
  if (had != (handler != NULL))
    dms_p2p_host_emit_changed (self);
}

static int
dms_p2p_host_compare_texts (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

GStrv
dms_p2p_host_dup_protocols (DmsP2pHost *self)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key = NULL;

  g_hash_table_iter_init (&iter, self->exact);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (texts, g_strdup (key));
  for (guint i = 0; i < self->families->len; i++)
    g_ptr_array_add (texts, g_strdup (dms_p2p_handler_get_protocol (g_ptr_array_index (self->families, i))));
  g_ptr_array_sort (texts, dms_p2p_host_compare_texts);
  g_ptr_array_add (texts, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&texts), FALSE);
}

static DmsP2pHandler *
dms_p2p_host_find_family (DmsP2pHost *self, const char *protocol)
{
  for (guint i = 0; i < self->families->len; i++)
    if (dms_p2p_handler_takes (g_ptr_array_index (self->families, i), protocol))
      return g_ptr_array_index (self->families, i);
  return NULL;
}

static DmsP2pHandler *
dms_p2p_host_find_handler (DmsP2pHost *self, const char *protocol)
{
  DmsP2pHandler *found = g_hash_table_lookup (self->exact, protocol);

  return found != NULL ? found : dms_p2p_host_find_family (self, protocol);
}

/* Streams that peers open */

static void
dms_p2p_host_on_connection (DmsP2pSwarm *swarm,
                            DmsP2pConnection *connection,
                            gboolean is_open,
                            gpointer user_data)
{
  DmsP2pHost *self = user_data;
  DmsP2pInboundStreams *streams = NULL;

  if (!is_open)
    {
      g_hash_table_remove (self->inbound, connection);
      return;
    }
  streams = g_new0 (DmsP2pInboundStreams, 1);
  streams->order = dms_p2p_order_new ();
  g_hash_table_replace (self->inbound, connection, streams);
}

static void
dms_p2p_host_end_negotiation (DmsP2pHost *self, DmsP2pConnection *connection, gint64 sequence)
{
  DmsP2pInboundStreams *streams = g_hash_table_lookup (self->inbound, connection);

  if (streams == NULL)
    return;
  streams->n_negotiating--;
  dms_p2p_order_settle (streams->order, sequence);
}

gboolean
dms_p2p_host_is_missing_before (DmsP2pHost *self, DmsP2pConnection *connection, gint64 sequence)
{
  DmsP2pInboundStreams *streams = g_hash_table_lookup (self->inbound, connection);

  return streams != NULL && dms_p2p_order_is_missing_before (streams->order, sequence);
}

void
dms_p2p_host_skip_to (DmsP2pHost *self, DmsP2pConnection *connection, gint64 sequence)
{
  DmsP2pInboundStreams *streams = g_hash_table_lookup (self->inbound, connection);

  if (streams != NULL)
    dms_p2p_order_skip_to (streams->order, sequence);
}

static gboolean
dms_p2p_host_knows (const char *protocol, gpointer user_data)
{
  return dms_p2p_host_find_handler (user_data, protocol) != NULL;
}

static void
dms_p2p_host_on_negotiated (DmsP2pConnection *connection,
                            DmsP2pStream *stream,
                            gint64 sequence,
                            gpointer user_data)
{
  g_autoptr (DmsP2pHost) self = g_object_ref (user_data);
  g_autoptr (DmsP2pHandler) handler = NULL;
  DmsP2pHandler *found = NULL;

  dms_p2p_host_end_negotiation (self, connection, sequence);
  if (stream == NULL)
    return;
  if (!g_cancellable_is_cancelled (self->closing))
    found = dms_p2p_host_find_handler (self, dms_stream_get_protocol (DMS_STREAM (stream)));
  if (found == NULL)
    {
      dms_stream_reset (DMS_STREAM (stream));
      return;
    }
  handler = dms_p2p_handler_ref (found);
  dms_p2p_handler_call (handler, self, connection, stream);
}

static void
dms_p2p_host_on_accept (DmsP2pConnection *connection,
                        DmsP2pPipe *pipe,
                        DmsP2pReservation *reservation,
                        gpointer user_data)
{
  DmsP2pHost *self = user_data;
  DmsP2pInboundStreams *streams = g_hash_table_lookup (self->inbound, connection);

  if (reservation == NULL || streams == NULL || streams->n_negotiating >= DMS_P2P_HOST_MAX_NEGOTIATIONS)
    {
      /* Nobody is to wait for it. */
      if (streams != NULL)
        dms_p2p_order_settle (streams->order, dms_p2p_pipe_get_sequence (pipe));
      if (reservation != NULL)
        dms_p2p_pipe_reset (pipe, DMS_P2P_RESET_RESOURCE_LIMIT);
      dms_p2p_reservation_free (reservation);
      return;
    }
  streams->n_negotiating++;
  dms_p2p_negotiation_start (
      self, connection, pipe, reservation, dms_p2p_host_knows, dms_p2p_host_on_negotiated, self->closing);
}

/* Streams that this side opens */

/* Whether a protocol may be proposed together with the first bytes, which saves a round trip: unless the peer
 * has said what it speaks, and this is not among it. What it refuses is an error of the first read then. */
static gboolean
dms_p2p_host_may_speak (DmsP2pHost *self, DmsPeerId *peer, const char *protocol)
{
  DmsP2pPeerStore *store = dms_p2p_swarm_get_peer_store (self->swarm);
  const char *const *known = dms_p2p_peer_store_get_protocols (store, peer);
  DmsP2pHandler *family = NULL;

  if (known == NULL || g_strv_contains (known, protocol))
    return TRUE;
  family = dms_p2p_host_find_family (self, protocol);
  return family != NULL && g_strv_contains (known, dms_p2p_handler_get_protocol (family));
}

static gboolean
dms_p2p_host_check_open (DmsP2pHost *self, GTask *task)
{
  if (!g_cancellable_is_cancelled (self->closing))
    return TRUE;
  g_task_return_new_error (
      task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "cannot open a stream: this host is closed");
  return FALSE;
}

static void
dms_p2p_host_open_on (DmsP2pHost *self,
                      DmsP2pConnection *connection,
                      const char *const *protocols,
                      GTask *task)
{
  gboolean lazy = protocols[1] == NULL &&
                  dms_p2p_host_may_speak (self, dms_p2p_connection_get_peer_id (connection), protocols[0]);

  dms_p2p_opening_start (connection, protocols, lazy, task);
}

static void
dms_p2p_host_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pHost *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &error);

  if (connection == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (dms_p2p_host_check_open (self, task))
    dms_p2p_host_open_on (self, connection, g_task_get_task_data (task), task);
}

void
dms_p2p_host_open_stream_async (DmsP2pHost *self,
                                DmsPeerId *peer,
                                const char *const *protocols,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  DmsP2pConnection *connection = NULL;

  g_return_if_fail (protocols != NULL && protocols[0] != NULL);

  g_task_set_source_tag (task, dms_p2p_host_open_stream_async);
  g_task_set_task_data (task, g_strdupv ((char **) protocols), (GDestroyNotify) g_strfreev);
  if (!dms_p2p_host_check_open (self, task))
    return;
  connection = dms_p2p_swarm_find (self->swarm, peer);
  if (connection != NULL)
    {
      dms_p2p_host_open_on (self, connection, protocols, task);
      return;
    }
  dms_p2p_swarm_connect_async (self->swarm,
                               peer,
                               NULL,
                               FALSE,
                               NULL,
                               NULL,
                               cancellable,
                               dms_p2p_host_on_connected,
                               g_steal_pointer (&task));
}

void
dms_p2p_host_open_stream_on_async (DmsP2pHost *self,
                                   DmsP2pConnection *connection,
                                   const char *const *protocols,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (protocols != NULL && protocols[0] != NULL);

  g_task_set_source_tag (task, dms_p2p_host_open_stream_async);
  if (dms_p2p_host_check_open (self, task))
    dms_p2p_host_open_on (self, connection, protocols, task);
}

DmsP2pStream *
dms_p2p_host_open_stream_finish (DmsP2pHost *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dms_p2p_host_new:
 * @swarm: the connections; its accept handler is the host's from here on
 *
 * Returns: (transfer full): a host
 */
DmsP2pHost *
dms_p2p_host_new (DmsP2pSwarm *swarm)
{
  DmsP2pHost *self = g_object_new (DMS_TYPE_P2P_HOST, NULL);

  self->swarm = g_object_ref (swarm);
  dms_p2p_swarm_set_accept (swarm, dms_p2p_host_on_accept, self);
  dms_p2p_swarm_add_notify (swarm, dms_p2p_host_on_connection, self);
  return self;
}

void
dms_p2p_host_close (DmsP2pHost *self)
{
  if (self->swarm == NULL || g_cancellable_is_cancelled (self->closing))
    return;
  g_array_set_size (self->identified, 0);
  g_array_set_size (self->changed, 0);
  dms_p2p_swarm_set_accept (self->swarm, NULL, NULL);
  g_cancellable_cancel (self->closing);
  dms_p2p_swarm_close (self->swarm);
  g_hash_table_remove_all (self->inbound);
  g_hash_table_remove_all (self->exact);
  g_ptr_array_set_size (self->families, 0);
}
