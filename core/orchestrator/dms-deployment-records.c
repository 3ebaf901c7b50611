/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-records.h"

#include "common/dms-json-object.h"

#include <dms.h>

enum
{
  MAX_LIST = 1000
};

/* The stored deployments, running and past. */
struct _DmsDeploymentRecords
{
  GObject parent_instance;

  DmsCollection *collection;
};

G_DEFINE_FINAL_TYPE (DmsDeploymentRecords, dms_deployment_records, G_TYPE_OBJECT)

static void
dms_deployment_records_finalize (GObject *object)
{
  DmsDeploymentRecords *self = DMS_DEPLOYMENT_RECORDS (object);

  g_clear_object (&self->collection);
  G_OBJECT_CLASS (dms_deployment_records_parent_class)->finalize (object);
}

static void
dms_deployment_records_class_init (DmsDeploymentRecordsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_deployment_records_finalize;
}

static void
dms_deployment_records_init (DmsDeploymentRecords *self)
{
}

DmsDeploymentRecords *
dms_deployment_records_new (DmsStore *store, GError **error)
{
  static const char *const indexed[] = { "status", "@created_us", NULL };
  g_autoptr (DmsDeploymentRecords) self = g_object_new (DMS_TYPE_DEPLOYMENT_RECORDS, NULL);

  self->collection = dms_collection_new (store, "deployments", indexed, error);
  return self->collection == NULL ? NULL : g_steal_pointer (&self);
}

JsonNode *
dms_deployment_records_make_body (const char *id,
                                  DmsDeploymentStatus status,
                                  const char *error_text,
                                  JsonObject *metadata,
                                  gint64 completed_us,
                                  JsonNode *data)
{
  JsonNode *body = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "orchestrator_id", id);
  json_object_set_int_member (object, "status", (gint64) status);
  json_object_set_int_member (object, "status_version", DMS_DEPLOYMENT_STATUS_VERSION);
  json_object_set_object_member (object, "metadata", json_object_ref (metadata));
  json_object_set_string_member (object, "error", error_text != NULL ? error_text : "");
  json_object_set_int_member (object, "completed_us", completed_us);
  json_object_set_member (object, "deployment_data", json_node_ref (data));
  json_node_take_object (body, object);
  return body;
}

gboolean
dms_deployment_records_put (DmsDeploymentRecords *self, const char *id, JsonNode *body, GError **error)
{
  return dms_collection_put (self->collection, id, body, error);
}

DmsDocument *
dms_deployment_records_get (DmsDeploymentRecords *self, const char *id, GError **error)
{
  return dms_collection_get (self->collection, id, error);
}

gboolean
dms_deployment_records_delete (DmsDeploymentRecords *self, const char *id, GError **error)
{
  return dms_collection_delete (self->collection, id, NULL, error);
}

GPtrArray *
dms_deployment_records_list_unfinished (DmsDeploymentRecords *self, GError **error)
{
  static const gint64 unfinished[] = { DMS_DEPLOYMENT_PREPARING,  DMS_DEPLOYMENT_GENERATING,
                                       DMS_DEPLOYMENT_COMMITTING, DMS_DEPLOYMENT_PROVISIONING,
                                       DMS_DEPLOYMENT_RUNNING,    DMS_DEPLOYMENT_SHUTTING_DOWN,
                                       DMS_DEPLOYMENT_UPDATING };
  g_autoptr (DmsQuery) query = dms_query_new ();

  dms_query_where_int_in (query, "status", unfinished, G_N_ELEMENTS (unfinished));
  dms_query_sort (query, "@created_us", FALSE);
  return dms_collection_query (self->collection, query, NULL, error);
}

GPtrArray *
dms_deployment_records_list_final (DmsDeploymentRecords *self, gint64 before_us, GError **error)
{
  static const gint64 final[] = { DMS_DEPLOYMENT_FAILED, DMS_DEPLOYMENT_COMPLETED };
  g_autoptr (DmsQuery) query = dms_query_new ();

  dms_query_where_int_in (query, "status", final, G_N_ELEMENTS (final));
  if (before_us > 0)
    dms_query_where_int (query, "@created_us", DMS_QUERY_LT, before_us);
  return dms_collection_query (self->collection, query, NULL, error);
}

