/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-onboarding.h"

#include "resources/dms-comparator.h"

enum
{
  LEAST_PERCENT = 10,
  MOST_PERCENT = 90,
  MAX_GPUS = 64,
};

struct _DmsOnboarding
{
  GObject parent_instance;

  DmsInventory *inventory;
  DmsLedger *ledger;
};

G_DEFINE_FINAL_TYPE (DmsOnboarding, dms_onboarding, G_TYPE_OBJECT)

static void
dms_onboarding_finalize (GObject *object)
{
  DmsOnboarding *self = DMS_ONBOARDING (object);

  g_clear_object (&self->inventory);
  g_clear_object (&self->ledger);

  G_OBJECT_CLASS (dms_onboarding_parent_class)->finalize (object);
}

static void
dms_onboarding_class_init (DmsOnboardingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_onboarding_finalize;
}

static void
dms_onboarding_init (DmsOnboarding *self)
{
}

/**
 * dms_onboarding_new:
 * @inventory: what the machine has
 * @ledger: where the decision is kept
 *
 * Returns: (transfer full): the onboarding
 */
DmsOnboarding *
dms_onboarding_new (DmsInventory *inventory, DmsLedger *ledger)
{
  DmsOnboarding *self = g_object_new (DMS_TYPE_ONBOARDING, NULL);

  self->inventory = g_object_ref (inventory);
  self->ledger = g_object_ref (ledger);
  return self;
}

gboolean
dms_onboarding_is_onboarded (DmsOnboarding *self)
{
  g_return_val_if_fail (DMS_IS_ONBOARDING (self), FALSE);

  return dms_ledger_is_onboarded (self->ledger);
}

static void
add_time (JsonObject *object, const char *name, gint64 us)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  g_autoptr (GDateTime) time = g_date_time_add (seconds, us % G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S.%fZ");

  json_object_set_string_member (object, name, text);
}

/**
 * dms_onboarding_to_json:
 * @self: an onboarding
 *
 * Returns: (transfer full): types.md §8. The base members of the record (`id`, `created_at`, `updated_at`)
 * are not confirmed there; they are what a client could expect
 */
JsonNode *
dms_onboarding_to_json (DmsOnboarding *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autoptr (DmsResources) onboarded = NULL;
  g_autoptr (DmsResources) none = dms_resources_new_empty ();
  gint64 created;
  gint64 updated;

  if (dms_ledger_get_onboarding_times (self->ledger, &created, &updated))
    {
      onboarded = dms_ledger_dup_onboarded (self->ledger, NULL);
      json_object_set_string_member (object, "id", "1");
      add_time (object, "created_at", created);
      add_time (object, "updated_at", updated);
    }
  json_object_set_boolean_member (object, "is_onboarded", onboarded != NULL);
  json_object_set_member (
      object, "onboarded_resources", dms_resources_to_json (onboarded != NULL ? onboarded : none));
  json_node_take_object (node, object);
  return node;
}

static char *
format_bytes (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

/* A tenth to nine tenths of what there is; whole bytes, so that the ends themselves are allowed. */
static gboolean
check_share (const char *what, guint64 asked, guint64 total, GError **error)
{
  guint64 least = total / 100 * LEAST_PERCENT;
  guint64 most = total / 100 * MOST_PERCENT + total % 100 * MOST_PERCENT / 100;
  g_autofree char *asked_text = format_bytes (asked);
  g_autofree char *least_text = format_bytes (least);
  g_autofree char *most_text = format_bytes (most);
  g_autofree char *total_text = format_bytes (total);

  if (asked >= least && asked <= most && total > 0)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_OUT_OF_RANGE,
               "%s is out of range: %s to %s (%d %% to %d %% of %s) can be onboarded, got %s",
               what,
               least_text,
               most_text,
               LEAST_PERCENT,
               MOST_PERCENT,
               total_text,
               asked_text);
  return FALSE;
}

/* What jobs of ours hold is in use by our own doing. */
static gboolean
check_free (const char *what, guint64 asked, guint64 held, guint64 free, GError **error)
{
  guint64 needed = asked - MIN (asked, held);
  g_autofree char *needed_text = format_bytes (needed);
  g_autofree char *free_text = format_bytes (free);

  if (needed <= free)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NO_RESOURCES,
               "machine has high usage: not enough free %s available: %s needed, %s free now; onboard less "
               "or end other "
               "programs",
               what,
               needed_text,
               free_text);
  return FALSE;
}

