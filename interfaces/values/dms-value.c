/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-value-private.h"

#include <math.h>
#include <string.h>

#include "dms-error.h"

/* 2^53: every integer below it is exact as a double. */
static const double dms_value_exact_max = 9007199254740992.0;

void
dms_value_reader_fail (DmsValueReader *self, const char *member, const char *reason)
{
  if (self->error == NULL)
    self->error = g_error_new (DMS_ERROR, DMS_ERROR_INVALID_DATA, "%s: “%s” %s", self->what, member, reason);
}

gboolean
dms_value_reader_open (DmsValueReader *self, JsonNode *node, const char *what)
{
  self->object = NULL;
  self->what = what;
  self->error = NULL;
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    self->object = json_node_get_object (node);
  if (self->object == NULL)
    {
      self->error = g_error_new (DMS_ERROR, DMS_ERROR_INVALID_DATA, "%s: not a JSON object", what);
      return FALSE;
    }
  return TRUE;
}

gboolean
dms_value_reader_close (DmsValueReader *self, GError **error)
{
  self->object = NULL;
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

JsonNode *
dms_value_reader_get_member (DmsValueReader *self, const char *member)
{
  JsonObjectIter iter;
  const char *name = NULL;
  JsonNode *node = NULL;
  JsonNode *found = NULL;

  if (self->error != NULL || self->object == NULL)
    return NULL;

  found = json_object_get_member (self->object, member);
  if (found == NULL)
    {
      json_object_iter_init (&iter, self->object);
      while (found == NULL && json_object_iter_next (&iter, &name, &node))
        if (g_ascii_strcasecmp (name, member) == 0)
          found = node;
    }
  if (found == NULL || JSON_NODE_HOLDS_NULL (found))
    return NULL;
  return found;
}

const char *
dms_value_reader_get_text (DmsValueReader *self, const char *member)
{
  JsonNode *node = dms_value_reader_get_member (self, member);
  const char *text = NULL;

  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      dms_value_reader_fail (self, member, "must be a text");
      return NULL;
    }
  text = json_node_get_string (node);
  if (text == NULL || strlen (text) > DMS_VALUE_MAX_TEXT)
    {
      dms_value_reader_fail (self, member, "is too long a text");
      return NULL;
    }
  return text[0] != '\0' ? text : NULL;
}

static gboolean
dms_value_reader_is_number (DmsValueReader *self, const char *member, JsonNode *node)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type == G_TYPE_INT64 || (type == G_TYPE_DOUBLE && isfinite (json_node_get_double (node))))
    return TRUE;
  dms_value_reader_fail (self, member, "must be a number");
  return FALSE;
}

guint64
dms_value_reader_get_uint (DmsValueReader *self, const char *member, guint64 max)
{
  return (guint64) dms_value_reader_get_int (self, member, 0, (gint64) MIN (max, (guint64) G_MAXINT64));
}

gint64
dms_value_reader_get_int (DmsValueReader *self, const char *member, gint64 min, gint64 max)
{
  JsonNode *node = dms_value_reader_get_member (self, member);
  gint64 value = 0;

  if (node == NULL || !dms_value_reader_is_number (self, member, node))
    return 0;
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    value = json_node_get_int (node);
  else
    {
      double number = json_node_get_double (node);

      /* -2^63 and 2^63 are exact as doubles; the upper one does not fit. */
      if (number < -9223372036854775808.0 || number >= 9223372036854775808.0)
        {
          dms_value_reader_fail (self, member, "is out of range");
          return 0;
        }
      value = (gint64) floor (number);
    }
  if (value < min || value > max)
    {
      dms_value_reader_fail (
          self, member, value < 0 && min == 0 ? "must not be negative" : "is out of range");
      return 0;
    }
  return value;
}

double
dms_value_reader_get_number (DmsValueReader *self, const char *member, double max)
{
  JsonNode *node = dms_value_reader_get_member (self, member);
  double value = 0;

  if (node == NULL || !dms_value_reader_is_number (self, member, node))
    return 0;
  value = json_node_get_double (node);
  if (value < 0 || value > max)
    {
      dms_value_reader_fail (self, member, value < 0 ? "must not be negative" : "is out of range");
      return 0;
    }
  return value;
}

/* Amounts of money are decimal texts: digits, perhaps one point, perhaps a minus; nothing is rounded. */
void
dms_value_reader_check_decimal (DmsValueReader *self, const char *member, const char *text)
{
  const char *p = text;
  guint n_digits = 0;
  guint n_points = 0;

  if (text == NULL)
    return;
  if (*p == '-')
    p++;
  for (; g_ascii_isdigit (*p) || *p == '.'; p++)
    {
      n_digits += *p != '.';
      n_points += *p == '.';
    }
  if (*p != '\0' || n_digits == 0 || n_digits > 80 || n_points > 1)
    dms_value_reader_fail (self, member, "must be a decimal number in a text");
}

double
dms_value_reader_get_signed (DmsValueReader *self, const char *member)
{
  JsonNode *node = dms_value_reader_get_member (self, member);

  if (node == NULL || !dms_value_reader_is_number (self, member, node))
    return 0;
  return json_node_get_double (node);
}

gboolean
dms_value_reader_get_boolean (DmsValueReader *self, const char *member)
{
  JsonNode *node = dms_value_reader_get_member (self, member);

  if (node == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    {
      dms_value_reader_fail (self, member, "must be true or false");
      return FALSE;
    }
  return json_node_get_boolean (node);
}

JsonObject *
dms_value_reader_get_object (DmsValueReader *self, const char *member)
{
  JsonNode *node = dms_value_reader_get_member (self, member);

  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node) || json_node_get_object (node) == NULL)
    {
      dms_value_reader_fail (self, member, "must be an object");
      return NULL;
    }
  return json_node_get_object (node);
}

