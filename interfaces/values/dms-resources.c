/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-resources.h"

#include "dms-error.h"
#include "values/dms-cpu.h"
#include "values/dms-disk.h"
#include "values/dms-gpu.h"
#include "values/dms-ram.h"
#include "values/dms-value-private.h"

enum
{
  DMS_RESOURCES_MAX_GPUS = 256,
};

/**
 * DmsResources:
 *
 * Quantities of a machine or of a job: processor, memory, disk, GPUs. Immutable and counted.
 */
struct _DmsResources
{
  DmsCpu *cpu;
  DmsRam *ram;
  DmsDisk *disk;
  GPtrArray *gpus;
};

G_DEFINE_BOXED_TYPE (DmsResources, dms_resources, dms_resources_ref, dms_resources_unref)

/**
 * dms_resources_new:
 * @cpu: (nullable): the processor; %NULL for none
 * @ram: (nullable): the memory; %NULL for none
 * @disk: (nullable): the disk; %NULL for none
 * @gpus: (nullable) (element-type DmsGpu): the GPUs
 *
 * Makes a value. The list is copied.
 *
 * Returns: (transfer full): the value
 */
DmsResources *
dms_resources_new (DmsCpu *cpu, DmsRam *ram, DmsDisk *disk, GPtrArray *gpus)
{
  DmsResources *self = g_atomic_rc_box_new0 (DmsResources);

  self->cpu = cpu != NULL ? dms_cpu_ref (cpu) : dms_cpu_new (0, 0);
  self->ram = ram != NULL ? dms_ram_ref (ram) : dms_ram_new (0, 0, NULL);
  self->disk = disk != NULL ? dms_disk_ref (disk) : dms_disk_new (0);
  self->gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  for (guint i = 0; gpus != NULL && i < gpus->len; i++)
    g_ptr_array_add (self->gpus, dms_gpu_ref (g_ptr_array_index (gpus, i)));
  return self;
}

/**
 * dms_resources_new_empty:
 *
 * Returns: (transfer full): nothing at all
 */
DmsResources *
dms_resources_new_empty (void)
{
  return dms_resources_new (NULL, NULL, NULL, NULL);
}

/**
 * dms_resources_get_cpu:
 * @self: resources
 *
 * Returns: (transfer none): the processor
 */
DmsCpu *
dms_resources_get_cpu (DmsResources *self)
{
  return self->cpu;
}

/**
 * dms_resources_get_ram:
 * @self: resources
 *
 * Returns: (transfer none): the memory
 */
DmsRam *
dms_resources_get_ram (DmsResources *self)
{
  return self->ram;
}

/**
 * dms_resources_get_disk:
 * @self: resources
 *
 * Returns: (transfer none): the disk
 */
DmsDisk *
dms_resources_get_disk (DmsResources *self)
{
  return self->disk;
}

/**
 * dms_resources_get_gpus:
 * @self: resources
 *
 * Returns: (transfer none) (element-type DmsGpu): the GPUs; never %NULL, may be empty; not to be changed
 */
GPtrArray *
dms_resources_get_gpus (DmsResources *self)
{
  return self->gpus;
}

static guint64
dms_resources_add_sizes (guint64 a, guint64 b)
{
  return a > G_MAXINT64 - MIN (b, G_MAXINT64) ? G_MAXINT64 : a + b;
}

static DmsCpu *
dms_resources_with_cores (DmsCpu *cpu, double cores)
{
  return dms_cpu_new_full (cores,
                           dms_cpu_get_clock_hz (cpu),
                           dms_cpu_get_model (cpu),
                           dms_cpu_get_vendor (cpu),
                           dms_cpu_get_architecture (cpu),
                           dms_cpu_get_threads (cpu),
                           dms_cpu_get_cache_bytes (cpu));
}

static DmsRam *
dms_resources_with_ram (DmsRam *ram, guint64 size)
{
  return dms_ram_new (size, dms_ram_get_clock_hz (ram), dms_ram_get_type_name (ram));
}