/* (nullable): the device with an index. */
static DmsGpu *
find_gpu (GPtrArray *gpus, guint index)
{
  for (guint i = 0; i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      if (dms_gpu_get_index (gpu) == index)
        return gpu;
    }
  return NULL;
}

static guint64
vram_of (GPtrArray *gpus, guint index)
{
  DmsGpu *gpu = find_gpu (gpus, index);

  return gpu != NULL ? dms_gpu_get_vram_bytes (gpu) : 0;
}

static gboolean
check_cores (double asked, double total, GError **error)
{
  if (asked >= 1 && asked <= total)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_OUT_OF_RANGE,
               "CPU is out of range: 1 to %g cores can be onboarded, got %g",
               total,
               asked);
  return FALSE;
}

/* Limits of the machine as it is made, whatever is going on on it. */
static gboolean
check_capacity (DmsResources *asked, DmsHardware *machine, GError **error)
{
  DmsResources *total = dms_hardware_get_total (machine);
  GPtrArray *gpus = dms_resources_get_gpus (asked);
  guint64 disk = dms_disk_get_size_bytes (dms_resources_get_disk (asked));
  guint64 disk_total = dms_disk_get_size_bytes (dms_resources_get_disk (total));

  if (!check_cores (dms_cpu_get_cores (dms_resources_get_cpu (asked)),
                    dms_cpu_get_cores (dms_resources_get_cpu (total)),
                    error) ||
      !check_share ("RAM",
                    dms_ram_get_size_bytes (dms_resources_get_ram (asked)),
                    dms_ram_get_size_bytes (dms_resources_get_ram (total)),
                    error))
    return FALSE;
  if (disk > disk_total)
    {
      g_autofree char *disk_text = format_bytes (disk);
      g_autofree char *total_text = format_bytes (disk_total);
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_OUT_OF_RANGE,
                   "disk is out of range: up to %s can be onboarded, got %s",
                   total_text,
                   disk_text);
      return FALSE;
    }
  for (guint i = 0; i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      guint index = dms_gpu_get_index (gpu);
      g_autofree char *what = g_strdup_printf ("memory of GPU %u", index);
      if (find_gpu (dms_resources_get_gpus (total), index) == NULL)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_OUT_OF_RANGE,
                       "there is no GPU %u on this machine; “nunet gpu list” shows those there are",
                       index);
          return FALSE;
        }
      if (!check_share (
              what, dms_gpu_get_vram_bytes (gpu), vram_of (dms_resources_get_gpus (total), index), error))
        return FALSE;
    }
  return TRUE;
}

/* The load of the processors is not looked at: time is shared at any moment, and who lends a machine is often
 * just working on it. Memory and disk in use are not there to be shared. */
static gboolean
check_usage (DmsResources *asked, DmsResources *held, DmsHardware *machine, GError **error)
{
  g_autoptr (DmsResources) free = dms_hardware_dup_free (machine);
  GPtrArray *gpus = dms_resources_get_gpus (asked);

  if (!check_free ("RAM",
                   dms_ram_get_size_bytes (dms_resources_get_ram (asked)),
                   dms_ram_get_size_bytes (dms_resources_get_ram (held)),
                   dms_ram_get_size_bytes (dms_resources_get_ram (free)),
                   error) ||
      !check_free ("disk",
                   dms_disk_get_size_bytes (dms_resources_get_disk (asked)),
                   dms_disk_get_size_bytes (dms_resources_get_disk (held)),
                   dms_disk_get_size_bytes (dms_resources_get_disk (free)),
                   error))
    return FALSE;
  for (guint i = 0; i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      guint index = dms_gpu_get_index (gpu);
      g_autofree char *what = g_strdup_printf ("memory of GPU %u", index);
      if (!check_free (what,
                       dms_gpu_get_vram_bytes (gpu),
                       vram_of (dms_resources_get_gpus (held), index),
                       vram_of (dms_resources_get_gpus (free), index),
                       error))
        return FALSE;
    }
  return TRUE;
}

