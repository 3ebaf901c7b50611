/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * DmsQueryOp:
 * @DMS_QUERY_EQ: equal
 * @DMS_QUERY_NE: not equal, or absent
 * @DMS_QUERY_LT: less
 * @DMS_QUERY_LE: less or equal
 * @DMS_QUERY_GT: greater
 * @DMS_QUERY_GE: greater or equal
 *
 * How a member of a document is compared.
 */
typedef enum {
  DMS_QUERY_EQ,
  DMS_QUERY_NE,
  DMS_QUERY_LT,
  DMS_QUERY_LE,
  DMS_QUERY_GT,
  DMS_QUERY_GE,
} DmsQueryOp;

#define DMS_TYPE_QUERY (dms_query_get_type ())

typedef struct _DmsQuery DmsQuery;

GType dms_query_get_type (void);

/* Everything, in the order of the IDs, until narrowed. A path is member names joined by dots, each of
 * letters, digits, `_` and `-`; `@id`, `@created_us` and `@updated_us` name the document's own columns.
 * Another path is a programming error. */
DmsQuery *dms_query_new (void);
void dms_query_where_text (DmsQuery *self, const char *path, DmsQueryOp op, const char *value);
void dms_query_where_int (DmsQuery *self, const char *path, DmsQueryOp op, gint64 value);
/* One of the values; none of them matches nothing. */
void dms_query_where_int_in (DmsQuery *self, const char *path, const gint64 *values, gsize n_values);
void dms_query_where_text_in (DmsQuery *self, const char *path, const char *const *values);
/* The object at @path has a member @key (any text at all) whose value is the text @value. */
void dms_query_where_member (DmsQuery *self, const char *path, const char *key, const char *value);
/* Later calls sort within the earlier. */
void dms_query_sort (DmsQuery *self, const char *path, gboolean descending);
/* A limit of 0 means all. */
void dms_query_set_range (DmsQuery *self, guint64 offset, guint64 limit);

DmsQuery *dms_query_ref (DmsQuery *self);
void dms_query_unref (DmsQuery *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsQuery, dms_query_unref)

G_END_DECLS
