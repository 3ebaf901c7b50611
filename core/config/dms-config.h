/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define DMS_TYPE_CONFIG (dms_config_get_type ())

G_DECLARE_FINAL_TYPE (DmsConfig, dms_config, DMS, CONFIG, GObject)

/* Defaults and environment only, until something is loaded. */
DmsConfig *dms_config_new (void);

/* Loads the file at path, or with NULL the first that exists in the search order. No file at all is no
 * error: the defaults hold then. An explicit path must exist. */
gboolean dms_config_load (DmsConfig *self, const char *path, GError **error);

/* The file that was loaded, or NULL when there was none. */
char *dms_config_dup_path (DmsConfig *self);

/* A command-line flag's value, which beats everything else; NULL takes it back. */
gboolean dms_config_set_override (DmsConfig *self, const char *key, const char *value, GError **error);

/* Effective values. A key that is not in the schema, or is of another type, is a programmer's error.
 * What get_string and get_strv return is valid until the configuration is loaded or overridden again. */
const char *dms_config_get_string (DmsConfig *self, const char *key);
gint64 dms_config_get_int (DmsConfig *self, const char *key);
gboolean dms_config_get_bool (DmsConfig *self, const char *key);
const char *const *dms_config_get_strv (DmsConfig *self, const char *key);

/* One value, a section as an object, or with NULL everything. NULL when there is no such key. Deprecated
 * keys appear only when they are asked for by name. */
JsonNode *dms_config_dup_json (DmsConfig *self, const char *key);

/* The text of a JSON value as configuration files have it: indented by four blanks. */
char *dms_config_json_to_text (JsonNode *node);

/* Whether `config set` would make a new file, and where the file is. */
char *dms_config_dup_writable_path (DmsConfig *self, const char *explicit_path, gboolean *exists);

/* Sets one key in the file at path, creating it when it is missing; everything else in it stays as it is. The
 * file is replaced atomically, or not touched at all when the key or the value is wrong. */
gboolean dms_config_write_key (const char *path, const char *key, const char *value, GError **error);

/* Writes the effective values to a new file at path. */
gboolean dms_config_write_all (DmsConfig *self, const char *path, GError **error);

G_END_DECLS
