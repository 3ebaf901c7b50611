/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-public-key.h"
#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

/**
 * DmsP2pSecured:
 * @pipe: the encrypted channel
 * @key: whose key is at the other end, proven
 * @muxer: (nullable): the muxer both sides agreed on during the handshake, such as `/yamux/1.0.0`; %NULL when
 * it has to be negotiated
 *
 * What a security handshake gives.
 */
typedef struct
{
  DmsP2pPipe *pipe;
  DmsP2pPublicKey *key;
  char *muxer;
} DmsP2pSecured;

DmsP2pSecured *dms_p2p_secured_new (DmsP2pPipe *pipe, DmsP2pPublicKey *key, const char *muxer);
void dms_p2p_secured_free (DmsP2pSecured *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pSecured, dms_p2p_secured_free)

G_END_DECLS
