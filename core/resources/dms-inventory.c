/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-inventory.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "resources/dms-machine-cpu.h"
#include "resources/dms-machine-gpu.h"

enum
{
  /* Two looks at the processors' counters less than this apart tell nothing. */
  SAMPLE_US = 200 * 1000,
  /* What a machine is made of is asked for with every request for bids, and takes two dozen files to find
   * out. Processors and disks come and go seldom; what of them is in use is read each time. */
  DESCRIPTION_US = 10 * 1000 * 1000,
};

/* Lives in the main context that made it; only the look for GPUs runs in a thread, on copies. */
struct _DmsInventory
{
  GObject parent_instance;

  char *disk_path;
  char *root;
  char *nvml;

  GPtrArray *gpus;
  GPtrArray *gpus_used;

  guint64 busy_ticks;
  guint64 all_ticks;
  gint64 sampled_us;
  double busy_share;

  /* Descriptions, and when they were made. */
  DmsCpu *cpu;
  gint64 cpu_us;
  DmsDisk *disk;
  guint64 disk_size;
  dev_t disk_device;
  gint64 disk_us;
};

G_DEFINE_FINAL_TYPE (DmsInventory, dms_inventory, G_TYPE_OBJECT)

static void
dms_inventory_finalize (GObject *object)
{
  DmsInventory *self = DMS_INVENTORY (object);

  g_free (self->disk_path);
  g_free (self->root);
  g_free (self->nvml);
  g_ptr_array_unref (self->gpus);
  g_ptr_array_unref (self->gpus_used);
  g_clear_pointer (&self->cpu, dms_cpu_unref);
  g_clear_pointer (&self->disk, dms_disk_unref);

  G_OBJECT_CLASS (dms_inventory_parent_class)->finalize (object);
}

static void
dms_inventory_class_init (DmsInventoryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_inventory_finalize;
}

static void
dms_inventory_init (DmsInventory *self)
{
  self->gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  self->gpus_used = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
}

static void
sample_load (DmsInventory *self)
{
  gint64 now = g_get_monotonic_time ();
  guint64 busy;
  guint64 all;

  if (self->sampled_us != 0 && now - self->sampled_us < SAMPLE_US)
    return;
  if (!dms_machine_cpu_read_ticks (self->root, &busy, &all))
    return;
  /* The first look sees the mean since the machine started. */
  if (all > self->all_ticks && busy >= self->busy_ticks)
    self->busy_share = (double) (busy - self->busy_ticks) / (double) (all - self->all_ticks);
  self->busy_ticks = busy;
  self->all_ticks = all;
  self->sampled_us = now;
}

/**
 * dms_inventory_new:
 * @disk_path: a folder on the disk that jobs use; the nearest one that exists counts
 * @root: (nullable): a recorded tree to read instead of this machine
 *
 * Returns: (transfer full): the inventory, which has not looked for GPUs yet
 */
DmsInventory *
dms_inventory_new (const char *disk_path, const char *root)
{
  DmsInventory *self = g_object_new (DMS_TYPE_INVENTORY, NULL);

  self->disk_path = g_strdup (disk_path);
  self->root = g_strdup (root != NULL ? root : "");
  self->nvml = g_strdup ("libnvidia-ml.so.1");
  sample_load (self);
  return self;
}

/**
 * dms_inventory_set_nvml:
 * @self: an inventory
 * @library: (nullable): the file of NVIDIA's management library; %NULL for none
 *
 * Takes another library than the system's, for tests.
 */
void
dms_inventory_set_nvml (DmsInventory *self, const char *library)
{
  g_return_if_fail (DMS_IS_INVENTORY (self));

  g_free (self->nvml);
  self->nvml = g_strdup (library);
}

/* What a look for GPUs takes with it and brings back. */
typedef struct
{
  char *root;
  char *nvml;
  GPtrArray *gpus;
  GPtrArray *used;
} Look;

static void
look_free (gpointer data)
{
  Look *look = data;

  g_free (look->root);
  g_free (look->nvml);
  g_clear_pointer (&look->gpus, g_ptr_array_unref);
  g_clear_pointer (&look->used, g_ptr_array_unref);
  g_free (look);
}

static Look *
look_new (DmsInventory *self)
{
  Look *look = g_new0 (Look, 1);

  look->root = g_strdup (self->root);
  look->nvml = g_strdup (self->nvml);
  return look;
}

static void
take_look (DmsInventory *self, Look *look)
{
  g_ptr_array_unref (self->gpus);
  g_ptr_array_unref (self->gpus_used);
  self->gpus = g_steal_pointer (&look->gpus);
  self->gpus_used = g_steal_pointer (&look->used);
}

static void
look_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Look *look = task_data;

  look->gpus = dms_machine_gpu_read (look->root, look->nvml, &look->used);
  g_task_return_boolean (task, TRUE);
}

/**
 * dms_inventory_refresh_async:
 * @self: an inventory
 * @cancellable: (nullable): a cancellable
 * @callback: called when done
 * @user_data: for @callback
 *
 * Looks for GPUs again.
 */
void
dms_inventory_refresh_async (DmsInventory *self,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DMS_IS_INVENTORY (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_inventory_refresh_async);
  g_task_set_task_data (task, look_new (self), look_free);
  g_task_run_in_thread (task, look_in_thread);
}

gboolean
dms_inventory_refresh_finish (DmsInventory *self, GAsyncResult *result, GError **error)
{
  Look *look = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  look = g_task_get_task_data (G_TASK (result));
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  take_look (self, look);
  return TRUE;
}

/**
 * dms_inventory_refresh:
 * @self: an inventory
 * @error: return location
 *
 * The same, waiting for it.
 *
 * Returns: whether it was done
 */
