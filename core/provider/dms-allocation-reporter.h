/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor.h"
#include "provider/dms-allocation-record.h"
#include "provider/dms-job-log.h"

G_BEGIN_DECLS

#define DMS_TYPE_ALLOCATION_REPORTER (dms_allocation_reporter_get_type ())

G_DECLARE_FINAL_TYPE (DmsAllocationReporter, dms_allocation_reporter, DMS, ALLOCATION_REPORTER, GObject)

/* What an allocation tells its orchestrator (node-and-executors.md §4.1), as @actor. Emits
 * #DmsAllocationReporter::acknowledged once the orchestrator has answered the message of the end. */
DmsAllocationReporter *
dms_allocation_reporter_new (DmsActor *actor, DmsAllocationRecord *record, DmsJobLog *log);

void dms_allocation_reporter_status (DmsAllocationReporter *self,
                                     DmsAllocationStatus old_status,
                                     DmsAllocationStatus new_status,
                                     const char *reason);
/* Says that it ended, with the record's result, again and again until it is heard or three hours have
 * passed. */
void dms_allocation_reporter_end (DmsAllocationReporter *self);
void dms_allocation_reporter_begin (DmsAllocationReporter *self);
/* One sign of life. @usage: (nullable); @problem: (nullable): why the health check fails; @checked: it was
 * looked at. */
void dms_allocation_reporter_liveness (DmsAllocationReporter *self,
                                       DmsUsage *usage,
                                       gboolean checked,
                                       const char *problem);
/* It runs again: an end that was not acknowledged is not told any more, and the next one will be. */
void dms_allocation_reporter_begin_anew (DmsAllocationReporter *self);
void dms_allocation_reporter_stop (DmsAllocationReporter *self);

/* (transfer full): ResourceUsage of types.md §3. */
JsonObject *dms_allocation_reporter_usage_to_json (DmsUsage *usage);
/* (transfer full): how it ended, in a sentence that names the limit or the code. */
char *dms_allocation_reporter_describe (DmsExecutionResult *result);

G_END_DECLS
