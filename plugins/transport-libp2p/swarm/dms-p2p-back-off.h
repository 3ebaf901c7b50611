/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Which addresses of which peers failed lately and are let alone for a while: 5 s, doubled each time, up to 5
 * min. */
typedef struct _DmsP2pBackOff DmsP2pBackOff;

DmsP2pBackOff *dms_p2p_back_off_new (void);
void dms_p2p_back_off_free (DmsP2pBackOff *self);

/* @peer may be NULL: whoever is there. Times are those of g_get_monotonic_time(). */
void
dms_p2p_back_off_note_failed (DmsP2pBackOff *self, DmsPeerId *peer, DmsMultiaddr *address, gint64 now_us);
void dms_p2p_back_off_note_connected (DmsP2pBackOff *self, DmsPeerId *peer, DmsMultiaddr *address);
/* How long it is still let alone; 0 when it may be tried. */
gint64
dms_p2p_back_off_get_left_us (DmsP2pBackOff *self, DmsPeerId *peer, DmsMultiaddr *address, gint64 now_us);
guint dms_p2p_back_off_get_size (DmsP2pBackOff *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pBackOff, dms_p2p_back_off_free)

G_END_DECLS
