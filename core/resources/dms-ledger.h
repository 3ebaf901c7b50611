/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "store/dms-store.h"

G_BEGIN_DECLS

#define DMS_TYPE_LEDGER (dms_ledger_get_type ())

G_DECLARE_FINAL_TYPE (DmsLedger, dms_ledger, DMS, LEDGER, GObject)

/* What the machine lends and who holds how much of it (resources-and-matching.md §2). All in database
 * transactions. Emits #DmsLedger::changed after every change. */
DmsLedger *dms_ledger_new (DmsStore *store);

/* NULL sets nothing to lend. NO_RESOURCES (“Demand too high …”) when less than what is taken. */
gboolean dms_ledger_set_onboarded (DmsLedger *self, DmsResources *resources, GError **error);
gboolean dms_ledger_is_onboarded (DmsLedger *self);
/* Microseconds since the epoch; FALSE when not onboarded. */
gboolean dms_ledger_get_onboarding_times (DmsLedger *self, gint64 *created_us, gint64 *updated_us);
/* (transfer full): NULL with WRONG_STATE when not onboarded. */
DmsResources *dms_ledger_dup_onboarded (DmsLedger *self, GError **error);
DmsResources *dms_ledger_dup_free (DmsLedger *self, GError **error);
/* (transfer full): empty when there are none. */
DmsResources *dms_ledger_dup_allocated (DmsLedger *self, GError **error);
DmsResources *dms_ledger_dup_committed (DmsLedger *self, GError **error);
/* (transfer full): what one allocation holds, GPUs with the index of the device it got; NOT_FOUND. */
DmsResources *dms_ledger_dup_reservation (DmsLedger *self, const char *allocation_id, GError **error);

/* Whether it would fit now; NULL with NO_RESOURCES, else @resources with the GPUs that it would get. */
DmsResources *dms_ledger_fit (DmsLedger *self, DmsResources *resources, GError **error);

/* Sets aside until @expires_us (microseconds since the epoch). ALREADY_EXISTS, NO_RESOURCES, WRONG_STATE. */
gboolean dms_ledger_commit (DmsLedger *self,
                            const char *allocation_id,
                            DmsResources *resources,
                            gint64 expires_us,
                            GError **error);
/* NOT_FOUND when it is not committed. */
gboolean dms_ledger_uncommit (DmsLedger *self, const char *allocation_id, GError **error);
/* Committed to allocated; TRUE also when allocated already; NOT_FOUND otherwise, also past the commit's
 * time. */
gboolean dms_ledger_allocate (DmsLedger *self, const char *allocation_id, GError **error);
/* Gives back whatever it holds; TRUE also when it held nothing. */
gboolean dms_ledger_release (DmsLedger *self, const char *allocation_id, GError **error);
gboolean dms_ledger_is_committed (DmsLedger *self, const char *allocation_id);
gboolean dms_ledger_is_allocated (DmsLedger *self, const char *allocation_id);

/* (transfer full): the allocations whose commit ran out by @now_us and was given back. G_MAXINT64 takes
 * all. */
gboolean dms_ledger_limit_commits (DmsLedger *self, gint64 latest_us, GError **error);
GStrv dms_ledger_expire_commits (DmsLedger *self, gint64 now_us, GError **error);
/* (transfer full): every allocation ID that holds something. */
GStrv dms_ledger_list (DmsLedger *self, GError **error);

G_END_DECLS
