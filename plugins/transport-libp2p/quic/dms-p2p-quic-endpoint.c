/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-endpoint.h"

#include <string.h>

#include "quic/dms-p2p-quic-cid.h"
#include "quic/dms-p2p-quic-connection.h"
#include "quic/dms-p2p-quic-graves.h"

/**
 * DmsP2pQuicEndpoint:
 *
 * A UDP socket that carries any number of QUIC connections, of both sides, told apart by the connection IDs
 * in their packets. What belongs to no connection is a new client's first packet, or gets an answer that
 * takes no memory, or none.
 *
 * Connections have references to it, not the other way round.
 */
struct _DmsP2pQuicEndpoint
{
  GObject parent_instance;

  DmsP2pQuicSocket *socket;
  DmsP2pQuicDoor *door;
  DmsP2pQuicGraves *graves;
  GHashTable *connections;
  /* By stateless reset tokens: GBytes → DmsP2pQuicConnection. */
  GHashTable *tokens;
  GSource *source;
  gpointer tag;
  guint8 *buffer;
  DmsP2pQuicVisitor visitor;
  gpointer visitor_data;

  /* That got something in this turn, and that wait to send. */
  GPtrArray *touched;
  GPtrArray *waiting;
  DmsP2pQuicDeadlines *deadlines;
  gboolean is_dispatching;
};

G_DEFINE_FINAL_TYPE (DmsP2pQuicEndpoint, dms_p2p_quic_endpoint, G_TYPE_OBJECT)

typedef struct
{
  GSource source;
  DmsP2pQuicEndpoint *endpoint;
} DmsP2pQuicSource;

/* RFC 9000 section 14.1: a client's first datagrams are at least so large. */
#define DMS_P2P_QUIC_MIN_INITIAL 1200
/* RFC 9000 section 10.3: what is shorter is no stateless reset. */
#define DMS_P2P_QUIC_MIN_RESET 21

static void
dms_p2p_quic_endpoint_touch (DmsP2pQuicEndpoint *self, DmsP2pQuicConnection *connection)
{
  /* Mostly many datagrams of the same one follow each other. */
  if (self->touched->len > 0 && g_ptr_array_index (self->touched, self->touched->len - 1) == connection)
    return;
  if (!g_ptr_array_find (self->touched, connection, NULL))
    g_ptr_array_add (self->touched, g_object_ref (connection));
}

static void
dms_p2p_quic_endpoint_answer (DmsP2pQuicEndpoint *self, const ngtcp2_path *path, gsize size)
{
  if (size > 0)
    dms_p2p_quic_endpoint_send (self, path, 0, self->buffer, size, size);
}

/* The first packet of somebody. */
static DmsP2pQuicConnection *
dms_p2p_quic_endpoint_let_in (DmsP2pQuicEndpoint *self,
                              const ngtcp2_path *path,
                              const guint8 *data,
                              gsize size)
{
  ngtcp2_pkt_hd header;
  ngtcp2_cid original = { 0 };
  DmsP2pQuicConnection *connection = NULL;
  gsize answer = 0;

  if (self->visitor == NULL || size < DMS_P2P_QUIC_MIN_INITIAL || ngtcp2_accept (&header, data, size) != 0)
    return NULL;
  switch (dms_p2p_quic_door_judge (self->door, &header, path, &original))
    {
    case DMS_P2P_QUIC_ADMIT:
      connection = self->visitor (self, &header, path, &original, self->visitor_data);
      if (connection == NULL)
        answer =
            dms_p2p_quic_door_write_refusal (self->door, &header, self->buffer, DMS_P2P_QUIC_MIN_INITIAL);
      break;
    case DMS_P2P_QUIC_RETRY:
      answer =
          dms_p2p_quic_door_write_retry (self->door, &header, path, self->buffer, DMS_P2P_QUIC_MIN_INITIAL);
      break;
    case DMS_P2P_QUIC_REFUSE:
      answer = dms_p2p_quic_door_write_refusal (self->door, &header, self->buffer, DMS_P2P_QUIC_MIN_INITIAL);
      break;
    }
  dms_p2p_quic_endpoint_answer (self, path, answer);
  return connection;
}

/* ngtcp2 compares in constant time, and the addresses too. */
static DmsP2pQuicConnection *
dms_p2p_quic_endpoint_find_token (DmsP2pQuicEndpoint *self, const guint8 *data, gsize size)
{
  g_autoptr (GBytes) token = NULL;

  if (size < DMS_P2P_QUIC_MIN_RESET || g_hash_table_size (self->tokens) == 0)
    return NULL;
  token = g_bytes_new_static (data + size - NGTCP2_STATELESS_RESET_TOKENLEN, NGTCP2_STATELESS_RESET_TOKENLEN);
  return g_hash_table_lookup (self->tokens, token);
}

