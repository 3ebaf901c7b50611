/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"
#include "succession/dms-voter.h"

G_BEGIN_DECLS

#define DMS_TYPE_WITNESS (dms_witness_get_type ())

/* This node as one that only votes on who leads (docs/succession.md). It is told when a deployment is over;
 * when it was away then, it asks the orchestrators, as soon as none of them was heard of for the roll's
 * lease. So nothing that it keeps of a deployment outlives that. */
G_DECLARE_FINAL_TYPE (DmsWitness, dms_witness, DMS, WITNESS, GObject)

/* interval_ms: how often it looks whether there is anything to ask. */
DmsWitness *dms_witness_new (DmsActor *root, DmsVoter *voter, guint interval_ms);
/* Asks nothing any more. */
void dms_witness_stop (DmsWitness *self);

G_END_DECLS
