/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * DmsConfigType:
 * @DMS_CONFIG_STRING: text
 * @DMS_CONFIG_PATH: a file or directory; a leading `~` stands for the home directory
 * @DMS_CONFIG_INT: a whole number within the key's bounds
 * @DMS_CONFIG_BOOL: true or false
 * @DMS_CONFIG_STRV: a list of texts
 * @DMS_CONFIG_LEVEL: `DEBUG`, `INFO`, `WARN` or `ERROR`
 * @DMS_CONFIG_CHOICE: one of a few words
 * @DMS_CONFIG_OBJECTS: null, or a list of objects that are not looked into
 *
 * What a configuration value may be.
 */
typedef enum {
  DMS_CONFIG_STRING,
  DMS_CONFIG_PATH,
  DMS_CONFIG_INT,
  DMS_CONFIG_BOOL,
  DMS_CONFIG_STRV,
  DMS_CONFIG_LEVEL,
  DMS_CONFIG_CHOICE,
  DMS_CONFIG_OBJECTS,
} DmsConfigType;

/**
 * DmsConfigSchema:
 * @key: dotted lower-case name
 * @type: what its value may be
 * @fallback: (nullable): the default as text; `@home@`, `@user_dir@` and `@work_dir@` stand for those
 *   directories; a list's items are separated by blanks
 * @minimum: least number, for %DMS_CONFIG_INT
 * @maximum: greatest number, for %DMS_CONFIG_INT
 * @replacement: (nullable): for a deprecated key, the key that took its place
 * @help: one line for people
 * @choices: (nullable): the words there are, for %DMS_CONFIG_CHOICE: a list like “one, two or three”
 *
 * One configuration key.
 */
typedef struct {
  const char *key;
  DmsConfigType type;
  const char *fallback;
  gint64 minimum;
  gint64 maximum;
  const char *replacement;
  const char *help;
  const char *choices;
} DmsConfigSchema;

/* All keys, in the order in which they are written; ended by one whose key is NULL. */
const DmsConfigSchema *dms_config_schema_get_all (void);

/* (nullable): the key of that name, whatever its letters' case. */
const DmsConfigSchema *dms_config_schema_find (const char *key);

/* Whether some key lies below that name: `rest` is one, `rest.port` is not. */
gboolean dms_config_schema_is_section (const char *name);

/* The environment variable that overrides the key: `rest.port` gives `DMS_REST_PORT`. */
char *dms_config_schema_dup_variable (const DmsConfigSchema *self);

/* Checks a value of a file. A copy in its canonical form, or NULL with an error naming the key. */
JsonNode *dms_config_schema_check (const DmsConfigSchema *self, JsonNode *node, GError **error);

/* Reads a value from the text of a flag, a variable or a command. */
JsonNode *dms_config_schema_parse (const DmsConfigSchema *self, const char *text, GError **error);

G_END_DECLS