/* Nobody's packet. */
static DmsP2pQuicConnection *
dms_p2p_quic_endpoint_take_unknown (DmsP2pQuicEndpoint *self,
                                    const ngtcp2_path *path,
                                    const ngtcp2_version_cid *ids,
                                    const guint8 *data,
                                    gsize size)
{
  gboolean is_long = (data[0] & 0x80) != 0;
  DmsP2pQuicConnection *connection = is_long ? NULL : dms_p2p_quic_endpoint_find_token (self, data, size);

  if (connection != NULL)
    return connection;
  if (is_long && ids->version == NGTCP2_PROTO_VER_V1)
    return dms_p2p_quic_endpoint_let_in (self, path, data, size);
  if (!is_long)
    dms_p2p_quic_endpoint_answer (
        self,
        path,
        dms_p2p_quic_door_write_reset (self->door, ids, size, self->buffer, DMS_P2P_QUIC_MIN_INITIAL));
  else if (ids->version != 0 && size >= DMS_P2P_QUIC_MIN_INITIAL && self->visitor != NULL)
    dms_p2p_quic_endpoint_answer (
        self,
        path,
        dms_p2p_quic_door_write_versions (self->door, ids, self->buffer, DMS_P2P_QUIC_MIN_INITIAL));
  return NULL;
}

static void
dms_p2p_quic_endpoint_on_datagram (const ngtcp2_path *path,
                                   const ngtcp2_pkt_info *info,
                                   const guint8 *data,
                                   gsize size,
                                   gpointer user_data)
{
  DmsP2pQuicEndpoint *self = user_data;
  DmsP2pQuicConnection *connection = NULL;
  ngtcp2_version_cid ids = { 0 };
  ngtcp2_cid cid = { 0 };
  g_autoptr (GBytes) answer = NULL;
  int code = 0;

  if (size == 0)
    return;
  code = ngtcp2_pkt_decode_version_cid (&ids, data, size, DMS_P2P_QUIC_CID_SIZE);
  if (code != 0 && code != NGTCP2_ERR_VERSION_NEGOTIATION)
    return;
  if (ids.dcidlen <= NGTCP2_MAX_CIDLEN)
    {
      ngtcp2_cid_init (&cid, ids.dcid, ids.dcidlen);
      connection = g_hash_table_lookup (self->connections, &cid);
      if (connection == NULL && dms_p2p_quic_graves_visit (self->graves, &cid, &answer))
        {
          if (answer != NULL)
            dms_p2p_quic_endpoint_send (self,
                                        path,
                                        0,
                                        g_bytes_get_data (answer, NULL),
                                        g_bytes_get_size (answer),
                                        g_bytes_get_size (answer));
          return;
        }
    }
  if (connection == NULL)
    connection = dms_p2p_quic_endpoint_take_unknown (self, path, &ids, data, size);
  if (connection == NULL)
    return;
  dms_p2p_quic_endpoint_touch (self, connection);
  dms_p2p_quic_connection_receive (connection, path, info, data, size);
}

static void
dms_p2p_quic_endpoint_let_work (GPtrArray **connections)
{
  g_autoptr (GPtrArray) now = *connections;

  *connections = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < now->len; i++)
    dms_p2p_quic_connection_work (g_ptr_array_index (now, i));
}

void
dms_p2p_quic_endpoint_take (DmsP2pQuicEndpoint *self, const ngtcp2_path *path, const guint8 *data, gsize size)
{
  const ngtcp2_pkt_info info = { 0 };

  dms_p2p_quic_endpoint_on_datagram (path, &info, data, size, self);
  dms_p2p_quic_endpoint_let_work (&self->touched);
}

static void
dms_p2p_quic_endpoint_watch (DmsP2pQuicEndpoint *self)
{
  g_source_modify_unix_fd (
      self->source, self->tag, dms_p2p_quic_socket_is_blocked (self->socket) ? G_IO_IN | G_IO_OUT : G_IO_IN);
}

static void
dms_p2p_quic_endpoint_set_alarm (DmsP2pQuicEndpoint *self)
{
  const DmsP2pQuicDeadline *first = dms_p2p_quic_deadlines_get_first (self->deadlines);

  /* Each change wakes the main loop: one at the end does. */
  if (self->is_dispatching)
    return;
  g_source_set_ready_time (self->source, first != NULL ? first->at_us : -1);
}

