/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "wire/dms-p2p-cid.h"

#include <string.h>

#include "wire/dms-p2p-varint.h"

enum
{
  /* Version 0 is a bare multihash of SHA-256; its text is base58btc without a prefix. */
  DMS_P2P_CID_V0_SIZE = 34,
  DMS_P2P_CID_V0_TEXT = 46,
};

struct _DmsP2pCid
{
  guint version;
  guint64 codec;
  GBytes *multihash;
};

static void
dms_p2p_cid_clear (gpointer data)
{
  DmsP2pCid *self = data;

  g_clear_pointer (&self->multihash, g_bytes_unref);
}

static DmsP2pCid *
dms_p2p_cid_fail (GError **error)
{
  g_set_error_literal (
      error,
      DMS_ERROR,
      DMS_ERROR_INVALID_DATA,
      "this is not a CID of version 0 or 1 with a multihash of identity, SHA-256 or SHA-512");
  return NULL;
}

static DmsP2pCid *
dms_p2p_cid_new_of_version (guint version, guint64 codec, const guint8 *data, gsize size, GError **error)
{
  DmsP2pCid *self = NULL;

  if (!dms_p2p_multihash_parse (data, size, NULL, NULL, NULL, NULL))
    return dms_p2p_cid_fail (error);
  self = g_atomic_rc_box_new0 (DmsP2pCid);
  self->version = version;
  self->codec = codec;
  self->multihash = g_bytes_new (data, size);
  return self;
}

DmsP2pCid *
dms_p2p_cid_new (guint64 codec, GBytes *multihash, GError **error)
{
  return dms_p2p_cid_new_of_version (
      1, codec, g_bytes_get_data (multihash, NULL), g_bytes_get_size (multihash), error);
}

DmsP2pCid *
dms_p2p_cid_new_for_data (const void *data, gsize size)
{
  g_autoptr (GBytes) multihash = dms_p2p_multihash_new (DMS_P2P_HASH_SHA2_256, data, size, NULL);

  return dms_p2p_cid_new (DMS_P2P_CODEC_RAW, multihash, NULL);
}

static gboolean
dms_p2p_cid_is_v0 (const guint8 *data, gsize size)
{
  return size == DMS_P2P_CID_V0_SIZE && data[0] == DMS_P2P_HASH_SHA2_256 && data[1] == size - 2;
}

static DmsP2pCid *
dms_p2p_cid_new_v1_from_bytes (const guint8 *data, gsize size, GError **error)
{
  guint64 version = 0;
  guint64 codec = 0;
  int n_version = dms_p2p_varint_read (data, size, &version);
  int n_codec = 0;
  gsize n = 0;

  if (n_version > 0 && version == 1)
    n_codec = dms_p2p_varint_read (data + n_version, size - (gsize) n_version, &codec);
  if (n_codec <= 0)
    return dms_p2p_cid_fail (error);
  n = (gsize) (n_version + n_codec);
  return dms_p2p_cid_new_of_version (1, codec, data + n, size - n, error);
}

DmsP2pCid *
dms_p2p_cid_new_from_bytes (const guint8 *data, gsize size, GError **error)
{
  if (dms_p2p_cid_is_v0 (data, size))
    return dms_p2p_cid_new_of_version (0, DMS_P2P_CODEC_DAG_PB, data, size, error);
  return dms_p2p_cid_new_v1_from_bytes (data, size, error);
}

DmsP2pCid *
dms_p2p_cid_new_from_text (const char *text, GError **error)
{
  gboolean is_v0 =
      g_str_has_prefix (text, "Qm") && strnlen (text, DMS_P2P_CID_V0_TEXT + 1) == DMS_P2P_CID_V0_TEXT;
  g_autofree char *multibase = is_v0 ? g_strconcat ("z", text, NULL) : NULL;
  g_autoptr (GBytes) bytes = dms_multibase_decode (is_v0 ? multibase : text, NULL);
  const guint8 *data = NULL;
  gsize size = 0;

  if (bytes == NULL)
    return dms_p2p_cid_fail (error);
  data = g_bytes_get_data (bytes, &size);
  if (is_v0 && dms_p2p_cid_is_v0 (data, size))
    return dms_p2p_cid_new_of_version (0, DMS_P2P_CODEC_DAG_PB, data, size, error);
  /* Version 0 has no other text than its own. */
  return is_v0 ? dms_p2p_cid_fail (error) : dms_p2p_cid_new_v1_from_bytes (data, size, error);
}

DmsP2pCid *
dms_p2p_cid_ref (DmsP2pCid *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
dms_p2p_cid_unref (DmsP2pCid *self)
{
  g_atomic_rc_box_release_full (self, dms_p2p_cid_clear);
}

guint
dms_p2p_cid_get_version (DmsP2pCid *self)
{
  return self->version;
}

guint64
dms_p2p_cid_get_codec (DmsP2pCid *self)
{
  return self->codec;
}

GBytes *
dms_p2p_cid_get_multihash (DmsP2pCid *self)
{
  return self->multihash;
}

GBytes *
dms_p2p_cid_dup_bytes (DmsP2pCid *self)
{
  guint8 prefix[2 * DMS_P2P_VARINT_MAX];
  g_autoptr (GByteArray) bytes = NULL;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (self->multihash, &size);
  gsize n = 0;

  if (self->version == 0)
    return g_bytes_ref (self->multihash);
  n = dms_p2p_varint_write (prefix, self->version);
  n += dms_p2p_varint_write (prefix + n, self->codec);
  bytes = g_byte_array_sized_new ((guint) (n + size));
  g_byte_array_append (bytes, prefix, (guint) n);
  g_byte_array_append (bytes, data, (guint) size);
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

char *
dms_p2p_cid_dup_text (DmsP2pCid *self)
{
  g_autoptr (GBytes) bytes = dms_p2p_cid_dup_bytes (self);
  g_autofree char *base58 = NULL;

  if (self->version != 0)
    return dms_multibase_encode (DMS_MULTIBASE_BASE32, bytes, NULL);
  base58 = dms_multibase_encode (DMS_MULTIBASE_BASE58BTC, bytes, NULL);
  return g_strdup (base58 + 1);
}

gboolean
dms_p2p_cid_equal (DmsP2pCid *a, DmsP2pCid *b)
{
  return a->version == b->version && a->codec == b->codec && g_bytes_equal (a->multihash, b->multihash);
}
