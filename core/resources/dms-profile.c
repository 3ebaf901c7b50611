/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-profile.h"

#include "common/dms-json-object.h"
#include "resources/dms-profile-json.h"

#include <string.h>

#define SPEED "speed"
#define WATTS "power"

struct _DmsProfile
{
  GStrv executors;
  GStrv job_types;
  DmsResources *resources;
  GPtrArray *libraries;
  GPtrArray *localities;
  GPtrArray *storage;
  DmsConnectivity *connectivity;
  GPtrArray *prices;
  DmsTimeLimit *time;
  GPtrArray *kyc;
  double speed;
  double watts;
};

G_DEFINE_BOXED_TYPE (DmsProfile, dms_profile, dms_profile_ref, dms_profile_unref)

/* What lists hold: how to copy, compare, read and write one. */
typedef struct
{
  const char *json;
  gpointer (*ref) (gpointer item);
  GDestroyNotify unref;
  gboolean (*equal) (gpointer a, gpointer b);
  gpointer (*read) (JsonNode *node, GError **error);
  JsonNode *(*write) (gpointer item);
} ItemKind;

static const ItemKind LIBRARIES = {
  "libraries",
  (gpointer (*) (gpointer)) dms_library_ref,
  (GDestroyNotify) dms_library_unref,
  (gboolean (*) (gpointer, gpointer)) dms_library_equal,
  (gpointer (*) (JsonNode *, GError **)) dms_library_new_from_json,
  (JsonNode * (*) (gpointer)) dms_library_to_json,
};

static const ItemKind LOCALITIES = {
  "locality",
  (gpointer (*) (gpointer)) dms_locality_ref,
  (GDestroyNotify) dms_locality_unref,
  (gboolean (*) (gpointer, gpointer)) dms_locality_equal,
  (gpointer (*) (JsonNode *, GError **)) dms_locality_new_from_json,
  (JsonNode * (*) (gpointer)) dms_locality_to_json,
};

static const ItemKind STORAGE = {
  "storage",
  (gpointer (*) (gpointer)) dms_storage_space_ref,
  (GDestroyNotify) dms_storage_space_unref,
  (gboolean (*) (gpointer, gpointer)) dms_storage_space_equal,
  (gpointer (*) (JsonNode *, GError **)) dms_storage_space_new_from_json,
  (JsonNode * (*) (gpointer)) dms_storage_space_to_json,
};

static const ItemKind PRICES = {
  "price",
  (gpointer (*) (gpointer)) dms_price_ref,
  (GDestroyNotify) dms_price_unref,
  (gboolean (*) (gpointer, gpointer)) dms_price_equal,
  (gpointer (*) (JsonNode *, GError **)) dms_price_new_from_json,
  (JsonNode * (*) (gpointer)) dms_price_to_json,
};

static const ItemKind KYC = {
  "kyc",
  (gpointer (*) (gpointer)) dms_kyc_ref,
  (GDestroyNotify) dms_kyc_unref,
  (gboolean (*) (gpointer, gpointer)) dms_kyc_equal,
  (gpointer (*) (JsonNode *, GError **)) dms_kyc_new_from_json,
  (JsonNode * (*) (gpointer)) dms_kyc_to_json,
};

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* (nullable): each once, in the order of the alphabet. */
static GStrv
dup_sorted (const char *const *names)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  GStrvBuilder *builder = g_strv_builder_new ();
  GStrv list;

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    g_ptr_array_add (sorted, (gpointer) names[i]);
  g_ptr_array_sort (sorted, compare_names);
  for (guint i = 0; i < sorted->len; i++)
    {
      if (i == 0 || strcmp (sorted->pdata[i], sorted->pdata[i - 1]) != 0)
        g_strv_builder_add (builder, sorted->pdata[i]);
    }
  list = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return list;
}

static GPtrArray *
copy_list (GPtrArray *list, const ItemKind *kind)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func (kind->unref);

  for (guint i = 0; list != NULL && i < list->len; i++)
    g_ptr_array_add (copy, kind->ref (list->pdata[i]));
  return copy;
}

DmsProfile *
dms_profile_new_empty (void)
{
  DmsProfile *self = g_atomic_rc_box_new0 (DmsProfile);

  self->executors = g_new0 (char *, 1);
  self->job_types = g_new0 (char *, 1);
  self->resources = dms_resources_new_empty ();
  self->libraries = copy_list (NULL, &LIBRARIES);
  self->localities = copy_list (NULL, &LOCALITIES);
  self->storage = copy_list (NULL, &STORAGE);
  self->connectivity = dms_connectivity_new (NULL, 0, FALSE);
  self->prices = copy_list (NULL, &PRICES);
  self->time = dms_time_limit_new (NULL, 0, 0);
  self->kyc = copy_list (NULL, &KYC);
  return self;
}

