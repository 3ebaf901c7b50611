/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-job.h"

#include "importers/dms-import-flow.h"
#include "importers/dms-import-text.h"
#include "importers/dms-import-tree.h"
#include "jobs/dms-job-units.h"

#include <math.h>
#include <string.h>

/* What a job file may have at most (core/jobs), and of variables what fits an engine's request. */
enum
{
  MAX_VARIABLES = 1000,
  MAX_VOLUMES = 256,
  MAX_FILES = 64,
};

DmsImportJob *
dms_import_job_new (const char *name, gsize *room)
{
  DmsImportJob *self = g_new0 (DmsImportJob, 1);

  self->room = room;
  self->name = g_strdup (name);
  self->executor = "docker";
  self->depends_on = g_ptr_array_new_with_free_func (g_free);
  self->after = g_ptr_array_new_with_free_func (g_free);
  self->variables = g_ptr_array_new_with_free_func (g_free);
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  return self;
}

/* A small file can ask for the same long text a hundred times over. */
static gboolean
spend (DmsImportJob *self, const char *text)
{
  gsize size = strlen (text) + 1;

  if (size > *self->room)
    {
      *self->room = 0;
      return FALSE;
    }
  *self->room -= size;
  return TRUE;
}

void
dms_import_job_settle (DmsImportJob *self)
{
  for (guint i = 0; self->entrypoint != NULL && self->entrypoint[i] != NULL; i++)
    spend (self, self->entrypoint[i]);
  for (guint i = 0; self->command != NULL && self->command[i] != NULL; i++)
    spend (self, self->command[i]);
  for (guint i = 0; self->health_command != NULL && self->health_command[i] != NULL; i++)
    spend (self, self->health_command[i]);
}

DmsImportJob *
dms_import_job_copy (DmsImportJob *self, const char *name)
{
  DmsImportJob *copy = dms_import_job_new (name, self->room);

  copy->dns_name = g_strdup (self->dns_name);
  copy->executor = self->executor;
  copy->is_task = self->is_task;
  copy->restarts = self->restarts;
  copy->image = g_strdup (self->image);
  copy->entrypoint = g_strdupv (self->entrypoint);
  copy->command = g_strdupv (self->command);
  copy->working_directory = g_strdup (self->working_directory);
  copy->user = g_strdup (self->user);
  copy->privileged = self->privileged;
  copy->cores = self->cores;
  copy->ram = self->ram;
  copy->disk = self->disk;
  copy->architecture = g_strdup (self->architecture);
  copy->n_gpus = self->n_gpus;
  copy->gpu_vendor = g_strdup (self->gpu_vendor);
  copy->gpu_model = g_strdup (self->gpu_model);
  copy->health_command = g_strdupv (self->health_command);
  copy->health_endpoint = g_strdup (self->health_endpoint);
  copy->health_interval_ns = self->health_interval_ns;
  copy->wants_step = self->wants_step;
  copy->has_retries = self->has_retries;
  copy->max_retries = self->max_retries;
  copy->retry_delay = self->retry_delay;
  copy->retry_max_delay = self->retry_max_delay;
  copy->timeout = g_strdup (self->timeout);
  copy->n_runs = self->n_runs;
  dms_import_flow_copy (self, copy);
  for (guint i = 0; i < self->depends_on->len; i++)
    dms_import_job_add_dependency (copy, self->depends_on->pdata[i]);
  for (guint i = 0; i < self->variables->len; i++)
    dms_import_job_set_variable (
        copy, self->variables->pdata[i], g_hash_table_lookup (self->values, self->variables->pdata[i]));
  for (guint i = 0; i < self->volumes->len; i++)
    g_ptr_array_add (copy->volumes, dms_job_node_ref (self->volumes->pdata[i]));
  for (guint i = 0; i < self->files->len; i++)
    {
      spend (copy, dms_job_node_get_text (dms_job_node_get (self->files->pdata[i], "file")));
      g_ptr_array_add (copy->files, dms_job_node_ref (self->files->pdata[i]));
    }
  return copy;
}

