/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-connection.h"

G_BEGIN_DECLS

/* The nodes in the field (libp2p facts, section 1). */
enum
{
  DMS_P2P_TRIMMER_LOW = 100,
  DMS_P2P_TRIMMER_HIGH = 400,
  DMS_P2P_TRIMMER_GRACE_S = 20,
};

/* Which peers matter, and whose connections go first when there are too many: go-libp2p's connection manager
 * (p2p/net/connmgr). */
typedef struct _DmsP2pTrimmer DmsP2pTrimmer;

DmsP2pTrimmer *dms_p2p_trimmer_new (void);
void dms_p2p_trimmer_free (DmsP2pTrimmer *self);

void dms_p2p_trimmer_set_marks (DmsP2pTrimmer *self, guint low, guint high, guint grace_s);
guint dms_p2p_trimmer_get_high (DmsP2pTrimmer *self);
guint dms_p2p_trimmer_get_grace_s (DmsP2pTrimmer *self);
void dms_p2p_trimmer_protect (DmsP2pTrimmer *self, DmsPeerId *peer, const char *tag);
/* Whether it is still protected by another tag. */
gboolean dms_p2p_trimmer_unprotect (DmsP2pTrimmer *self, DmsPeerId *peer, const char *tag);
/* 0 removes the tag. */
void dms_p2p_trimmer_tag (DmsP2pTrimmer *self, DmsPeerId *peer, const char *tag, int weight);
/* It has no connection any more: its weights may be forgotten. */
void dms_p2p_trimmer_note_gone (DmsP2pTrimmer *self, DmsPeerId *peer);
gint64 dms_p2p_trimmer_get_weight (DmsP2pTrimmer *self, DmsPeerId *peer);

/* Which of @connections to close, DmsP2pConnection; none when there are no more than the high mark. */
GPtrArray *dms_p2p_trimmer_choose (DmsP2pTrimmer *self, GPtrArray *connections, gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pTrimmer, dms_p2p_trimmer_free)

G_END_DECLS