/* Lists are shared: nobody changes them. */
static DmsProfile *
copy (DmsProfile *self)
{
  DmsProfile *made = g_atomic_rc_box_new0 (DmsProfile);

  made->executors = g_strdupv (self->executors);
  made->job_types = g_strdupv (self->job_types);
  made->resources = dms_resources_ref (self->resources);
  made->libraries = g_ptr_array_ref (self->libraries);
  made->localities = g_ptr_array_ref (self->localities);
  made->storage = g_ptr_array_ref (self->storage);
  made->connectivity = dms_connectivity_ref (self->connectivity);
  made->prices = g_ptr_array_ref (self->prices);
  made->time = dms_time_limit_ref (self->time);
  made->kyc = g_ptr_array_ref (self->kyc);
  made->speed = self->speed;
  made->watts = self->watts;
  return made;
}

DmsProfile *
dms_profile_with_executors (DmsProfile *self, const char *const *executors)
{
  DmsProfile *made = copy (self);

  g_strfreev (made->executors);
  made->executors = dup_sorted (executors);
  return made;
}

DmsProfile *
dms_profile_with_job_types (DmsProfile *self, const char *const *job_types)
{
  DmsProfile *made = copy (self);

  g_strfreev (made->job_types);
  made->job_types = dup_sorted (job_types);
  return made;
}

DmsProfile *
dms_profile_with_resources (DmsProfile *self, DmsResources *resources)
{
  DmsProfile *made = copy (self);

  dms_resources_unref (made->resources);
  made->resources = dms_resources_ref (resources);
  return made;
}

DmsProfile *
dms_profile_with_libraries (DmsProfile *self, GPtrArray *libraries)
{
  DmsProfile *made = copy (self);

  g_ptr_array_unref (made->libraries);
  made->libraries = copy_list (libraries, &LIBRARIES);
  return made;
}

DmsProfile *
dms_profile_with_localities (DmsProfile *self, GPtrArray *localities)
{
  DmsProfile *made = copy (self);

  g_ptr_array_unref (made->localities);
  made->localities = copy_list (localities, &LOCALITIES);
  return made;
}

DmsProfile *
dms_profile_with_storage (DmsProfile *self, GPtrArray *storage)
{
  DmsProfile *made = copy (self);

  g_ptr_array_unref (made->storage);
  made->storage = copy_list (storage, &STORAGE);
  return made;
}

DmsProfile *
dms_profile_with_connectivity (DmsProfile *self, DmsConnectivity *connectivity)
{
  DmsProfile *made = copy (self);

  dms_connectivity_unref (made->connectivity);
  made->connectivity = dms_connectivity_ref (connectivity);
  return made;
}

DmsProfile *
dms_profile_with_prices (DmsProfile *self, GPtrArray *prices)
{
  DmsProfile *made = copy (self);

  g_ptr_array_unref (made->prices);
  made->prices = copy_list (prices, &PRICES);
  return made;
}

DmsProfile *
dms_profile_with_time (DmsProfile *self, DmsTimeLimit *time)
{
  DmsProfile *made = copy (self);

  dms_time_limit_unref (made->time);
  made->time = dms_time_limit_ref (time);
  return made;
}

DmsProfile *
dms_profile_with_kyc (DmsProfile *self, GPtrArray *kyc)
{
  DmsProfile *made = copy (self);

  g_ptr_array_unref (made->kyc);
  made->kyc = copy_list (kyc, &KYC);
  return made;
}

DmsProfile *
dms_profile_with_speed (DmsProfile *self, double speed)
{
  DmsProfile *made = copy (self);

  made->speed = speed;
  return made;
}

DmsProfile *
dms_profile_with_watts (DmsProfile *self, double watts)
{
  DmsProfile *made = copy (self);

  made->watts = watts;
  return made;
}

const char *const *
dms_profile_get_executors (DmsProfile *self)
{
  return (const char *const *) self->executors;
}

const char *const *
dms_profile_get_job_types (DmsProfile *self)
{
  return (const char *const *) self->job_types;
}

DmsResources *
dms_profile_get_resources (DmsProfile *self)
{
  return self->resources;
}

GPtrArray *
dms_profile_get_libraries (DmsProfile *self)
{
  return self->libraries;
}

GPtrArray *
dms_profile_get_localities (DmsProfile *self)
{
  return self->localities;
}

