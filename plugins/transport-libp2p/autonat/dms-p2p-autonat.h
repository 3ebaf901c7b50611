/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "autonat/dms-p2p-autonat-client.h"
#include "identify/dms-p2p-identify.h"

G_BEGIN_DECLS

enum
{
  /* When it asks first (go-libp2p, p2p/host/autonat: bootDelay). */
  DMS_P2P_AUTONAT_BOOT_MS = 15 * 1000,
};

/* Finds out whether others can connect to this host: asks one peer after the other about the addresses it
 * listens at, and those that peers see it at. */
typedef struct _DmsP2pAutonat DmsP2pAutonat;

/* Also when the addresses changed at which they can. */
typedef void (*DmsP2pAutonatChanged) (DmsP2pReachability reachability, gpointer user_data);

/* Free it before the host is closed. */
DmsP2pAutonat *dms_p2p_autonat_new (DmsP2pHost *host,
                                    DmsP2pIdentify *identify,
                                    DmsP2pAutonatChanged changed,
                                    gpointer user_data);
void dms_p2p_autonat_free (DmsP2pAutonat *self);

DmsP2pReachability dms_p2p_autonat_get_reachability (DmsP2pAutonat *self);
/* (element-type DmsMultiaddr): where others reached it. */
GPtrArray *dms_p2p_autonat_get_reachable (DmsP2pAutonat *self);
/* Other than DMS_P2P_AUTONAT_BOOT_MS, counted from now. */
void dms_p2p_autonat_set_boot_ms (DmsP2pAutonat *self, guint boot_ms);

/* For tests: how long between two questions, and whether private addresses are asked about, too. */
void dms_p2p_autonat_set_timing (DmsP2pAutonat *self, guint interval_ms, gboolean is_private_allowed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutonat, dms_p2p_autonat_free)

G_END_DECLS
