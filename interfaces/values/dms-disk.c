/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-disk.h"

#include "values/dms-value-private.h"

/**
 * DmsDisk:
 *
 * Storage, or a requirement of it. Immutable and counted.
 */
struct _DmsDisk
{
  guint64 size_bytes;
  char *model;
  char *vendor;
  char *type;
  char *interface_name;
  guint64 read_bytes_per_second;
  guint64 write_bytes_per_second;
};

G_DEFINE_BOXED_TYPE (DmsDisk, dms_disk, dms_disk_ref, dms_disk_unref)

/**
 * dms_disk_new:
 * @size_bytes: size in bytes
 *
 * Makes a disk of which only the size is known or asked.
 *
 * Returns: (transfer full): the value
 */
DmsDisk *
dms_disk_new (guint64 size_bytes)
{
  return dms_disk_new_full (size_bytes, NULL, NULL, NULL, NULL, 0, 0);
}

/**
 * dms_disk_new_full:
 * @size_bytes: size in bytes
 * @model: (nullable): model
 * @vendor: (nullable): maker
 * @type: (nullable): kind, such as `ssd`
 * @interface_name: (nullable): bus, such as `nvme`
 * @read_bytes_per_second: reading speed in bytes a second; 0 when unknown
 * @write_bytes_per_second: writing speed in bytes a second; 0 when unknown
 *
 * Makes a disk with every property.
 *
 * Returns: (transfer full): the value
 */
DmsDisk *
dms_disk_new_full (guint64 size_bytes,
                   const char *model,
                   const char *vendor,
                   const char *type,
                   const char *interface_name,
                   guint64 read_bytes_per_second,
                   guint64 write_bytes_per_second)
{
  DmsDisk *self = g_atomic_rc_box_new0 (DmsDisk);

  self->size_bytes = size_bytes;
  self->model = g_strdup (model != NULL && model[0] != '\0' ? model : NULL);
  self->vendor = g_strdup (vendor != NULL && vendor[0] != '\0' ? vendor : NULL);
  self->type = g_strdup (type != NULL && type[0] != '\0' ? type : NULL);
  self->interface_name =
      g_strdup (interface_name != NULL && interface_name[0] != '\0' ? interface_name : NULL);
  self->read_bytes_per_second = read_bytes_per_second;
  self->write_bytes_per_second = write_bytes_per_second;
  return self;
}

/**
 * dms_disk_get_size_bytes:
 * @self: a disk
 *
 * Returns: size in bytes
 */
guint64
dms_disk_get_size_bytes (DmsDisk *self)
{
  return self->size_bytes;
}

/**
 * dms_disk_get_model:
 * @self: a disk
 *
 * Returns: (transfer none) (nullable): model
 */
const char *
dms_disk_get_model (DmsDisk *self)
{
  return self->model;
}

/**
 * dms_disk_get_vendor:
 * @self: a disk
 *
 * Returns: (transfer none) (nullable): maker
 */
const char *
dms_disk_get_vendor (DmsDisk *self)
{
  return self->vendor;
}

/**
 * dms_disk_get_type_name:
 * @self: a disk
 *
 * Returns: (transfer none) (nullable): kind, such as `ssd`
 */
const char *
dms_disk_get_type_name (DmsDisk *self)
{
  return self->type;
}

/**
 * dms_disk_get_interface_name:
 * @self: a disk
 *
 * Returns: (transfer none) (nullable): bus, such as `nvme`
 */
const char *
dms_disk_get_interface_name (DmsDisk *self)
{
  return self->interface_name;
}

/**
 * dms_disk_get_read_bytes_per_second:
 * @self: a disk
 *
 * Returns: reading speed in bytes a second; 0 when unknown
 */
guint64
dms_disk_get_read_bytes_per_second (DmsDisk *self)
{
  return self->read_bytes_per_second;
}

/**
 * dms_disk_get_write_bytes_per_second:
 * @self: a disk
 *
 * Returns: writing speed in bytes a second; 0 when unknown
 */
guint64
dms_disk_get_write_bytes_per_second (DmsDisk *self)
{
  return self->write_bytes_per_second;
}

/**
 * dms_disk_new_from_json:
 * @node: (nullable): a Disk (specification, types §3)
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsDisk *
dms_disk_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsDisk) self = g_atomic_rc_box_new0 (DmsDisk);

  dms_value_reader_open (&reader, node, "disk");
  self->size_bytes = dms_value_reader_get_uint (&reader, "size", (guint64) 1 << 60);
  self->model = g_strdup (dms_value_reader_get_text (&reader, "model"));
  self->vendor = g_strdup (dms_value_reader_get_text (&reader, "vendor"));
  self->type = g_strdup (dms_value_reader_get_text (&reader, "type"));
  self->interface_name = g_strdup (dms_value_reader_get_text (&reader, "interface"));
  self->read_bytes_per_second = dms_value_reader_get_uint (&reader, "read_speed", G_MAXINT64);
  self->write_bytes_per_second = dms_value_reader_get_uint (&reader, "write_speed", G_MAXINT64);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_disk_to_json:
 * @self: a disk
 *
 * Returns: (transfer full): a Disk (specification, types §3)
 */
JsonNode *
dms_disk_to_json (DmsDisk *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "size", dms_value_new_uint_node (self->size_bytes));
  dms_value_set_text (object, "model", self->model);
  dms_value_set_text (object, "vendor", self->vendor);
  dms_value_set_text (object, "type", self->type);
  dms_value_set_text (object, "interface", self->interface_name);
  dms_value_set_uint (object, "read_speed", self->read_bytes_per_second);
  dms_value_set_uint (object, "write_speed", self->write_bytes_per_second);
  return dms_value_take_object (object);
}

/**
 * dms_disk_ref:
 * @self: a disk
 *
 * Returns: (transfer full): @self
 */
DmsDisk *
dms_disk_ref (DmsDisk *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_disk_clear (gpointer data)
{
  DmsDisk *self = data;

  g_free (self->model);
  g_free (self->vendor);
  g_free (self->type);
  g_free (self->interface_name);
}

/**
 * dms_disk_unref:
 * @self: (transfer full): a disk
 *
 * Gives up a reference.
 */
void
dms_disk_unref (DmsDisk *self)
{
  g_atomic_rc_box_release_full (self, dms_disk_clear);
}

/**
 * dms_disk_equal:
 * @a: a disk
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_disk_equal (DmsDisk *a, DmsDisk *b)
{
  return a->size_bytes == b->size_bytes
         && g_strcmp0 (a->model, b->model) == 0
         && g_strcmp0 (a->vendor, b->vendor) == 0
         && g_strcmp0 (a->type, b->type) == 0
         && g_strcmp0 (a->interface_name, b->interface_name) == 0
         && a->read_bytes_per_second == b->read_bytes_per_second
         && a->write_bytes_per_second == b->write_bytes_per_second;
}
