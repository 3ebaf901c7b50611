/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "mdns/dms-p2p-mdns-seal.h"

#include <sodium.h>
#include <string.h>

#include "mdns/dms-p2p-mdns-message.h"

/* An answer without a question and without a record (RFC 1035, section 4.1.1; RFC 6762, section 18). */
static const guint8 dms_p2p_mdns_seal_header[12] = { [2] = 0x84 };

enum
{
  DMS_P2P_MDNS_SEAL_SIZE =
      sizeof dms_p2p_mdns_seal_header + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
};

struct _DmsP2pMdnsSeal
{
  /* Guarded. */
  guint8 *key;
};

/* A key of its own: what is encrypted here says nothing of what is encrypted elsewhere. */
DmsP2pMdnsSeal *
dms_p2p_mdns_seal_new (GBytes *network_key)
{
  static const guint8 purpose[] = "dms-p2p-mdns";
  DmsP2pMdnsSeal *self = g_new0 (DmsP2pMdnsSeal, 1);
  gsize size = 0;
  const guint8 *secret = g_bytes_get_data (network_key, &size);

  self->key = sodium_malloc (crypto_secretbox_KEYBYTES);
  if (self->key == NULL)
    g_error ("there is no guarded memory for a key");
  crypto_generichash (self->key, crypto_secretbox_KEYBYTES, purpose, sizeof purpose - 1, secret, size);
  return self;
}

void
dms_p2p_mdns_seal_free (DmsP2pMdnsSeal *self)
{
  sodium_free (self->key);
  g_free (self);
}

GByteArray *
dms_p2p_mdns_seal_close (DmsP2pMdnsSeal *self, GByteArray *message)
{
  GByteArray *sealed = g_byte_array_sized_new (DMS_P2P_MDNS_SEAL_SIZE + message->len);
  guint8 *nonce = NULL;

  g_byte_array_append (sealed, dms_p2p_mdns_seal_header, sizeof dms_p2p_mdns_seal_header);
  g_byte_array_set_size (sealed, DMS_P2P_MDNS_SEAL_SIZE + message->len);
  nonce = sealed->data + sizeof dms_p2p_mdns_seal_header;
  randombytes_buf (nonce, crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy (
      nonce + crypto_secretbox_NONCEBYTES, message->data, message->len, nonce, self->key);
  return sealed;
}

GByteArray *
dms_p2p_mdns_seal_open (DmsP2pMdnsSeal *self, const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) message = NULL;
  const guint8 *nonce = data + sizeof dms_p2p_mdns_seal_header;

  if (size <= DMS_P2P_MDNS_SEAL_SIZE || size > DMS_P2P_MDNS_MAX_SIZE ||
      memcmp (data, dms_p2p_mdns_seal_header, sizeof dms_p2p_mdns_seal_header) != 0)
    return NULL;
  message = g_byte_array_new ();
  g_byte_array_set_size (message, (guint) (size - DMS_P2P_MDNS_SEAL_SIZE));
  if (crypto_secretbox_open_easy (message->data,
                                  nonce + crypto_secretbox_NONCEBYTES,
                                  size - sizeof dms_p2p_mdns_seal_header - crypto_secretbox_NONCEBYTES,
                                  nonce,
                                  self->key) != 0)
    return NULL;
  return g_steal_pointer (&message);
}
