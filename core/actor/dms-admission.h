/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-envelope.h"
#include "actor/dms-limiter.h"
#include "actor/dms-refusals.h"
#include "actor/dms-replay-guard.h"

G_BEGIN_DECLS

/* What a node lets in, but for capabilities: the limits of rate and concurrency, the memory for replays, what
 * is passed on of broadcasts, and the account of what was refused. One a node; not thread safe. */
typedef struct _DmsAdmission DmsAdmission;

/* With the built-in limits, and a memory for replays that ends with the process. */
DmsAdmission *dms_admission_new (void);
void dms_admission_free (DmsAdmission *self);
void dms_admission_set_limits (DmsAdmission *self, const DmsLimits *limits);
/* Takes it. */
void dms_admission_set_replay_guard (DmsAdmission *self, DmsReplayGuard *guard);

/* The first question about a message: whether to look at what this peer brings. What is not looked at is
 * counted here. @peer: (nullable): NULL for this machine, which is always listened to. */
gboolean dms_admission_listens_to (DmsAdmission *self, const char *peer, const char *inbox);
/* Counts and logs a refused message, and holds it against the peer that brought it. All but @inbox and @why:
 * (nullable). */
void dms_admission_refuse (DmsAdmission *self,
                           DmsRefusal refusal,
                           const char *rule,
                           const char *peer,
                           const char *inbox,
                           DmsEnvelope *envelope,
                           const char *why);

/* Whether a broadcast that @peer published is delivered and passed on. Capabilities have no say in it: others
 * may trust whom we do not. */
DmsValidation dms_admission_validate (DmsAdmission *self, const char *topic, const char *peer, GBytes *bytes);
/* The same of one that has been read, with its signature computed perhaps: from a peer that is listened to.
 * @envelope: (nullable): NULL with an error when it is none, or gave way to others. */
DmsValidation dms_admission_judge (DmsAdmission *self,
                                   const char *topic,
                                   const char *peer,
                                   DmsEnvelope *envelope,
                                   gsize size,
                                   const GError *error);

/* Whether this actor has accepted the message before; its signature need not be checked yet. */
gboolean dms_admission_has_seen (DmsAdmission *self, const char *inbox, DmsEnvelope *envelope);
/* The last question about a message that passed all other checks: takes it into account and remembers it.
 * @owner: the DID its sender proved, or the peer that brought it when it need not prove any. @limited: FALSE
 * for what was asked for, such as the answer to a question. NULL with the reason and an error. The permit is
 * held while it is handled. */
DmsPermit *dms_admission_admit (DmsAdmission *self,
                                const char *inbox,
                                DmsEnvelope *envelope,
                                const char *owner,
                                gboolean limited,
                                DmsRefusal *refusal,
                                GError **error);

DmsRefusals *dms_admission_get_refusals (DmsAdmission *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsAdmission, dms_admission_free)

G_END_DECLS