/* `index:GiB,…` of the command line (types.md: `GPUs`). */
static GPtrArray *
parse_gpus (const char *text, GError **error)
{
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_auto (GStrv) parts = g_strsplit (text, ",", MAX_GPUS + 1);

  for (gsize i = 0; parts[i] != NULL; i++)
    {
      char *colon = strchr (parts[i], ':');
      char *end = NULL;
      guint64 index;
      double gib = colon != NULL ? g_ascii_strtod (colon + 1, &end) : 0;

      if (colon != NULL)
        *colon = '\0';
      if (colon == NULL || *g_strchug (end) != '\0' || !(gib > 0 && gib < 1e6) || i >= MAX_GPUS ||
          !g_ascii_string_to_unsigned (g_strstrip (parts[i]), 10, 0, MAX_GPUS, &index, NULL) ||
          find_gpu (gpus, (guint) index) != NULL)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_ARGUMENT,
                       "cannot read the GPUs “%s”: must be index:GiB pairs such as 0:8,1:16, each index once",
                       text);
          return NULL;
        }
      g_ptr_array_add (
          gpus,
          dms_gpu_new (
              (guint) index, DMS_GPU_VENDOR_NONE, NULL, NULL, NULL, (guint64) (gib * 1024 * 1024 * 1024)));
    }
  return g_steal_pointer (&gpus);
}

/* The quantities asked for with the descriptions of what the machine has, so that offers can be matched by
 * them. */
static DmsResources *
describe (DmsResources *asked, GPtrArray *gpus, DmsResources *machine)
{
  DmsCpu *cpu = dms_resources_get_cpu (machine);
  DmsRam *ram = dms_resources_get_ram (machine);
  DmsDisk *disk = dms_resources_get_disk (machine);
  g_autoptr (GPtrArray) devices = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_autoptr (DmsCpu) own_cpu = dms_cpu_new_full (dms_cpu_get_cores (dms_resources_get_cpu (asked)),
                                                 dms_cpu_get_clock_hz (cpu),
                                                 dms_cpu_get_model (cpu),
                                                 dms_cpu_get_vendor (cpu),
                                                 dms_cpu_get_architecture (cpu),
                                                 dms_cpu_get_threads (cpu),
                                                 dms_cpu_get_cache_bytes (cpu));
  g_autoptr (DmsRam) own_ram = dms_ram_new (dms_ram_get_size_bytes (dms_resources_get_ram (asked)),
                                            dms_ram_get_clock_hz (ram),
                                            dms_ram_get_type_name (ram));
  g_autoptr (DmsDisk) own_disk = dms_disk_new_full (dms_disk_get_size_bytes (dms_resources_get_disk (asked)),
                                                    dms_disk_get_model (disk),
                                                    dms_disk_get_vendor (disk),
                                                    dms_disk_get_type_name (disk),
                                                    dms_disk_get_interface_name (disk),
                                                    dms_disk_get_read_bytes_per_second (disk),
                                                    dms_disk_get_write_bytes_per_second (disk));

  for (guint i = 0; i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      DmsGpu *device = find_gpu (dms_resources_get_gpus (machine), dms_gpu_get_index (gpu));
      if (device == NULL)
        device = gpu;
      g_ptr_array_add (devices,
                       dms_gpu_new (dms_gpu_get_index (gpu),
                                    dms_gpu_get_vendor (device),
                                    dms_gpu_get_model (device),
                                    dms_gpu_get_pci_address (device),
                                    dms_gpu_get_uuid (device),
                                    dms_gpu_get_vram_bytes (gpu)));
    }
  return dms_resources_new (own_cpu, own_ram, own_disk, devices);
}

typedef struct
{
  DmsResources *requested;
  GPtrArray *gpus;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  dms_resources_unref (request->requested);
  g_ptr_array_unref (request->gpus);
  g_free (request);
}

static gboolean
onboard (DmsOnboarding *self, Request *request, GError **error)
{
  g_autoptr (DmsHardware) machine = dms_inventory_dup_hardware (self->inventory, error);
  g_autoptr (DmsResources) held = machine != NULL ? dms_ledger_dup_allocated (self->ledger, error) : NULL;
  g_autoptr (DmsResources) asked = NULL;

  if (held == NULL)
    return FALSE;
  asked = describe (request->requested, request->gpus, dms_hardware_get_total (machine));
  return check_capacity (asked, machine, error) && check_usage (asked, held, machine, error) &&
         dms_ledger_set_onboarded (self->ledger, asked, error);
}

