/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-ensemble.h"
#include "jobs/dms-job-reader.h"

/* What the parts of an ensemble need of its top level while they are read. Nothing is owned. */
typedef struct
{
  DmsJobForm form;
  DmsJobReport *report;
  /* (nullable): the maps of these names at the top level */
  DmsJobNode *resources;
  DmsJobNode *volumes;
  DmsJobNode *scripts;
  DmsJobNode *keys;
  /* (nullable): what is required of every machine */
  DmsProfile *required;
} DmsJobScope;

/* Each returns a value that is complete only when the report has no errors; never NULL where it says nothing
 * else. */

DmsEnsemble *dms_job_decode_ensemble (DmsJobNode *node, DmsJobForm form, DmsJobReport *report);
DmsAllocationConfig *
dms_job_decode_allocation (DmsJobNode *node, const char *path, const char *name, const DmsJobScope *scope);
/* NULL when the node is no map */
DmsNodeConfig *
dms_job_decode_node (DmsJobNode *node, const char *path, const char *name, const DmsJobScope *scope);
/* (element-type DmsLocation) (transfer full): a list of places; empty when there is none. parent: (nullable)
 */
GPtrArray *dms_job_decode_locations (DmsJobReader *parent, const char *key, const DmsJobScope *scope);
/* NULL when there are none */
DmsPreferences *dms_job_decode_preferences (DmsJobReader *parent, const DmsJobScope *scope);
/* NULL when nothing is required */
DmsProfile *dms_job_decode_requires (DmsJobReader *parent, const DmsJobScope *scope);
/* NULL when there is none */
DmsHealthCheck *
dms_job_decode_health_check (DmsJobNode *node, const char *path, DmsJobForm form, DmsJobReport *report);
DmsResources *dms_job_decode_resources (DmsJobReader *allocation, const DmsJobScope *scope);
/* The parameters of the allocation's execution, and its type in *type (transfer full) (nullable). */
JsonObject *dms_job_decode_execution (DmsJobReader *allocation, const DmsJobScope *scope, char **type);
/* The allocation's `children`; NULL when there is none. */
DmsChildBudget *dms_job_decode_children (DmsJobReader *allocation, const DmsJobScope *scope);
/* The allocation's `workflow`; NULL when there is none. */
DmsTaskFlow *dms_job_decode_flow (DmsJobReader *allocation);
/* (element-type DmsVolume) */
GPtrArray *dms_job_decode_volumes (DmsJobReader *allocation, const DmsJobScope *scope);
/* NULL when the node is no map */
DmsSupervisorConfig *dms_job_decode_supervisor (DmsJobNode *node, const char *path, const DmsJobScope *scope);

/* What the top level says under `supervision`, or what holds without it. */
DmsSupervisionLimits dms_job_decode_supervision (DmsJobReader *top);

/* Reports what is wrong between the parts: names, dependencies, who is where. */
void dms_job_check_ensemble (DmsEnsemble *ensemble, DmsJobNode *node, DmsJobReport *report);

/* Those of the workflow; allocations: the map of the file. */
void dms_job_check_flows (DmsEnsemble *ensemble, DmsJobNode *allocations, DmsJobReport *report);

/* A text that may be the word null without quotes, as in `executor: null`. (transfer full) (nullable) */
char *dms_job_decode_word (DmsJobReader *reader, const char *key, DmsJobReadFlags flags);
gboolean dms_job_is_dns_name (const char *text, gboolean allow_dots);
/* [a-z0-9-]+, not too long */
gboolean dms_job_is_word (const char *text);
