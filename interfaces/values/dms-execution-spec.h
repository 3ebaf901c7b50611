/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_EXECUTION_SPEC (dms_execution_spec_get_type ())

DMS_EXPORT GType dms_execution_spec_get_type (void);

/* What an executor is asked to run. Immutable once the builder has made it; its JSON form is stored by the
 * daemon. Members of the JSON form are the getters' names with snake case. */

DMS_EXPORT DmsExecutionSpec *dms_execution_spec_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_execution_spec_to_json (DmsExecutionSpec *self);
DMS_EXPORT DmsExecutionSpec *dms_execution_spec_ref (DmsExecutionSpec *self);
DMS_EXPORT void dms_execution_spec_unref (DmsExecutionSpec *self);
DMS_EXPORT gboolean dms_execution_spec_equal (DmsExecutionSpec *a, DmsExecutionSpec *b);

/* The allocation: `<ensemble ID>_<node>.<allocation>`. May hold any UTF-8; an executor sanitises it for its
 * engine. */
DMS_EXPORT const char *dms_execution_spec_get_job_id (DmsExecutionSpec *self);
/* Unique per launch of that allocation (a UUID): a restart makes a new one. */
DMS_EXPORT const char *dms_execution_spec_get_execution_id (DmsExecutionSpec *self);
/* The executor type, such as `docker`. */
DMS_EXPORT const char *dms_execution_spec_get_engine (DmsExecutionSpec *self);
/* (transfer none): the `params` object of the job file's `execution`, engine specific. */
DMS_EXPORT JsonObject *dms_execution_spec_get_params (DmsExecutionSpec *self);
/* (transfer none): limits: cores, bytes of RAM and disk, GPUs by index. */
DMS_EXPORT DmsResources *dms_execution_spec_get_resources (DmsExecutionSpec *self);
/* Limit of processes and threads; 0 means the executor's default. */
DMS_EXPORT guint dms_execution_spec_get_pids_limit (DmsExecutionSpec *self);
/* (element-type DmsVolume): mounts, all on this machine by now. */
DMS_EXPORT GPtrArray *dms_execution_spec_get_volumes (DmsExecutionSpec *self);
/* (element-type DmsPortMapping) */
DMS_EXPORT GPtrArray *dms_execution_spec_get_ports (DmsExecutionSpec *self);
/* (element-type DmsScript): provision scripts in the order they must run, before the job itself; the first
 * that fails fails the job. */
DMS_EXPORT GPtrArray *dms_execution_spec_get_scripts (DmsExecutionSpec *self);
/* (element-type DmsScript): key files to install: name is the absolute destination, or `ssh:<user>` for a
 * public key to append to that user's authorised keys. */
DMS_EXPORT GPtrArray *dms_execution_spec_get_keys (DmsExecutionSpec *self);
/* Directory (mode 0700, made by the daemon) that holds this execution's state and logs. */
DMS_EXPORT const char *dms_execution_spec_get_state_dir (DmsExecutionSpec *self);
/* (nullable): address of the job in its private network; %NULL without one. */
DMS_EXPORT const char *dms_execution_spec_get_ip (DmsExecutionSpec *self);
/* (nullable): gateway and resolver of that network. */
DMS_EXPORT const char *dms_execution_spec_get_gateway_ip (DmsExecutionSpec *self);
/* Whether this machine's policy lets the job have all privileges. */
DMS_EXPORT gboolean dms_execution_spec_get_allow_privileged (DmsExecutionSpec *self);
/* (nullable): the file that says how long the job may run. The executor ends it, daemon or not. */
DMS_EXPORT const char *dms_execution_spec_get_lease_path (DmsExecutionSpec *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsExecutionSpec, dms_execution_spec_unref)

/* Builder: collects, then makes the value. */

typedef struct _DmsExecutionSpecBuilder DmsExecutionSpecBuilder;

#define DMS_TYPE_EXECUTION_SPEC_BUILDER (dms_execution_spec_builder_get_type ())

DMS_EXPORT GType dms_execution_spec_builder_get_type (void);
DMS_EXPORT DmsExecutionSpecBuilder *dms_execution_spec_builder_new (const char *job_id,
                                                                   const char *execution_id,
                                                                   const char *engine);
DMS_EXPORT DmsExecutionSpecBuilder *dms_execution_spec_builder_ref (DmsExecutionSpecBuilder *self);
DMS_EXPORT void dms_execution_spec_builder_unref (DmsExecutionSpecBuilder *self);
DMS_EXPORT void dms_execution_spec_builder_set_params (DmsExecutionSpecBuilder *self, JsonObject *params);
DMS_EXPORT void dms_execution_spec_builder_set_resources (DmsExecutionSpecBuilder *self,
                                                          DmsResources *resources);
DMS_EXPORT void dms_execution_spec_builder_set_pids_limit (DmsExecutionSpecBuilder *self, guint limit);
DMS_EXPORT void dms_execution_spec_builder_add_volume (DmsExecutionSpecBuilder *self, DmsVolume *volume);
DMS_EXPORT void dms_execution_spec_builder_add_port (DmsExecutionSpecBuilder *self, DmsPortMapping *port);
DMS_EXPORT void dms_execution_spec_builder_add_script (DmsExecutionSpecBuilder *self, DmsScript *script);
DMS_EXPORT void dms_execution_spec_builder_add_key (DmsExecutionSpecBuilder *self, DmsScript *key);
DMS_EXPORT void dms_execution_spec_builder_set_state_dir (DmsExecutionSpecBuilder *self, const char *path);
DMS_EXPORT void dms_execution_spec_builder_set_network (DmsExecutionSpecBuilder *self,
                                                        const char *ip,
                                                        const char *gateway_ip);
DMS_EXPORT void dms_execution_spec_builder_set_allow_privileged (DmsExecutionSpecBuilder *self,
                                                                 gboolean allow);
DMS_EXPORT void dms_execution_spec_builder_set_lease_path (DmsExecutionSpecBuilder *self, const char *path);
DMS_EXPORT DmsExecutionSpec *dms_execution_spec_builder_end (DmsExecutionSpecBuilder *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsExecutionSpecBuilder, dms_execution_spec_builder_unref)

G_END_DECLS