static DmsDisk *
dms_resources_with_disk (DmsDisk *disk, guint64 size)
{
  return dms_disk_new_full (size, dms_disk_get_model (disk), dms_disk_get_vendor (disk),
                            dms_disk_get_type_name (disk), dms_disk_get_interface_name (disk),
                            dms_disk_get_read_bytes_per_second (disk),
                            dms_disk_get_write_bytes_per_second (disk));
}

static DmsGpu *
dms_resources_with_vram (DmsGpu *gpu, guint64 vram)
{
  return dms_gpu_new (dms_gpu_get_index (gpu), dms_gpu_get_vendor (gpu), dms_gpu_get_model (gpu),
                      dms_gpu_get_pci_address (gpu), dms_gpu_get_uuid (gpu), vram);
}

/* Position of the GPU with an index, or -1. */
static gint
dms_resources_find_gpu (GPtrArray *gpus, guint index)
{
  for (guint i = 0; i < gpus->len; i++)
    if (dms_gpu_get_index (g_ptr_array_index (gpus, i)) == index)
      return (gint) i;
  return -1;
}

static GPtrArray *
dms_resources_copy_gpus (DmsResources *self)
{
  GPtrArray *gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);

  for (guint i = 0; i < self->gpus->len; i++)
    g_ptr_array_add (gpus, dms_gpu_ref (g_ptr_array_index (self->gpus, i)));
  return gpus;
}

static void
dms_resources_replace_gpu (GPtrArray *gpus, guint position, guint64 vram)
{
  DmsGpu *old = g_ptr_array_index (gpus, position);

  gpus->pdata[position] = dms_resources_with_vram (old, vram);
  dms_gpu_unref (old);
}

/* What of one side is not known is taken from the other, so that an empty value is neutral. */
static DmsCpu *
dms_resources_pick_cpu (DmsCpu *a, DmsCpu *b)
{
  return dms_cpu_get_cores (a) > 0 || dms_cpu_get_model (a) != NULL ? a : b;
}

/**
 * dms_resources_add:
 * @a: resources
 * @b: more of them
 *
 * Adds quantities: cores, bytes of memory and disk, VRAM of GPUs of the same index. Descriptions are those of
 * @a.
 *
 * Returns: (transfer full): the sum
 */
DmsResources *
dms_resources_add (DmsResources *a, DmsResources *b)
{
  g_autoptr (DmsCpu) cpu = NULL;
  g_autoptr (DmsRam) ram = NULL;
  g_autoptr (DmsDisk) disk = NULL;
  g_autoptr (GPtrArray) gpus = dms_resources_copy_gpus (a);

  cpu = dms_resources_with_cores (dms_resources_pick_cpu (a->cpu, b->cpu),
                                  dms_cpu_get_cores (a->cpu) + dms_cpu_get_cores (b->cpu));
  ram = dms_resources_with_ram (dms_ram_get_size_bytes (a->ram) > 0 ? a->ram : b->ram,
                                dms_resources_add_sizes (dms_ram_get_size_bytes (a->ram),
                                                         dms_ram_get_size_bytes (b->ram)));
  disk = dms_resources_with_disk (dms_disk_get_size_bytes (a->disk) > 0 ? a->disk : b->disk,
                                  dms_resources_add_sizes (dms_disk_get_size_bytes (a->disk),
                                                           dms_disk_get_size_bytes (b->disk)));
  for (guint i = 0; i < b->gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (b->gpus, i);
      gint position = dms_resources_find_gpu (gpus, dms_gpu_get_index (gpu));

      if (position < 0)
        g_ptr_array_add (gpus, dms_gpu_ref (gpu));
      else
        dms_resources_replace_gpu (gpus, (guint) position,
                                   dms_resources_add_sizes (
                                     dms_gpu_get_vram_bytes (g_ptr_array_index (gpus, position)),
                                     dms_gpu_get_vram_bytes (gpu)));
    }
  return dms_resources_new (cpu, ram, disk, gpus);
}

static gboolean
dms_resources_check_size (const char *what, guint64 have, guint64 need, GError **error)
{
  g_autofree char *have_text = NULL;
  g_autofree char *need_text = NULL;

  if (need <= have)
    return TRUE;
  have_text = g_format_size_full (have, G_FORMAT_SIZE_IEC_UNITS);
  need_text = g_format_size_full (need, G_FORMAT_SIZE_IEC_UNITS);
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NO_RESOURCES,
               "not enough %s: %s needed, %s there",
               what,
               need_text,
               have_text);
  return FALSE;
}

