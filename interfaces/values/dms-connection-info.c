/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-connection-info.h"

#include <string.h>

#include "values/dms-multiaddr.h"
#include "values/dms-peer-id.h"
#include "values/dms-value-private.h"

/**
 * DmsConnectionInfo:
 *
 * One connection to one peer: how it came about, what goes over it, and what the peer said of itself.
 * Immutable and counted.
 */
struct _DmsConnectionInfo
{
  DmsPeerId *peer;
  DmsMultiaddr *local;
  DmsMultiaddr *remote;
  gboolean inbound;
  gboolean limited;
  char *security;
  char *muxer;
  gint64 opened_us;

  guint n_streams;
  gint64 rtt_us;
  guint64 bytes_in;
  guint64 bytes_out;

  char *agent;
  GStrv protocols;
};

G_DEFINE_BOXED_TYPE (DmsConnectionInfo,
                     dms_connection_info,
                     dms_connection_info_ref,
                     dms_connection_info_unref)

enum
{
  /* What is kept of a peer's list of protocols, and of each text of a peer in bytes. */
  DMS_CONNECTION_INFO_MAX_PROTOCOLS = 1024,
  DMS_CONNECTION_INFO_MAX_TEXT = 1024,
};

/* A text of a peer, cut to what is kept of it; what is no UTF-8 in it is replaced (3 bytes for one). */
static char *
dms_connection_info_keep_text (const char *text)
{
  return g_utf8_make_valid (text, (gssize) strnlen (text, DMS_CONNECTION_INFO_MAX_TEXT));
}

static GStrv
dms_connection_info_keep_protocols (const char *const *protocols)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; protocols != NULL && protocols[i] != NULL && i < DMS_CONNECTION_INFO_MAX_PROTOCOLS; i++)
    {
      g_autofree char *kept = dms_connection_info_keep_text (protocols[i]);

      g_strv_builder_add (builder, kept);
    }
  return g_strv_builder_end (builder);
}

static DmsPeerId *
dms_connection_info_read_peer (DmsValueReader *reader)
{
  const char *text = dms_value_reader_get_text (reader, "peer");

  if (text == NULL)
    {
      dms_value_reader_fail (reader, "peer", "is missing");
      return NULL;
    }
  return dms_peer_id_new (text, &reader->error);
}

static DmsMultiaddr *
dms_connection_info_read_address (DmsValueReader *reader, const char *member)
{
  const char *text = dms_value_reader_get_text (reader, member);

  return text != NULL ? dms_multiaddr_new (text, &reader->error) : NULL;
}

static GStrv
dms_connection_info_read_protocols (DmsValueReader *reader)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array = dms_value_reader_get_array (reader, "protocols");
  guint n = array != NULL ? json_array_get_length (array) : 0;

  if (n > DMS_CONNECTION_INFO_MAX_PROTOCOLS)
    dms_value_reader_fail (reader, "protocols", "has too many items");
  for (guint i = 0; i < n && reader->error == NULL; i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      if (text == NULL || strlen (text) > DMS_VALUE_MAX_TEXT)
        dms_value_reader_fail (reader, "protocols", "must be texts that are not too long");
      else
        g_strv_builder_add (builder, text);
    }
  return g_strv_builder_end (builder);
}

static DmsConnectionInfo *
dms_connection_info_copy (DmsConnectionInfo *self)
{
  DmsConnectionInfo *copy = g_atomic_rc_box_dup (sizeof *self, self);

  copy->peer = dms_peer_id_ref (self->peer);
  copy->local = self->local != NULL ? dms_multiaddr_ref (self->local) : NULL;
  copy->remote = self->remote != NULL ? dms_multiaddr_ref (self->remote) : NULL;
  copy->security = g_strdup (self->security);
  copy->muxer = g_strdup (self->muxer);
  copy->agent = g_strdup (self->agent);
  copy->protocols = g_strdupv (self->protocols);
  return copy;
}

/**
 * dms_connection_info_new:
 * @peer: who is at the other end
 * @local: (nullable): the own end; %NULL when it is not known
 * @remote: (nullable): the peer's end; %NULL when it is not known
 * @inbound: whether the peer opened it
 * @limited: whether it goes by way of a relay that limits bytes and time
 * @security: (nullable): what secures it, such as `/tls/1.0.0`
 * @muxer: (nullable): what makes streams of it, such as `/yamux/1.0.0`
 * @opened_us: since when it stands, in microseconds since the epoch
 *
 * Makes a value without streams and traffic, whose round trip was not measured and whose peer has said
 * nothing.
 *
 * Returns: (transfer full): the value
 */
