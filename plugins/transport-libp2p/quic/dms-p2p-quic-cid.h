/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <ngtcp2/ngtcp2.h>

G_BEGIN_DECLS

/* Connection IDs as keys of a hash table. All but those that clients choose for a first packet are our own,
 * random. */
guint dms_p2p_quic_cid_hash (gconstpointer cid);
gboolean dms_p2p_quic_cid_equal (gconstpointer a, gconstpointer b);
ngtcp2_cid *dms_p2p_quic_cid_copy (const ngtcp2_cid *cid);
void dms_p2p_quic_cid_set_random (ngtcp2_cid *cid, gsize size);

G_END_DECLS
