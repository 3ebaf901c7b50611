/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "resources/dms-inventory.h"
#include "resources/dms-ledger.h"

G_BEGIN_DECLS

#define DMS_TYPE_ONBOARDING (dms_onboarding_get_type ())

G_DECLARE_FINAL_TYPE (DmsOnboarding, dms_onboarding, DMS, ONBOARDING, GObject)

/* The owner's decision how much of the machine is lent (resources-and-matching.md §3). */
DmsOnboarding *dms_onboarding_new (DmsInventory *inventory, DmsLedger *ledger);

gboolean dms_onboarding_is_onboarded (DmsOnboarding *self);
/* (transfer full): OnboardingConfig of types.md §8. */
JsonNode *dms_onboarding_to_json (DmsOnboarding *self);

/* @gpus: (nullable): `index:GiB,…` as the command line has it; with @no_gpu none; with neither, those of
 * @requested. OUT_OF_RANGE says the range; NO_RESOURCES when the machine lacks them or they are in use. */
void dms_onboarding_onboard_async (DmsOnboarding *self,
                                   DmsResources *requested,
                                   gboolean no_gpu,
                                   const char *gpus,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dms_onboarding_onboard_finish (DmsOnboarding *self, GAsyncResult *result, GError **error);
/* WRONG_STATE while allocations hold resources, or when not onboarded. */
gboolean dms_onboarding_offboard (DmsOnboarding *self, GError **error);

/* At start: looks whether the machine still has what it lends; off-boards it when not (@offboarded says
 * so). What is merely in use at the moment does not count. */
void dms_onboarding_recheck_async (DmsOnboarding *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dms_onboarding_recheck_finish (DmsOnboarding *self,
                                        GAsyncResult *result,
                                        gboolean *offboarded,
                                        GError **error);

G_END_DECLS
