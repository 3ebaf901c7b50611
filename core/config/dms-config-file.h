/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define DMS_CONFIG_FILE_NAME "dms_config.json"

/* Reads a configuration file (files-and-config.md section 4): key in lower case to checked JsonNode,
 * deprecated keys under their own names. NULL with an error that names the file and the key in full. */
GHashTable *dms_config_file_read (const char *path, GError **error);

/* Writes one checked value into the file, leaving the rest as it is; a missing file is made. */
gboolean dms_config_file_write_key (const char *path, const char *key, JsonNode *value, GError **error);

/* Puts the JSON in place of the file, atomically, readable by its owner only. */
gboolean dms_config_file_replace (const char *path, JsonNode *root, GError **error);

G_END_DECLS
