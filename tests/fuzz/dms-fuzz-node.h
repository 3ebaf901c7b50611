/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "node/dms-node.h"

G_BEGIN_DECLS

/* A whole node in this process, with the null executor, a memory transport and a scratch directory, for
 * targets that speak to it. One core and 64 MiB are onboarded, and its jobs may deploy. There is one at a
 * time. */
typedef struct _DmsFuzzNode DmsFuzzNode;

/* The node; after some hundred calls a fresh one, so that what an input leaves behind does not pile up. */
DmsFuzzNode *dms_fuzz_node_get (void);
DmsNode *dms_fuzz_node_get_node (DmsFuzzNode *self);
DmsActor *dms_fuzz_node_get_root (DmsFuzzNode *self);
DmsActorRegistry *dms_fuzz_node_get_registry (DmsFuzzNode *self);
/* Who may do everything here. */
DmsKey *dms_fuzz_node_get_owner (DmsFuzzNode *self);

typedef gboolean (*DmsFuzzCondition) (gpointer user_data);
/* Runs the main loop until the condition holds. What takes longer than 20 s is a hang. */
void dms_fuzz_node_wait (DmsFuzzCondition condition, gpointer user_data);
/* Runs the main loop until everything sent to the root actor so far was handled. */
void dms_fuzz_node_settle (DmsFuzzNode *self);

G_END_DECLS
