/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "store/dms-collection.h"

#include <dms.h>

#include "common/dms-json-object.h"
#include "store/dms-query-private.h"

/* JSON objects of one kind. All collections share a table; what a collection is often asked for has a partial
 * index on the expression, so that new kinds of documents need no migration. */
struct _DmsCollection
{
  GObject parent_instance;

  DmsStore *store;
  char *name;
};

G_DEFINE_FINAL_TYPE (DmsCollection, dms_collection, G_TYPE_OBJECT)

static void
dms_collection_finalize (GObject *object)
{
  DmsCollection *self = DMS_COLLECTION (object);

  g_clear_object (&self->store);
  g_clear_pointer (&self->name, g_free);

  G_OBJECT_CLASS (dms_collection_parent_class)->finalize (object);
}

static void
dms_collection_class_init (DmsCollectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_collection_finalize;
}

static void
dms_collection_init (DmsCollection *self)
{
}

static gboolean
is_name (const char *name)
{
  return name[0] != '\0' && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen (name);
}

static gboolean
make_index (DmsCollection *self, const char *path, GError **error)
{
  g_autofree char *label = g_strdelimit (g_strdup (path), ".-@", '_');
  g_autofree char *expression = dms_query_path_to_sql (path);
  g_autofree char *sql = g_strdup_printf ("CREATE INDEX IF NOT EXISTS documents_%s_%s ON documents (%s)"
                                          " WHERE collection = '%s'",
                                          self->name,
                                          label,
                                          expression,
                                          self->name);

  return dms_store_exec (self->store, sql, error);
}

/**
 * dms_collection_new:
 * @store: the database
 * @name: the collection's name
 * @indexed: (nullable): paths to index
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the collection
 */