/* Those that set a new deadline meanwhile have their next turn after the others of the main loop. */
static void
dms_p2p_quic_endpoint_tick (DmsP2pQuicEndpoint *self)
{
  g_autoptr (GPtrArray) due = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 now = g_source_get_time (self->source);
  DmsP2pQuicDeadline *first = NULL;

  while ((first = dms_p2p_quic_deadlines_get_first (self->deadlines)) != NULL && first->at_us <= now)
    {
      dms_p2p_quic_deadlines_remove (self->deadlines, first);
      g_ptr_array_add (due, g_object_ref (first->owner));
    }
  for (guint i = 0; i < due->len; i++)
    dms_p2p_quic_connection_tick (g_ptr_array_index (due, i));
}

static gboolean
dms_p2p_quic_endpoint_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_autoptr (DmsP2pQuicEndpoint) self = g_object_ref (((DmsP2pQuicSource *) source)->endpoint);
  GIOCondition condition = g_source_query_unix_fd (source, self->tag);

  self->is_dispatching = TRUE;
  if ((condition & G_IO_OUT) && dms_p2p_quic_socket_resume (self->socket))
    {
      dms_p2p_quic_endpoint_watch (self);
      dms_p2p_quic_endpoint_let_work (&self->waiting);
    }
  if (condition & (G_IO_IN | G_IO_ERR))
    {
      dms_p2p_quic_socket_receive (self->socket, dms_p2p_quic_endpoint_on_datagram, self);
      dms_p2p_quic_endpoint_let_work (&self->touched);
    }
  dms_p2p_quic_endpoint_tick (self);
  self->is_dispatching = FALSE;
  dms_p2p_quic_endpoint_set_alarm (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs dms_p2p_quic_endpoint_source_funcs = { .dispatch = dms_p2p_quic_endpoint_dispatch };

static void
dms_p2p_quic_endpoint_finalize (GObject *object)
{
  DmsP2pQuicEndpoint *self = DMS_P2P_QUIC_ENDPOINT (object);

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->socket, dms_p2p_quic_socket_free);
  g_clear_pointer (&self->door, dms_p2p_quic_door_unref);
  g_clear_pointer (&self->graves, dms_p2p_quic_graves_free);
  g_clear_pointer (&self->connections, g_hash_table_unref);
  g_clear_pointer (&self->tokens, g_hash_table_unref);
  g_clear_pointer (&self->touched, g_ptr_array_unref);
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  g_clear_pointer (&self->deadlines, dms_p2p_quic_deadlines_free);
  g_clear_pointer (&self->buffer, g_free);
  G_OBJECT_CLASS (dms_p2p_quic_endpoint_parent_class)->finalize (object);
}

static void
dms_p2p_quic_endpoint_class_init (DmsP2pQuicEndpointClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_quic_endpoint_finalize;
}

static void
dms_p2p_quic_endpoint_init (DmsP2pQuicEndpoint *self)
{
  self->graves = dms_p2p_quic_graves_new ();
  self->deadlines = dms_p2p_quic_deadlines_new ();
  self->connections = g_hash_table_new_full (dms_p2p_quic_cid_hash, dms_p2p_quic_cid_equal, g_free, NULL);
  self->tokens = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  self->touched = g_ptr_array_new_with_free_func (g_object_unref);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->buffer = g_malloc (DMS_P2P_QUIC_BATCH_SIZE);
}

/**
 * dms_p2p_quic_endpoint_new:
 * @address: to bind to; port 0 for any
 * @door: who may come in
 * @error: return location for a #DmsError
 *
 * Returns: (transfer full): an endpoint that receives, but has no visitor
 */
DmsP2pQuicEndpoint *
dms_p2p_quic_endpoint_new (GInetSocketAddress *address, DmsP2pQuicDoor *door, GError **error)
{
  g_autoptr (DmsP2pQuicEndpoint) self = NULL;
  g_autoptr (DmsP2pQuicSocket) socket = dms_p2p_quic_socket_new (address, error);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  if (socket == NULL)
    return NULL;
  self = g_object_new (DMS_TYPE_P2P_QUIC_ENDPOINT, NULL);
  self->socket = g_steal_pointer (&socket);
  self->door = dms_p2p_quic_door_ref (door);
  self->source = g_source_new (&dms_p2p_quic_endpoint_source_funcs, sizeof (DmsP2pQuicSource));
  ((DmsP2pQuicSource *) self->source)->endpoint = self;
  g_source_set_static_name (self->source, "dms-p2p-quic-endpoint");
  self->tag = g_source_add_unix_fd (self->source, dms_p2p_quic_socket_get_fd (self->socket), G_IO_IN);
  g_source_attach (self->source, context);
  return g_steal_pointer (&self);
}