GPtrArray *
dms_profile_get_storage (DmsProfile *self)
{
  return self->storage;
}

DmsConnectivity *
dms_profile_get_connectivity (DmsProfile *self)
{
  return self->connectivity;
}

GPtrArray *
dms_profile_get_prices (DmsProfile *self)
{
  return self->prices;
}

DmsTimeLimit *
dms_profile_get_time (DmsProfile *self)
{
  return self->time;
}

GPtrArray *
dms_profile_get_kyc (DmsProfile *self)
{
  return self->kyc;
}

double
dms_profile_get_speed (DmsProfile *self)
{
  return self->speed;
}

double
dms_profile_get_watts (DmsProfile *self)
{
  return self->watts;
}

/* Sums */

static GStrv
unite_names (GStrv a, GStrv b)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  for (guint i = 0; a[i] != NULL; i++)
    g_ptr_array_add (all, a[i]);
  for (guint i = 0; b[i] != NULL; i++)
    g_ptr_array_add (all, b[i]);
  g_ptr_array_add (all, NULL);
  return dup_sorted ((const char *const *) all->pdata);
}

static GStrv
take_names_away (GStrv a, GStrv b)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new ();

  for (guint i = 0; a[i] != NULL; i++)
    {
      if (!g_strv_contains ((const char *const *) b, a[i]))
        g_ptr_array_add (left, a[i]);
    }
  g_ptr_array_add (left, NULL);
  return dup_sorted ((const char *const *) left->pdata);
}

static gboolean
has_item (GPtrArray *list, gpointer item, const ItemKind *kind)
{
  for (guint i = 0; i < list->len; i++)
    {
      if (kind->equal (list->pdata[i], item))
        return TRUE;
    }
  return FALSE;
}

static GPtrArray *
unite_items (GPtrArray *a, GPtrArray *b, const ItemKind *kind)
{
  GPtrArray *all = copy_list (a, kind);

  for (guint i = 0; i < b->len; i++)
    {
      if (!has_item (all, b->pdata[i], kind))
        g_ptr_array_add (all, kind->ref (b->pdata[i]));
    }
  return all;
}

static GPtrArray *
take_items_away (GPtrArray *a, GPtrArray *b, const ItemKind *kind)
{
  GPtrArray *left = g_ptr_array_new_with_free_func (kind->unref);

  for (guint i = 0; i < a->len; i++)
    {
      if (!has_item (b, a->pdata[i], kind))
        g_ptr_array_add (left, kind->ref (a->pdata[i]));
    }
  return left;
}

static int
find_currency (GPtrArray *prices, const char *currency)
{
  for (guint i = 0; i < prices->len; i++)
    {
      if (g_ascii_strcasecmp (dms_price_get_currency (prices->pdata[i]), currency) == 0)
        return (int) i;
    }
  return -1;
}

/* sign: 1 to add, -1 to take away; nothing costs less than nothing */
static GPtrArray *
sum_prices (GPtrArray *a, GPtrArray *b, int sign)
{
  GPtrArray *sum = copy_list (a, &PRICES);

  for (guint i = 0; i < b->len; i++)
    {
      DmsPrice *added = b->pdata[i];
      int at = find_currency (sum, dms_price_get_currency (added));
      DmsPrice *old = at < 0 ? NULL : sum->pdata[at];

      if (old == NULL && sign > 0)
        g_ptr_array_add (sum, dms_price_ref (added));
      if (old == NULL)
        continue;
      sum->pdata[at] =
          dms_price_new (dms_price_get_currency (old),
                         MAX (dms_price_get_per_hour (old) + sign * dms_price_get_per_hour (added), 0),
                         MAX (dms_price_get_per_job (old) + sign * dms_price_get_per_job (added), 0),
                         dms_price_get_preference (old));
      dms_price_unref (old);
    }
  return sum;
}

static DmsConnectivity *
combine_ports (DmsConnectivity *a, DmsConnectivity *b, gboolean both)
{
  g_autoptr (GArray) ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  gboolean vpn = both ? dms_connectivity_get_vpn (a) || dms_connectivity_get_vpn (b)
                      : dms_connectivity_get_vpn (a) && !dms_connectivity_get_vpn (b);

  for (guint i = 0; i < dms_connectivity_get_n_ports (a); i++)
    {
      guint16 port = dms_connectivity_get_port (a, i);

      if (both || !dms_connectivity_has_port (b, port))
        g_array_append_val (ports, port);
    }
  for (guint i = 0; both && i < dms_connectivity_get_n_ports (b); i++)
    {
      guint16 port = dms_connectivity_get_port (b, i);

      g_array_append_val (ports, port);
    }
  return dms_connectivity_new ((guint16 *) (void *) ports->data, ports->len, vpn);
}

