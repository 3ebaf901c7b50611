/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-cid.h"

#include <sodium.h>
#include <string.h>

guint
dms_p2p_quic_cid_hash (gconstpointer cid)
{
  const ngtcp2_cid *id = cid;
  guint64 word = 0;

  memcpy (&word, id->data, MIN (sizeof word, id->datalen));
  return (guint) (word ^ (word >> 32)) ^ (guint) id->datalen;
}

gboolean
dms_p2p_quic_cid_equal (gconstpointer a, gconstpointer b)
{
  const ngtcp2_cid *one = a;
  const ngtcp2_cid *other = b;

  return one->datalen == other->datalen && memcmp (one->data, other->data, one->datalen) == 0;
}

ngtcp2_cid *
dms_p2p_quic_cid_copy (const ngtcp2_cid *cid)
{
  return g_memdup2 (cid, sizeof *cid);
}

void
dms_p2p_quic_cid_set_random (ngtcp2_cid *cid, gsize size)
{
  memset (cid, 0, sizeof *cid);
  cid->datalen = size;
  randombytes_buf (cid->data, size);
}
