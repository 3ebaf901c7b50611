/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

/* What comes out of one pipe goes into the other, both ways, until both have ended, or one breaks, or a limit
 * is reached: both are reset then. It reads no faster than the other end takes. */
typedef struct _DmsP2pSplice DmsP2pSplice;

/* Told once, from the main loop; @self may be freed then. */
typedef void (*DmsP2pSpliceDone) (DmsP2pSplice *self, gpointer user_data);

/* @max_bytes: each way; 0 for any amount. @max_s: 0 for any time. */
DmsP2pSplice *dms_p2p_splice_new (DmsP2pPipe *a,
                                  DmsP2pPipe *b,
                                  guint64 max_bytes,
                                  guint max_s,
                                  DmsP2pSpliceDone done,
                                  gpointer user_data);
/* Resets both pipes unless they have ended. */
void dms_p2p_splice_free (DmsP2pSplice *self);

guint64 dms_p2p_splice_get_n_bytes (DmsP2pSplice *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pSplice, dms_p2p_splice_free)

G_END_DECLS
