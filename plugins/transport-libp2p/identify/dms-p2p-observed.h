/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* At which addresses other peers see this host. Peers may say what they like, so each counts once, and those
 * of one IP count as one; bounded. */
typedef struct _DmsP2pObserved DmsP2pObserved;

DmsP2pObserved *dms_p2p_observed_new (void);
void dms_p2p_observed_free (DmsP2pObserved *self);

/* @observer: where the peer that says so is. What it said before is forgotten. @is_listening: whether what it
 * sees comes from a port that this host listens at; of another one only the IP is of use. */
void dms_p2p_observed_note (DmsP2pObserved *self,
                            DmsMultiaddr *observer,
                            DmsMultiaddr *address,
                            gboolean is_listening);
/* DmsMultiaddr: those that at least @min_observers see. */
GPtrArray *dms_p2p_observed_dup_addresses (DmsP2pObserved *self, guint min_observers);
/* GInetAddress: the public ones that anybody sees, each once. */
GPtrArray *dms_p2p_observed_dup_ips (DmsP2pObserved *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pObserved, dms_p2p_observed_free)

G_END_DECLS