DmsDeploymentStatus
dms_deployment_records_get_status (DmsDocument *document)
{
  JsonObject *body = dms_json_node_get_child (dms_document_get_body (document));

  return (DmsDeploymentStatus) dms_json_object_get_whole (
      body, "status", 0, DMS_DEPLOYMENT_UPDATING, DMS_DEPLOYMENT_FAILED);
}

const char *
dms_deployment_records_get_error (DmsDocument *document)
{
  const char *text =
      dms_json_object_get_text (dms_json_node_get_child (dms_document_get_body (document)), "error");

  return text != NULL ? text : "";
}

JsonObject *
dms_deployment_records_get_data (DmsDocument *document)
{
  return dms_json_object_get_child (dms_json_node_get_child (dms_document_get_body (document)),
                                    "deployment_data");
}

static gboolean
add_status_filter (DmsQuery *query, JsonObject *request, GError **error)
{
  JsonArray *list = dms_json_object_get_list (request, "status");
  g_autoptr (GArray) wanted = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (list == NULL || json_array_get_length (list) == 0)
    return TRUE;
  for (guint i = 0; i < MIN (json_array_get_length (list), 64); i++)
    {
      JsonNode *item = json_array_get_element (list, i);
      gint64 number = -1;

      if (json_node_get_value_type (item) == G_TYPE_INT64)
        number = json_node_get_int (item);
      else if (json_node_get_value_type (item) == G_TYPE_STRING)
        number = dms_deployment_status_from_string (json_node_get_string (item));
      if (number < 0)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_ARGUMENT,
                       "a status filter must be a number from 0 to 7 or a name such as Running");
          return FALSE;
        }
      g_array_append_val (wanted, number);
    }
  dms_query_where_int_in (query, "status", (const gint64 *) (gpointer) wanted->data, wanted->len);
  return TRUE;
}

static gboolean
add_time_filter (DmsQuery *query,
                 JsonObject *request,
                 const char *name,
                 const char *path,
                 DmsQueryOp op,
                 GError **error)
{
  const char *text = dms_json_object_get_text (request, name);
  g_autoptr (GTimeZone) utc = NULL;
  g_autoptr (GDateTime) time = NULL;

  /* The zero time is how a Go client writes that it gives none. */
  if (text == NULL || *text == '\0' || g_str_has_prefix (text, "0001-01-01T"))
    return TRUE;
  utc = g_time_zone_new_utc ();
  time = g_date_time_new_from_iso8601 (text, utc);
  if (time == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "%s must be a time such as 2026-01-31T12:00:00Z, got “%.40s”",
                   name,
                   text);
      return FALSE;
    }
  dms_query_where_int (
      query, path, op, g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time));
  return TRUE;
}

static gboolean
add_sorting (DmsQuery *query, JsonObject *request, GError **error)
{
  const char *sort = dms_json_object_get_text (request, "sort_by");
  gboolean descending = sort == NULL || *sort == '\0' || *sort == '-';
  const char *path;

  if (sort != NULL && (*sort == '-' || *sort == '+'))
    sort++;
  if (sort == NULL || *sort == '\0' || g_str_equal (sort, "created_at"))
    path = "@created_us";
  else if (g_str_equal (sort, "updated_at"))
    path = "@updated_us";
  else if (g_str_equal (sort, "status"))
    path = "status";
  else
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_INVALID_ARGUMENT,
          "cannot sort by “%.40s”: use created_at, updated_at or status, with - before it for descending",
          sort);
      return FALSE;
    }
  dms_query_sort (query, path, descending);
  if (!g_str_equal (path, "@created_us"))
    dms_query_sort (query, "@created_us", TRUE);
  dms_query_sort (query, "@id", FALSE);
  return TRUE;
}

