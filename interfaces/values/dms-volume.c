/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-volume.h"

#include "values/dms-value-private.h"

/**
 * DmsVolume:
 *
 * A directory of this machine, or a remote one, mounted into a job. Immutable and counted.
 */
struct _DmsVolume
{
  char *type;
  char *name;
  char *source;
  char *destination;
  gboolean read_only;
  JsonObject *params;
};

G_DEFINE_BOXED_TYPE (DmsVolume, dms_volume, dms_volume_ref, dms_volume_unref)

/**
 * dms_volume_new:
 * @type: `local`, `glusterfs`, `s3`, …
 * @name: (nullable): name of a named volume
 * @source: (nullable): absolute path, or the name of a named volume
 * @destination: (nullable): absolute path inside the job
 * @read_only: whether the job can only read
 * @params: (nullable): what the remote types need besides
 *
 * Makes a volume.
 *
 * Returns: (transfer full): the value
 */
DmsVolume *
dms_volume_new (const char *type,
                const char *name,
                const char *source,
                const char *destination,
                gboolean read_only,
                JsonObject *params)
{
  DmsVolume *self = g_atomic_rc_box_new0 (DmsVolume);

  self->type = g_strdup (type != NULL && type[0] != '\0' ? type : NULL);
  self->name = g_strdup (name != NULL && name[0] != '\0' ? name : NULL);
  self->source = g_strdup (source != NULL && source[0] != '\0' ? source : NULL);
  self->destination = g_strdup (destination != NULL && destination[0] != '\0' ? destination : NULL);
  self->read_only = read_only != FALSE;
  self->params = params != NULL ? dms_value_copy_object (params) : NULL;
  return self;
}

/**
 * dms_volume_get_type_name:
 * @self: a volume
 *
 * Returns: (transfer none): `local`, `glusterfs`, `s3`, …
 */
const char *
dms_volume_get_type_name (DmsVolume *self)
{
  return self->type;
}

/**
 * dms_volume_get_name:
 * @self: a volume
 *
 * Returns: (transfer none) (nullable): name of a named volume
 */
const char *
dms_volume_get_name (DmsVolume *self)
{
  return self->name;
}

/**
 * dms_volume_get_source:
 * @self: a volume
 *
 * Returns: (transfer none) (nullable): absolute path, or the name of a named volume
 */
const char *
dms_volume_get_source (DmsVolume *self)
{
  return self->source;
}

/**
 * dms_volume_get_destination:
 * @self: a volume
 *
 * Returns: (transfer none) (nullable): absolute path inside the job
 */
const char *
dms_volume_get_destination (DmsVolume *self)
{
  return self->destination;
}

/**
 * dms_volume_get_read_only:
 * @self: a volume
 *
 * Returns: whether the job can only read
 */
gboolean
dms_volume_get_read_only (DmsVolume *self)
{
  return self->read_only;
}

/**
 * dms_volume_get_params:
 * @self: a volume
 *
 * Returns: (transfer none) (nullable): what the remote types need besides
 */
JsonObject *
dms_volume_get_params (DmsVolume *self)
{
  return self->params;
}

/**
 * dms_volume_new_from_json:
 * @node: (nullable): `{type, name, source, mount_destination, read_only, params}`
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsVolume *
dms_volume_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsVolume) self = g_atomic_rc_box_new0 (DmsVolume);

  dms_value_reader_open (&reader, node, "volume");
  self->type = g_strdup (dms_value_reader_get_text (&reader, "type"));
  self->name = g_strdup (dms_value_reader_get_text (&reader, "name"));
  self->source = g_strdup (dms_value_reader_get_text (&reader, "source"));
  self->destination = g_strdup (dms_value_reader_get_text (&reader, "mount_destination"));
  self->read_only = dms_value_reader_get_boolean (&reader, "read_only");
  self->params = dms_value_reader_copy_object (&reader, "params");
  if (self->type == NULL)
    dms_value_reader_fail (&reader, "type", "is missing");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_volume_to_json:
 * @self: a volume
 *
 * Returns: (transfer full): `{type, name, source, mount_destination, read_only, params}`
 */
JsonNode *
dms_volume_to_json (DmsVolume *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "type", self->type);
  dms_value_set_text (object, "name", self->name);
  dms_value_set_text (object, "source", self->source);
  dms_value_set_text (object, "mount_destination", self->destination);
  dms_value_set_true (object, "read_only", self->read_only);
  if (self->params != NULL)
    json_object_set_object_member (object, "params", json_object_ref (self->params));
  return dms_value_take_object (object);
}

/**
 * dms_volume_ref:
 * @self: a volume
 *
 * Returns: (transfer full): @self
 */
DmsVolume *
dms_volume_ref (DmsVolume *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_volume_clear (gpointer data)
{
  DmsVolume *self = data;

  g_free (self->type);
  g_free (self->name);
  g_free (self->source);
  g_free (self->destination);
  g_clear_pointer (&self->params, json_object_unref);
}

/**
 * dms_volume_unref:
 * @self: (transfer full): a volume
 *
 * Gives up a reference.
 */
void
dms_volume_unref (DmsVolume *self)
{
  g_atomic_rc_box_release_full (self, dms_volume_clear);
}

/**
 * dms_volume_equal:
 * @a: a volume
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_volume_equal (DmsVolume *a, DmsVolume *b)
{
  return g_strcmp0 (a->type, b->type) == 0
         && g_strcmp0 (a->name, b->name) == 0
         && g_strcmp0 (a->source, b->source) == 0
         && g_strcmp0 (a->destination, b->destination) == 0
         && a->read_only == b->read_only
         && dms_value_object_equal (a->params, b->params);
}
