/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-hardware.h"

#include "values/dms-cpu.h"
#include "values/dms-disk.h"
#include "values/dms-gpu.h"
#include "values/dms-ram.h"
#include "values/dms-resources.h"
#include "values/dms-value-private.h"

/**
 * DmsHardware:
 *
 * What a machine has in total and what is in use on it. Immutable and counted.
 */
struct _DmsHardware
{
  DmsResources *total;
  DmsResources *used;
};

G_DEFINE_BOXED_TYPE (DmsHardware, dms_hardware, dms_hardware_ref, dms_hardware_unref)

/**
 * dms_hardware_new:
 * @total: all of the machine
 * @used: what is in use now
 *
 * Makes a value.
 *
 * Returns: (transfer full): the value
 */
DmsHardware *
dms_hardware_new (DmsResources *total, DmsResources *used)
{
  DmsHardware *self = g_atomic_rc_box_new0 (DmsHardware);

  self->total = dms_resources_ref (total);
  self->used = dms_resources_ref (used);
  return self;
}

/**
 * dms_hardware_get_total:
 * @self: a hardware
 *
 * Returns: (transfer none): all of the machine
 */
DmsResources *
dms_hardware_get_total (DmsHardware *self)
{
  return self->total;
}

/**
 * dms_hardware_get_used:
 * @self: a hardware
 *
 * Returns: (transfer none): what is in use now
 */
DmsResources *
dms_hardware_get_used (DmsHardware *self)
{
  return self->used;
}

/**
 * dms_hardware_new_from_json:
 * @node: (nullable): `{total, used}`, both Resources
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsHardware *
dms_hardware_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsHardware) self = g_atomic_rc_box_new0 (DmsHardware);

  dms_value_reader_open (&reader, node, "hardware");
  if (dms_value_reader_get_member (&reader, "total") != NULL)
    self->total = dms_resources_new_from_json (dms_value_reader_get_member (&reader, "total"), &reader.error);
  if (self->total == NULL)
    self->total = dms_resources_new_empty ();
  if (dms_value_reader_get_member (&reader, "used") != NULL)
    self->used = dms_resources_new_from_json (dms_value_reader_get_member (&reader, "used"), &reader.error);
  if (self->used == NULL)
    self->used = dms_resources_new_empty ();
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_hardware_to_json:
 * @self: a hardware
 *
 * Returns: (transfer full): `{total, used}`, both Resources
 */
JsonNode *
dms_hardware_to_json (DmsHardware *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "total", dms_resources_to_json (self->total));
  json_object_set_member (object, "used", dms_resources_to_json (self->used));
  return dms_value_take_object (object);
}

/**
 * dms_hardware_ref:
 * @self: a hardware
 *
 * Returns: (transfer full): @self
 */
DmsHardware *
dms_hardware_ref (DmsHardware *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_hardware_clear (gpointer data)
{
  DmsHardware *self = data;

  g_clear_pointer (&self->total, dms_resources_unref);
  g_clear_pointer (&self->used, dms_resources_unref);
}

/**
 * dms_hardware_unref:
 * @self: (transfer full): a hardware
 *
 * Gives up a reference.
 */
void
dms_hardware_unref (DmsHardware *self)
{
  g_atomic_rc_box_release_full (self, dms_hardware_clear);
}

/**
 * dms_hardware_equal:
 * @a: a hardware
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_hardware_equal (DmsHardware *a, DmsHardware *b)
{
  return dms_resources_equal (a->total, b->total)
         && dms_resources_equal (a->used, b->used);
}

static DmsResources *
dms_hardware_subtract_floor (DmsResources *total, DmsResources *used)
{
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  GPtrArray *total_gpus = dms_resources_get_gpus (total);
  GPtrArray *used_gpus = dms_resources_get_gpus (used);
  DmsCpu *total_cpu = dms_resources_get_cpu (total);
  g_autoptr (DmsCpu) cpu = NULL;
  g_autoptr (DmsRam) ram = NULL;
  g_autoptr (DmsDisk) disk = NULL;
  guint64 total_ram = dms_ram_get_size_bytes (dms_resources_get_ram (total));
  guint64 used_ram = dms_ram_get_size_bytes (dms_resources_get_ram (used));
  guint64 total_disk = dms_disk_get_size_bytes (dms_resources_get_disk (total));
  guint64 used_disk = dms_disk_get_size_bytes (dms_resources_get_disk (used));

  cpu = dms_cpu_new_full (dms_cpu_get_cores (total_cpu) - dms_cpu_get_cores (dms_resources_get_cpu (used)),
                          dms_cpu_get_clock_hz (total_cpu), dms_cpu_get_model (total_cpu),
                          dms_cpu_get_vendor (total_cpu), dms_cpu_get_architecture (total_cpu),
                          dms_cpu_get_threads (total_cpu), dms_cpu_get_cache_bytes (total_cpu));
  ram = dms_ram_new (total_ram > used_ram ? total_ram - used_ram : 0,
                     dms_ram_get_clock_hz (dms_resources_get_ram (total)),
                     dms_ram_get_type_name (dms_resources_get_ram (total)));
  disk = dms_disk_new (total_disk > used_disk ? total_disk - used_disk : 0);
  for (guint i = 0; i < total_gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (total_gpus, i);
      guint64 vram = dms_gpu_get_vram_bytes (gpu);

      for (guint j = 0; j < used_gpus->len; j++)
        {
          DmsGpu *taken = g_ptr_array_index (used_gpus, j);

          if (dms_gpu_get_index (taken) == dms_gpu_get_index (gpu))
            vram -= MIN (vram, dms_gpu_get_vram_bytes (taken));
        }
      g_ptr_array_add (gpus, dms_gpu_new (dms_gpu_get_index (gpu), dms_gpu_get_vendor (gpu),
                                          dms_gpu_get_model (gpu), dms_gpu_get_pci_address (gpu),
                                          dms_gpu_get_uuid (gpu), vram));
    }
  return dms_resources_new (cpu, ram, disk, gpus);
}

/**
 * dms_hardware_dup_free:
 * @self: a hardware
 *
 * Returns: (transfer full): the total less what is used, never below nothing
 */
DmsResources *
dms_hardware_dup_free (DmsHardware *self)
{
  return dms_hardware_subtract_floor (self->total, self->used);
}