static void
add_metadata_filter (DmsQuery *query, JsonObject *request)
{
  JsonObject *metadata = dms_json_object_get_child (request, "metadata");
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (metadata == NULL)
    return;
  json_object_iter_init_ordered (&iter, metadata);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      if (json_node_get_value_type (value) == G_TYPE_STRING)
        dms_query_where_member (query, "metadata", name, json_node_get_string (value));
    }
}

static DmsQuery *
make_query (JsonObject *request, GError **error)
{
  g_autoptr (DmsQuery) query = dms_query_new ();
  const char *id = dms_json_object_get_text (request, "id");

  if (!add_status_filter (query, request, error) ||
      !add_time_filter (query, request, "created_after", "@created_us", DMS_QUERY_GT, error) ||
      !add_time_filter (query, request, "created_before", "@created_us", DMS_QUERY_LT, error) ||
      !add_time_filter (query, request, "updated_after", "@updated_us", DMS_QUERY_GT, error) ||
      !add_time_filter (query, request, "updated_before", "@updated_us", DMS_QUERY_LT, error) ||
      !add_sorting (query, request, error))
    return NULL;
  if (id != NULL && *id != '\0')
    dms_query_where_text (query, "@id", DMS_QUERY_EQ, id);
  add_metadata_filter (query, request);
  return g_steal_pointer (&query);
}

static void
set_time (JsonObject *object, const char *name, gint64 us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  g_autofree char *seconds = time == NULL ? NULL : g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");
  g_autofree char *text = NULL;

  if (seconds == NULL)
    return;
  text = g_strdup_printf ("%s.%06dZ", seconds, (int) (us % G_USEC_PER_SEC));
  json_object_set_string_member (object, name, text);
}

static JsonObject *
make_item (DmsDocument *document)
{
  JsonObject *body = dms_json_node_get_child (dms_document_get_body (document));
  JsonObject *metadata = dms_json_object_get_child (body, "metadata");
  gint64 completed = dms_json_object_get_whole (body, "completed_us", 0, G_MAXINT64, 0);
  JsonObject *item = json_object_new ();

  json_object_set_string_member (item, "orchestrator_id", dms_document_get_id (document));
  json_object_set_string_member (
      item, "status", dms_deployment_status_to_string ((int) dms_deployment_records_get_status (document)));
  set_time (item, "created_at", dms_document_get_created_us (document));
  set_time (item, "updated_at", dms_document_get_updated_us (document));
  if (completed > 0)
    set_time (item, "completed_at", completed);
  if (metadata != NULL && json_object_get_size (metadata) > 0)
    json_object_set_object_member (item, "metadata", json_object_ref (metadata));
  return item;
}

JsonNode *
dms_deployment_records_answer_list (DmsDeploymentRecords *self, JsonObject *request, GError **error)
{
  g_autoptr (DmsQuery) query = make_query (request, error);
  g_autoptr (GPtrArray) found = NULL;
  gint64 limit = dms_json_object_get_whole (request, "limit", 1, MAX_LIST, MAX_LIST);
  gint64 offset = dms_json_object_get_whole (request, "offset", 0, G_MAXINT32, 0);
  guint64 total = 0;
  JsonObject *reply;
  JsonArray *list;
  JsonNode *node;
  gboolean more;

  if (query == NULL)
    return NULL;
  dms_query_set_range (query, (guint64) offset, (guint64) limit);
  found = dms_collection_query (self->collection, query, &total, error);
  if (found == NULL)
    return NULL;
  reply = json_object_new ();
  list = json_array_new ();
  for (guint i = 0; i < found->len; i++)
    json_array_add_object_element (list, make_item (found->pdata[i]));
  more = (guint64) offset + found->len < total;
  json_object_set_array_member (reply, "deployments", list);
  json_object_set_int_member (reply, "total", (gint64) total);
  json_object_set_boolean_member (reply, "has_more", more);
  if (more)
    json_object_set_int_member (reply, "next_offset", offset + (gint64) found->len);
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, reply);
  return node;
}