DmsCollection *
dms_collection_new (DmsStore *store, const char *name, const char *const *indexed, GError **error)
{
  g_autoptr (DmsCollection) self = NULL;

  g_return_val_if_fail (DMS_IS_STORE (store), NULL);
  g_return_val_if_fail (name != NULL && is_name (name), NULL);

  self = g_object_new (DMS_TYPE_COLLECTION, NULL);
  self->store = g_object_ref (store);
  self->name = g_strdup (name);
  for (gsize i = 0; indexed != NULL && indexed[i] != NULL; i++)
    {
      g_return_val_if_fail (dms_query_is_path (indexed[i]), NULL);
      if (!make_index (self, indexed[i], error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

DmsStore *
dms_collection_get_store (DmsCollection *self)
{
  g_return_val_if_fail (DMS_IS_COLLECTION (self), NULL);

  return self->store;
}

static gboolean
write_document (DmsCollection *self, const char *sql, const char *id, JsonNode *body, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (DmsStatement) statement = dms_store_prepare (self->store, sql, error);

  if (statement == NULL)
    return FALSE;

  text = dms_json_node_to_text (body);
  dms_statement_bind_text (statement, 1, self->name);
  dms_statement_bind_text (statement, 2, id);
  dms_statement_bind_int64 (statement, 3, g_get_real_time ());
  dms_statement_bind_text (statement, 4, text);
  return dms_statement_run (statement, error);
}

/**
 * dms_collection_put:
 * @self: a collection
 * @id: the document's ID
 * @body: an object
 * @error: return location
 *
 * Makes the document or replaces it.
 *
 * Returns: whether it is stored
 */
gboolean
dms_collection_put (DmsCollection *self, const char *id, JsonNode *body, GError **error)
{
  g_return_val_if_fail (DMS_IS_COLLECTION (self), FALSE);
  g_return_val_if_fail (id != NULL && JSON_NODE_HOLDS_OBJECT (body), FALSE);

  return write_document (self,
                         "INSERT INTO documents (collection, id, created_us, updated_us, body)"
                         " VALUES (?1, ?2, ?3, ?3, ?4) ON CONFLICT (collection, id)"
                         " DO UPDATE SET updated_us = excluded.updated_us, body = excluded.body",
                         id,
                         body,
                         error);
}

/**
 * dms_collection_insert:
 * @self: a collection
 * @id: the document's ID
 * @body: an object
 * @error: return location
 *
 * Makes the document; fails with %DMS_ERROR_ALREADY_EXISTS when there is one of that ID.
 *
 * Returns: whether it is stored
 */
gboolean
dms_collection_insert (DmsCollection *self, const char *id, JsonNode *body, GError **error)
{
  g_return_val_if_fail (DMS_IS_COLLECTION (self), FALSE);
  g_return_val_if_fail (id != NULL && JSON_NODE_HOLDS_OBJECT (body), FALSE);

  return write_document (self,
                         "INSERT INTO documents (collection, id, created_us, updated_us, body)"
                         " VALUES (?1, ?2, ?3, ?3, ?4)",
                         id,
                         body,
                         error);
}

static DmsDocument *
read_document (DmsCollection *self, DmsStatement *statement, GError **error)
{
  const char *id = dms_statement_get_text (statement, 0);
  const char *text = dms_statement_get_text (statement, 3);
  g_autoptr (JsonNode) body = text != NULL ? dms_json_node_from_text (text, -1, NULL) : NULL;

  if (id == NULL || body == NULL || !JSON_NODE_HOLDS_OBJECT (body))
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_CORRUPT,
          "cannot read document “%s” of “%s” in database “%s”: it is no JSON object; restore a backup",
          id != NULL ? id : "",
          self->name,
          dms_store_get_path (self->store));
      return NULL;
    }
  return dms_document_new (
      id, body, dms_statement_get_int64 (statement, 1), dms_statement_get_int64 (statement, 2));
}

/**
 * dms_collection_get:
 * @self: a collection
 * @id: a document's ID
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the document; %NULL with %DMS_ERROR_NOT_FOUND when there is none
 */
DmsDocument *
dms_collection_get (DmsCollection *self, const char *id, GError **error)
{
  gboolean row;
  g_autoptr (DmsStatement) statement = NULL;

  g_return_val_if_fail (DMS_IS_COLLECTION (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  statement = dms_store_prepare (self->store,
                                 "SELECT id, created_us, updated_us, body FROM documents"
                                 " WHERE collection = ?1 AND id = ?2",
                                 error);
  if (statement == NULL)
    return NULL;

  dms_statement_bind_text (statement, 1, self->name);
  dms_statement_bind_text (statement, 2, id);
  if (!dms_statement_step (statement, &row, error))
    return NULL;
  if (!row)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "there is no “%s” in “%s”", id, self->name);
      return NULL;
    }
  return read_document (self, statement, error);
}

/**
 * dms_collection_delete:
 * @self: a collection
 * @id: a document's ID
 * @existed: (out) (optional): whether there was one
 * @error: return location
 *
 * Returns: %TRUE unless the database failed
 */
gboolean
dms_collection_delete (DmsCollection *self, const char *id, gboolean *existed, GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;

  g_return_val_if_fail (DMS_IS_COLLECTION (self), FALSE);
  g_return_val_if_fail (id != NULL, FALSE);

  statement =
      dms_store_prepare (self->store, "DELETE FROM documents WHERE collection = ?1 AND id = ?2", error);
  if (statement == NULL)
    return FALSE;

  dms_statement_bind_text (statement, 1, self->name);
  dms_statement_bind_text (statement, 2, id);
  if (!dms_statement_run (statement, error))
    return FALSE;
  if (existed != NULL)
    *existed = dms_store_get_changes (self->store) > 0;
  return TRUE;
}

/* The collection's name is part of the SQL text: only so does SQLite see that the partial indexes apply. */
static DmsStatement *
prepare_query (DmsCollection *self, DmsQuery *query, const char *head, gboolean ordered, GError **error)
{
  DmsStatement *statement;
  g_autoptr (GString) sql = g_string_new (head);

  g_string_append_printf (sql, " FROM documents WHERE collection = '%s'", self->name);
  dms_query_append_conditions (query, sql, 1);
  if (ordered)
    dms_query_append_order (query, sql);

  statement = dms_store_prepare (self->store, sql->str, error);
  if (statement != NULL)
    dms_query_bind (query, statement, 1);
  return statement;
}

static gboolean
count_matching (DmsCollection *self, DmsQuery *query, guint64 *total, GError **error)
{
  g_autoptr (DmsStatement) statement = prepare_query (self, query, "SELECT count(*)", FALSE, error);

  if (statement == NULL || !dms_statement_step (statement, NULL, error))
    return FALSE;
  *total = (guint64) dms_statement_get_int64 (statement, 0);
  return TRUE;
}

/**
 * dms_collection_query:
 * @self: a collection
 * @query: what is sought
 * @total: (out) (optional): how many match without the query's range
 * @error: return location
 *
 * Returns: (transfer full) (element-type DmsDocument) (nullable): what matches, in the query's order and
 * range
 */
GPtrArray *
dms_collection_query (DmsCollection *self, DmsQuery *query, guint64 *total, GError **error)
{
  gboolean row;
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (DmsStatement) statement = NULL;

  g_return_val_if_fail (DMS_IS_COLLECTION (self), NULL);
  g_return_val_if_fail (query != NULL, NULL);

  if (total != NULL && !count_matching (self, query, total, error))
    return NULL;

  statement = prepare_query (self, query, "SELECT id, created_us, updated_us, body", TRUE, error);
  if (statement == NULL)
    return NULL;

  found = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_document_unref);
  row = FALSE;
  do
    {
      DmsDocument *document;

      if (!dms_statement_step (statement, &row, error))
        return NULL;
      document = row ? read_document (self, statement, error) : NULL;
      if (row && document == NULL)
        return NULL;
      if (row)
        g_ptr_array_add (found, document);
    }
  while (row);
  return g_steal_pointer (&found);
}

/**
 * dms_collection_delete_matching:
 * @self: a collection
 * @query: what is to go
 * @removed: (out) (optional): how many went
 * @error: return location
 *
 * Returns: %TRUE unless the database failed
 */
gboolean
dms_collection_delete_matching (DmsCollection *self, DmsQuery *query, guint64 *removed, GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;

  g_return_val_if_fail (DMS_IS_COLLECTION (self), FALSE);
  g_return_val_if_fail (query != NULL, FALSE);

  statement = prepare_query (self, query, "DELETE", FALSE, error);
  if (statement == NULL || !dms_statement_run (statement, error))
    return FALSE;
  if (removed != NULL)
    *removed = dms_store_get_changes (self->store);
  return TRUE;
}
