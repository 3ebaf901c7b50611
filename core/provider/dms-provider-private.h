/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "provider/dms-advertiser.h"
#include "provider/dms-allocation-record.h"
#include "provider/dms-allocation.h"
#include "provider/dms-bidder.h"
#include "provider/dms-leases.h"
#include "provider/dms-edge-meter.h"
#include "provider/dms-provider.h"

G_BEGIN_DECLS

/* For the parts of the provider. Everything is borrowed. */

DmsStore *dms_provider_get_store (DmsProvider *self);
DmsPluginManager *dms_provider_get_plugins (DmsProvider *self);
DmsActor *dms_provider_get_root (DmsProvider *self);
DmsKey *dms_provider_get_key (DmsProvider *self);
DmsConfig *dms_provider_get_config (DmsProvider *self);
DmsBidder *dms_provider_get_bidder (DmsProvider *self);
DmsAdvertiser *dms_provider_get_advertiser (DmsProvider *self);
DmsLeases *dms_provider_get_leases (DmsProvider *self);
DmsEdgeMeter *dms_provider_get_edge_meter (DmsProvider *self);
/* `<work_dir>/jobs` and `<data_dir>/volumes`. */
const char *dms_provider_get_jobs_dir (DmsProvider *self);
const char *dms_provider_get_volumes_dir (DmsProvider *self);
/* Whether a DID is this node's own or one of those it trusts without limit. */
gboolean dms_provider_is_owner (DmsProvider *self, DmsDid *did);
/* Whether an allocation may do what only this node's owner may. */
gboolean dms_provider_trusts_record (DmsProvider *self, DmsAllocationRecord *record);

/* Whether something of an ensemble is kept here: for this orchestrator, or for any. (nullable) */
gboolean dms_provider_serves (DmsProvider *self, const char *ensemble_id, DmsDid *orchestrator);

gboolean dms_provider_save_record (DmsProvider *self, DmsAllocationRecord *record, GError **error);
/* (transfer full): also of one that has ended; NOT_FOUND. */
DmsAllocationRecord *dms_provider_load_record (DmsProvider *self, const char *allocation_id, GError **error);
/* Gives back resources and ports, and stores the record, at once or not at all. */
gboolean dms_provider_release (DmsProvider *self, DmsAllocationRecord *record, GError **error);
/* Takes resources and ports again for a record that had given them back. */
gboolean dms_provider_reserve (DmsProvider *self, DmsAllocationRecord *record, GError **error);

/* (nullable): an allocation whose end has not been dealt with yet. */
DmsAllocation *dms_provider_lookup (DmsProvider *self, const char *allocation_id);
/* Makes the actor of a stored record and grants its orchestrator what it needs. */
DmsAllocation *dms_provider_add_allocation (DmsProvider *self, DmsAllocationRecord *record, GError **error);
/* The records of an ensemble have another orchestrator: it gets the rights that the last one had. */
void dms_provider_hand_over (DmsProvider *self, const char *ensemble_id);
/* Stops its actor and knows it no more; the record stays. */
void dms_provider_drop_allocation (DmsProvider *self, DmsAllocation *allocation);
/* (element-type DmsAllocation) (transfer full) */
GPtrArray *dms_provider_list_allocations (DmsProvider *self);

void dms_deployment_behaviours_install (DmsProvider *provider, DmsActor *root);
void dms_succession_answers_install (DmsProvider *provider, DmsActor *root);
/* A record that an allocate makes takes the roll that comes with it, if any. */
gboolean dms_succession_answers_begin (DmsAllocationRecord *record, DmsMessage *message, GError **error);
/* The orchestrator of an ensemble tells the roll; replies. */
void dms_succession_answers_take_roll (DmsProvider *provider, const char *ensemble_id, DmsMessage *message);
void dms_heartbeat_behaviours_install (DmsProvider *provider, DmsActor *root);
void dms_edge_behaviours_install (DmsProvider *provider, DmsActor *root);
void dms_resource_behaviours_install (DmsProvider *provider, DmsActor *root);
void dms_onboarding_behaviours_install (DmsProvider *provider, DmsActor *root);
void dms_allocation_behaviours_install (DmsAllocation *allocation, DmsActor *actor);
void dms_ensemble_behaviours_install (DmsProvider *provider, DmsActor *root, const char *ensemble_id);

G_END_DECLS
