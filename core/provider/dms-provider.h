/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor.h"
#include "config/dms-config.h"
#include "identity/dms-key.h"
#include "plugins/dms-plugin-manager.h"
#include "resources/dms-inventory.h"
#include "resources/dms-ledger.h"
#include "resources/dms-onboarding.h"
#include "resources/dms-port-ledger.h"
#include "store/dms-store.h"

G_BEGIN_DECLS

#define DMS_TYPE_PROVIDER (dms_provider_get_type ())

G_DECLARE_FINAL_TYPE (DmsProvider, dms_provider, DMS, PROVIDER, GObject)

/* The side of a node that lends its machine: bids, commits, allocates, runs jobs and reports about them
 * (node-and-executors.md). @key is the node's: bids are signed with it, allocations' keys derived from
 * it. Reads general.work_dir, general.data_dir, general.host_*, general.port_available_range_*, job.*. */
DmsProvider *
dms_provider_new (DmsStore *store, DmsPluginManager *plugins, DmsActor *root, DmsKey *key, DmsConfig *config);

/* Made by the provider, for whoever shows them. */
DmsInventory *dms_provider_get_inventory (DmsProvider *self);
DmsLedger *dms_provider_get_ledger (DmsProvider *self);
DmsOnboarding *dms_provider_get_onboarding (DmsProvider *self);
DmsPortLedger *dms_provider_get_ports (DmsProvider *self);

/* Reads the machine, re-checks the onboarding, takes up the allocations of the last run and clears
 * leftovers. */
void dms_provider_start_async (DmsProvider *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean dms_provider_start_finish (DmsProvider *self, GAsyncResult *result, GError **error);
/* Lets go of everything; jobs go on running and are taken up at the next start. */
void dms_provider_stop_async (DmsProvider *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean dms_provider_stop_finish (DmsProvider *self, GAsyncResult *result, GError **error);

/* Allocations that have not ended. */
guint dms_provider_get_n_active (DmsProvider *self);

G_END_DECLS
