/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-message.h"
#include "config/dms-config.h"
#include "provider/dms-bid-refusal.h"
#include "resources/dms-profile.h"

G_BEGIN_DECLS

/* Decides who is told why this machine makes no offer. Who did not ask for it is told nothing, nor is anybody
 * told more often than is of use: a few times a second and requester, and once for each question. */
typedef struct _DmsBidRefuser DmsBidRefuser;

DmsBidRefuser *dms_bid_refuser_new (DmsConfig *config);
void dms_bid_refuser_free (DmsBidRefuser *self);

/* (transfer full) (nullable): an empty refusal, when the sender of a request asks for one and may be told.
 * Broadcasts must say that they are for a few: what all would answer is answered by nobody. */
DmsBidRefusal *dms_bid_refuser_begin (DmsBidRefuser *self, DmsMessage *message, const char *ensemble_id);
/* Whether who lacks the right to deploy here may be told just that. */
gboolean dms_bid_refuser_tells_strangers (DmsBidRefuser *self);
/* Answers with a refusal, unless it is empty or too much was told already. */
void dms_bid_refuser_tell (DmsBidRefuser *self, DmsMessage *message, DmsBidRefusal *refusal);

/* Adds a reason without amounts. refusal, node, field: (nullable) */
void
dms_bid_refuser_note (DmsBidRefusal *refusal, DmsBidRefusalCode code, const char *node, const char *field);
/* Adds all that the machine lacks of what a request asks for, by what it lends: whoever asks for less of one
 * thing should know whether that will do, and who holds how much of it is nobody else's business. in_all: the
 * whole machine, which knows more of its parts */
void dms_bid_refuser_note_lacking (DmsBidRefusal *refusal,
                                   const char *node,
                                   JsonObject *request,
                                   const char *const *executors,
                                   DmsResources *lent,
                                   DmsResources *in_all);

/* Adds what a machine that says of itself what is @offered lacks of a requirement. FALSE when it is enough.
 * refusal: (nullable) */
gboolean dms_bid_refuser_note_requirement (DmsBidRefusal *refusal,
                                           const char *node,
                                           DmsProfile *offered,
                                           DmsProfile *required);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBidRefuser, dms_bid_refuser_free)

G_END_DECLS
