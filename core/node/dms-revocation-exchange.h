/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "node/dms-node.h"

G_BEGIN_DECLS

#define DMS_TYPE_REVOCATION_EXCHANGE (dms_revocation_exchange_get_type ())

/* Spreads what is revoked: broadcasts it when the owner asks for it, takes what others broadcast, answers
 * nodes that ask (/public/revocations) and asks every peer once when it connects, so that a node that was
 * away learns what it missed. Nothing is believed but the signature of each revocation's issuer. Lives in
 * the main context that made it. */
G_DECLARE_FINAL_TYPE (DmsRevocationExchange, dms_revocation_exchange, DMS, REVOCATION_EXCHANGE, GObject)

/* Adds its behaviours to the node's root actor. @node: outlives it. */
DmsRevocationExchange *dms_revocation_exchange_new (DmsNode *node);
/* Begins to look for peers to ask. */
void dms_revocation_exchange_start (DmsRevocationExchange *self);
void dms_revocation_exchange_stop (DmsRevocationExchange *self);

G_END_DECLS