void
dms_import_job_free (DmsImportJob *self)
{
  g_free (self->name);
  g_free (self->dns_name);
  g_free (self->image);
  g_strfreev (self->entrypoint);
  g_strfreev (self->command);
  g_free (self->working_directory);
  g_free (self->user);
  g_free (self->architecture);
  g_free (self->gpu_vendor);
  g_free (self->gpu_model);
  g_strfreev (self->health_command);
  g_free (self->health_endpoint);
  g_ptr_array_unref (self->depends_on);
  g_clear_pointer (&self->waits, g_ptr_array_unref);
  g_ptr_array_unref (self->after);
  g_free (self->timeout);
  g_hash_table_unref (self->values);
  g_ptr_array_unref (self->variables);
  g_ptr_array_unref (self->volumes);
  g_ptr_array_unref (self->files);
  g_free (self);
}

gboolean
dms_import_job_set_variable (DmsImportJob *self, const char *name, const char *value)
{
  const char *key = name;
  gpointer kept;

  if (!dms_import_text_is_variable (name) || !spend (self, value))
    return FALSE;
  if (g_hash_table_lookup_extended (self->values, name, &kept, NULL))
    {
      key = kept;
    }
  else
    {
      if (self->variables->len >= MAX_VARIABLES)
        return FALSE;
      g_ptr_array_add (self->variables, g_strdup (name));
      key = self->variables->pdata[self->variables->len - 1];
    }
  g_hash_table_insert (self->values, (gpointer) key, g_strdup (value));
  return TRUE;
}

const char *
dms_import_job_get_variable (DmsImportJob *self, const char *name)
{
  return g_hash_table_lookup (self->values, name);
}

static gboolean
is_place (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  return g_path_is_absolute (path) && strspn (path, "/") < strlen (path) &&
         !g_strv_contains ((const char *const *) parts, "..");
}

gboolean
dms_import_job_add_volume (DmsImportJob *self,
                           const char *source,
                           const char *destination,
                           gboolean read_only)
{
  DmsJobNode *volume;

  if (self->volumes->len >= MAX_VOLUMES || !is_place (destination) || *source == '\0')
    return FALSE;
  volume = dms_job_node_new_map (0, 0);
  dms_import_tree_set_text (volume, "type", "local");
  dms_import_tree_set_text (volume, "src", source);
  dms_import_tree_set_text (volume, "mount_destination", destination);
  if (read_only)
    dms_import_tree_set_bool (volume, "read_only", TRUE);
  g_ptr_array_add (self->volumes, volume);
  return TRUE;
}

gboolean
dms_import_job_add_file (DmsImportJob *self,
                         const char *destination,
                         const char *content,
                         gboolean placeholder)
{
  DmsJobNode *file;

  if (self->files->len >= MAX_FILES || !is_place (destination) || *content == '\0' || !spend (self, content))
    return FALSE;
  file = dms_job_node_new_map (0, 0);
  /* The kind of key that is a file of any content; only its owner, the job, may read it. */
  dms_import_tree_set_text (file, "type", "gpg");
  dms_import_tree_set_text (file, "dest", destination);
  if (placeholder)
    dms_import_tree_set_raw (file, "file", content);
  else
    dms_import_tree_set_text (file, "file", content);
  g_ptr_array_add (self->files, file);
  return TRUE;
}

void
dms_import_job_add_dependency (DmsImportJob *self, const char *name)
{
  for (guint i = 0; i < self->depends_on->len; i++)
    {
      if (strcmp (self->depends_on->pdata[i], name) == 0)
        return;
    }
  g_ptr_array_add (self->depends_on, g_strdup (name));
}

static DmsJobNode *
make_resources (DmsImportJob *self)
{
  DmsJobNode *resources = dms_job_node_new_map (0, 0);
  DmsJobNode *cpu = dms_import_tree_add_map (resources, "cpu");
  DmsJobNode *ram = dms_import_tree_add_map (resources, "ram");
  DmsJobNode *disk = dms_import_tree_add_map (resources, "disk");
  DmsJobNode *gpus;
  g_autofree char *ram_size = NULL;
  g_autofree char *disk_size = NULL;

  dms_import_tree_set_number (cpu, "cores", self->cores > 0 ? self->cores : DMS_IMPORT_DEFAULT_CORES);
  if (self->architecture != NULL)
    dms_import_tree_set_text (cpu, "architecture", self->architecture);
  ram_size = dms_import_text_format_bytes (self->ram > 0 ? self->ram : DMS_IMPORT_DEFAULT_RAM);
  disk_size = dms_import_text_format_bytes (self->disk > 0 ? self->disk : DMS_IMPORT_DEFAULT_DISK);
  dms_import_tree_set_text (ram, "size", ram_size);
  dms_import_tree_set_text (disk, "size", disk_size);
  if (self->n_gpus == 0)
    return resources;
  gpus = dms_import_tree_add_list (resources, "gpus");
  for (guint i = 0; i < self->n_gpus; i++)
    {
      DmsJobNode *gpu = dms_job_node_new_map (0, 0);

      dms_import_tree_set_text (gpu, "vendor", self->gpu_vendor != NULL ? self->gpu_vendor : "NVIDIA");
      if (self->gpu_model != NULL)
        dms_import_tree_set_text (gpu, "model", self->gpu_model);
      dms_job_node_append (gpus, gpu);
    }
  return resources;
}

