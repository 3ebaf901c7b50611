/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-library.h"

#include "common/dms-json-object.h"
#include "resources/dms-profile-json.h"
#include "resources/dms-semver.h"

#include <string.h>

struct _DmsLibrary
{
  char *name;
  char *constraint;
  char *version;
};

G_DEFINE_BOXED_TYPE (DmsLibrary, dms_library, dms_library_ref, dms_library_unref)

DmsLibrary *
dms_library_new (const char *name, const char *constraint, const char *version)
{
  DmsLibrary *self = g_atomic_rc_box_new0 (DmsLibrary);

  self->name = dms_profile_json_dup_set (name);
  self->constraint = dms_profile_json_dup_set (constraint);
  self->version = dms_profile_json_dup_set (version);
  return self;
}

const char *
dms_library_get_name (DmsLibrary *self)
{
  return self->name;
}

const char *
dms_library_get_constraint (DmsLibrary *self)
{
  return self->constraint;
}

const char *
dms_library_get_version (DmsLibrary *self)
{
  return self->version;
}

/* An operator may stand alone, beside the version. */
char *
dms_library_dup_wanted (DmsLibrary *self)
{
  if (self->version == NULL)
    return g_strdup (self->constraint);
  if (self->constraint != NULL && strpbrk (self->constraint, "0123456789") != NULL)
    return g_strdup_printf ("%s, =%s", self->constraint, self->version);
  return g_strdup_printf ("%s%s", self->constraint != NULL ? self->constraint : "=", self->version);
}

gboolean
dms_library_is_named_as (DmsLibrary *self, DmsLibrary *required)
{
  return g_ascii_strcasecmp (self->name, required->name) == 0;
}

gboolean
dms_library_meets (DmsLibrary *self, DmsLibrary *required)
{
  g_autofree char *wanted = dms_library_dup_wanted (required);

  return dms_library_is_named_as (self, required) && dms_semver_satisfies (self->version, wanted, NULL);
}

DmsLibrary *
dms_library_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);

  if (object == NULL || !dms_profile_json_is_text (object, "name") ||
      !dms_profile_json_is_text (object, "constraint") || !dms_profile_json_is_text (object, "version") ||
      !dms_profile_json_is_set (object, "name"))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a library must be an object of short texts with name");
      return NULL;
    }
  return dms_library_new (dms_json_object_get_text (object, "name"),
                          dms_json_object_get_text (object, "constraint"),
                          dms_json_object_get_text (object, "version"));
}

JsonNode *
dms_library_to_json (DmsLibrary *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  if (self->name != NULL)
    json_object_set_string_member (object, "name", self->name);
  if (self->constraint != NULL)
    json_object_set_string_member (object, "constraint", self->constraint);
  if (self->version != NULL)
    json_object_set_string_member (object, "version", self->version);
  json_node_take_object (node, object);
  return node;
}

gboolean
dms_library_equal (DmsLibrary *a, DmsLibrary *b)
{
  return g_strcmp0 (a->name, b->name) == 0 && g_strcmp0 (a->constraint, b->constraint) == 0 &&
         g_strcmp0 (a->version, b->version) == 0;
}

DmsLibrary *
dms_library_ref (DmsLibrary *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsLibrary *self = data;

  g_free (self->name);
  g_free (self->constraint);
  g_free (self->version);
}

void
dms_library_unref (DmsLibrary *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