static gboolean
dms_resources_subtract_gpus (GPtrArray *gpus, GPtrArray *taken, GError **error)
{
  for (guint i = 0; i < taken->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (taken, i);
      gint position = dms_resources_find_gpu (gpus, dms_gpu_get_index (gpu));
      g_autofree char *what = g_strdup_printf ("memory of GPU %u", dms_gpu_get_index (gpu));
      guint64 have = 0;

      if (position < 0)
        {
          g_set_error (
              error, DMS_ERROR, DMS_ERROR_NO_RESOURCES, "there is no GPU %u", dms_gpu_get_index (gpu));
          return FALSE;
        }
      have = dms_gpu_get_vram_bytes (g_ptr_array_index (gpus, position));
      if (!dms_resources_check_size (what, have, dms_gpu_get_vram_bytes (gpu), error))
        return FALSE;
      dms_resources_replace_gpu (gpus, (guint) position, have - dms_gpu_get_vram_bytes (gpu));
    }
  return TRUE;
}

/**
 * dms_resources_subtract:
 * @a: resources
 * @b: what is taken away
 * @error: return location for %DMS_ERROR_NO_RESOURCES, naming the quantity that does not suffice
 *
 * Takes quantities away, GPUs by index. A GPU whose memory is used up stays in the list with none.
 *
 * Returns: (transfer full) (nullable): what is left
 */
DmsResources *
dms_resources_subtract (DmsResources *a, DmsResources *b, GError **error)
{
  g_autoptr (DmsCpu) cpu = NULL;
  g_autoptr (DmsRam) ram = NULL;
  g_autoptr (DmsDisk) disk = NULL;
  g_autoptr (GPtrArray) gpus = dms_resources_copy_gpus (a);

  /* Both are exact hundredths; half of one absorbs what the division made of them. */
  if (dms_cpu_get_cores (b->cpu) > dms_cpu_get_cores (a->cpu) + 0.005)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES, "not enough CPU cores: %g needed, %g there",
                   dms_cpu_get_cores (b->cpu), dms_cpu_get_cores (a->cpu));
      return NULL;
    }
  if (!dms_resources_check_size (
          "RAM", dms_ram_get_size_bytes (a->ram), dms_ram_get_size_bytes (b->ram), error) ||
      !dms_resources_check_size (
          "disk", dms_disk_get_size_bytes (a->disk), dms_disk_get_size_bytes (b->disk), error) ||
      !dms_resources_subtract_gpus (gpus, b->gpus, error))
    return NULL;

  cpu = dms_resources_with_cores (a->cpu, dms_cpu_get_cores (a->cpu) - dms_cpu_get_cores (b->cpu));
  ram = dms_resources_with_ram (a->ram, dms_ram_get_size_bytes (a->ram) - dms_ram_get_size_bytes (b->ram));
  disk = dms_resources_with_disk (a->disk,
                                  dms_disk_get_size_bytes (a->disk) - dms_disk_get_size_bytes (b->disk));
  return dms_resources_new (cpu, ram, disk, gpus);
}

/**
 * dms_resources_describe:
 * @self: resources
 *
 * Says the quantities in one line for people, such as `2 cores, 4.0 GiB RAM, 10.0 GiB disk, 1 GPU (8.0 GiB)`.
 *
 * Returns: (transfer full): the line
 */
