/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-identify-self.h"

#include "identify/dms-p2p-identify-message.h"
#include "identify/dms-p2p-signed-record.h"

/* What go-libp2p says by default (p2p/protocol/identify: DefaultProtocolVersion). */
#define DMS_P2P_IDENTIFY_PROTOCOL_VERSION_TEXT "ipfs/0.1.0"

enum
{
  /* Addresses that are told: what fits in a small message, with the record. Ours. */
  DMS_P2P_IDENTIFY_MAX_OWN_ADDRESSES = 24,
};

struct _DmsP2pIdentifySelf
{
  /* Borrowed: the owner of this belongs to it. */
  DmsP2pHost *host;
  DmsP2pIdentifyMessage *message;
  guint64 seq;
  guint generation;
};

DmsP2pIdentifySelf *
dms_p2p_identify_self_new (DmsP2pHost *host, const char *agent)
{
  DmsP2pIdentifySelf *self = g_new0 (DmsP2pIdentifySelf, 1);
  DmsP2pIdentity *identity = dms_p2p_swarm_get_identity (dms_p2p_host_get_swarm (host));

  self->host = host;
  self->message = dms_p2p_identify_message_new ();
  self->message->agent = g_strdup (agent);
  self->message->protocol_version = g_strdup (DMS_P2P_IDENTIFY_PROTOCOL_VERSION_TEXT);
  self->message->public_key =
      g_bytes_ref (dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity)));
  return self;
}

void
dms_p2p_identify_self_free (DmsP2pIdentifySelf *self)
{
  g_clear_pointer (&self->message, dms_p2p_identify_message_free);
  g_free (self);
}

static gboolean
dms_p2p_identify_self_set_protocols (DmsP2pIdentifySelf *self)
{
  g_auto (GStrv) protocols = dms_p2p_host_dup_protocols (self->host);
  GPtrArray *known = self->message->protocols;
  guint n = g_strv_length (protocols);
  gboolean same = n == known->len;

  for (guint i = 0; same && i < n; i++)
    same = g_str_equal (protocols[i], g_ptr_array_index (known, i));
  if (same)
    return FALSE;
  g_ptr_array_set_size (known, 0);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (known, g_strdup (protocols[i]));
  return TRUE;
}

static gboolean
dms_p2p_identify_self_set_addresses (DmsP2pIdentifySelf *self)
{
  g_autoptr (GPtrArray) addresses = dms_p2p_swarm_dup_listen_addresses (dms_p2p_host_get_swarm (self->host));
  GPtrArray *known = self->message->addresses;
  guint n = MIN (addresses->len, DMS_P2P_IDENTIFY_MAX_OWN_ADDRESSES);
  gboolean same = n == known->len;

  for (guint i = 0; same && i < n; i++)
    same = dms_multiaddr_equal (g_ptr_array_index (addresses, i), g_ptr_array_index (known, i));
  if (same)
    return FALSE;
  g_ptr_array_set_size (known, 0);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (known, dms_multiaddr_ref (g_ptr_array_index (addresses, i)));
  return TRUE;
}

guint
dms_p2p_identify_self_refresh (DmsP2pIdentifySelf *self)
{
  DmsP2pIdentity *identity = dms_p2p_swarm_get_identity (dms_p2p_host_get_swarm (self->host));
  gboolean protocols_changed = dms_p2p_identify_self_set_protocols (self);
  gboolean addresses_changed = dms_p2p_identify_self_set_addresses (self);

  if (addresses_changed || self->message->record == NULL)
    {
      /* Later records have higher numbers, also after a restart (RFC 0003). */
      self->seq = MAX (self->seq + 1, (guint64) g_get_real_time () * 1000);
      g_clear_pointer (&self->message->record, g_bytes_unref);
      self->message->record = dms_p2p_signed_record_seal (identity, self->seq, self->message->addresses);
    }
  if (protocols_changed || addresses_changed || self->generation == 0)
    self->generation++;
  return self->generation;
}

GBytes *
dms_p2p_identify_self_write (DmsP2pIdentifySelf *self, DmsP2pConnection *connection)
{
  DmsMultiaddr *remote = dms_p2p_connection_get_remote (connection);
  GBytes *framed = NULL;

  if (self->message->record == NULL)
    dms_p2p_identify_self_refresh (self);
  self->message->observed = remote != NULL ? dms_multiaddr_ref (remote) : NULL;
  framed = dms_p2p_identify_message_encode (self->message);
  g_clear_pointer (&self->message->observed, dms_multiaddr_unref);
  return framed;
}
