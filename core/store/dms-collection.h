/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

#include "store/dms-document.h"
#include "store/dms-query.h"
#include "store/dms-store.h"

G_BEGIN_DECLS

#define DMS_TYPE_COLLECTION (dms_collection_get_type ())

G_DECLARE_FINAL_TYPE (DmsCollection, dms_collection, DMS, COLLECTION, GObject)

/* JSON objects by ID. @name is of [a-z0-9_]; @indexed (nullable) are the paths that queries filter or
 * sort by often. */
DmsCollection *dms_collection_new (DmsStore *store,
                                   const char *name,
                                   const char *const *indexed,
                                   GError **error);
DmsStore *dms_collection_get_store (DmsCollection *self);

/* Makes the document or replaces it; the time of creation stays. */
gboolean dms_collection_put (DmsCollection *self, const char *id, JsonNode *body, GError **error);
/* ALREADY_EXISTS when there is one of that ID. */
gboolean dms_collection_insert (DmsCollection *self, const char *id, JsonNode *body, GError **error);
/* NULL with NOT_FOUND when there is none. */
DmsDocument *dms_collection_get (DmsCollection *self, const char *id, GError **error);
/* TRUE also when there was none; @existed (nullable) says which. */
gboolean dms_collection_delete (DmsCollection *self, const char *id, gboolean *existed, GError **error);

/* (element-type DmsDocument) (transfer full): what matches within the query's range; @total (nullable)
 * counts what matches without the range. */
GPtrArray *dms_collection_query (DmsCollection *self, DmsQuery *query, guint64 *total, GError **error);
/* Removes all that match (the range and the sorting do not count). */
gboolean dms_collection_delete_matching (DmsCollection *self, DmsQuery *query, guint64 *removed,
                                         GError **error);

G_END_DECLS
