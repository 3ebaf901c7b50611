/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor-registry.h"
#include "actor/dms-admission.h"

G_BEGIN_DECLS

gboolean dms_actor_registry_attach (DmsActorRegistry *self, DmsActor *actor, GError **error);
void dms_actor_registry_detach (DmsActorRegistry *self, DmsActor *actor);

/* Counted: a topic is subscribed to while anybody listens. */
void dms_actor_registry_listen (DmsActorRegistry *self, const char *topic);
void dms_actor_registry_unlisten (DmsActorRegistry *self, const char *topic);

/* Counts and logs a refused message. `peer` brought it (NULL: this machine); `envelope` is NULL when the
 * bytes were none. */
void dms_actor_registry_refuse (DmsActorRegistry *self,
                                DmsRefusal refusal,
                                const char *peer,
                                const char *inbox,
                                DmsEnvelope *envelope,
                                const GError *why);
DmsAdmission *dms_actor_registry_get_admission (DmsActorRegistry *self);

G_END_DECLS
