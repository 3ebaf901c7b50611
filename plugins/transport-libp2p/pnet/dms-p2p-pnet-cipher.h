/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* libp2p specs, pnet/Private-Networks-PSK-V1.md. */
#define DMS_P2P_PNET_KEY_SIZE   32
#define DMS_P2P_PNET_NONCE_SIZE 24

/**
 * DmsP2pPnetCipher:
 *
 * XSalsa20 of one direction of a connection, at any place of it. What is in it is secret: clear it.
 */
typedef struct
{
  /*< private >*/
  guint8 key[DMS_P2P_PNET_KEY_SIZE];
  guint8 nonce[8];
  guint64 offset;
} DmsP2pPnetCipher;

void dms_p2p_pnet_cipher_init (DmsP2pPnetCipher *self,
                               const guint8 key[DMS_P2P_PNET_KEY_SIZE],
                               const guint8 nonce[DMS_P2P_PNET_NONCE_SIZE]);
void dms_p2p_pnet_cipher_clear (DmsP2pPnetCipher *self);
/* Encrypts, or decrypts, the @size bytes from where it is; it stays there. @to may be @from. */
void dms_p2p_pnet_cipher_apply (const DmsP2pPnetCipher *self, guint8 *to, const guint8 *from, gsize size);
/* Goes on by @size bytes. */
void dms_p2p_pnet_cipher_advance (DmsP2pPnetCipher *self, gsize size);

G_END_DECLS
