/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-storage-space.h"

#include "common/dms-json-object.h"
#include "resources/dms-profile-json.h"

struct _DmsStorageSpace
{
  char *type_name;
  guint64 size_bytes;
  guint64 amount;
};

G_DEFINE_BOXED_TYPE (DmsStorageSpace, dms_storage_space, dms_storage_space_ref, dms_storage_space_unref)

DmsStorageSpace *
dms_storage_space_new (const char *type_name, guint64 size_bytes, guint64 amount)
{
  DmsStorageSpace *self = g_atomic_rc_box_new0 (DmsStorageSpace);

  self->type_name = dms_profile_json_dup_set (type_name);
  self->size_bytes = size_bytes;
  self->amount = amount;
  return self;
}

const char *
dms_storage_space_get_type_name (DmsStorageSpace *self)
{
  return self->type_name;
}

guint64
dms_storage_space_get_size_bytes (DmsStorageSpace *self)
{
  return self->size_bytes;
}

guint64
dms_storage_space_get_amount (DmsStorageSpace *self)
{
  return self->amount;
}

DmsStorageSpace *
dms_storage_space_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);

  if (object == NULL || !dms_profile_json_is_text (object, "type"))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a storage must be an object of short texts");
      return NULL;
    }
  return dms_storage_space_new (dms_json_object_get_text (object, "type"),
                                (guint64) dms_json_object_get_whole (object, "size", 0, G_MAXINT64, 0),
                                (guint64) dms_json_object_get_whole (object, "amount", 0, G_MAXINT64, 0));
}

JsonNode *
dms_storage_space_to_json (DmsStorageSpace *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  if (self->type_name != NULL)
    json_object_set_string_member (object, "type", self->type_name);
  if (self->size_bytes > 0)
    json_object_set_int_member (object, "size", (gint64) self->size_bytes);
  if (self->amount > 0)
    json_object_set_int_member (object, "amount", (gint64) self->amount);
  json_node_take_object (node, object);
  return node;
}

gboolean
dms_storage_space_equal (DmsStorageSpace *a, DmsStorageSpace *b)
{
  return g_strcmp0 (a->type_name, b->type_name) == 0 && a->size_bytes == b->size_bytes &&
         a->amount == b->amount;
}

DmsStorageSpace *
dms_storage_space_ref (DmsStorageSpace *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsStorageSpace *self = data;

  g_free (self->type_name);
}

void
dms_storage_space_unref (DmsStorageSpace *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
