/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_P2P_DCUTR_PROTOCOL "/libp2p/dcutr"

enum
{
  /* libp2p specs, relay/DCUtR, "RPC messages". */
  DMS_P2P_DCUTR_MAX_MESSAGE = 4096,
  /* Addresses that are sent, and that are read; ours. */
  DMS_P2P_DCUTR_MAX_ADDRESSES = 8,
};

typedef enum
{
  DMS_P2P_DCUTR_CONNECT = 100,
  DMS_P2P_DCUTR_SYNC = 300,
} DmsP2pDcutrType;

/* What cannot be used here is left out of @addresses (out) (nullable): DmsMultiaddr. */
gboolean dms_p2p_dcutr_message_decode (const guint8 *data,
                                       gsize size,
                                       DmsP2pDcutrType *type,
                                       GPtrArray *addresses,
                                       GError **error);
/* Framed. @addresses: (nullable). */
GBytes *dms_p2p_dcutr_message_encode (DmsP2pDcutrType type, GPtrArray *addresses);

G_END_DECLS
