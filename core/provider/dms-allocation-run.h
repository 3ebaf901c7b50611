/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* How much of a stream the message of a run's end carries: its last so many bytes, and one more that tells
 * that there were more. A message has at most 1 MiB, in which every byte may take eight. */
#define DMS_ALLOCATION_RUN_MAX_CAPTURE ((gsize) 32 * 1024)

/* One of many runs of an allocation that is a task of a workflow: what differs from one to the next. */
typedef struct _DmsAllocationRun DmsAllocationRun;

#define DMS_TYPE_ALLOCATION_RUN (dms_allocation_run_get_type ())

GType dms_allocation_run_get_type (void);

/* From the members Run, Environment, TimeoutMs, WantsStdout, WantsStderr, WantsFiles of a start. NULL without
 * an error when there is no Run; NULL with DMS_ERROR_INVALID_DATA. */
DmsAllocationRun *dms_allocation_run_new_from_json (JsonObject *object, GError **error);
JsonNode *dms_allocation_run_to_json (DmsAllocationRun *self);
/* Which run this is; whoever asks for the same one twice means one. */
const char *dms_allocation_run_get_id (DmsAllocationRun *self);
/* 0: none */
gint64 dms_allocation_run_get_timeout_us (DmsAllocationRun *self);
gboolean dms_allocation_run_wants (DmsAllocationRun *self, DmsLogStream stream);
/* Paths of files that are wanted, never NULL. */
const char *const *dms_allocation_run_get_files (DmsAllocationRun *self);
/* (transfer full): an executor's parameters with these variables, KEY=VALUE, in its environment */
JsonObject *dms_allocation_run_add_variables (JsonObject *params, const char *const *variables);
/* (transfer full): an executor's parameters with the environment of this run added */
JsonObject *dms_allocation_run_apply (DmsAllocationRun *self, JsonObject *params);

DmsAllocationRun *dms_allocation_run_ref (DmsAllocationRun *self);
void dms_allocation_run_unref (DmsAllocationRun *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsAllocationRun, dms_allocation_run_unref)

G_END_DECLS
