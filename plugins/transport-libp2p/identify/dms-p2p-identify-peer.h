/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-connection.h"

G_BEGIN_DECLS

/* How far identify is with one connection, and what its peer may still ask for. */
typedef struct _DmsP2pIdentifyPeer DmsP2pIdentifyPeer;

DmsP2pIdentifyPeer *dms_p2p_identify_peer_new (void);
/* Those who wait get an error. */
void dms_p2p_identify_peer_free (DmsP2pIdentifyPeer *self);

/* FALSE when the peer pushes too often, or while an earlier push of it is being read. End what was begun. */
gboolean dms_p2p_identify_peer_begin_push (DmsP2pIdentifyPeer *self);
void dms_p2p_identify_peer_end_push (DmsP2pIdentifyPeer *self);

/* FALSE when the peer has too many questions open. End what was begun. */
gboolean dms_p2p_identify_peer_begin_answer (DmsP2pIdentifyPeer *self);
void dms_p2p_identify_peer_end_answer (DmsP2pIdentifyPeer *self);

/* Which generation of what this host says of itself the peer was told last; 0 for none. */
void dms_p2p_identify_peer_set_told (DmsP2pIdentifyPeer *self, guint generation);
guint dms_p2p_identify_peer_get_told (DmsP2pIdentifyPeer *self);

/* Returns @task, a boolean one, now or later. */
void dms_p2p_identify_peer_wait (DmsP2pIdentifyPeer *self, GTask *task);
/* The question has been answered, with an error perhaps. */
void dms_p2p_identify_peer_settle (DmsP2pIdentifyPeer *self, const GError *error);

G_END_DECLS
