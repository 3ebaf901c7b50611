/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A value under a key (libp2p specs, kad-dht, "RPC messages", Record). Immutable and counted. */
typedef struct _DmsP2pKadRecord DmsP2pKadRecord;

/* @value: (nullable): NULL is the empty one. @received: (nullable): RFC 3339. */
DmsP2pKadRecord *dms_p2p_kad_record_new (GBytes *key, GBytes *value, const char *received);
/* NULL when it is malformed or larger than a record may be. */
DmsP2pKadRecord *dms_p2p_kad_record_decode (const guint8 *data, gsize size);
void dms_p2p_kad_record_encode (DmsP2pKadRecord *self, GByteArray *out);
DmsP2pKadRecord *dms_p2p_kad_record_ref (DmsP2pKadRecord *self);
void dms_p2p_kad_record_unref (DmsP2pKadRecord *self);

GBytes *dms_p2p_kad_record_get_key (DmsP2pKadRecord *self);
GBytes *dms_p2p_kad_record_get_value (DmsP2pKadRecord *self);
const char *dms_p2p_kad_record_get_received (DmsP2pKadRecord *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadRecord, dms_p2p_kad_record_unref)

G_END_DECLS
