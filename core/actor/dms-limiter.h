/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-limits.h"
#include "actor/dms-refusal.h"

G_BEGIN_DECLS

/* Keeps each sender, each topic and everybody together within limits of rate and of concurrency, in bounded
 * memory: senders who are idle are forgotten, and when there are too many, newcomers share one place.
 * Counted; not thread safe. Times are ns since the epoch. */
typedef struct _DmsLimiter DmsLimiter;
/* What a message under handling holds of the limits. */
typedef struct _DmsPermit DmsPermit;

#define DMS_LIMITER_MAX_SENDERS 4096
#define DMS_LIMITER_MAX_TOPICS 256

DmsLimiter *dms_limiter_new (const DmsLimits *limits);
DmsLimiter *dms_limiter_ref (DmsLimiter *self);
void dms_limiter_unref (DmsLimiter *self);

/* Admits a message that passed its other checks: of a verified sender (a DID), on a topic (NULL: none), of
 * so many bytes. NULL with the reason when it is too much. What it holds comes back with
 * dms_permit_free(), or by itself once it has expired. */
DmsPermit *dms_limiter_admit (DmsLimiter *self,
                              DmsTraffic traffic,
                              const char *sender,
                              const char *topic,
                              gsize size,
                              guint64 expiry_ns,
                              guint64 now_ns,
                              DmsRefusal *refusal);
/* One that holds nothing, for what is not limited. */
DmsPermit *dms_permit_new_free (void);
void dms_permit_free (DmsPermit *permit);

guint dms_limiter_get_n_senders (DmsLimiter *self);
guint dms_limiter_get_at_once (DmsLimiter *self, DmsTraffic traffic);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLimiter, dms_limiter_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPermit, dms_permit_free)

G_END_DECLS
