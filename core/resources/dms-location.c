/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-location.h"

#include <dms.h>

#include "common/dms-json-object.h"

struct _DmsLocation
{
  gatomicrefcount refs;
  char *continent;
  char *country;
  char *city;
  char *isp;
  guint32 asn;
  gboolean has_coordinates;
  DmsCoordinates coordinates;
};

G_DEFINE_BOXED_TYPE (DmsLocation, dms_location, dms_location_ref, dms_location_unref)

static char *
dup_set (const char *text)
{
  return text != NULL && text[0] != '\0' ? g_strdup (text) : NULL;
}

/**
 * dms_location_new:
 * @continent: (nullable): two letters, such as `EU`
 * @country: (nullable): ISO 3166 alpha-2
 * @city: (nullable): a name
 * @asn: number of the autonomous system, or 0
 * @isp: (nullable): a name
 *
 * Returns: (transfer full): the location; empty texts count as unset
 */
DmsLocation *
dms_location_new (const char *continent, const char *country, const char *city, guint32 asn, const char *isp)
{
  DmsLocation *self = g_new0 (DmsLocation, 1);

  g_atomic_ref_count_init (&self->refs);
  self->continent = dup_set (continent);
  self->country = dup_set (country);
  self->city = dup_set (city);
  self->isp = dup_set (isp);
  self->asn = asn;
  return self;
}

/**
 * dms_location_new_at:
 * @self: a location
 * @coordinates: where that is
 *
 * Returns: (transfer full): the location with its coordinates; those that cannot be are left out
 */
DmsLocation *
dms_location_new_at (DmsLocation *self, const DmsCoordinates *coordinates)
{
  DmsLocation *copy = dms_location_new (self->continent, self->country, self->city, self->asn, self->isp);

  copy->has_coordinates = dms_coordinates_are_valid (coordinates);
  if (copy->has_coordinates)
    copy->coordinates = *coordinates;
  return copy;
}

gboolean
dms_location_get_coordinates (DmsLocation *self, DmsCoordinates *coordinates)
{
  if (self->has_coordinates)
    *coordinates = self->coordinates;
  return self->has_coordinates;
}