char *
dms_resources_describe (DmsResources *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *ram = g_format_size_full (dms_ram_get_size_bytes (self->ram), G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *disk = g_format_size_full (dms_disk_get_size_bytes (self->disk), G_FORMAT_SIZE_IEC_UNITS);
  double cores = dms_cpu_get_cores (self->cpu);

  g_string_append_printf (text, "%.10g %s, %s RAM, %s disk", cores, cores == 1 ? "core" : "cores", ram, disk);
  if (self->gpus->len > 0)
    g_string_append_printf (text, ", %u %s (", self->gpus->len, self->gpus->len == 1 ? "GPU" : "GPUs");
  for (guint i = 0; i < self->gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (self->gpus, i);
      g_autofree char *vram = g_format_size_full (dms_gpu_get_vram_bytes (gpu), G_FORMAT_SIZE_IEC_UNITS);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", vram);
    }
  if (self->gpus->len > 0)
    g_string_append_c (text, ')');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GPtrArray *
dms_resources_read_gpus (DmsValueReader *reader)
{
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  JsonArray *array = dms_value_reader_get_array (reader, "gpus");
  guint n = array != NULL ? json_array_get_length (array) : 0;

  if (n > DMS_RESOURCES_MAX_GPUS)
    {
      dms_value_reader_fail (reader, "gpus", "has too many items");
      return NULL;
    }
  for (guint i = 0; i < n; i++)
    {
      DmsGpu *gpu = dms_gpu_new_from_json (json_array_get_element (array, i), &reader->error);

      if (gpu == NULL)
        return NULL;
      g_ptr_array_add (gpus, gpu);
    }
  return g_steal_pointer (&gpus);
}

/**
 * dms_resources_new_from_json:
 * @node: (nullable): Resources (specification, types §3)
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Reads resources. Members may be missing, `gpus` may be null, and the case of names does not matter.
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsResources *
dms_resources_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  JsonNode *member = NULL;
  g_autoptr (DmsCpu) cpu = NULL;
  g_autoptr (DmsRam) ram = NULL;
  g_autoptr (DmsDisk) disk = NULL;
  g_autoptr (GPtrArray) gpus = NULL;

  dms_value_reader_open (&reader, node, "resources");
  if ((member = dms_value_reader_get_member (&reader, "cpu")) != NULL)
    cpu = dms_cpu_new_from_json (member, &reader.error);
  if ((member = dms_value_reader_get_member (&reader, "ram")) != NULL)
    ram = dms_ram_new_from_json (member, &reader.error);
  if ((member = dms_value_reader_get_member (&reader, "disk")) != NULL)
    disk = dms_disk_new_from_json (member, &reader.error);
  gpus = dms_resources_read_gpus (&reader);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return dms_resources_new (cpu, ram, disk, gpus);
}

/**
 * dms_resources_to_json:
 * @self: resources
 *
 * Returns: (transfer full): Resources (specification, types §3); sizes are whole bytes
 */
JsonNode *
dms_resources_to_json (DmsResources *self)
{
  JsonObject *object = json_object_new ();
  JsonArray *gpus = NULL;

  json_object_set_member (object, "cpu", dms_cpu_to_json (self->cpu));
  if (self->gpus->len > 0)
    {
      gpus = json_array_sized_new (self->gpus->len);
      for (guint i = 0; i < self->gpus->len; i++)
        json_array_add_element (gpus, dms_gpu_to_json (g_ptr_array_index (self->gpus, i)));
      json_object_set_array_member (object, "gpus", gpus);
    }
  json_object_set_member (object, "ram", dms_ram_to_json (self->ram));
  json_object_set_member (object, "disk", dms_disk_to_json (self->disk));
  return dms_value_take_object (object);
}

/**
 * dms_resources_ref:
 * @self: resources
 *
 * Returns: (transfer full): @self
 */
DmsResources *
dms_resources_ref (DmsResources *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_resources_clear (gpointer data)
{
  DmsResources *self = data;

  dms_cpu_unref (self->cpu);
  dms_ram_unref (self->ram);
  dms_disk_unref (self->disk);
  g_ptr_array_unref (self->gpus);
}

/**
 * dms_resources_unref:
 * @self: (transfer full): resources
 *
 * Gives up a reference.
 */
void
dms_resources_unref (DmsResources *self)
{
  g_atomic_rc_box_release_full (self, dms_resources_clear);
}

/**
 * dms_resources_equal:
 * @a: resources
 * @b: others
 *
 * Returns: whether both say the same, GPUs in the same order
 */
gboolean
dms_resources_equal (DmsResources *a, DmsResources *b)
{
  return dms_cpu_equal (a->cpu, b->cpu) && dms_ram_equal (a->ram, b->ram) && dms_disk_equal (a->disk, b->disk)
         && dms_value_array_equal (a->gpus, b->gpus, (GEqualFunc) dms_gpu_equal);
}
