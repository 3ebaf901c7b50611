/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor-registry.h"
#include "actor/dms-actor.h"
#include "capability/dms-capability-context.h"
#include "identity/dms-key.h"

G_BEGIN_DECLS

/* A node for tests: a key, a capability context, a memory transport, a registry and a root actor that runs.
 * Any number of them live in one process. */
typedef struct _DmsTestNode DmsTestNode;

/* Nodes of one network find each other. */
DmsTestNode *dms_test_node_new (const char *network);
/* Stops everything and checks that nothing is left behind. */
void dms_test_node_free (DmsTestNode *self);

/* Off, nobody reaches it, and nobody knows why. */
void dms_test_node_set_connected (DmsTestNode *self, gboolean connected);

DmsKey *dms_test_node_get_key (DmsTestNode *self);
DmsDid *dms_test_node_get_did (DmsTestNode *self);
DmsCapabilityContext *dms_test_node_get_capabilities (DmsTestNode *self);
DmsTransport *dms_test_node_get_transport (DmsTestNode *self);
DmsActorRegistry *dms_test_node_get_registry (DmsTestNode *self);
DmsActor *dms_test_node_get_root (DmsTestNode *self);
DmsHandle *dms_test_node_get_handle (DmsTestNode *self);

/* Lets another node call these capabilities here, by a grant that this node anchors. */
void dms_test_node_allow (DmsTestNode *self, DmsTestNode *other, const char *capability);
/* Lets another node publish on these topics to this one. */
void dms_test_node_allow_broadcast (DmsTestNode *self,
                                    DmsTestNode *other,
                                    const char *capability,
                                    const char *topic);

/* Invokes and waits. `json` is the payload. */
DmsMessage *dms_test_invoke (DmsActor *actor,
                             DmsHandle *to,
                             const char *behaviour,
                             const char *json,
                             double seconds,
                             GError **error);
/* Runs the main loop until the condition holds; fails the test after 10 s. */
typedef gboolean (*DmsTestCondition) (gpointer user_data);
void dms_test_wait (DmsTestCondition condition, gpointer user_data);
/* How many times longer than usual things may take: DMS_TEST_PATIENCE, for builds with sanitizers and for
 * valgrind. The waits and expiries of this header count in it. */
double dms_test_get_patience (void);

/* So many seconds from now, made longer by the patience, as an expiry. */
guint64 dms_test_expiry_in (double seconds);
/* Runs the main loop for a while: at least so long, and longer on a machine that is busy. */
void dms_test_run (guint milliseconds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsTestNode, dms_test_node_free)

G_END_DECLS