DmsLocation *
dms_location_ref (DmsLocation *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
dms_location_unref (DmsLocation *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  g_free (self->continent);
  g_free (self->country);
  g_free (self->city);
  g_free (self->isp);
  g_free (self);
}

const char *
dms_location_get_continent (DmsLocation *self)
{
  return self->continent;
}

const char *
dms_location_get_country (DmsLocation *self)
{
  return self->country;
}

const char *
dms_location_get_city (DmsLocation *self)
{
  return self->city;
}

guint32
dms_location_get_asn (DmsLocation *self)
{
  return self->asn;
}

const char *
dms_location_get_isp (DmsLocation *self)
{
  return self->isp;
}

static gboolean
same_text (const char *a, const char *b)
{
  g_autofree char *folded_a = NULL;
  g_autofree char *folded_b = NULL;

  if (a == NULL || b == NULL)
    return a == b;
  folded_a = g_utf8_casefold (a, -1);
  folded_b = g_utf8_casefold (b, -1);
  return strcmp (folded_a, folded_b) == 0;
}

static gboolean
text_allows (const char *have, const char *want)
{
  return want == NULL || same_text (have, want);
}

/**
 * dms_location_matches:
 * @self: where a machine is
 * @constraint: where it should be
 *
 * What the constraint leaves out matches anything. The field wants the continent in any case; a constraint
 * without one could never be met there, so leaving it out is the same as not asking.
 *
 * Returns: whether it is there; a machine that does not know its place matches no constraint on it
 */
gboolean
dms_location_matches (DmsLocation *self, DmsLocation *constraint)
{
  return text_allows (self->continent, constraint->continent) &&
         text_allows (self->country, constraint->country) && text_allows (self->city, constraint->city) &&
         text_allows (self->isp, constraint->isp) && (constraint->asn == 0 || constraint->asn == self->asn);
}

static gboolean
matches_any (DmsLocation *self, GPtrArray *constraints)
{
  for (guint i = 0; i < constraints->len; i++)
    {
      if (dms_location_matches (self, g_ptr_array_index (constraints, i)))
        return TRUE;
    }
  return FALSE;
}

/**
 * dms_location_satisfies:
 * @self: where a machine is
 * @accept: (nullable) (element-type DmsLocation): one of these, if there are any
 * @reject: (nullable) (element-type DmsLocation): else none of these
 *
 * Returns: whether the machine may be used
 */
gboolean
dms_location_satisfies (DmsLocation *self, GPtrArray *accept, GPtrArray *reject)
{
  if (accept != NULL && accept->len > 0)
    return matches_any (self, accept);
  return reject == NULL || !matches_any (self, reject);
}

gboolean
dms_location_equal (DmsLocation *a, DmsLocation *b)
{
  return same_text (a->continent, b->continent) && same_text (a->country, b->country) &&
         same_text (a->city, b->city) && same_text (a->isp, b->isp) && a->asn == b->asn;
}

static gboolean
is_text_or_absent (JsonObject *object, const char *name)
{
  JsonNode *node = dms_json_object_get_member (object, name);
  const char *text = dms_json_object_get_text (object, name);

  return node == NULL || JSON_NODE_HOLDS_NULL (node) || (text != NULL && strlen (text) <= 256);
}

static gboolean
read_degrees (JsonObject *object, const char *name, double *degrees)
{
  JsonNode *node = dms_json_object_get_member (object, name);
  gboolean is_value = node != NULL && JSON_NODE_HOLDS_VALUE (node);
  GType type = is_value ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type == G_TYPE_DOUBLE)
    *degrees = json_node_get_double (node);
  else if (type == G_TYPE_INT64)
    *degrees = (double) json_node_get_int (node);
  return type == G_TYPE_DOUBLE || type == G_TYPE_INT64;
}

/* Ours alone: what cannot be understood is as good as nothing. */
static gboolean
read_coordinates (JsonObject *object, DmsCoordinates *coordinates)
{
  return read_degrees (object, "latitude", &coordinates->latitude) &&
         read_degrees (object, "longitude", &coordinates->longitude) &&
         dms_coordinates_are_valid (coordinates);
}

/**
 * dms_location_new_from_json:
 * @node: (nullable): an object, or JSON null for nowhere in particular
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the location
 */
DmsLocation *
dms_location_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);
  DmsLocation *self;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return dms_location_new (NULL, NULL, NULL, 0, NULL);
  if (object == NULL || !is_text_or_absent (object, "continent") || !is_text_or_absent (object, "country") ||
      !is_text_or_absent (object, "city") || !is_text_or_absent (object, "isp"))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "a location must be an object of short texts: continent, country, city, asn, isp");
      return NULL;
    }
  self = dms_location_new (dms_json_object_get_text (object, "continent"),
                           dms_json_object_get_text (object, "country"),
                           dms_json_object_get_text (object, "city"),
                           (guint32) dms_json_object_get_whole (object, "asn", 0, G_MAXUINT32, 0),
                           dms_json_object_get_text (object, "isp"));
  self->has_coordinates = read_coordinates (object, &self->coordinates);
  return self;
}

static void
add_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

JsonNode *
dms_location_to_json (DmsLocation *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  add_text (object, "continent", self->continent);
  add_text (object, "country", self->country);
  add_text (object, "city", self->city);
  if (self->asn != 0)
    json_object_set_int_member (object, "asn", self->asn);
  add_text (object, "isp", self->isp);
  if (self->has_coordinates)
    {
      json_object_set_double_member (object, "latitude", self->coordinates.latitude);
      json_object_set_double_member (object, "longitude", self->coordinates.longitude);
    }
  json_node_take_object (node, object);
  return node;
}
