/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_LEASES (dms_leases_get_type ())

/* Allocations that may run only as long as their orchestrator says so from time to time
 * (node-and-executors.md 4: what must not run twice). Each has a file in its folder, whose content is how
 * long the lease lasts and whose time is when it was renewed: so a lease outlives the daemon, and renewing
 * costs no write to the database. Emits `expired` with an allocation's ID, once for each. */
G_DECLARE_FINAL_TYPE (DmsLeases, dms_leases, DMS, LEASES, GObject)

/* Bounds of what an orchestrator may ask for. */
enum
{
  DMS_LEASE_MIN_MS = 5 * 1000,
  DMS_LEASE_MAX_MS = 3600 * 1000,
};

/* jobs_dir: where each allocation has a folder of its ID. */
DmsLeases *dms_leases_new (const char *jobs_dir);
/* Begins or renews a lease. One that cannot be stored is refused: it would not outlive the daemon. */
gboolean dms_leases_renew (DmsLeases *self, const char *allocation_id, gint64 lease_ms, GError **error);
/* Takes up what an earlier run knew, if anything. One that is over expires soon after. */
void dms_leases_restore (DmsLeases *self, const char *allocation_id);
gboolean dms_leases_has (DmsLeases *self, const char *allocation_id);
/* It has ended by itself. */
void dms_leases_forget (DmsLeases *self, const char *allocation_id);

G_END_DECLS
