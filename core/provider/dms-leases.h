/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_LEASES (dms_leases_get_type ())

/* Allocations that may run only as long as their orchestrator says so from time to time
 * (node-and-executors.md 4: what must not run twice). Each has a file in its folder, which says until when;
 * dms_execution_spec_get_lease_path() tells what is in it. Whoever holds the job reads it as well, so that a
 * lease ends the job also where the daemon is gone, or stopped; and renewing costs no write to the database.
 * Emits `expired` with an allocation's ID, once for each, when the job is to end: a tenth of the lease, 5 s
 * at most, before it is killed, if it has not ended by then. */
G_DECLARE_FINAL_TYPE (DmsLeases, dms_leases, DMS, LEASES, GObject)

/* Bound of what an orchestrator may ask for. */
enum
{
  DMS_LEASE_MAX_MS = 3600 * 1000,
};

/* jobs_dir: where each allocation has a folder of its ID. */
DmsLeases *dms_leases_new (const char *jobs_dir);
/* How long a lease a message gives (`LeaseMs`, which ends at `LeaseUntilUs` of the time of day at the latest,
 * however long the message was on its way): 0 for none, -1 when it came too late for any. */
gint64 dms_leases_read_ms (JsonObject *object);
/* Begins or renews a lease. One that cannot be stored is refused: it would not outlive the daemon. */
gboolean dms_leases_renew (DmsLeases *self, const char *allocation_id, gint64 lease_ms, GError **error);
/* Takes up what an earlier run knew of an allocation that needs one. One that is over expires soon after. */
void dms_leases_restore (DmsLeases *self, const char *allocation_id);
/* Whether there is one that is not over. */
gboolean dms_leases_has (DmsLeases *self, const char *allocation_id);
/* (transfer full) */
char *dms_leases_dup_path (DmsLeases *self, const char *allocation_id);
/* It has ended by itself. */
void dms_leases_forget (DmsLeases *self, const char *allocation_id);

G_END_DECLS
