/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

/* A question that waits for its answer: ends once, by the answer, by an error, at its expiry or when it is
 * cancelled. Counted. */
typedef struct _DmsInvocation DmsInvocation;

/* Called before the caller hears of the end. */
typedef void (*DmsInvocationEndedFunc) (DmsInvocation *self, gpointer user_data);

/* Takes the task, which holds the actor, and whose result is a DmsMessage. */
DmsInvocation *dms_invocation_new (GTask *task,
                                   const char *reply_behaviour,
                                   const char *what,
                                   guint64 expiry_ns,
                                   DmsInvocationEndedFunc ended,
                                   gpointer user_data);
DmsInvocation *dms_invocation_ref (DmsInvocation *self);
void dms_invocation_unref (DmsInvocation *self);

const char *dms_invocation_get_reply_behaviour (DmsInvocation *self);
void dms_invocation_answer (DmsInvocation *self, DmsMessage *message);
/* Takes the error. */
void dms_invocation_fail (DmsInvocation *self, GError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsInvocation, dms_invocation_unref)

G_END_DECLS
