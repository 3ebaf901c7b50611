/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "resources/dms-connectivity.h"
#include "resources/dms-kyc.h"
#include "resources/dms-library.h"
#include "resources/dms-locality.h"
#include "resources/dms-price.h"
#include "resources/dms-storage-space.h"
#include "resources/dms-time-limit.h"

G_BEGIN_DECLS

#define DMS_TYPE_PROFILE (dms_profile_get_type ())

/* What a machine can do, or a job needs: the capability model of resources-and-matching.md section 5. (It is
 * not called a capability here, because these are the rights of actors.) What a requirement leaves unset is
 * any. Immutable and counted. */
typedef struct _DmsProfile DmsProfile;

GType dms_profile_get_type (void);

/* Nothing, which as a requirement is met by everything. */
DmsProfile *dms_profile_new_empty (void);
/* Each returns the profile with one part replaced; (transfer full). Lists hold what their getter says. */
DmsProfile *dms_profile_with_executors (DmsProfile *self, const char *const *executors);
DmsProfile *dms_profile_with_job_types (DmsProfile *self, const char *const *job_types);
DmsProfile *dms_profile_with_resources (DmsProfile *self, DmsResources *resources);
DmsProfile *dms_profile_with_libraries (DmsProfile *self, GPtrArray *libraries);
DmsProfile *dms_profile_with_localities (DmsProfile *self, GPtrArray *localities);
DmsProfile *dms_profile_with_storage (DmsProfile *self, GPtrArray *storage);
DmsProfile *dms_profile_with_connectivity (DmsProfile *self, DmsConnectivity *connectivity);
DmsProfile *dms_profile_with_prices (DmsProfile *self, GPtrArray *prices);
DmsProfile *dms_profile_with_time (DmsProfile *self, DmsTimeLimit *time);
DmsProfile *dms_profile_with_kyc (DmsProfile *self, GPtrArray *kyc);
/* The specification has no names for these two: the score of a benchmark, and the power that is drawn. */
DmsProfile *dms_profile_with_speed (DmsProfile *self, double speed);
DmsProfile *dms_profile_with_watts (DmsProfile *self, double watts);

/* In the order of the alphabet, each once. */
const char *const *dms_profile_get_executors (DmsProfile *self);
/* Of `batch`, `single_run`, `recurring`, `long_running`. */
const char *const *dms_profile_get_job_types (DmsProfile *self);
DmsResources *dms_profile_get_resources (DmsProfile *self);
/* (element-type DmsLibrary) */
GPtrArray *dms_profile_get_libraries (DmsProfile *self);
/* (element-type DmsLocality) */
GPtrArray *dms_profile_get_localities (DmsProfile *self);
/* (element-type DmsStorageSpace) */
GPtrArray *dms_profile_get_storage (DmsProfile *self);
DmsConnectivity *dms_profile_get_connectivity (DmsProfile *self);
/* (element-type DmsPrice) */
GPtrArray *dms_profile_get_prices (DmsProfile *self);
DmsTimeLimit *dms_profile_get_time (DmsProfile *self);
/* (element-type DmsKyc) */
GPtrArray *dms_profile_get_kyc (DmsProfile *self);
/* Of a machine what it reaches, of a requirement the least; 0 is unset. */
double dms_profile_get_speed (DmsProfile *self);
/* Of a machine what it draws under load, of a requirement the most; 0 is unset. */
double dms_profile_get_watts (DmsProfile *self);

/* Quantities are added, lists united; prices of one currency are added, of times the longer counts, of speeds
 * the greater. */
DmsProfile *dms_profile_add (DmsProfile *a, DmsProfile *b);
/* The opposite; NULL with NO_RESOURCES when the quantities of b are not in a. */
DmsProfile *dms_profile_subtract (DmsProfile *a, DmsProfile *b, GError **error);

/* NULL with INVALID_DATA. */
DmsProfile *dms_profile_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_profile_to_json (DmsProfile *self);
gboolean dms_profile_equal (DmsProfile *a, DmsProfile *b);
DmsProfile *dms_profile_ref (DmsProfile *self);
void dms_profile_unref (DmsProfile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsProfile, dms_profile_unref)

G_END_DECLS
