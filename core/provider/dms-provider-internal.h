/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "provider/dms-provider-private.h"
#include "resources/dms-locator.h"
#include "store/dms-collection.h"

G_BEGIN_DECLS

/* For the files that the provider is made of, and no others: dms-provider.c (its life), -allocations.c (what
 * is kept for whom), -sweep.c (what is done from time to time), -restore.c (what a start finds). */

enum
{
  /* How long what is granted to orchestrators lasts, and how much before its end it is granted anew. */
  DMS_PROVIDER_GRANT_SECONDS = 3600,
  DMS_PROVIDER_RENEW_SECONDS = 600,
};

struct _DmsProvider
{
  GObject parent_instance;

  DmsStore *store;
  DmsPluginManager *plugins;
  DmsActor *root;
  DmsKey *key;
  DmsConfig *config;
  char *jobs_dir;
  char *volumes_dir;

  DmsInventory *inventory;
  DmsLedger *ledger;
  DmsOnboarding *onboarding;
  DmsPortLedger *ports;
  DmsBidder *bidder;
  DmsAdvertiser *advertiser;
  DmsEdgeMeter *edge_meter;
  DmsLocator *locator;
  DmsCollection *records;
  DmsLeases *leases;

  GHashTable *allocations; /* id → DmsAllocation */
  GHashTable *ensembles;   /* id → Ensemble */
  GHashTable *checks;      /* ensemble id → DmsRestoreCheck, until it is decided */
  guint sweep_id;
  guint n_sweeps;
  guint n_lingering;
};

/* allocations */
/* A value of the table of ensembles. */
void dms_provider_ensemble_free (gpointer data);
/* The behaviours of an ensemble live as long as anything of it is kept here. */
void dms_provider_ensure_ensemble (DmsProvider *self, DmsAllocationRecord *record);
void dms_provider_forget_ensemble (DmsProvider *self, const char *ensemble_id);
void dms_provider_grant_allocation (DmsAllocation *allocation);
/* Grants anew what would end soon. */
void dms_provider_renew_ensembles (DmsProvider *self);

/* sweep */
void dms_provider_begin_sweeping (DmsProvider *self);
void dms_provider_end_sweeping (DmsProvider *self);
/* Whether one that failed is kept a while, for its orchestrator may start it anew. */
gboolean dms_provider_may_linger (DmsProvider *self, DmsAllocationRecord *record);
/* Ends what engines run for nobody any more. */
void dms_provider_remove_leftovers (DmsProvider *self);
void dms_provider_locate (DmsProvider *self);

/* restore */
/* Makes the allocations of the last run, and gives back what is reserved for none of them. */
gboolean dms_provider_take_up (DmsProvider *self, GError **error);
/* Finds their executions, and asks their orchestrators whether they are wanted. */
void dms_provider_restore_all (DmsProvider *self);
void dms_provider_stop_checks (DmsProvider *self);

G_END_DECLS
