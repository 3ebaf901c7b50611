/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tags of elements (X.690, 8). */
enum
{
  DMS_P2P_DER_INTEGER = 0x02,
  DMS_P2P_DER_BIT_STRING = 0x03,
  DMS_P2P_DER_OCTET_STRING = 0x04,
  DMS_P2P_DER_SEQUENCE = 0x30,
};

/* Bytes in DER, borrowed: what is still to be read of them. */
typedef struct
{
  const guint8 *data;
  gsize size;
} DmsP2pDer;

/* Takes one element of kind @tag off the front of @from. Lengths are the shortest possible (X.690, 10.1), and
 * below 64 KiB. */
gboolean dms_p2p_der_take (DmsP2pDer *from, guint8 tag, DmsP2pDer *content);

G_END_DECLS