DmsProfile *
dms_profile_add (DmsProfile *a, DmsProfile *b)
{
  DmsProfile *sum = g_atomic_rc_box_new0 (DmsProfile);

  sum->executors = unite_names (a->executors, b->executors);
  sum->job_types = unite_names (a->job_types, b->job_types);
  sum->resources = dms_resources_add (a->resources, b->resources);
  sum->libraries = unite_items (a->libraries, b->libraries, &LIBRARIES);
  sum->localities = unite_items (a->localities, b->localities, &LOCALITIES);
  sum->storage = unite_items (a->storage, b->storage, &STORAGE);
  sum->connectivity = combine_ports (a->connectivity, b->connectivity, TRUE);
  sum->prices = sum_prices (a->prices, b->prices, 1);
  sum->time = dms_time_limit_ref (
      dms_time_limit_get_seconds (b->time) > dms_time_limit_get_seconds (a->time) ? b->time : a->time);
  sum->kyc = unite_items (a->kyc, b->kyc, &KYC);
  sum->speed = MAX (a->speed, b->speed);
  sum->watts = a->watts + b->watts;
  return sum;
}

DmsProfile *
dms_profile_subtract (DmsProfile *a, DmsProfile *b, GError **error)
{
  DmsResources *resources = dms_resources_subtract (a->resources, b->resources, error);
  DmsProfile *left;

  if (resources == NULL)
    return NULL;
  left = g_atomic_rc_box_new0 (DmsProfile);
  left->executors = take_names_away (a->executors, b->executors);
  left->job_types = take_names_away (a->job_types, b->job_types);
  left->resources = resources;
  left->libraries = take_items_away (a->libraries, b->libraries, &LIBRARIES);
  left->localities = take_items_away (a->localities, b->localities, &LOCALITIES);
  left->storage = take_items_away (a->storage, b->storage, &STORAGE);
  left->connectivity = combine_ports (a->connectivity, b->connectivity, FALSE);
  left->prices = sum_prices (a->prices, b->prices, -1);
  left->time = dms_time_limit_ref (a->time);
  left->kyc = take_items_away (a->kyc, b->kyc, &KYC);
  left->speed = a->speed;
  left->watts = MAX (a->watts - b->watts, 0);
  return left;
}

/* JSON */

static gboolean
read_names (JsonObject *object, const char *name, GStrv *names, GError **error)
{
  JsonNode *node = dms_json_object_get_member (object, name);
  g_auto (GStrv) texts = dms_json_object_dup_texts (object, name);

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (texts == NULL || g_strv_length (texts) > DMS_PROFILE_JSON_MAX_ITEMS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "%s must be a list of at most %d names",
                   name,
                   DMS_PROFILE_JSON_MAX_ITEMS);
      return FALSE;
    }
  g_strfreev (*names);
  *names = dup_sorted ((const char *const *) texts);
  return TRUE;
}

static gboolean
read_items (JsonObject *object, const ItemKind *kind, GPtrArray **items, GError **error)
{
  JsonArray *list = dms_json_object_get_list (object, kind->json);
  guint n = list != NULL ? json_array_get_length (list) : 0;
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (kind->unref);

  if (n > DMS_PROFILE_JSON_MAX_ITEMS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "%s may have %d items",
                   kind->json,
                   DMS_PROFILE_JSON_MAX_ITEMS);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    {
      gpointer item = kind->read (json_array_get_element (list, i), error);

      if (item == NULL)
        return FALSE;
      g_ptr_array_add (found, item);
    }
  g_ptr_array_unref (*items);
  *items = g_steal_pointer (&found);
  return TRUE;
}

static gboolean
read_values (DmsProfile *self, JsonObject *object, GError **error)
{
  JsonNode *resources = dms_json_object_get_member (object, "resources");
  JsonNode *connectivity = dms_json_object_get_member (object, "connectivity");
  JsonNode *time = dms_json_object_get_member (object, "time");

  if (resources != NULL && !JSON_NODE_HOLDS_NULL (resources))
    {
      dms_resources_unref (self->resources);
      self->resources = dms_resources_new_from_json (resources, error);
    }
  if (connectivity != NULL && !JSON_NODE_HOLDS_NULL (connectivity) && self->resources != NULL)
    {
      dms_connectivity_unref (self->connectivity);
      self->connectivity = dms_connectivity_new_from_json (connectivity, error);
    }
  if (time != NULL && !JSON_NODE_HOLDS_NULL (time) && self->resources != NULL && self->connectivity != NULL)
    {
      dms_time_limit_unref (self->time);
      self->time = dms_time_limit_new_from_json (time, error);
    }
  return self->resources != NULL && self->connectivity != NULL && self->time != NULL;
}

