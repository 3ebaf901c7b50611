/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-peer-record.h"

#include <string.h>

#include "swarm/dms-p2p-address.h"

enum
{
  /* What an allocation costs besides its bytes (glibc, malloc.c: a header, rounded up to 16). */
  DMS_P2P_PEER_RECORD_ALLOCATION = 16,
};

void
dms_p2p_peer_address_free (DmsP2pPeerAddress *self)
{
  dms_multiaddr_unref (self->address);
  g_free (self);
}

DmsP2pPeerRecord *
dms_p2p_peer_record_new (DmsPeerId *peer)
{
  DmsP2pPeerRecord *self = g_new0 (DmsP2pPeerRecord, 1);

  self->peer = dms_peer_id_ref (peer);
  self->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_peer_address_free);
  return self;
}

void
dms_p2p_peer_record_free (DmsP2pPeerRecord *self)
{
  dms_peer_id_unref (self->peer);
  g_ptr_array_unref (self->addresses);
  g_free (self->agent);
  g_free (self->protocol_version);
  g_strfreev (self->protocols);
  g_clear_pointer (&self->envelope, g_bytes_unref);
  g_free (self);
}

static gsize
dms_p2p_peer_record_count_text (const char *text)
{
  return text != NULL ? strlen (text) + 1 + DMS_P2P_PEER_RECORD_ALLOCATION : 0;
}

/* An address is its entry, the counted box around its text, and the text. */
static gsize
dms_p2p_peer_record_count_address (DmsMultiaddr *address)
{
  return sizeof (DmsP2pPeerAddress) + 3 * sizeof (gpointer) + 2 * DMS_P2P_PEER_RECORD_ALLOCATION +
         dms_p2p_peer_record_count_text (dms_multiaddr_get_text (address));
}

static gsize
dms_p2p_peer_record_count_addresses (DmsP2pPeerRecord *self)
{
  gsize bytes = 0;

  for (guint i = 0; i < self->addresses->len; i++)
    bytes += dms_p2p_peer_record_count_address (((DmsP2pPeerAddress *) self->addresses->pdata[i])->address);
  return bytes;
}

gsize
dms_p2p_peer_record_get_bytes (DmsP2pPeerRecord *self)
{
  gsize bytes = sizeof *self + sizeof *self->addresses + 3 * DMS_P2P_PEER_RECORD_ALLOCATION;

  bytes += dms_p2p_peer_record_count_addresses (self);
  /* In text and in bytes. */
  bytes += 2 * dms_p2p_peer_record_count_text (dms_peer_id_get_text (self->peer));
  bytes += dms_p2p_peer_record_count_text (self->agent);
  bytes += dms_p2p_peer_record_count_text (self->protocol_version);
  for (guint i = 0; self->protocols != NULL && self->protocols[i] != NULL; i++)
    bytes += sizeof (char *) + dms_p2p_peer_record_count_text (self->protocols[i]);
  if (self->envelope != NULL)
    bytes += g_bytes_get_size (self->envelope) + 4 * DMS_P2P_PEER_RECORD_ALLOCATION;
  return bytes;
}

DmsP2pPeerAddress *
dms_p2p_peer_record_find_address (DmsP2pPeerRecord *self, DmsMultiaddr *address)
{
  for (guint i = 0; i < self->addresses->len; i++)
    {
      DmsP2pPeerAddress *known = self->addresses->pdata[i];

      if (dms_multiaddr_equal (known->address, address))
        return known;
    }
  return NULL;
}

/* How much an address is worth: what worked and did not fail since, then what the peer signed for. */
static guint
dms_p2p_peer_address_get_worth (const DmsP2pPeerAddress *self)
{
  if (self->connected_us > 0 && self->n_failures == 0)
    return 3;
  if (self->is_certified)
    return 2;
  return self->connected_us > 0 ? 1 : 0;
}

static gint
dms_p2p_peer_address_compare (gconstpointer a, gconstpointer b)
{
  const DmsP2pPeerAddress *left = *(DmsP2pPeerAddress *const *) a;
  const DmsP2pPeerAddress *right = *(DmsP2pPeerAddress *const *) b;
  guint left_worth = dms_p2p_peer_address_get_worth (left);
  guint right_worth = dms_p2p_peer_address_get_worth (right);

  if (left_worth != right_worth)
    return left_worth > right_worth ? -1 : 1;
  if (left->n_failures != right->n_failures)
    return left->n_failures < right->n_failures ? -1 : 1;
  if (left->connected_us != right->connected_us)
    return left->connected_us > right->connected_us ? -1 : 1;
  if (left->expires_us != right->expires_us)
    return left->expires_us > right->expires_us ? -1 : 1;
  return strcmp (dms_multiaddr_get_text (left->address), dms_multiaddr_get_text (right->address));
}

