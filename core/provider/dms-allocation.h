/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor.h"
#include "provider/dms-allocation-record.h"
#include "provider/dms-provider.h"

G_BEGIN_DECLS

#define DMS_TYPE_ALLOCATION (dms_allocation_get_type ())

G_DECLARE_FINAL_TYPE (DmsAllocation, dms_allocation, DMS, ALLOCATION, GObject)

/* A job of somebody's on this machine (node-and-executors.md §4). What is asked of it happens one after the
 * other, in the order of asking; every step is stored before it has an effect. @provider must outlive it. */
DmsAllocation *dms_allocation_new (DmsProvider *provider, DmsAllocationRecord *record, DmsActor *actor);

DmsAllocationRecord *dms_allocation_get_record (DmsAllocation *self);
DmsActor *dms_allocation_get_actor (DmsAllocation *self);
DmsProvider *dms_allocation_get_provider (DmsAllocation *self);
/* Asks the job to end, whose allocation has failed then. FALSE when there is none. */
gboolean dms_allocation_stop (DmsAllocation *self);
/* Whether nothing is being done with it. */
gboolean dms_allocation_is_idle (DmsAllocation *self);
/* It has ended, its orchestrator knows, and nothing of it is left in the engine. */
gboolean dms_allocation_is_over (DmsAllocation *self);

/* @ports: (nullable): job port by public port, as text. */
void dms_allocation_start_async (DmsAllocation *self,
                                 const char *subnet_ip,
                                 const char *gateway_ip,
                                 JsonObject *ports,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean dms_allocation_start_finish (DmsAllocation *self, GAsyncResult *result, GError **error);
void dms_allocation_start_run_async (DmsAllocation *self,
                                     DmsAllocationRun *run,
                                     JsonObject *ports,
                                     gint64 number,
                                     GError *objection,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean dms_allocation_start_run_finish (DmsAllocation *self, GAsyncResult *result, GError **error);
void dms_allocation_restart_async (DmsAllocation *self,
                                   gint64 number,
                                   GError *objection,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dms_allocation_restart_finish (DmsAllocation *self, GAsyncResult *result, GError **error);
/* Stops the job and gives everything back. */
void dms_allocation_terminate_async (DmsAllocation *self,
                                     const char *reason,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean dms_allocation_terminate_finish (DmsAllocation *self, GAsyncResult *result, GError **error);
/* After a restart of the daemon: takes up what the record says. */
void dms_allocation_restore_async (DmsAllocation *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean dms_allocation_restore_finish (DmsAllocation *self, GAsyncResult *result, GError **error);

void dms_allocation_get_usage_async (DmsAllocation *self, GAsyncReadyCallback callback, gpointer user_data);
DmsUsage *dms_allocation_get_usage_finish (DmsAllocation *self, GAsyncResult *result, GError **error);
void dms_allocation_read_log_async (DmsAllocation *self,
                                    DmsLogStream stream,
                                    guint64 offset,
                                    gsize max_bytes,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
DmsLogChunk *dms_allocation_read_log_finish (DmsAllocation *self, GAsyncResult *result, GError **error);
/* TRUE when it runs and is well, or runs and has no health check. */
void
dms_allocation_check_health_async (DmsAllocation *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean dms_allocation_check_health_finish (DmsAllocation *self, GAsyncResult *result, GError **error);
/* @check: (nullable) */
gboolean dms_allocation_set_health_check (DmsAllocation *self, DmsHealthCheck *check, GError **error);

/* Lets go of the job, which goes on, and stores nothing more. */
void dms_allocation_detach (DmsAllocation *self);

G_END_DECLS
