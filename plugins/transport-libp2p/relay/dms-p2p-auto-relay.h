/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "relay/dms-p2p-relay-client.h"

G_BEGIN_DECLS

enum
{
  /* What the nodes in the field have (go-libp2p, p2p/host/autorelay: desiredRelays, bootDelay). */
  DMS_P2P_AUTO_RELAY_N = 2,
  DMS_P2P_AUTO_RELAY_BOOT_S = 60,
  /* How often it looks for one; ours. */
  DMS_P2P_AUTO_RELAY_LOOK_MS = 5 * 1000,
};

/* While this host cannot be reached, finds relays for it among the peers it is connected to, or takes those
 * it was given, and replaces those that are lost. */
typedef struct _DmsP2pAutoRelay DmsP2pAutoRelay;

/* @relays: (element-type DmsMultiaddr): with their peer IDs; when there are any, no others are taken. Free it
 * before the host is closed. */
DmsP2pAutoRelay *dms_p2p_auto_relay_new (DmsP2pHost *host, DmsP2pRelayClient *client, GPtrArray *relays);
void dms_p2p_auto_relay_free (DmsP2pAutoRelay *self);

/* How long it waits from its start on, for better relays to come by, before it asks the first one; and how
 * often it looks. Given ones are not waited for. */
void dms_p2p_auto_relay_set_timing (DmsP2pAutoRelay *self, guint boot_ms, guint look_ms);

/* Whether relays are needed. When not any more, those there are stay until they are lost. */
void dms_p2p_auto_relay_set_wanted (DmsP2pAutoRelay *self, gboolean is_wanted);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutoRelay, dms_p2p_auto_relay_free)

G_END_DECLS
