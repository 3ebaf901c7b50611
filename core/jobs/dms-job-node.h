/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What a node of a job file's tree is. */
typedef enum
{
  DMS_JOB_NODE_NULL,
  DMS_JOB_NODE_STRING,
  DMS_JOB_NODE_INT,
  DMS_JOB_NODE_FLOAT,
  DMS_JOB_NODE_BOOL,
  DMS_JOB_NODE_LIST,
  DMS_JOB_NODE_MAP,
} DmsJobNodeKind;

/* A node of the tree a job file is read into. It knows where it stands in the file, so that whatever is found
 * wrong with it later can be pointed at. Line 0 means that it comes from a message and has no place. */
typedef struct _DmsJobNode DmsJobNode;

#define DMS_TYPE_JOB_NODE (dms_job_node_get_type ())

GType dms_job_node_get_type (void);

/* A scalar of a given kind; text as written. */
DmsJobNode *dms_job_node_new_scalar (DmsJobNodeKind kind, const char *text, guint line, guint column);
/* An unquoted scalar, whose kind follows from its text as in YAML 1.2's core schema. */
DmsJobNode *dms_job_node_new_plain (const char *text, guint line, guint column);
DmsJobNode *dms_job_node_dup_scalar (DmsJobNode *self);
DmsJobNode *dms_job_node_new_list (guint line, guint column);
DmsJobNode *dms_job_node_new_map (guint line, guint column);
/* Tree of a JSON value; NULL with DMS_ERROR_TOO_LARGE. */
DmsJobNode *dms_job_node_new_from_json (JsonNode *json, GError **error);

/* child: (transfer full) */
void dms_job_node_append (DmsJobNode *self, DmsJobNode *child);
/* child: (transfer full). Replaces what the key had. */
void dms_job_node_set (DmsJobNode *self, const char *key, guint line, guint column, DmsJobNode *child);
/* Replaces the text of a scalar; an unquoted one gets the kind its new text has. */
void dms_job_node_set_text (DmsJobNode *self, const char *text);

DmsJobNodeKind dms_job_node_get_kind (DmsJobNode *self);
gboolean dms_job_node_is_scalar (DmsJobNode *self);
guint dms_job_node_get_line (DmsJobNode *self);
guint dms_job_node_get_column (DmsJobNode *self);
/* Text of a scalar as written, without quotes; NULL for lists and maps. */
const char *dms_job_node_get_text (DmsJobNode *self);
/* Number of items of a list or members of a map. */
guint dms_job_node_get_n_items (DmsJobNode *self);
DmsJobNode *dms_job_node_get_item (DmsJobNode *self, guint index);
const char *dms_job_node_get_key (DmsJobNode *self, guint index);
guint dms_job_node_get_key_line (DmsJobNode *self, guint index);
guint dms_job_node_get_key_column (DmsJobNode *self, guint index);
/* (nullable): member of a map; NULL when self is not a map. */
DmsJobNode *dms_job_node_get (DmsJobNode *self, const char *key);
/* The same without regard to case; an exact match goes first. */
DmsJobNode *dms_job_node_get_any_case (DmsJobNode *self, const char *key);
/* JSON value of the tree, scalars as their kind says. */
JsonNode *dms_job_node_to_json (DmsJobNode *self);
/* How a message calls this node: `"abc"`, `12`, `a list`. */
char *dms_job_node_describe (DmsJobNode *self);
/* A map with the members of both, those of over first; members that are maps in both are merged likewise. */
DmsJobNode *dms_job_node_merge (DmsJobNode *base, DmsJobNode *over);

DmsJobNode *dms_job_node_ref (DmsJobNode *self);
void dms_job_node_unref (DmsJobNode *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsJobNode, dms_job_node_unref)

G_END_DECLS