void
dms_p2p_peer_record_sort (DmsP2pPeerRecord *self)
{
  g_ptr_array_sort (self->addresses, dms_p2p_peer_address_compare);
}

/* Makes room for @address, at the cost of the worst that are worth no more than @worth. */
static gboolean
dms_p2p_peer_record_make_room (DmsP2pPeerRecord *self, DmsMultiaddr *address, guint worth)
{
  gsize bytes = dms_p2p_peer_record_count_addresses (self) + dms_p2p_peer_record_count_address (address);

  if (self->addresses->len < DMS_P2P_PEER_RECORD_MAX_ADDRESSES &&
      bytes <= DMS_P2P_PEER_RECORD_MAX_ADDRESS_BYTES)
    return TRUE;
  dms_p2p_peer_record_sort (self);
  while (self->addresses->len >= DMS_P2P_PEER_RECORD_MAX_ADDRESSES ||
         (self->addresses->len > 0 && bytes > DMS_P2P_PEER_RECORD_MAX_ADDRESS_BYTES))
    {
      DmsP2pPeerAddress *worst = self->addresses->pdata[self->addresses->len - 1];

      /* Of equal worth the newer one wins, but nothing that is only said drives out what is signed or worked.
       */
      if (dms_p2p_peer_address_get_worth (worst) > worth)
        return FALSE;
      bytes -= dms_p2p_peer_record_count_address (worst->address);
      g_ptr_array_remove_index (self->addresses, self->addresses->len - 1);
    }
  return TRUE;
}

DmsP2pPeerAddress *
dms_p2p_peer_record_add_address (DmsP2pPeerRecord *self, DmsMultiaddr *address, gboolean is_certified)
{
  g_autoptr (DmsPeerId) named = dms_multiaddr_dup_peer_id (address);
  g_autoptr (DmsMultiaddr) plain = NULL;
  DmsP2pPeerAddress *known = NULL;

  if (named != NULL && !dms_peer_id_equal (named, self->peer))
    return NULL;
  plain = named != NULL ? dms_multiaddr_dup_without_peer_id (address) : dms_multiaddr_ref (address);
  if (plain == NULL || dms_p2p_address_get_reach (plain) == DMS_P2P_REACH_NONE)
    return NULL;
  known = dms_p2p_peer_record_find_address (self, plain);
  if (known == NULL)
    {
      if (!dms_p2p_peer_record_make_room (self, plain, is_certified ? 2 : 0))
        return NULL;
      known = g_new0 (DmsP2pPeerAddress, 1);
      known->address = dms_multiaddr_ref (plain);
      g_ptr_array_add (self->addresses, known);
    }
  known->is_certified |= is_certified;
  return known;
}

void
dms_p2p_peer_record_drop_expired (DmsP2pPeerRecord *self, gint64 now_us)
{
  for (guint i = self->addresses->len; i-- > 0;)
    if (((DmsP2pPeerAddress *) self->addresses->pdata[i])->expires_us <= now_us)
      g_ptr_array_remove_index (self->addresses, i);
}

void
dms_p2p_peer_record_drop_hearsay (DmsP2pPeerRecord *self)
{
  for (guint i = self->addresses->len; i-- > 0;)
    {
      DmsP2pPeerAddress *known = self->addresses->pdata[i];

      if (!known->is_certified && known->connected_us == 0)
        g_ptr_array_remove_index (self->addresses, i);
    }
}

static char *
dms_p2p_peer_record_dup_text (const char *text)
{
  g_autofree char *valid = NULL;

  if (text == NULL)
    return NULL;
  valid = g_utf8_make_valid (text, (gssize) strnlen (text, DMS_P2P_PEER_RECORD_MAX_TEXT));
  return g_steal_pointer (&valid);
}

void
dms_p2p_peer_record_set_identity (DmsP2pPeerRecord *self,
                                  const char *agent,
                                  const char *protocol_version,
                                  const char *const *protocols)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gsize bytes = 0;

  for (guint i = 0; protocols != NULL && protocols[i] != NULL && i < DMS_P2P_PEER_RECORD_MAX_PROTOCOLS; i++)
    {
      bytes += strnlen (protocols[i], DMS_P2P_PEER_RECORD_MAX_PROTOCOL_BYTES) + 1;
      if (bytes > DMS_P2P_PEER_RECORD_MAX_PROTOCOL_BYTES)
        break;
      g_strv_builder_add (builder, protocols[i]);
    }
  g_strfreev (self->protocols);
  self->protocols = g_strv_builder_end (builder);
  g_free (self->agent);
  self->agent = dms_p2p_peer_record_dup_text (agent);
  g_free (self->protocol_version);
  self->protocol_version = dms_p2p_peer_record_dup_text (protocol_version);
}
