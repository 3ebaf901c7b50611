/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

/* One thing an actor answers to. Counted, so that it may be removed while it runs. */
typedef struct _DmsBehaviour DmsBehaviour;

DmsBehaviour *dms_behaviour_new (const char *path,
                                 DmsBehaviourFlags flags,
                                 const char *capability,
                                 const char *topic,
                                 guint64 expiry_ns,
                                 DmsBehaviourFunc func,
                                 gpointer user_data,
                                 GDestroyNotify destroy);
DmsBehaviour *dms_behaviour_ref (DmsBehaviour *self);
void dms_behaviour_unref (DmsBehaviour *self);

const char *dms_behaviour_get_path (DmsBehaviour *self);
DmsBehaviourFlags dms_behaviour_get_flags (DmsBehaviour *self);
const char *dms_behaviour_get_capability (DmsBehaviour *self);
/* (nullable) */
const char *dms_behaviour_get_topic (DmsBehaviour *self);
/* Whether it answers this kind of message: a broadcast on its topic, or a direct one; and is not over. */
gboolean dms_behaviour_accepts (DmsBehaviour *self, DmsEnvelope *envelope, guint64 now_ns);
gboolean dms_behaviour_is_expired (DmsBehaviour *self, guint64 now_ns);
void dms_behaviour_run (DmsBehaviour *self, DmsActor *actor, DmsMessage *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBehaviour, dms_behaviour_unref)

G_END_DECLS
