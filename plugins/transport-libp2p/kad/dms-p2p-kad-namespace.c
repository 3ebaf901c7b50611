/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-namespace.h"

#include <string.h>

#include "identity/dms-p2p-public-key.h"

/* The keys of peers (libp2p specs, kad-dht; go-libp2p-record, PublicKeyValidator) */

#define DMS_P2P_KAD_PK_PREFIX "/pk/"

static DmsPeerId *
dms_p2p_kad_pk_dup_peer (GBytes *key)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (key, &size);
  gsize prefix = strlen (DMS_P2P_KAD_PK_PREFIX);
  g_autoptr (GBytes) rest = NULL;

  if (size <= prefix || memcmp (data, DMS_P2P_KAD_PK_PREFIX, prefix) != 0)
    return NULL;
  rest = g_bytes_new_from_bytes (key, prefix, size - prefix);
  return dms_peer_id_new_from_bytes (rest, NULL);
}

static gboolean
dms_p2p_kad_pk_validate (GBytes *key, GBytes *value, gint64 now_s, GError **error)
{
  g_autoptr (DmsPeerId) peer = dms_p2p_kad_pk_dup_peer (key);
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (value, &size);
  g_autoptr (DmsP2pPublicKey) public_key = NULL;

  if (peer == NULL)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the key of this record names no peer after /pk/");
      return FALSE;
    }
  public_key = dms_p2p_public_key_new (data, size, error);
  if (public_key == NULL)
    return FALSE;
  if (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (public_key), peer))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_BAD_SIGNATURE,
               "the record holds another public key than that of peer %s",
               dms_peer_id_get_text (peer));
  return FALSE;
}

/* There is one key of a peer. */
static int
dms_p2p_kad_pk_compare (GBytes *key, GBytes *first, GBytes *second)
{
  return 0;
}

const DmsP2pKadNamespace dms_p2p_kad_namespace_pk = {
  .name = "pk",
  .validate = dms_p2p_kad_pk_validate,
  .compare = dms_p2p_kad_pk_compare,
};

static gboolean
dms_p2p_kad_namespace_has (const DmsP2pKadNamespace *self, GBytes *key)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (key, &size);
  gsize length = strlen (self->name);

  return size > length + 2 && data[0] == '/' && memcmp (data + 1, self->name, length) == 0 &&
         data[1 + length] == '/';
}

const DmsP2pKadNamespace *
dms_p2p_kad_namespace_find (GBytes *key)
{
  static const DmsP2pKadNamespace *const all[] = { &dms_p2p_kad_namespace_advertisement,
                                                   &dms_p2p_kad_namespace_pk };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (dms_p2p_kad_namespace_has (all[i], key))
      return all[i];
  return NULL;
}