JsonArray *
dms_value_reader_get_array (DmsValueReader *self, const char *member)
{
  JsonNode *node = dms_value_reader_get_member (self, member);
  JsonArray *array = NULL;

  if (node == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_ARRAY (node))
    array = json_node_get_array (node);
  if (array == NULL)
    {
      dms_value_reader_fail (self, member, "must be a list");
      return NULL;
    }
  if (json_array_get_length (array) > DMS_VALUE_MAX_ITEMS)
    {
      dms_value_reader_fail (self, member, "has too many items");
      return NULL;
    }
  return array;
}

GBytes *
dms_value_reader_dup_base64 (DmsValueReader *self, const char *member, gsize max)
{
  JsonNode *node = dms_value_reader_get_member (self, member);
  const char *text = NULL;
  guchar *data = NULL;
  gsize length = 0;
  g_autofree char *again = NULL;

  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      dms_value_reader_fail (self, member, "must be a base64 text");
      return NULL;
    }
  text = json_node_get_string (node);
  if (strlen (text) / 4 * 3 > max + 2)
    {
      dms_value_reader_fail (self, member, "is too large");
      return NULL;
    }
  data = g_base64_decode (text, &length);
  /* GLib skips what it does not know; only exact base64 is taken. */
  again = g_base64_encode (data, length);
  if (strcmp (again, text) != 0 || length > max)
    {
      g_free (data);
      dms_value_reader_fail (self, member, "is not valid base64");
      return NULL;
    }
  return g_bytes_new_take (data, length);
}

JsonNode *
dms_value_new_uint_node (guint64 value)
{
  return json_node_init_int (json_node_alloc (), (gint64) MIN (value, (guint64) G_MAXINT64));
}

JsonNode *
dms_value_new_number_node (double value)
{
  if (value == floor (value) && fabs (value) <= dms_value_exact_max)
    return json_node_init_int (json_node_alloc (), (gint64) value);
  return json_node_init_double (json_node_alloc (), value);
}

JsonNode *
dms_value_take_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

void
dms_value_set_text (JsonObject *object, const char *member, const char *text)
{
  if (text != NULL && text[0] != '\0')
    json_object_set_string_member (object, member, text);
}

void
dms_value_set_uint (JsonObject *object, const char *member, guint64 value)
{
  if (value != 0)
    json_object_set_member (object, member, dms_value_new_uint_node (value));
}

void
dms_value_set_number (JsonObject *object, const char *member, double value)
{
  if (value != 0)
    json_object_set_member (object, member, dms_value_new_number_node (value));
}

void
dms_value_set_true (JsonObject *object, const char *member, gboolean value)
{
  if (value)
    json_object_set_boolean_member (object, member, TRUE);
}

void
dms_value_set_base64 (JsonObject *object, const char *member, GBytes *bytes)
{
  gsize size = 0;
  const guchar *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_base64_encode (data, size);

  json_object_set_string_member (object, member, text);
}

static JsonNode *dms_value_copy_node (JsonNode *node, guint depth);

static JsonObject *
dms_value_copy_object_at (JsonObject *object, guint depth)
{
  g_autoptr (JsonObject) copy = json_object_new ();
  JsonObjectIter iter;
  const char *name = NULL;
  JsonNode *node = NULL;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      JsonNode *member = dms_value_copy_node (node, depth + 1);

      if (member == NULL)
        return NULL;
      json_object_set_member (copy, name, member);
    }
  return g_steal_pointer (&copy);
}

static JsonArray *
dms_value_copy_array_at (JsonArray *array, guint depth)
{
  guint length = json_array_get_length (array);
  g_autoptr (JsonArray) copy = json_array_sized_new (length);

  for (guint i = 0; i < length; i++)
    {
      JsonNode *element = dms_value_copy_node (json_array_get_element (array, i), depth + 1);

      if (element == NULL)
        return NULL;
      json_array_add_element (copy, element);
    }
  return g_steal_pointer (&copy);
}

static JsonNode *
dms_value_copy_node (JsonNode *node, guint depth)
{
  if (depth > DMS_VALUE_MAX_DEPTH)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObject *object = dms_value_copy_object_at (json_node_get_object (node), depth);

      return object != NULL ? dms_value_take_object (object) : NULL;
    }
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = dms_value_copy_array_at (json_node_get_array (node), depth);
      JsonNode *copy = NULL;

      if (array == NULL)
        return NULL;
      copy = json_node_new (JSON_NODE_ARRAY);
      json_node_take_array (copy, array);
      return copy;
    }
  return json_node_copy (node);
}

JsonObject *
dms_value_copy_object (JsonObject *object)
{
  JsonObject *copy = dms_value_copy_object_at (object, 0);

  if (copy != NULL)
    json_object_seal (copy);
  return copy;
}

JsonObject *
dms_value_reader_copy_object (DmsValueReader *self, const char *member)
{
  JsonObject *object = dms_value_reader_get_object (self, member);
  JsonObject *copy = NULL;

  if (object == NULL)
    return NULL;
  copy = dms_value_copy_object (object);
  if (copy == NULL)
    dms_value_reader_fail (self, member, "is nested too deeply");
  return copy;
}

gboolean
dms_value_object_equal (JsonObject *a, JsonObject *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return json_object_equal (a, b);
}

gboolean
dms_value_array_equal (GPtrArray *a, GPtrArray *b, GEqualFunc equal)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!equal (g_ptr_array_index (a, i), g_ptr_array_index (b, i)))
      return FALSE;
  return TRUE;
}
