/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* DmsPluginStatus: what became of a plugin file that was found. */
typedef enum {
  DMS_PLUGIN_LOADED,
  DMS_PLUGIN_DISABLED,
  DMS_PLUGIN_INCOMPATIBLE,
  DMS_PLUGIN_DUPLICATE,
  DMS_PLUGIN_FAILED,
} DmsPluginStatus;

const char *dms_plugin_status_to_string (DmsPluginStatus status);

/* What is known of a plugin: its file's text and what became of it. Immutable and counted. */
typedef struct _DmsPluginInfo DmsPluginInfo;

#define DMS_TYPE_PLUGIN_INFO (dms_plugin_info_get_type ())

GType dms_plugin_info_get_type (void);

DmsPluginInfo *dms_plugin_info_new_from_file (const char *path);
DmsPluginInfo *dms_plugin_info_with_status (DmsPluginInfo *self,
                                            DmsPluginStatus status,
                                            const char *reason,
                                            const char *const *contracts);
DmsPluginInfo *dms_plugin_info_ref (DmsPluginInfo *self);
void dms_plugin_info_unref (DmsPluginInfo *self);

const char *dms_plugin_info_get_id (DmsPluginInfo *self);
const char *dms_plugin_info_get_name (DmsPluginInfo *self);
const char *dms_plugin_info_get_description (DmsPluginInfo *self);
const char *dms_plugin_info_get_version (DmsPluginInfo *self);
const char *dms_plugin_info_get_website (DmsPluginInfo *self);
const char *const *dms_plugin_info_get_authors (DmsPluginInfo *self);
const char *dms_plugin_info_get_loader (DmsPluginInfo *self);
const char *dms_plugin_info_get_abi (DmsPluginInfo *self);
const char *dms_plugin_info_get_path (DmsPluginInfo *self);
const char *const *dms_plugin_info_get_contracts (DmsPluginInfo *self);
DmsPluginStatus dms_plugin_info_get_status (DmsPluginInfo *self);
const char *dms_plugin_info_get_reason (DmsPluginInfo *self);
JsonNode *dms_plugin_info_to_json (DmsPluginInfo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPluginInfo, dms_plugin_info_unref)

G_END_DECLS