static DmsJobNode *
make_execution (DmsImportJob *self)
{
  DmsJobNode *execution = dms_job_node_new_map (0, 0);
  DmsJobNode *environment;

  dms_import_tree_set_text (execution, "type", self->executor);
  if (self->image != NULL)
    dms_import_tree_set_text (execution, "image", self->image);
  if (self->entrypoint != NULL)
    dms_import_tree_set_texts (execution, "entrypoint", (const char *const *) self->entrypoint);
  if (self->command != NULL)
    dms_import_tree_set_texts (execution, "cmd", (const char *const *) self->command);
  if (self->working_directory != NULL && *self->working_directory != '\0')
    dms_import_tree_set_text (execution, "working_directory", self->working_directory);
  if (self->user != NULL && *self->user != '\0')
    dms_import_tree_set_text (execution, "user", self->user);
  if (self->privileged)
    dms_import_tree_set_bool (execution, "privileged", TRUE);
  if (self->variables->len == 0)
    return execution;
  environment = dms_import_tree_add_map (execution, "environment");
  for (guint i = 0; i < self->variables->len; i++)
    dms_import_tree_set_text (environment,
                              self->variables->pdata[i],
                              g_hash_table_lookup (self->values, self->variables->pdata[i]));
  return execution;
}

static void
add_health_check (DmsImportJob *self, DmsJobNode *allocation)
{
  DmsJobNode *check;
  g_autofree char *interval = NULL;

  if (self->health_command == NULL && self->health_endpoint == NULL)
    return;
  check = dms_import_tree_add_map (allocation, "healthcheck");
  dms_import_tree_set_text (check, "type", self->health_command != NULL ? "command" : "http");
  if (self->health_command != NULL)
    dms_import_tree_set_texts (check, "exec", (const char *const *) self->health_command);
  else
    dms_import_tree_set_text (check, "endpoint", self->health_endpoint);
  interval = dms_job_units_format_duration (self->health_interval_ns > 0 ? self->health_interval_ns
                                                                         : DMS_IMPORT_DEFAULT_INTERVAL_NS);
  dms_import_tree_set_text (check, "interval", interval);
}

static void
add_all (DmsJobNode *allocation, const char *key, GPtrArray *items)
{
  DmsJobNode *list;

  if (items->len == 0)
    return;
  list = dms_import_tree_add_list (allocation, key);
  for (guint i = 0; i < items->len; i++)
    dms_job_node_append (list, dms_job_node_ref (items->pdata[i]));
}

DmsJobNode *
dms_import_job_to_node (DmsImportJob *self)
{
  DmsJobNode *allocation = dms_job_node_new_map (0, 0);

  dms_import_tree_set_text (allocation, "executor", self->executor);
  dms_import_tree_set_text (allocation, "type", self->is_task ? "task" : "service");
  if (self->dns_name != NULL && strcmp (self->dns_name, self->name) != 0)
    dms_import_tree_set_text (allocation, "dns_name", self->dns_name);
  dms_job_node_set (allocation, "resources", 0, 0, make_resources (self));
  dms_job_node_set (allocation, "execution", 0, 0, make_execution (self));
  add_all (allocation, "volumes", self->volumes);
  add_all (allocation, "keys", self->files);
  if (self->depends_on->len > 0)
    {
      DmsJobNode *list = dms_import_tree_add_list (allocation, "depends_on");

      for (guint i = 0; i < self->depends_on->len; i++)
        dms_import_tree_append_text (list, self->depends_on->pdata[i]);
    }
  add_health_check (self, allocation);
  if (self->is_step)
    dms_import_flow_write (self, allocation);
  else if (self->restarts)
    dms_import_tree_set_text (allocation, "failure_recovery", "one_for_one");
  return allocation;
}
