/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-sim-transport.h"
#include "node/dms-node.h"

G_BEGIN_DECLS

/* A whole node of the simulated network: what the daemon assembles, without REST, over a simulated transport
 * and with its database in memory. */
typedef struct _DmsSimNode DmsSimNode;

/* What all nodes of the process share: plugins, the organisation whose members they are. Once. */
gboolean dms_sim_node_prepare (JsonObject *scenario, GError **error);

/* @folder: where its files go. It is not started yet. */
DmsSimNode *dms_sim_node_new (DmsSimPeer *peer, const char *folder);
void dms_sim_node_free (gpointer self);

void dms_sim_node_start (DmsSimNode *self);
/* Its connections end without a word; it stops by itself then. */
void dms_sim_node_kill (DmsSimNode *self);
/* Whether it answers. */
gboolean dms_sim_node_is_ready (DmsSimNode *self);
/* (nullable): why it could not be started. */
const char *dms_sim_node_get_error (DmsSimNode *self);

/* Lends so much of the machine; 0 cores for nothing. Also after it was away. */
void dms_sim_node_lend (DmsSimNode *self, double cores);

/* (nullable): NULL while it is down. */
DmsNode *dms_sim_node_get_node (DmsSimNode *self);
DmsSimPeer *dms_sim_node_get_peer (DmsSimNode *self);

G_END_DECLS
