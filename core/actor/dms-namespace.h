/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

/* What an actor has for one owner, such as an ensemble: behaviours, children and grants that end together. */
typedef struct _DmsNamespace DmsNamespace;

/* Borrows the actor. */
DmsNamespace *dms_namespace_new (DmsActor *actor);
/* Removes the behaviours, stops the children and takes back the grants. */
void dms_namespace_free (DmsNamespace *self);

void dms_namespace_add_behaviour (DmsNamespace *self, const char *path);
void dms_namespace_add_child (DmsNamespace *self, DmsActor *child);
/* The owner's name in the security context. */
void dms_namespace_add_grant (DmsNamespace *self, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsNamespace, dms_namespace_free)

G_END_DECLS
