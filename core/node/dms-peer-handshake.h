/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor.h"

G_BEGIN_DECLS

#define DMS_TYPE_PEER_HANDSHAKE (dms_peer_handshake_get_type ())

/* What a peer speaks whose root actor takes messages. */
#define DMS_PEER_HANDSHAKE_PROTOCOL "actor/root/messages/0.0.1"

/* Greets peers that turn out to be nodes, remembers who they are, and tells the transport what it thinks of
 * them (libp2p.md section 1, peer handshake): a peer that speaks to root actors counts 1, one with which
 * hello was said both ways counts 5. Whoever says nothing is asked three times and then left alone until it
 * comes again. Lives in the main context that made it. */
G_DECLARE_FINAL_TYPE (DmsPeerHandshake, dms_peer_handshake, DMS, PEER_HANDSHAKE, GObject)

/* @root: runs as long as this is started. */
DmsPeerHandshake *dms_peer_handshake_new (DmsActor *root);
/* How long it waits after it knows a peer: a random time from @delay_ms to twice that. */
void dms_peer_handshake_set_delay (DmsPeerHandshake *self, guint delay_ms);
void dms_peer_handshake_start (DmsPeerHandshake *self);
void dms_peer_handshake_stop (DmsPeerHandshake *self);

/* A peer, by the text of its ID, said hello to us. Others are ignored. */
void dms_peer_handshake_note_hello (DmsPeerHandshake *self, const char *host);

/* Who the peer is, as its answer proved. NULL while that is not known. */
DmsDid *dms_peer_handshake_get_did (DmsPeerHandshake *self, DmsPeerId *peer);

G_END_DECLS
