/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"
#include "pnet/dms-p2p-pnet-cipher.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_PNET_PIPE (dms_p2p_pnet_pipe_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pPnetPipe, dms_p2p_pnet_pipe, DMS, P2P_PNET_PIPE, DmsP2pPipe)

/* Becomes the user of @raw, which nothing was read from or written to. @key: 32 bytes. */
DmsP2pPipe *dms_p2p_pnet_pipe_new (DmsP2pPipe *raw, GBytes *key);

G_END_DECLS
