/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-locality.h"

#include "common/dms-json-object.h"
#include "resources/dms-profile-json.h"

struct _DmsLocality
{
  char *kind;
  char *name;
};

G_DEFINE_BOXED_TYPE (DmsLocality, dms_locality, dms_locality_ref, dms_locality_unref)

DmsLocality *
dms_locality_new (const char *kind, const char *name)
{
  DmsLocality *self = g_atomic_rc_box_new0 (DmsLocality);

  self->kind = dms_profile_json_dup_set (kind);
  self->name = dms_profile_json_dup_set (name);
  return self;
}

const char *
dms_locality_get_kind (DmsLocality *self)
{
  return self->kind;
}

const char *
dms_locality_get_name (DmsLocality *self)
{
  return self->name;
}

DmsLocality *
dms_locality_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);

  if (object == NULL || !dms_profile_json_is_text (object, "kind") ||
      !dms_profile_json_is_text (object, "name") || !dms_profile_json_is_set (object, "kind"))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a locality must be an object of short texts with kind");
      return NULL;
    }
  return dms_locality_new (dms_json_object_get_text (object, "kind"),
                           dms_json_object_get_text (object, "name"));
}

JsonNode *
dms_locality_to_json (DmsLocality *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  if (self->kind != NULL)
    json_object_set_string_member (object, "kind", self->kind);
  if (self->name != NULL)
    json_object_set_string_member (object, "name", self->name);
  json_node_take_object (node, object);
  return node;
}

gboolean
dms_locality_equal (DmsLocality *a, DmsLocality *b)
{
  return g_strcmp0 (a->kind, b->kind) == 0 && g_strcmp0 (a->name, b->name) == 0;
}

DmsLocality *
dms_locality_ref (DmsLocality *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsLocality *self = data;

  g_free (self->kind);
  g_free (self->name);
}

void
dms_locality_unref (DmsLocality *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
