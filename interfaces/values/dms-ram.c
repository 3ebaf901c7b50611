/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-ram.h"

#include <math.h>

#include "values/dms-value-private.h"

/**
 * DmsRam:
 *
 * Memory, or a requirement of it. Immutable and counted.
 */
struct _DmsRam
{
  guint64 size_bytes;
  double clock_hz;
  char *type;
};

G_DEFINE_BOXED_TYPE (DmsRam, dms_ram, dms_ram_ref, dms_ram_unref)

/**
 * dms_ram_new:
 * @size_bytes: size in bytes
 * @clock_hz: clock in hertz; 0 when unknown
 * @type: (nullable): kind, such as `DDR4`
 *
 * Makes a memory.
 *
 * Returns: (transfer full): the value
 */
DmsRam *
dms_ram_new (guint64 size_bytes, double clock_hz, const char *type)
{
  DmsRam *self = g_atomic_rc_box_new0 (DmsRam);

  self->size_bytes = size_bytes;
  self->clock_hz = isfinite (clock_hz) && clock_hz > 0 ? clock_hz : 0;
  self->type = g_strdup (type != NULL && type[0] != '\0' ? type : NULL);
  return self;
}

/**
 * dms_ram_get_size_bytes:
 * @self: a memory
 *
 * Returns: size in bytes
 */
guint64
dms_ram_get_size_bytes (DmsRam *self)
{
  return self->size_bytes;
}

/**
 * dms_ram_get_clock_hz:
 * @self: a memory
 *
 * Returns: clock in hertz; 0 when unknown
 */
double
dms_ram_get_clock_hz (DmsRam *self)
{
  return self->clock_hz;
}

/**
 * dms_ram_get_type_name:
 * @self: a memory
 *
 * Returns: (transfer none) (nullable): kind, such as `DDR4`
 */
const char *
dms_ram_get_type_name (DmsRam *self)
{
  return self->type;
}

/**
 * dms_ram_new_from_json:
 * @node: (nullable): a RAM (specification, types §3)
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsRam *
dms_ram_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsRam) self = g_atomic_rc_box_new0 (DmsRam);

  dms_value_reader_open (&reader, node, "memory");
  self->size_bytes = dms_value_reader_get_uint (&reader, "size", (guint64) 1 << 60);
  self->clock_hz = dms_value_reader_get_number (&reader, "clock_speed", 1e18);
  self->type = g_strdup (dms_value_reader_get_text (&reader, "type"));
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_ram_to_json:
 * @self: a memory
 *
 * Returns: (transfer full): a RAM (specification, types §3)
 */
JsonNode *
dms_ram_to_json (DmsRam *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "size", dms_value_new_uint_node (self->size_bytes));
  dms_value_set_number (object, "clock_speed", self->clock_hz);
  dms_value_set_text (object, "type", self->type);
  return dms_value_take_object (object);
}

/**
 * dms_ram_ref:
 * @self: a memory
 *
 * Returns: (transfer full): @self
 */
DmsRam *
dms_ram_ref (DmsRam *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_ram_clear (gpointer data)
{
  DmsRam *self = data;

  g_free (self->type);
}

/**
 * dms_ram_unref:
 * @self: (transfer full): a memory
 *
 * Gives up a reference.
 */
void
dms_ram_unref (DmsRam *self)
{
  g_atomic_rc_box_release_full (self, dms_ram_clear);
}

/**
 * dms_ram_equal:
 * @a: a memory
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_ram_equal (DmsRam *a, DmsRam *b)
{
  return a->size_bytes == b->size_bytes
         && a->clock_hz == b->clock_hz
         && g_strcmp0 (a->type, b->type) == 0;
}
