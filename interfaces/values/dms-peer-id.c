/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-peer-id.h"

#include <string.h>

#include "dms-error.h"
#include "values/dms-base58-private.h"
#include "values/dms-multibase.h"
#include "values/dms-value-private.h"

/* Identity multihash of a protobuf key { type = Ed25519, data = 32 bytes } (libp2p specs, peer-ids). */
static const guint8 dms_peer_id_ed25519_prefix[] = { 0x00, 0x24, 0x08, 0x01, 0x12, 0x20 };
/* CIDv1, codec libp2p-key. */
static const guint8 dms_peer_id_cid_prefix[] = { 0x01, 0x72 };

/**
 * DmsPeerId:
 *
 * A libp2p peer ID. Immutable and counted.
 */
struct _DmsPeerId
{
  /* The multihash. Its text is made when it is first wanted: most are only passed on and compared. */
  GBytes *bytes;
  char *text;
};

G_DEFINE_BOXED_TYPE (DmsPeerId, dms_peer_id, dms_peer_id_ref, dms_peer_id_unref)

static DmsPeerId *
dms_peer_id_new_from_multihash (const guint8 *data, gsize size)
{
  DmsPeerId *self = NULL;
  gboolean identity = FALSE;
  gboolean sha256 = FALSE;

  if (size < 3 || size > 128 || data[1] != size - 2)
    return NULL;
  identity = data[0] == 0x00 && size <= 2 + 42;
  sha256 = data[0] == 0x12 && size == 34;
  if (!identity && !sha256)
    return NULL;
  self = g_atomic_rc_box_new0 (DmsPeerId);
  self->bytes = g_bytes_new (data, size);
  return self;
}

/**
 * dms_peer_id_new:
 * @text: a peer ID in base58btc (`12D3KooW…`, `Qm…`) or in its CID form (`bafz…`, `k51…`)
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Reads a peer ID (libp2p specs, peer-ids).
 *
 * Returns: (transfer full) (nullable): the peer ID
 */
DmsPeerId *
dms_peer_id_new (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *data = NULL;
  gsize size = 0;
  DmsPeerId *self = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  if (text[0] == '1' || g_str_has_prefix (text, "Qm"))
    {
      bytes = dms_base58_decode (text);
      if (bytes != NULL)
        data = g_bytes_get_data (bytes, &size);
    }
  else
    {
      bytes = dms_multibase_decode (text, NULL);
      if (bytes != NULL)
        data = g_bytes_get_data (bytes, &size);
      if (size > sizeof dms_peer_id_cid_prefix
          && memcmp (data, dms_peer_id_cid_prefix, sizeof dms_peer_id_cid_prefix) == 0)
        {
          data += sizeof dms_peer_id_cid_prefix;
          size -= sizeof dms_peer_id_cid_prefix;
        }
      else
        data = NULL;
    }
  if (data != NULL)
    self = dms_peer_id_new_from_multihash (data, size);
  if (self == NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (text, (gssize) strnlen (text, 80));

      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "“%s” is not a peer ID", valid);
    }
  return self;
}

/**
 * dms_peer_id_new_for_ed25519:
 * @public_key: (array fixed-size=32): a raw Ed25519 public key
 *
 * Returns: (transfer full): the peer ID of that key
 */
DmsPeerId *
dms_peer_id_new_for_ed25519 (const guint8 public_key[32])
{
  guint8 bytes[sizeof dms_peer_id_ed25519_prefix + 32];

  g_return_val_if_fail (public_key != NULL, NULL);

  memcpy (bytes, dms_peer_id_ed25519_prefix, sizeof dms_peer_id_ed25519_prefix);
  memcpy (bytes + sizeof dms_peer_id_ed25519_prefix, public_key, 32);
  return dms_peer_id_new_from_multihash (bytes, sizeof bytes);
}

/**
 * dms_peer_id_new_from_bytes:
 * @bytes: a multihash, as libp2p sends peer IDs
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the peer ID
 */
