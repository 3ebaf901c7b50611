/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* So many a minute in all, and so many a peer. Times are given: nothing runs by itself. */
typedef struct _DmsP2pRateLimit DmsP2pRateLimit;

DmsP2pRateLimit *dms_p2p_rate_limit_new (guint max, guint max_per_peer);
void dms_p2p_rate_limit_free (DmsP2pRateLimit *self);

/* Counts one more, or FALSE when that is too many. */
gboolean dms_p2p_rate_limit_take (DmsP2pRateLimit *self, DmsPeerId *peer, gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pRateLimit, dms_p2p_rate_limit_free)

G_END_DECLS
