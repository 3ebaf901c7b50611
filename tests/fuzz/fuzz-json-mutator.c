/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Changes JSON as a tree, so that what comes out is JSON again; also inside texts that are base64 of JSON, as
 * the tokens and payloads of messages are. Every third change is left to the engine's bytes, which make what
 * no tree can: duplicate members, broken text, numbers out of range. */

#include "fuzz.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "common/dms-json-text.h"

#define MAX_PLACES 4096
#define MAX_TEXT 4096

typedef struct {
  JsonNode *parent;
  const char *name;
  guint index;
  JsonNode *node;
} Place;

static void
collect (GArray *places, JsonNode *node)
{
  Place place = { .parent = node };

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObjectIter iter;

      json_object_iter_init (&iter, json_node_get_object (node));
      while (places->len < MAX_PLACES && json_object_iter_next (&iter, &place.name, &place.node))
        {
          g_array_append_val (places, place);
          collect (places, place.node);
        }
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (; place.index < json_array_get_length (array) && places->len < MAX_PLACES; place.index++)
        {
          place.node = json_array_get_element (array, place.index);
          g_array_append_val (places, place);
          collect (places, place.node);
        }
    }
}

/* json_node_copy() shares what is below. */
static JsonNode *
copy (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, FALSE);
  JsonNode *result = json_from_string (text, NULL);

  return result != NULL ? result : json_node_new (JSON_NODE_NULL);
}

static Place *
pick (GArray *places, GRand *random)
{
  return &g_array_index (places, Place, (guint) g_rand_int_range (random, 0, (gint32) places->len));
}

/* Takes the node; the place's name and node are gone afterwards. */
static void
put (Place *place, JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (place->parent))
    {
      g_autofree char *name = g_strdup (place->name);

      json_object_set_member (json_node_get_object (place->parent), name, node);
      return;
    }
  /* A JSON array cannot replace an element; it can only grow. */
  json_array_remove_element (json_node_get_array (place->parent), place->index);
  json_array_add_element (json_node_get_array (place->parent), node);
}

static void
remove_place (Place *place)
{
  if (JSON_NODE_HOLDS_OBJECT (place->parent))
    json_object_remove_member (json_node_get_object (place->parent), place->name);
  else
    json_array_remove_element (json_node_get_array (place->parent), place->index);
}

/* The same value once more: as another element, or under the name in other letters. */
static void
repeat (Place *place)
{
  g_autofree char *name = NULL;

  if (JSON_NODE_HOLDS_ARRAY (place->parent))
    {
      json_array_add_element (json_node_get_array (place->parent), copy (place->node));
      return;
    }
  name = g_ascii_strup (place->name, -1);
  json_object_set_member (json_node_get_object (place->parent), name, copy (place->node));
}

static JsonNode *
make_value (GRand *random)
{
  static const char *const values[] = {
    "null", "true", "false", "0", "1", "-1", "0.5", "1e300", "65536", "4294967296", "9223372036854775807",
    "-9223372036854775808", "\"\"", "\"/\"", "\"0\"", "\"null\"", "\"\\u0000\"", "\"\\u2028<&>\"", "[]", "{}",
    "[[]]", "[null]", "[{}]", "{\"\":null}", "\"..\"", "\"/../../etc/passwd\"", "\"%s%n\"", "\"=\"",
    "\"AA==\"",
  };

  return json_from_string (values[g_rand_int_range (random, 0, G_N_ELEMENTS (values))], NULL);
}

static gsize mutate (guint8 *data, gsize size, gsize max_size, GRand *random);