DmsConnectionInfo *
dms_connection_info_new (DmsPeerId *peer,
                         DmsMultiaddr *local,
                         DmsMultiaddr *remote,
                         gboolean inbound,
                         gboolean limited,
                         const char *security,
                         const char *muxer,
                         gint64 opened_us)
{
  DmsConnectionInfo *self = NULL;

  g_return_val_if_fail (peer != NULL, NULL);

  self = g_atomic_rc_box_new0 (DmsConnectionInfo);
  self->peer = dms_peer_id_ref (peer);
  self->local = local != NULL ? dms_multiaddr_ref (local) : NULL;
  self->remote = remote != NULL ? dms_multiaddr_ref (remote) : NULL;
  self->inbound = inbound != FALSE;
  self->limited = limited != FALSE;
  self->security = g_strdup (security != NULL ? security : "");
  self->muxer = g_strdup (muxer != NULL ? muxer : "");
  self->opened_us = MAX (opened_us, 0);
  self->rtt_us = -1;
  self->protocols = g_new0 (char *, 1);
  return self;
}

/**
 * dms_connection_info_with_traffic:
 * @self: a connection info
 * @n_streams: how many streams are open
 * @rtt_us: the round trip in microseconds; -1 when it was not measured
 * @bytes_in: how many bytes came
 * @bytes_out: how many bytes went
 *
 * Makes another value that has these instead.
 *
 * Returns: (transfer full): the value
 */
DmsConnectionInfo *
dms_connection_info_with_traffic (DmsConnectionInfo *self,
                                  guint n_streams,
                                  gint64 rtt_us,
                                  guint64 bytes_in,
                                  guint64 bytes_out)
{
  DmsConnectionInfo *copy = dms_connection_info_copy (self);

  copy->n_streams = n_streams;
  copy->rtt_us = rtt_us >= 0 ? rtt_us : -1;
  copy->bytes_in = MIN (bytes_in, (guint64) G_MAXINT64);
  copy->bytes_out = MIN (bytes_out, (guint64) G_MAXINT64);
  return copy;
}

/**
 * dms_connection_info_with_identity:
 * @self: a connection info
 * @agent: (nullable): what program the peer says it is; %NULL when it has not said
 * @protocols: (nullable) (array zero-terminated=1): what the peer says it speaks; %NULL for nothing
 *
 * Makes another value that has these instead. Of a hostile peer's texts a bounded part is kept, and what is
 * no UTF-8 in them is replaced.
 *
 * Returns: (transfer full): the value
 */
DmsConnectionInfo *
dms_connection_info_with_identity (DmsConnectionInfo *self, const char *agent, const char *const *protocols)
{
  DmsConnectionInfo *copy = dms_connection_info_copy (self);

  g_free (copy->agent);
  g_strfreev (copy->protocols);
  copy->agent = agent != NULL && agent[0] != '\0' ? dms_connection_info_keep_text (agent) : NULL;
  copy->protocols = dms_connection_info_keep_protocols (protocols);
  return copy;
}

/**
 * dms_connection_info_get_peer:
 * @self: a connection info
 *
 * Returns: (transfer none): who is at the other end
 */
DmsPeerId *
dms_connection_info_get_peer (DmsConnectionInfo *self)
{
  return self->peer;
}

/**
 * dms_connection_info_get_local:
 * @self: a connection info
 *
 * Returns: (transfer none) (nullable): the own end; %NULL when it is not known
 */
DmsMultiaddr *
dms_connection_info_get_local (DmsConnectionInfo *self)
{
  return self->local;
}

/**
 * dms_connection_info_get_remote:
 * @self: a connection info
 *
 * Returns: (transfer none) (nullable): the peer's end; %NULL when it is not known
 */
DmsMultiaddr *
dms_connection_info_get_remote (DmsConnectionInfo *self)
{
  return self->remote;
}

/**
 * dms_connection_info_get_inbound:
 * @self: a connection info
 *
 * Returns: whether the peer opened it
 */
