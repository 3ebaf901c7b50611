/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-limits.h"
#include "actor/dms-refusal.h"

G_BEGIN_DECLS

/* The first check of all, before a message is even read: a peer whose messages are refused all the time is
 * not listened to for a while, so that a flood costs next to nothing. Good messages cost a peer nothing,
 * however many they are. Not thread safe. Times are ns since the epoch. */
typedef struct _DmsPeerGate DmsPeerGate;

#define DMS_PEER_GATE_MAX_PEERS 2048

DmsPeerGate *dms_peer_gate_new (const DmsLimit *refused);
void dms_peer_gate_free (DmsPeerGate *self);

/* Whether to look at a message from this peer. One that is not looked at must not be noted, or the gate would
 * never open again. */
gboolean dms_peer_gate_is_open (DmsPeerGate *self, const char *peer, guint64 now_ns);
/* Holds a refused message against the peer that brought it, if it is the peer's fault. */
void dms_peer_gate_note (DmsPeerGate *self, const char *peer, DmsRefusal refusal, guint64 now_ns);
guint dms_peer_gate_get_n_peers (DmsPeerGate *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPeerGate, dms_peer_gate_free)

G_END_DECLS
