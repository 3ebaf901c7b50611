/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-kyc.h"

#include "common/dms-json-object.h"
#include "resources/dms-profile-json.h"

struct _DmsKyc
{
  char *type_name;
  char *data;
};

G_DEFINE_BOXED_TYPE (DmsKyc, dms_kyc, dms_kyc_ref, dms_kyc_unref)

DmsKyc *
dms_kyc_new (const char *type_name, const char *data)
{
  DmsKyc *self = g_atomic_rc_box_new0 (DmsKyc);

  self->type_name = dms_profile_json_dup_set (type_name);
  self->data = dms_profile_json_dup_set (data);
  return self;
}

const char *
dms_kyc_get_type_name (DmsKyc *self)
{
  return self->type_name;
}

const char *
dms_kyc_get_data (DmsKyc *self)
{
  return self->data;
}

DmsKyc *
dms_kyc_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);

  if (object == NULL || !dms_profile_json_is_text (object, "type") ||
      !dms_profile_json_is_text (object, "data") || !dms_profile_json_is_set (object, "type"))
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "what is known of an owner must be an object of short texts with type");
      return NULL;
    }
  return dms_kyc_new (dms_json_object_get_text (object, "type"), dms_json_object_get_text (object, "data"));
}

JsonNode *
dms_kyc_to_json (DmsKyc *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  if (self->type_name != NULL)
    json_object_set_string_member (object, "type", self->type_name);
  if (self->data != NULL)
    json_object_set_string_member (object, "data", self->data);
  json_node_take_object (node, object);
  return node;
}

gboolean
dms_kyc_equal (DmsKyc *a, DmsKyc *b)
{
  return g_strcmp0 (a->type_name, b->type_name) == 0 && g_strcmp0 (a->data, b->data) == 0;
}

DmsKyc *
dms_kyc_ref (DmsKyc *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsKyc *self = data;

  g_free (self->type_name);
  g_free (self->data);
}

void
dms_kyc_unref (DmsKyc *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
