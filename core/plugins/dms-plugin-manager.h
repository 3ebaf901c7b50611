/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "config/dms-config.h"
#include "plugins/dms-plugin-info.h"

G_BEGIN_DECLS

#define DMS_TYPE_PLUGIN_MANAGER (dms_plugin_manager_get_type ())

G_DECLARE_FINAL_TYPE (DmsPluginManager, dms_plugin_manager, DMS, PLUGIN_MANAGER, GObject)

DmsPluginManager *dms_plugin_manager_new (const char *const *directories, const char *const *disabled);
/* What the configuration says: `plugins.paths` before the default folders, less `plugins.disabled`. */
DmsPluginManager *dms_plugin_manager_new_for_config (DmsConfig *config);
GStrv dms_plugin_manager_dup_default_directories (void);

void dms_plugin_manager_load_all (DmsPluginManager *self);

/* (element-type DmsPluginInfo) (transfer full): everything that was found, whatever became of it, by id. */
GPtrArray *dms_plugin_manager_list (DmsPluginManager *self);
DmsPluginInfo *dms_plugin_manager_lookup (DmsPluginManager *self, const char *id);

/* Each borrows the one instance of this process, or answers NULL. */
DmsExecutor *dms_plugin_manager_get_executor (DmsPluginManager *self, const char *id);
DmsStorage *dms_plugin_manager_get_storage (DmsPluginManager *self, const char *scheme);
DmsBilling *dms_plugin_manager_get_billing (DmsPluginManager *self, const char *model);
DmsPayment *dms_plugin_manager_get_payment (DmsPluginManager *self, const char *id);
DmsBenchmark *dms_plugin_manager_get_benchmark (DmsPluginManager *self, const char *id);
DmsTransport *dms_plugin_manager_get_transport (DmsPluginManager *self, const char *id);

/* (element-type GObject) (transfer full): all instances that implement a contract, by id. */
GPtrArray *dms_plugin_manager_list_executors (DmsPluginManager *self);
GPtrArray *dms_plugin_manager_list_extensions (DmsPluginManager *self, GType contract);
/* Why there is no such executor, and what to do about it. */
void dms_plugin_manager_set_executor_error (DmsPluginManager *self, const char *id, GError **error);

G_END_DECLS