gboolean
dms_inventory_refresh (DmsInventory *self, GError **error)
{
  Look *look = NULL;

  g_return_val_if_fail (DMS_IS_INVENTORY (self), FALSE);

  look = look_new (self);
  look->gpus = dms_machine_gpu_read (look->root, look->nvml, &look->used);
  take_look (self, look);
  look_free (look);
  return TRUE;
}

/* (nullable): one trimmed line of a block device's attributes. */
static char *
read_block (const char *device, const char *name)
{
  g_autofree char *path = g_build_filename (device, name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_strstrip (text) : NULL;
}

static DmsDisk *
describe_disk (DmsInventory *self, guint64 size, dev_t number)
{
  g_autofree char *link =
      g_strdup_printf ("%s/sys/dev/block/%u:%u", self->root, major (number), minor (number));
  g_autofree char *partition = g_build_filename (link, "partition", NULL);
  g_autofree char *device = NULL;
  g_autofree char *model = NULL;
  g_autofree char *vendor = NULL;
  g_autofree char *rotational = NULL;
  g_autofree char *real = NULL;
  const char *type = NULL;

  device =
      g_file_test (partition, G_FILE_TEST_EXISTS) ? g_build_filename (link, "..", NULL) : g_strdup (link);
  model = read_block (device, "device/model");
  vendor = read_block (device, "device/vendor");
  rotational = read_block (device, "queue/rotational");
  real = realpath (device, NULL);
  if (rotational != NULL)
    type = rotational[0] == '1' ? "HDD" : "SSD";
  return dms_disk_new_full (
      size, model, vendor, type, real != NULL && strstr (real, "/nvme") != NULL ? "NVMe" : NULL, 0, 0);
}

static gboolean
is_fresh (gint64 made_us)
{
  return g_get_monotonic_time () - made_us < DESCRIPTION_US;
}

/* (transfer full) (nullable) */
static DmsCpu *
dup_cpu (DmsInventory *self, GError **error)
{
  if (self->cpu != NULL && is_fresh (self->cpu_us))
    return dms_cpu_ref (self->cpu);
  g_clear_pointer (&self->cpu, dms_cpu_unref);
  self->cpu = dms_machine_cpu_read (self->root, error);
  self->cpu_us = g_get_monotonic_time ();
  return self->cpu != NULL ? dms_cpu_ref (self->cpu) : NULL;
}

/* (transfer full) */
static DmsDisk *
dup_disk (DmsInventory *self, guint64 size, dev_t number)
{
  if (self->disk == NULL || self->disk_size != size || self->disk_device != number ||
      !is_fresh (self->disk_us))
    {
      g_clear_pointer (&self->disk, dms_disk_unref);
      self->disk = describe_disk (self, size, number);
      self->disk_size = size;
      self->disk_device = number;
      self->disk_us = g_get_monotonic_time ();
    }
  return dms_disk_ref (self->disk);
}

/* The file system of the folder, or of what it will be made in. */
static gboolean
read_disk (DmsInventory *self, DmsDisk **total, DmsDisk **used, GError **error)
{
  g_autofree char *path = g_strdup (self->disk_path);
  struct statvfs fs;
  struct stat info;
  guint64 size;
  guint64 available;

  while (stat (path, &info) != 0 && strcmp (path, "/") != 0 && strcmp (path, ".") != 0)
    {
      char *parent = g_path_get_dirname (path);
      g_free (path);
      path = parent;
    }
  if (statvfs (path, &fs) != 0 || stat (path, &info) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_UNAVAILABLE,
                   "cannot look at the disk of “%s”: %s",
                   path,
                   g_strerror (errno));
      return FALSE;
    }
  size = (guint64) fs.f_blocks * fs.f_frsize;
  available = MIN ((guint64) fs.f_bavail * fs.f_frsize, size);
  *total = dup_disk (self, size, info.st_dev);
  *used = dms_disk_new (size - available);
  return TRUE;
}

/**
 * dms_inventory_dup_hardware:
 * @self: an inventory
 * @error: return location
 *
 * Returns: (transfer full) (nullable): what the machine has and what of it is in use
 */
DmsHardware *
dms_inventory_dup_hardware (DmsInventory *self, GError **error)
{
  g_autoptr (DmsCpu) cpu = NULL;
  g_autoptr (DmsCpu) cpu_used = NULL;
  g_autoptr (DmsRam) ram = NULL;
  g_autoptr (DmsRam) ram_used = NULL;
  g_autoptr (DmsDisk) disk = NULL;
  g_autoptr (DmsDisk) disk_used = NULL;
  g_autoptr (DmsResources) total = NULL;
  g_autoptr (DmsResources) used = NULL;
  guint64 bytes;
  guint64 available;

  g_return_val_if_fail (DMS_IS_INVENTORY (self), NULL);

  sample_load (self);
  cpu = dup_cpu (self, error);
  if (cpu == NULL || !dms_machine_cpu_read_memory (self->root, &bytes, &available, error) ||
      !read_disk (self, &disk, &disk_used, error))
    return NULL;

  cpu_used =
      dms_cpu_new (dms_cpu_get_cores (cpu) * CLAMP (self->busy_share, 0, 1), dms_cpu_get_clock_hz (cpu));
  ram = dms_ram_new (bytes, 0, NULL);
  ram_used = dms_ram_new (bytes - available, 0, NULL);
  total = dms_resources_new (cpu, ram, disk, self->gpus);
  used = dms_resources_new (cpu_used, ram_used, disk_used, self->gpus_used);
  return dms_hardware_new (total, used);
}