DmsProfile *
dms_profile_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);
  g_autoptr (DmsProfile) self = dms_profile_new_empty ();

  if (object == NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a profile must be an object");
      return NULL;
    }
  if (!read_names (object, "executor", &self->executors, error) ||
      !read_names (object, "type", &self->job_types, error) || !read_values (self, object, error) ||
      !read_items (object, &LIBRARIES, &self->libraries, error) ||
      !read_items (object, &LOCALITIES, &self->localities, error) ||
      !read_items (object, &STORAGE, &self->storage, error) ||
      !read_items (object, &PRICES, &self->prices, error) || !read_items (object, &KYC, &self->kyc, error))
    return NULL;
  self->speed = dms_json_object_get_number (object, SPEED, 0, DMS_PROFILE_JSON_MAX_NUMBER, 0);
  self->watts = dms_json_object_get_number (object, WATTS, 0, DMS_PROFILE_JSON_MAX_NUMBER, 0);
  return g_steal_pointer (&self);
}

static void
write_names (JsonObject *object, const char *name, GStrv names)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; names[i] != NULL; i++)
    json_array_add_string_element (list, names[i]);
  json_object_set_array_member (object, name, list);
}

static void
write_items (JsonObject *object, const ItemKind *kind, GPtrArray *items)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < items->len; i++)
    json_array_add_element (list, kind->write (items->pdata[i]));
  json_object_set_array_member (object, kind->json, list);
}

JsonNode *
dms_profile_to_json (DmsProfile *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  write_names (object, "executor", self->executors);
  write_names (object, "type", self->job_types);
  json_object_set_member (object, "resources", dms_resources_to_json (self->resources));
  write_items (object, &LIBRARIES, self->libraries);
  write_items (object, &LOCALITIES, self->localities);
  write_items (object, &STORAGE, self->storage);
  json_object_set_member (object, "connectivity", dms_connectivity_to_json (self->connectivity));
  write_items (object, &PRICES, self->prices);
  json_object_set_member (object, "time", dms_time_limit_to_json (self->time));
  write_items (object, &KYC, self->kyc);
  if (self->speed > 0)
    json_object_set_double_member (object, SPEED, self->speed);
  if (self->watts > 0)
    json_object_set_double_member (object, WATTS, self->watts);
  json_node_take_object (node, object);
  return node;
}

static gboolean
same_items (GPtrArray *a, GPtrArray *b, const ItemKind *kind)
{
  gboolean same = a->len == b->len;

  for (guint i = 0; same && i < a->len; i++)
    same = kind->equal (a->pdata[i], b->pdata[i]);
  return same;
}

gboolean
dms_profile_equal (DmsProfile *a, DmsProfile *b)
{
  return g_strv_equal ((const char *const *) a->executors, (const char *const *) b->executors) &&
         g_strv_equal ((const char *const *) a->job_types, (const char *const *) b->job_types) &&
         dms_resources_equal (a->resources, b->resources) &&
         same_items (a->libraries, b->libraries, &LIBRARIES) &&
         same_items (a->localities, b->localities, &LOCALITIES) &&
         same_items (a->storage, b->storage, &STORAGE) &&
         dms_connectivity_equal (a->connectivity, b->connectivity) &&
         same_items (a->prices, b->prices, &PRICES) && dms_time_limit_equal (a->time, b->time) &&
         same_items (a->kyc, b->kyc, &KYC) && dms_profile_json_same (a->speed, b->speed) &&
         dms_profile_json_same (a->watts, b->watts);
}

DmsProfile *
dms_profile_ref (DmsProfile *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsProfile *self = data;

  g_strfreev (self->executors);
  g_strfreev (self->job_types);
  g_clear_pointer (&self->resources, dms_resources_unref);
  g_clear_pointer (&self->libraries, g_ptr_array_unref);
  g_clear_pointer (&self->localities, g_ptr_array_unref);
  g_clear_pointer (&self->storage, g_ptr_array_unref);
  g_clear_pointer (&self->connectivity, dms_connectivity_unref);
  g_clear_pointer (&self->prices, g_ptr_array_unref);
  g_clear_pointer (&self->time, dms_time_limit_unref);
  g_clear_pointer (&self->kyc, g_ptr_array_unref);
}

void
dms_profile_unref (DmsProfile *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