gboolean
dms_connection_info_get_inbound (DmsConnectionInfo *self)
{
  return self->inbound;
}

/**
 * dms_connection_info_get_limited:
 * @self: a connection info
 *
 * Returns: whether it goes by way of a relay that limits bytes and time
 */
gboolean
dms_connection_info_get_limited (DmsConnectionInfo *self)
{
  return self->limited;
}

/**
 * dms_connection_info_get_security:
 * @self: a connection info
 *
 * Returns: (transfer none): what secures it, such as `/tls/1.0.0`; empty for nothing
 */
const char *
dms_connection_info_get_security (DmsConnectionInfo *self)
{
  return self->security;
}

/**
 * dms_connection_info_get_muxer:
 * @self: a connection info
 *
 * Returns: (transfer none): what makes streams of it, such as `/yamux/1.0.0`; empty for nothing
 */
const char *
dms_connection_info_get_muxer (DmsConnectionInfo *self)
{
  return self->muxer;
}

/**
 * dms_connection_info_get_opened_us:
 * @self: a connection info
 *
 * Returns: since when it stands, in microseconds since the epoch
 */
gint64
dms_connection_info_get_opened_us (DmsConnectionInfo *self)
{
  return self->opened_us;
}

/**
 * dms_connection_info_get_n_streams:
 * @self: a connection info
 *
 * Returns: how many streams are open
 */
guint
dms_connection_info_get_n_streams (DmsConnectionInfo *self)
{
  return self->n_streams;
}

/**
 * dms_connection_info_get_rtt_us:
 * @self: a connection info
 *
 * Returns: the round trip in microseconds; -1 when it was not measured
 */
gint64
dms_connection_info_get_rtt_us (DmsConnectionInfo *self)
{
  return self->rtt_us;
}

/**
 * dms_connection_info_get_bytes_in:
 * @self: a connection info
 *
 * Returns: how many bytes came
 */
guint64
dms_connection_info_get_bytes_in (DmsConnectionInfo *self)
{
  return self->bytes_in;
}

/**
 * dms_connection_info_get_bytes_out:
 * @self: a connection info
 *
 * Returns: how many bytes went
 */
guint64
dms_connection_info_get_bytes_out (DmsConnectionInfo *self)
{
  return self->bytes_out;
}

/**
 * dms_connection_info_get_agent:
 * @self: a connection info
 *
 * Returns: (transfer none) (nullable): what program the peer says it is, as hostile as any text; %NULL when
 * it has not said
 */
const char *
dms_connection_info_get_agent (DmsConnectionInfo *self)
{
  return self->agent;
}

/**
 * dms_connection_info_get_protocols:
 * @self: a connection info
 *
 * Returns: (transfer none) (array zero-terminated=1): what the peer says it speaks, perhaps nothing
 */
const char *const *
dms_connection_info_get_protocols (DmsConnectionInfo *self)
{
  return (const char *const *) self->protocols;
}

/**
 * dms_connection_info_new_from_json:
 * @node: (nullable): what dms_connection_info_to_json() makes
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsConnectionInfo *
dms_connection_info_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsConnectionInfo) self = g_atomic_rc_box_new0 (DmsConnectionInfo);

  dms_value_reader_open (&reader, node, "connection info");
  self->peer = dms_connection_info_read_peer (&reader);
  self->local = dms_connection_info_read_address (&reader, "local");
  self->remote = dms_connection_info_read_address (&reader, "remote");
  self->inbound = dms_value_reader_get_boolean (&reader, "inbound");
  self->limited = dms_value_reader_get_boolean (&reader, "limited");
  self->security = g_strdup (dms_value_reader_get_text (&reader, "security"));
  self->muxer = g_strdup (dms_value_reader_get_text (&reader, "muxer"));
  self->opened_us = dms_value_reader_get_int (&reader, "opened_us", 0, G_MAXINT64);
  self->n_streams = (guint) dms_value_reader_get_uint (&reader, "n_streams", G_MAXUINT);
  self->rtt_us = -1;
  if (dms_value_reader_get_member (&reader, "rtt_us") != NULL)
    self->rtt_us = dms_value_reader_get_int (&reader, "rtt_us", -1, G_MAXINT64);
  self->bytes_in = dms_value_reader_get_uint (&reader, "bytes_in", G_MAXINT64);
  self->bytes_out = dms_value_reader_get_uint (&reader, "bytes_out", G_MAXINT64);
  self->agent = g_strdup (dms_value_reader_get_text (&reader, "agent"));
  self->protocols = dms_connection_info_read_protocols (&reader);
  if (self->security == NULL)
    self->security = g_strdup ("");
  if (self->muxer == NULL)
    self->muxer = g_strdup ("");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_connection_info_to_json:
 * @self: a connection info
 *
 * Returns: (transfer full): `{peer, local, remote, inbound, limited, security, muxer, opened_us, n_streams,
 *   rtt_us, bytes_in, bytes_out, agent, protocols}`; texts that are not known are left out
 */
