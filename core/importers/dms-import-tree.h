/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-node.h"

G_BEGIN_DECLS

/* Makes the tree of a job file. Texts are meant literally: what would be a placeholder in them is escaped. */

void dms_import_tree_set_text (DmsJobNode *map, const char *key, const char *text);
/* A text whose placeholders are ours, and meant. */
void dms_import_tree_set_raw (DmsJobNode *map, const char *key, const char *text);
void dms_import_tree_set_bool (DmsJobNode *map, const char *key, gboolean value);
void dms_import_tree_set_number (DmsJobNode *map, const char *key, double value);
void dms_import_tree_set_texts (DmsJobNode *map, const char *key, const char *const *texts);
/* (transfer none): the new, empty member */
DmsJobNode *dms_import_tree_add_map (DmsJobNode *map, const char *key);
DmsJobNode *dms_import_tree_add_list (DmsJobNode *map, const char *key);
void dms_import_tree_append_text (DmsJobNode *list, const char *text);
/* (transfer full): the tree as YAML that people can go on with */
char *dms_import_tree_to_yaml (DmsJobNode *tree);

G_END_DECLS