static void
refreshed_for_onboard (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dms_inventory_refresh_finish (DMS_INVENTORY (source), result, &error) &&
      onboard (g_task_get_source_object (task), g_task_get_task_data (task), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dms_onboarding_onboard_async:
 * @self: an onboarding
 * @requested: how much to lend
 * @no_gpu: lend no GPU
 * @gpus: (nullable): GPUs to lend as the command line says them; otherwise those of @requested
 * @cancellable: (nullable): a cancellable
 * @callback: called when done
 * @user_data: for @callback
 *
 * Lends a part of the machine, in place of what was lent before.
 */
void
dms_onboarding_onboard_async (DmsOnboarding *self,
                              DmsResources *requested,
                              gboolean no_gpu,
                              const char *gpus,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  GError *error = NULL;
  Request *request = NULL;

  g_return_if_fail (DMS_IS_ONBOARDING (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_onboarding_onboard_async);
  if (no_gpu)
    devices = g_ptr_array_new ();
  else if (gpus != NULL && gpus[0] != '\0')
    devices = parse_gpus (gpus, &error);
  else
    devices = g_ptr_array_ref (dms_resources_get_gpus (requested));
  if (devices == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  request = g_new0 (Request, 1);
  request->requested = dms_resources_ref (requested);
  request->gpus = g_steal_pointer (&devices);
  g_task_set_task_data (task, request, request_free);
  dms_inventory_refresh_async (self->inventory, cancellable, refreshed_for_onboard, g_steal_pointer (&task));
}

gboolean
dms_onboarding_onboard_finish (DmsOnboarding *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dms_onboarding_offboard:
 * @self: an onboarding
 * @error: return location
 *
 * Returns: whether nothing is lent any more
 */
gboolean
dms_onboarding_offboard (DmsOnboarding *self, GError **error)
{
  g_auto (GStrv) holders = NULL;
  guint n;

  g_return_val_if_fail (DMS_IS_ONBOARDING (self), FALSE);

  if (!dms_onboarding_is_onboarded (self))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "machine is not onboarded");
      return FALSE;
    }
  holders = dms_ledger_list (self->ledger, error);
  if (holders == NULL)
    return FALSE;
  n = g_strv_length (holders);
  if (n > 0)
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_WRONG_STATE,
          "cannot offboard: %u allocation%s (“%s”%s) on this machine; shut down what runs here first",
          n,
          n == 1 ? " is" : "s are",
          holders[0],
          n == 1 ? "" : " and others");
      return FALSE;
    }
  return dms_ledger_set_onboarded (self->ledger, NULL, error);
}

static void
refreshed_for_recheck (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsOnboarding *self = g_task_get_source_object (task);
  g_autoptr (DmsHardware) machine = NULL;
  g_autoptr (DmsResources) onboarded = NULL;
  g_autoptr (DmsResources) rest = NULL;
  g_autoptr (GError) reason = NULL;
  GError *error = NULL;

  if (dms_inventory_refresh_finish (DMS_INVENTORY (source), result, &error))
    machine = dms_inventory_dup_hardware (self->inventory, &error);
  if (machine == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  /* That it has more now, of which the same is a smaller share, is no reason. */
  onboarded = dms_ledger_dup_onboarded (self->ledger, NULL);
  rest = onboarded != NULL ? dms_resources_subtract (dms_hardware_get_total (machine), onboarded, &reason)
                           : NULL;
  if (onboarded == NULL || rest != NULL)
    {
      g_task_return_int (task, FALSE);
      return;
    }
  g_warning ("the machine no longer has what it lends and is off-boarded: %s", reason->message);
  if (dms_ledger_set_onboarded (self->ledger, NULL, &error))
    g_task_return_int (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dms_onboarding_recheck_async:
 * @self: an onboarding
 * @cancellable: (nullable): a cancellable
 * @callback: called when done
 * @user_data: for @callback
 *
 * Looks whether the machine still has what it lends.
 */
void
dms_onboarding_recheck_async (DmsOnboarding *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task = NULL;

  g_return_if_fail (DMS_IS_ONBOARDING (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_onboarding_recheck_async);
  dms_inventory_refresh_async (self->inventory, cancellable, refreshed_for_recheck, task);
}

gboolean
dms_onboarding_recheck_finish (DmsOnboarding *self,
                               GAsyncResult *result,
                               gboolean *offboarded,
                               GError **error)
{
  GError *local_error = NULL;
  gssize value;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  value = g_task_propagate_int (G_TASK (result), &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (offboarded != NULL)
    *offboarded = value != 0;
  return TRUE;
}
