/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"

#include <math.h>

#include <dms.h>

#include "common/dms-json-text.h"

enum
{
  MAX_TEXT_BYTES = 16 * 1024 * 1024,
};

/**
 * dms_json_object_get_member:
 * @object: (nullable): an object
 * @name: a member's name
 *
 * Finds a member by its exact name or, failing that, by its name in any case of letters.
 *
 * Returns: (nullable) (transfer none): the member
 */
JsonNode *
dms_json_object_get_member (JsonObject *object, const char *name)
{
  JsonNode *value;
  const char *key;
  JsonObjectIter iter;
  JsonNode *exact;

  if (object == NULL)
    return NULL;

  exact = json_object_get_member (object, name);
  if (exact != NULL)
    return exact;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &key, &value))
    {
      if (g_ascii_strcasecmp (key, name) == 0)
        return value;
    }
  return NULL;
}

/**
 * dms_json_object_get_text:
 * @object: (nullable): an object
 * @name: a member's name
 *
 * Returns: (nullable) (transfer none): the member's text; %NULL when it is absent or no text
 */
const char *
dms_json_object_get_text (JsonObject *object, const char *name)
{
  JsonNode *node = dms_json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

/**
 * dms_json_object_get_flag:
 * @object: (nullable): an object
 * @name: a member's name
 *
 * Returns: whether the member is there and true
 */
gboolean
dms_json_object_get_flag (JsonObject *object, const char *name)
{
  JsonNode *node = dms_json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return FALSE;
  return json_node_get_boolean (node);
}

/**
 * dms_json_object_get_whole:
 * @object: (nullable): an object
 * @name: a member's name
 * @min: the least value that counts
 * @max: the greatest value that counts
 * @fallback: the answer when the member is absent, no whole number or out of bounds
 *
 * Returns: the member's value
 */
gint64
dms_json_object_get_whole (JsonObject *object, const char *name, gint64 min, gint64 max, gint64 fallback)
{
  GType type;
  gint64 value;
  JsonNode *node = dms_json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return fallback;

  type = json_node_get_value_type (node);
  if (type == G_TYPE_INT64)
    {
      value = json_node_get_int (node);
    }
  else if (type == G_TYPE_DOUBLE)
    {
      double number = json_node_get_double (node);
      /* Only what a double holds exactly; this also turns away NaN and the infinities. */
      if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0) || number != trunc (number))
        return fallback;
      value = (gint64) number;
    }
  else
    {
      return fallback;
    }
  return value < min || value > max ? fallback : value;
}

/**
 * dms_json_object_get_number:
 * @object: (nullable): an object
 * @name: a member's name
 * @min: the least value that counts
 * @max: the greatest value that counts
 * @fallback: the answer when the member is absent, no number or out of bounds
 *
 * Returns: the member's value
 */
double
dms_json_object_get_number (JsonObject *object, const char *name, double min, double max, double fallback)
{
  JsonNode *node = dms_json_object_get_member (object, name);
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_NONE;
  double value = fallback;

  if (type == G_TYPE_INT64)
    value = (double) json_node_get_int (node);
  else if (type == G_TYPE_DOUBLE)
    value = json_node_get_double (node);
  /* This also turns away what is no number. */
  return value >= min && value <= max ? value : fallback;
}

/**
 * dms_json_object_get_child:
 * @object: (nullable): an object
 * @name: a member's name
 *
 * Returns: (nullable) (transfer none): the member if it is an object
 */
JsonObject *
dms_json_object_get_child (JsonObject *object, const char *name)
{
  return dms_json_node_get_child (dms_json_object_get_member (object, name));
}

/**
 * dms_json_object_get_list:
 * @object: (nullable): an object
 * @name: a member's name
 *
 * Returns: (nullable) (transfer none): the member if it is a list
 */
JsonArray *
dms_json_object_get_list (JsonObject *object, const char *name)
{
  JsonNode *node = dms_json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

/**
 * dms_json_object_dup_texts:
 * @object: (nullable): an object
 * @name: a member's name
 *
 * Returns: (nullable) (transfer full): the texts of a list; %NULL when the member is absent or is anything
 * else
 */
GStrv
dms_json_object_dup_texts (JsonObject *object, const char *name)
{
  guint length;
  g_autoptr (GStrvBuilder) builder = NULL;
  JsonArray *list = dms_json_object_get_list (object, name);

  if (list == NULL)
    return NULL;

  builder = g_strv_builder_new ();
  length = json_array_get_length (list);
  for (guint i = 0; i < length; i++)
    {
      JsonNode *element = json_array_get_element (list, i);
      if (!JSON_NODE_HOLDS_VALUE (element) || json_node_get_value_type (element) != G_TYPE_STRING)
        return NULL;
      g_strv_builder_add (builder, json_node_get_string (element));
    }
  return g_strv_builder_end (builder);
}

/**
 * dms_json_node_get_child:
 * @node: (nullable): a node
 *
 * Returns: (nullable) (transfer none): its object; %NULL when it holds anything else
 */
JsonObject *
dms_json_node_get_child (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/**
 * dms_json_node_to_text:
 * @node: a node
 *
 * Texts that are not UTF-8, such as messages that quote something cut off, are made so: what reads this would
 * refuse all of it.
 *
 * Returns: (transfer full): its JSON text without needless spaces
 */
char *
dms_json_node_to_text (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, FALSE);

  return g_utf8_validate (text, -1, NULL) ? g_steal_pointer (&text) : g_utf8_make_valid (text, -1);
}

/**
 * dms_json_node_from_text:
 * @text: JSON
 * @length: its bytes, or -1 when it ends in NUL
 * @error: return location
 *
 * Returns: (transfer full): the node; %NULL with %DMS_ERROR_INVALID_DATA or %DMS_ERROR_TOO_LARGE
 */
JsonNode *
dms_json_node_from_text (const char *text, gssize length, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (JsonParser) parser = NULL;
  gsize n = length < 0 ? strlen (text) : (gsize) length;

  if (n > MAX_TEXT_BYTES)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "cannot read JSON: it has more than %d bytes",
                   MAX_TEXT_BYTES);
      return NULL;
    }
  if (!dms_json_text_check (text, n, error))
    return NULL;

  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, (gssize) n, &local_error))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "cannot read JSON: %s", local_error->message);
      return NULL;
    }
  return json_node_ref (json_parser_get_root (parser));
}
