/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "autonat/dms-p2p-autonat-client.h"
#include "identify/dms-p2p-identify.h"

G_BEGIN_DECLS

/* Finds out whether others can connect to this host: asks one peer after the other about the addresses it
 * listens at, and those that peers see it at. */
typedef struct _DmsP2pAutonat DmsP2pAutonat;

typedef void (*DmsP2pAutonatChanged) (DmsP2pReachability reachability, gpointer user_data);

/* Free it before the host is closed. */
DmsP2pAutonat *dms_p2p_autonat_new (DmsP2pHost *host,
                                    DmsP2pIdentify *identify,
                                    DmsP2pAutonatChanged changed,
                                    gpointer user_data);
void dms_p2p_autonat_free (DmsP2pAutonat *self);

DmsP2pReachability dms_p2p_autonat_get_reachability (DmsP2pAutonat *self);

/* For tests: how long between two questions, and whether private addresses are asked about, too. */
void dms_p2p_autonat_set_timing (DmsP2pAutonat *self, guint interval_ms, gboolean is_private_allowed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutonat, dms_p2p_autonat_free)

G_END_DECLS
