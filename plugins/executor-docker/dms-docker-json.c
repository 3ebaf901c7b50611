/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-json.h"

#include <string.h>

/* Finds a member of an object, ignoring case when the exact name is not there; NULL without one. */
JsonNode *
dms_docker_json_get (JsonObject *object, const char *name)
{
  JsonObjectIter iter;
  const char *member;
  JsonNode *node;

  if (object == NULL)
    return NULL;
  if (json_object_has_member (object, name))
    return json_object_get_member (object, name);
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &member, &node))
    if (g_ascii_strcasecmp (member, name) == 0)
      return node;
  return NULL;
}

JsonObject *
dms_docker_json_get_object (JsonObject *object, const char *name)
{
  JsonNode *node = dms_docker_json_get (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
dms_docker_json_get_array (JsonObject *object, const char *name)
{
  JsonNode *node = dms_docker_json_get (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

const char *
dms_docker_json_get_string (JsonObject *object, const char *name)
{
  JsonNode *node = dms_docker_json_get (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

gint64
dms_docker_json_get_int (JsonObject *object, const char *name)
{
  JsonNode *node = dms_docker_json_get (object, name);
  double number;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return 0;
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    return json_node_get_int (node);
  if (json_node_get_value_type (node) != G_TYPE_DOUBLE)
    return 0;
  /* json-glib reads numbers beyond gint64, such as the "no limit" of cgroup v1, as doubles. */
  number = json_node_get_double (node);
  if (!(number > -9.2e18))
    return G_MININT64;
  return number < 9.2e18 ? (gint64) number : G_MAXINT64;
}

/* As dms_docker_json_get_int(), with 0 for what is negative. */
guint64
dms_docker_json_get_uint (JsonObject *object, const char *name)
{
  gint64 number = dms_docker_json_get_int (object, name);

  return number > 0 ? (guint64) number : 0;
}

gboolean
dms_docker_json_get_boolean (JsonObject *object, const char *name)
{
  JsonNode *node = dms_docker_json_get (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN &&
         json_node_get_boolean (node);
}

/* A list of texts, or one text alone, as engines write both; NULL when it is neither. */
GStrv
dms_docker_json_dup_strv (JsonObject *object, const char *name)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array = dms_docker_json_get_array (object, name);
  const char *single = dms_docker_json_get_string (object, name);

  if (single != NULL)
    {
      g_strv_builder_add (builder, single);
      return g_strv_builder_end (builder);
    }
  if (array == NULL)
    return NULL;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *item = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_VALUE (item) || json_node_get_value_type (item) != G_TYPE_STRING)
        return NULL;
      g_strv_builder_add (builder, json_node_get_string (item));
    }
  return g_strv_builder_end (builder);
}

/* Reads JSON from an engine. */
JsonNode *
dms_docker_json_parse (GBytes *bytes, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) local_error = NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  JsonNode *root;

  if (data == NULL || !json_parser_load_from_data (parser, data, (gssize) size, &local_error) ||
      (root = json_parser_steal_root (parser)) == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "the container engine's answer is not JSON: %s",
                   local_error != NULL ? local_error->message : "it is empty");
      return NULL;
    }
  return root;
}

GBytes *
dms_docker_json_to_bytes (JsonNode *node)
{
  char *text = json_to_string (node, FALSE);

  return g_bytes_new_take (text, strlen (text));
}
