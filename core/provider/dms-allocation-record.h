/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-handle.h"
#include "jobs/dms-health-check.h"
#include "provider/dms-allocation-run.h"
#include "provider/dms-allocation-status.h"
#include "succession/dms-roll.h"

G_BEGIN_DECLS

#define DMS_TYPE_ALLOCATION_RECORD (dms_allocation_record_get_type ())

/* What the database knows of an allocation. Its owner, the allocation, changes the second part as things
 * happen. */
typedef struct
{
  /*< private >*/
  grefcount refs;

  /*< public >*/
  /* What was asked for; constant. */
  char *id;
  char *ensemble_id;
  char *node_id;
  DmsHandle *orchestrator;
  DmsDid *orchestrator_did;
  /* Who had it made: whose volumes it sees, and whose rights count here; the orchestrator may change. */
  DmsDid *owner_did;
  /* (nullable): for whom the owner says that it acts, who then needs the rights as well. */
  DmsDid *on_behalf_of;
  gboolean is_task;
  char *executor;
  DmsResources *resources;
  JsonObject *params;
  GPtrArray *scripts; /* DmsScript, in order */
  GPtrArray *keys;    /* DmsScript */
  GPtrArray *volumes; /* DmsVolume, as the orchestrator said it */
  gint64 created_us;
  /* The attempt of its orchestrator that made it; -1 if it does not say. */
  gint64 nonce;
  /* A task of a workflow: it may be started many times, and stays until it is released. */
  gboolean is_reusable;
  /* (nullable): who decides which node orchestrates it; and the term that the present one leads in. */
  DmsRoll *roll;
  guint64 term;
  /* The job gets a socket through which it may ask for children. */
  gboolean has_socket;

  /* What became of it. */
  DmsAllocationStatus status;
  DmsHealthCheck *health_check; /* (nullable) */
  char *subnet_ip;              /* (nullable) */
  char *gateway_ip;             /* (nullable) */
  char *execution_id;           /* (nullable) */
  char *handle;                 /* (nullable): of an execution that may exist in the engine */
  gboolean launched;            /* the engine has said that the execution runs */
  gboolean is_leased;           /* it may run only as long as its lease is renewed */
  GPtrArray *ports;             /* DmsPortMapping */
  gint64 started_us;
  gint64 ended_us;
  DmsExecutionResult *result; /* (nullable) */
  gboolean acknowledged;      /* the orchestrator knows how it ended */
  DmsAllocationRun *run;      /* (nullable): of a workflow, the one that was started last */
  gint64 number;              /* the newest start or restart that was dealt with; 0 for none */
  gboolean is_refused;        /* nothing was done about that one */
  char *captured_stdout;      /* (nullable): what that run wrote, if it is wanted */
  char *captured_stderr;      /* (nullable) */
  JsonObject *captured_files; /* (nullable): by path, {text} or {error} */
} DmsAllocationRecord;

GType dms_allocation_record_get_type (void);

/* From an AllocationDeploymentConfig of behaviors.md §4. @resources: what was committed for it. NULL with
 * INVALID_DATA, TOO_LARGE or NOT_SUPPORTED. */
DmsAllocationRecord *dms_allocation_record_new_from_wire (const char *id,
                                                          const char *ensemble_id,
                                                          const char *node_id,
                                                          DmsHandle *orchestrator,
                                                          DmsDid *orchestrator_did,
                                                          DmsResources *resources,
                                                          JsonObject *config,
                                                          GError **error);
DmsAllocationRecord *dms_allocation_record_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_allocation_record_to_json (DmsAllocationRecord *self);
/* One item of `/dms/node/allocations/list`. */
JsonObject *dms_allocation_record_to_list_item (DmsAllocationRecord *self);

/* `<node>.<allocation>`: what follows the first `_` of the ID. */
const char *dms_allocation_record_get_key (DmsAllocationRecord *self);
/* Whether this can be an allocation's ID of that ensemble, and a file name. */
gboolean dms_allocation_record_check_id (const char *id, const char *ensemble_id, GError **error);

DmsAllocationRecord *dms_allocation_record_ref (DmsAllocationRecord *self);
void dms_allocation_record_unref (DmsAllocationRecord *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsAllocationRecord, dms_allocation_record_unref)

G_END_DECLS
