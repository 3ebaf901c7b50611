/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-key.h"
#include "kad/dms-p2p-kad-record.h"

G_BEGIN_DECLS

/* The values that this host keeps for the network, in memory: bounded in number, in bytes, and in the share
 * of any one peer. When there is no room, what is farthest from this host gives way to what is closer. */
typedef struct _DmsP2pKadRecords DmsP2pKadRecords;

DmsP2pKadRecords *dms_p2p_kad_records_new (const DmsP2pKadKey *self_key);
void dms_p2p_kad_records_free (DmsP2pKadRecords *self);

/* The record has been validated. @from: (nullable): who put it; NULL is this host itself. FALSE when there is
 * no room for it. */
gboolean
dms_p2p_kad_records_put (DmsP2pKadRecords *self, DmsP2pKadRecord *record, DmsPeerId *from, gint64 now_us);
/* (nullable): borrowed. */
DmsP2pKadRecord *dms_p2p_kad_records_get (DmsP2pKadRecords *self, GBytes *key, gint64 now_us);
void dms_p2p_kad_records_remove (DmsP2pKadRecords *self, GBytes *key);
void dms_p2p_kad_records_expire (DmsP2pKadRecords *self, gint64 now_us);
guint dms_p2p_kad_records_get_n (DmsP2pKadRecords *self);
gsize dms_p2p_kad_records_get_bytes (DmsP2pKadRecords *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadRecords, dms_p2p_kad_records_free)

G_END_DECLS