DmsPeerId *
dms_peer_id_new_from_bytes (GBytes *bytes, GError **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  DmsPeerId *self = dms_peer_id_new_from_multihash (data, size);

  if (self == NULL)
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "these bytes are not a peer ID");
  return self;
}

/**
 * dms_peer_id_dup_bytes:
 * @self: a peer ID
 *
 * Returns: (transfer full): its multihash
 */
GBytes *
dms_peer_id_dup_bytes (DmsPeerId *self)
{
  return g_bytes_ref (self->bytes);
}

/**
 * dms_peer_id_hash:
 * @self: a peer ID
 *
 * Returns: a hash that goes with dms_peer_id_equal()
 */
guint
dms_peer_id_hash (DmsPeerId *self)
{
  return g_bytes_hash (self->bytes);
}

/**
 * dms_peer_id_get_text:
 * @self: a peer ID
 *
 * Returns: (transfer none): its base58btc form
 */
const char *
dms_peer_id_get_text (DmsPeerId *self)
{
  char *text = g_atomic_pointer_get (&self->text);
  gsize size = 0;
  const guint8 *data = NULL;

  if (text != NULL)
    return text;
  data = g_bytes_get_data (self->bytes, &size);
  text = dms_base58_encode (data, size);
  if (g_atomic_pointer_compare_and_exchange (&self->text, NULL, text))
    return text;
  /* Another thread was faster. */
  g_free (text);
  return g_atomic_pointer_get (&self->text);
}

/**
 * dms_peer_id_get_ed25519:
 * @self: a peer ID
 * @public_key: (out caller-allocates) (array fixed-size=32): where the raw key goes
 *
 * Takes the key out of a peer ID that embeds one.
 *
 * Returns: %FALSE when the peer ID is a hash or embeds another type of key
 */
gboolean
dms_peer_id_get_ed25519 (DmsPeerId *self, guint8 public_key[32])
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (self->bytes, &size);

  if (size != sizeof dms_peer_id_ed25519_prefix + 32
      || memcmp (data, dms_peer_id_ed25519_prefix, sizeof dms_peer_id_ed25519_prefix) != 0)
    return FALSE;
  memcpy (public_key, data + sizeof dms_peer_id_ed25519_prefix, 32);
  return TRUE;
}

/**
 * dms_peer_id_new_from_json:
 * @node: (nullable): a text
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the peer ID
 */
DmsPeerId *
dms_peer_id_new_from_json (JsonNode *node, GError **error)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "peer ID: must be a text");
      return NULL;
    }
  return dms_peer_id_new (json_node_get_string (node), error);
}

/**
 * dms_peer_id_to_json:
 * @self: a peer ID
 *
 * Returns: (transfer full): its text
 */
JsonNode *
dms_peer_id_to_json (DmsPeerId *self)
{
  return json_node_init_string (json_node_alloc (), dms_peer_id_get_text (self));
}

/**
 * dms_peer_id_ref:
 * @self: a peer ID
 *
 * Returns: (transfer full): @self
 */
DmsPeerId *
dms_peer_id_ref (DmsPeerId *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_peer_id_clear (gpointer data)
{
  DmsPeerId *self = data;

  g_bytes_unref (self->bytes);
  g_free (self->text);
}

/**
 * dms_peer_id_unref:
 * @self: (transfer full): a peer ID
 *
 * Gives up a reference.
 */
void
dms_peer_id_unref (DmsPeerId *self)
{
  g_atomic_rc_box_release_full (self, dms_peer_id_clear);
}

/**
 * dms_peer_id_equal:
 * @a: a peer ID
 * @b: another
 *
 * Returns: whether both name the same peer
 */
gboolean
dms_peer_id_equal (DmsPeerId *a, DmsPeerId *b)
{
  return g_bytes_equal (a->bytes, b->bytes);
}