JsonNode *
dms_connection_info_to_json (DmsConnectionInfo *self)
{
  JsonObject *object = json_object_new ();
  JsonArray *protocols = json_array_new ();

  for (guint i = 0; self->protocols[i] != NULL; i++)
    json_array_add_string_element (protocols, self->protocols[i]);
  json_object_set_member (object, "peer", dms_peer_id_to_json (self->peer));
  if (self->local != NULL)
    json_object_set_member (object, "local", dms_multiaddr_to_json (self->local));
  if (self->remote != NULL)
    json_object_set_member (object, "remote", dms_multiaddr_to_json (self->remote));
  json_object_set_boolean_member (object, "inbound", self->inbound);
  json_object_set_boolean_member (object, "limited", self->limited);
  dms_value_set_text (object, "security", self->security);
  dms_value_set_text (object, "muxer", self->muxer);
  json_object_set_int_member (object, "opened_us", self->opened_us);
  json_object_set_int_member (object, "n_streams", self->n_streams);
  json_object_set_int_member (object, "rtt_us", self->rtt_us);
  json_object_set_int_member (object, "bytes_in", (gint64) self->bytes_in);
  json_object_set_int_member (object, "bytes_out", (gint64) self->bytes_out);
  dms_value_set_text (object, "agent", self->agent);
  json_object_set_array_member (object, "protocols", protocols);
  return dms_value_take_object (object);
}

/**
 * dms_connection_info_ref:
 * @self: a connection info
 *
 * Returns: (transfer full): @self
 */
DmsConnectionInfo *
dms_connection_info_ref (DmsConnectionInfo *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_connection_info_clear (gpointer data)
{
  DmsConnectionInfo *self = data;

  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->local, dms_multiaddr_unref);
  g_clear_pointer (&self->remote, dms_multiaddr_unref);
  g_free (self->security);
  g_free (self->muxer);
  g_free (self->agent);
  g_strfreev (self->protocols);
}

/**
 * dms_connection_info_unref:
 * @self: (transfer full): a connection info
 *
 * Gives up a reference.
 */
void
dms_connection_info_unref (DmsConnectionInfo *self)
{
  g_atomic_rc_box_release_full (self, dms_connection_info_clear);
}

static gboolean
dms_connection_info_addresses_equal (DmsMultiaddr *a, DmsMultiaddr *b)
{
  return a == NULL || b == NULL ? a == b : dms_multiaddr_equal (a, b);
}

static gboolean
dms_connection_info_traffic_equal (DmsConnectionInfo *a, DmsConnectionInfo *b)
{
  return a->n_streams == b->n_streams && a->rtt_us == b->rtt_us && a->bytes_in == b->bytes_in &&
         a->bytes_out == b->bytes_out;
}

/**
 * dms_connection_info_equal:
 * @a: a connection info
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_connection_info_equal (DmsConnectionInfo *a, DmsConnectionInfo *b)
{
  return dms_peer_id_equal (a->peer, b->peer) && dms_connection_info_addresses_equal (a->local, b->local) &&
         dms_connection_info_addresses_equal (a->remote, b->remote) && a->inbound == b->inbound &&
         a->limited == b->limited && g_str_equal (a->security, b->security) &&
         g_str_equal (a->muxer, b->muxer) && a->opened_us == b->opened_us &&
         dms_connection_info_traffic_equal (a, b) && g_strcmp0 (a->agent, b->agent) == 0 &&
         g_strv_equal ((const char *const *) a->protocols, (const char *const *) b->protocols);
}