void
dms_p2p_quic_endpoint_set_visitor (DmsP2pQuicEndpoint *self, DmsP2pQuicVisitor visitor, gpointer user_data)
{
  self->visitor = visitor;
  self->visitor_data = user_data;
}

DmsP2pQuicSocket *
dms_p2p_quic_endpoint_get_socket (DmsP2pQuicEndpoint *self)
{
  return self->socket;
}

DmsP2pQuicDoor *
dms_p2p_quic_endpoint_get_door (DmsP2pQuicEndpoint *self)
{
  return self->door;
}

guint8 *
dms_p2p_quic_endpoint_get_buffer (DmsP2pQuicEndpoint *self)
{
  return self->buffer;
}

gboolean
dms_p2p_quic_endpoint_add_id (DmsP2pQuicEndpoint *self,
                              const ngtcp2_cid *id,
                              DmsP2pQuicConnection *connection)
{
  if (g_hash_table_contains (self->connections, id))
    return FALSE;
  g_hash_table_insert (self->connections, dms_p2p_quic_cid_copy (id), connection);
  return TRUE;
}

void
dms_p2p_quic_endpoint_remove_id (DmsP2pQuicEndpoint *self, const ngtcp2_cid *id)
{
  g_hash_table_remove (self->connections, id);
}

gboolean
dms_p2p_quic_endpoint_add_token (DmsP2pQuicEndpoint *self,
                                 const guint8 *token,
                                 DmsP2pQuicConnection *connection)
{
  g_autoptr (GBytes) key = g_bytes_new (token, NGTCP2_STATELESS_RESET_TOKENLEN);

  /* The other side chose it. It cannot take that of somebody else. */
  if (g_hash_table_contains (self->tokens, key))
    return FALSE;
  return g_hash_table_insert (self->tokens, g_steal_pointer (&key), connection);
}

void
dms_p2p_quic_endpoint_remove_token (DmsP2pQuicEndpoint *self,
                                    const guint8 *token,
                                    DmsP2pQuicConnection *connection)
{
  g_autoptr (GBytes) key = g_bytes_new_static (token, NGTCP2_STATELESS_RESET_TOKENLEN);

  if (g_hash_table_lookup (self->tokens, key) == connection)
    g_hash_table_remove (self->tokens, key);
}

void
dms_p2p_quic_endpoint_bury (DmsP2pQuicEndpoint *self,
                            const ngtcp2_cid *ids,
                            gsize n_ids,
                            GBytes *packet,
                            ngtcp2_tstamp until)
{
  dms_p2p_quic_graves_bury (self->graves, ids, n_ids, packet, until);
}

void
dms_p2p_quic_endpoint_set_deadline (DmsP2pQuicEndpoint *self, DmsP2pQuicDeadline *deadline, gint64 at_us)
{
  if (deadline->position != 0 && deadline->at_us == at_us)
    return;
  if (at_us >= 0)
    dms_p2p_quic_deadlines_set (self->deadlines, deadline, at_us);
  else
    dms_p2p_quic_deadlines_remove (self->deadlines, deadline);
  dms_p2p_quic_endpoint_set_alarm (self);
}

gboolean
dms_p2p_quic_endpoint_may_send (DmsP2pQuicEndpoint *self, DmsP2pQuicConnection *connection)
{
  if (!dms_p2p_quic_socket_is_blocked (self->socket))
    return TRUE;
  if (!g_ptr_array_find (self->waiting, connection, NULL))
    g_ptr_array_add (self->waiting, g_object_ref (connection));
  return FALSE;
}

void
dms_p2p_quic_endpoint_send (DmsP2pQuicEndpoint *self,
                            const ngtcp2_path *path,
                            guint32 ecn,
                            const guint8 *data,
                            gsize size,
                            gsize segment)
{
  if (!dms_p2p_quic_socket_send (self->socket, path, ecn, data, size, segment))
    dms_p2p_quic_endpoint_watch (self);
}

void
dms_p2p_quic_endpoint_forget (DmsP2pQuicEndpoint *self, DmsP2pQuicConnection *connection)
{
  g_ptr_array_remove (self->waiting, connection);
}
