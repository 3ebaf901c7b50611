/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "common/dms-json-object.h"
#include "store/dms-collection.h"

typedef struct
{
  DmsStore *store;
  DmsCollection *collection;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const INDEXED[] = { "status", "@created_us", NULL };
  g_autoptr (GError) error = NULL;

  f->store = dms_store_open (":memory:", &error);
  g_assert_no_error (error);
  f->collection = dms_collection_new (f->store, "things", INDEXED, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->collection);
  g_clear_object (&f->store);
}

static void
put (DmsCollection *collection, const char *id, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) body = dms_json_node_from_text (text, -1, &error);

  g_assert_no_error (error);
  g_assert_true (dms_collection_put (collection, id, body, &error));
  g_assert_no_error (error);
}

static char *
ask (DmsCollection *collection, DmsQuery *query, guint64 *total)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = dms_collection_query (collection, query, total, &error);
  g_autoptr (GString) ids = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < found->len; i++)
    g_string_append (ids, dms_document_get_id (g_ptr_array_index (found, i)));
  return g_strdup (ids->str);
}

static void
test_documents (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsDocument) second = NULL;
  JsonObject *object;
  g_autoptr (DmsDocument) first = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) body = dms_json_node_from_text ("{\"n\":1}", -1, NULL);
  gboolean existed;

  put (f->collection, "a", "{\"status\":1,\"Name\":\"x\"}");
  first = dms_collection_get (f->collection, "a", &error);
  g_assert_no_error (error);
  object = dms_json_node_get_child (dms_document_get_body (first));
  g_assert_cmpstr (dms_json_object_get_text (object, "name"), ==, "x");
  g_assert_cmpint (dms_json_object_get_whole (object, "status", 0, 9, -1), ==, 1);

  put (f->collection, "a", "{\"status\":2}");
  second = dms_collection_get (f->collection, "a", &error);
  g_assert_cmpint (dms_document_get_created_us (second), ==, dms_document_get_created_us (first));
  g_assert_cmpint (dms_document_get_updated_us (second), >=, dms_document_get_updated_us (first));

  g_assert_false (dms_collection_insert (f->collection, "a", body, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);
  g_clear_error (&error);
  g_assert_true (dms_collection_insert (f->collection, "b", body, &error));

  g_assert_true (dms_collection_delete (f->collection, "a", &existed, &error));
  g_assert_true (existed);
  g_assert_true (dms_collection_delete (f->collection, "a", &existed, &error));
  g_assert_false (existed);
  g_assert_null (dms_collection_get (f->collection, "a", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

static void
test_apart (Fixture *f, gconstpointer data)
{
  g_autofree char *others = NULL;
  g_autofree char *mine = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsCollection) other = dms_collection_new (f->store, "others", NULL, &error);
  g_autoptr (DmsQuery) all = dms_query_new ();
  guint64 total;

  put (f->collection, "a", "{}");
  put (other, "a", "{}");
  put (other, "b", "{}");
  mine = ask (f->collection, all, &total);
  g_assert_cmpstr (mine, ==, "a");
  g_assert_cmpuint (total, ==, 1);
  others = ask (other, all, &total);
  g_assert_cmpstr (others, ==, "ab");
}

static void
fill (DmsCollection *collection)
{
  put (collection, "a", "{\"status\":1,\"at\":30,\"metadata\":{\"team\":\"red\",\"a\\\"b\":\"q\"}}");
  put (collection, "b", "{\"status\":2,\"at\":20,\"metadata\":{\"team\":\"blue\"}}");
  put (collection, "c", "{\"status\":2,\"at\":10,\"name\":\"see\",\"metadata\":{\"team\":\"red\"}}");
  put (collection, "d", "{\"status\":5,\"at\":10}");
}

static void
test_filters (Fixture *f, gconstpointer data)
{
  g_autofree char *others = NULL;
  g_autoptr (DmsQuery) unnamed = NULL;
  g_autofree char *by_id = NULL;
  g_autoptr (DmsQuery) ids = NULL;
  g_autofree char *nothing = NULL;
  g_autoptr (DmsQuery) none = NULL;
  g_autofree char *in_set = NULL;
  g_autoptr (DmsQuery) set = NULL;
  g_autofree char *odd = NULL;
  g_autoptr (DmsQuery) odd_key = NULL;
  g_autofree char *red_two = NULL;
  g_autofree char *two = NULL;
  g_autoptr (DmsQuery) by_status = NULL;
  static const gint64 TWO_AND_FIVE[] = { 2, 5 };
  static const char *const B_AND_D[] = { "b", "d", NULL };

  fill (f->collection);

  by_status = dms_query_new ();
  dms_query_where_int (by_status, "status", DMS_QUERY_EQ, 2);
  two = ask (f->collection, by_status, NULL);
  g_assert_cmpstr (two, ==, "bc");

  dms_query_where_member (by_status, "metadata", "team", "red");
  red_two = ask (f->collection, by_status, NULL);
  g_assert_cmpstr (red_two, ==, "c");

  odd_key = dms_query_new ();
  dms_query_where_member (odd_key, "metadata", "a\"b", "q");
  odd = ask (f->collection, odd_key, NULL);
  g_assert_cmpstr (odd, ==, "a");

  set = dms_query_new ();
  dms_query_where_int_in (set, "status", TWO_AND_FIVE, 2);
  dms_query_where_int (set, "at", DMS_QUERY_LE, 10);
  in_set = ask (f->collection, set, NULL);
  g_assert_cmpstr (in_set, ==, "cd");

  none = dms_query_new ();
  dms_query_where_int_in (none, "status", NULL, 0);
  nothing = ask (f->collection, none, NULL);
  g_assert_cmpstr (nothing, ==, "");

  ids = dms_query_new ();
  dms_query_where_text_in (ids, "@id", B_AND_D);
  by_id = ask (f->collection, ids, NULL);
  g_assert_cmpstr (by_id, ==, "bd");

  unnamed = dms_query_new ();
  dms_query_where_text (unnamed, "name", DMS_QUERY_NE, "see");
  others = ask (f->collection, unnamed, NULL);
  g_assert_cmpstr (others, ==, "abd");
}

static void
test_pages (Fixture *f, gconstpointer data)
{
  g_autofree char *beyond = NULL;
  g_autofree char *rest = NULL;
  g_autofree char *page = NULL;
  g_autofree char *all = NULL;
  g_autoptr (DmsQuery) query = NULL;
  guint64 total;

  fill (f->collection);
  query = dms_query_new ();
  dms_query_sort (query, "at", FALSE);
  dms_query_sort (query, "status", TRUE);
  all = ask (f->collection, query, &total);
  g_assert_cmpstr (all, ==, "dcba");
  dms_query_set_range (query, 1, 2);
  page = ask (f->collection, query, &total);
  g_assert_cmpstr (page, ==, "cb");
  g_assert_cmpuint (total, ==, 4);
  dms_query_set_range (query, 3, 0);
  rest = ask (f->collection, query, &total);
  g_assert_cmpstr (rest, ==, "a");
  dms_query_set_range (query, G_MAXUINT64, G_MAXUINT64);
  beyond = ask (f->collection, query, &total);
  g_assert_cmpstr (beyond, ==, "");
}

static void
test_delete_matching (Fixture *f, gconstpointer data)
{
  g_autofree char *left = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (DmsQuery) all = dms_query_new ();
  guint64 removed;

  fill (f->collection);
  dms_query_where_int (query, "status", DMS_QUERY_GE, 2);
  dms_query_set_range (query, 0, 1);
  g_assert_true (dms_collection_delete_matching (f->collection, query, &removed, &error));
  g_assert_cmpuint (removed, ==, 3);
  left = ask (f->collection, all, NULL);
  g_assert_cmpstr (left, ==, "a");
}

/* An index that the planner does not take is dead weight. */
static void
test_index_used (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsStatement) plan =
      dms_store_prepare (f->store,
                         "EXPLAIN QUERY PLAN SELECT id FROM documents WHERE collection = 'things'"
                         " AND json_extract(body,'$.\"status\"') = ?1",
                         &error);
  gboolean row;

  g_assert_no_error (error);
  g_assert_true (dms_statement_step (plan, &row, &error));
  g_assert_true (row);
  g_assert_nonnull (strstr (dms_statement_get_text (plan, 3), "documents_things_status"));
}

static void
test_json_reading (void)
{
  g_autofree char *deep = NULL;
  g_auto (GStrv) texts = NULL;
  JsonObject *object;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = dms_json_node_from_text (
      "{\"Flag\":true,\"n\":3.0,\"h\":1e300,\"half\":0.5,\"t\":[\"a\",\"b\"],\"u\":[1],"
      "\"nul\":null,\"key\":\"lower\",\"KEY\":\"upper\"}",
      -1,
      &error);
  g_assert_no_error (error);
  object = dms_json_node_get_child (node);
  g_assert_true (dms_json_object_get_flag (object, "flag"));
  g_assert_false (dms_json_object_get_flag (object, "n"));
  g_assert_cmpint (dms_json_object_get_whole (object, "n", 0, 10, -1), ==, 3);
  g_assert_cmpint (dms_json_object_get_whole (object, "n", 0, 2, -1), ==, -1);
  g_assert_cmpint (dms_json_object_get_whole (object, "h", 0, G_MAXINT64, -1), ==, -1);
  g_assert_cmpint (dms_json_object_get_whole (object, "half", 0, 10, -1), ==, -1);
  g_assert_cmpint (dms_json_object_get_whole (object, "t", 0, 10, -1), ==, -1);
  g_assert_null (dms_json_object_get_text (object, "nul"));
  g_assert_null (dms_json_object_get_text (NULL, "nul"));
  g_assert_cmpstr (dms_json_object_get_text (object, "KEY"), ==, "upper");
  texts = dms_json_object_dup_texts (object, "t");
  g_assert_cmpstr (texts[1], ==, "b");
  g_assert_null (dms_json_object_dup_texts (object, "u"));

  deep = g_strnfill (100, '[');
  g_assert_null (dms_json_node_from_text (deep, -1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_null (dms_json_node_from_text ("{\"a\":", -1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (dms_json_node_from_text ("", -1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/collection/documents", Fixture, NULL, set_up, test_documents, tear_down);
  g_test_add ("/collection/apart", Fixture, NULL, set_up, test_apart, tear_down);
  g_test_add ("/collection/filters", Fixture, NULL, set_up, test_filters, tear_down);
  g_test_add ("/collection/pages", Fixture, NULL, set_up, test_pages, tear_down);
  g_test_add ("/collection/delete-matching", Fixture, NULL, set_up, test_delete_matching, tear_down);
  g_test_add ("/collection/index-used", Fixture, NULL, set_up, test_index_used, tear_down);
  g_test_add_func ("/collection/json-reading", test_json_reading);
  return g_test_run ();
}