/* (nullable): the text with some of its bytes changed, below its base64 where it is that. */
static JsonNode *
change_text (const char *text, GRand *random)
{
  gsize size = strlen (text);
  g_autofree guint8 *decoded = size % 4 == 0 && size >= 4 ? g_base64_decode (text, &size) : NULL;
  g_autofree guint8 *bytes = g_malloc (MAX_TEXT);
  g_autofree char *result = NULL;
  JsonNode *node = json_node_alloc ();

  size = MIN (size, MAX_TEXT);
  if (decoded != NULL && size > 0 && g_rand_int_range (random, 0, 8) > 0)
    {
      memcpy (bytes, decoded, size);
      size = mutate (bytes, size, MAX_TEXT, random);
      result = g_base64_encode (bytes, size);
    }
  else
    {
      size = MIN (strlen (text), MAX_TEXT);
      memcpy (bytes, text, size);
      size = LLVMFuzzerMutate (bytes, size, MAX_TEXT);
      result = g_utf8_make_valid ((const char *) bytes, (gssize) size);
    }
  return json_node_init_string (node, result);
}

static JsonNode *
change_scalar (JsonNode *node, GRand *random)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_NONE;
  JsonNode *changed;

  if (type == G_TYPE_STRING)
    return change_text (json_node_get_string (node), random);
  if (type != G_TYPE_INT64)
    return make_value (random);
  changed = json_node_alloc ();
  if (g_rand_boolean (random))
    return json_node_init_int (changed,
                               json_node_get_int (node) ^ (gint64) 1 << g_rand_int_range (random, 0, 63));
  return json_node_init_int (changed, json_node_get_int (node) / 2 + g_rand_int_range (random, -2, 3));
}

static JsonNode *
wrap (JsonNode *node, GRand *random)
{
  JsonNode *outer = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  for (gint n = g_rand_int_range (random, 1, 9); n > 0; n--)
    json_array_add_element (array, copy (node));
  json_node_take_array (outer, array);
  return outer;
}

static void
change (GArray *places, GRand *random)
{
  Place *place = pick (places, random);

  switch (g_rand_int_range (random, 0, 10))
    {
    case 0:
      remove_place (place);
      break;
    case 1:
      repeat (place);
      break;
    case 2:
    case 3:
      put (place, copy (pick (places, random)->node));
      break;
    case 4:
      put (place, make_value (random));
      break;
    case 5:
      put (place, wrap (place->node, random));
      break;
    default:
      put (place, change_scalar (place->node, random));
      break;
    }
}

static gsize
mutate (guint8 *data, gsize size, gsize max_size, GRand *random)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *changed = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  gsize length;

  if (size > 0 && strlen (text) == size && g_utf8_validate (text, (gssize) size, NULL)
      && dms_json_text_check (text, size, NULL))
    root = json_from_string (text, NULL);
  if (root != NULL)
    collect (places, root);
  if (places->len == 0)
    return LLVMFuzzerMutate (data, size, max_size);
  change (places, random);
  changed = json_to_string (root, FALSE);
  length = strlen (changed);
  if (length > max_size)
    return LLVMFuzzerMutate (data, size, max_size);
  memcpy (data, changed, length);
  return length;
}

/* Where the JSON of a line begins: behind the name of a behaviour, or at its start. */
static gsize
find_json (const guint8 *data, gsize size, GRand *random, gsize *end)
{
  gsize from = (gsize) g_rand_int_range (random, 0, (gint32) size);
  gsize start;

  while (from > 0 && data[from - 1] != '\n')
    from--;
  for (*end = from; *end < size && data[*end] != '\n'; ++*end)
    ;
  for (start = from; start < *end && data[start] != '{'; start++)
    ;
  return start < *end ? start : from;
}

/* The input is JSON, or lines that end in JSON, of which one is changed. */
gsize
LLVMFuzzerCustomMutator (guint8 *data, gsize size, gsize max_size, unsigned int seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autofree guint8 *line = NULL;
  gsize start = 0;
  gsize end = size;
  gsize length;
  gsize room;

  if (size == 0 || g_rand_int_range (random, 0, 3) == 0)
    return LLVMFuzzerMutate (data, size, max_size);
  if (data[0] != '{' && data[0] != '[')
    start = find_json (data, size, random, &end);
  room = max_size - (size - (end - start));
  line = g_malloc (room + 1);
  memcpy (line, data + start, end - start);
  length = mutate (line, end - start, room, random);
  memmove (data + start + length, data + end, size - end);
  memcpy (data + start, line, length);
  return size - (end - start) + length;
}
