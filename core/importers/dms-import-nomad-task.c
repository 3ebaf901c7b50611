/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-nomad-private.h"

#include "importers/dms-import-security.h"
#include "importers/dms-import-text.h"
#include "importers/dms-import-variables.h"

#include <math.h>
#include <string.h>

/* One task of a Nomad group. */

/* Nomad counts the clock rates of all cores together; a core of a machine that is neither old nor new. */
#define MHZ_PER_CORE 2000.0

enum
{
  MAX_GPUS = 64,
};

typedef struct
{
  DmsImportNomadGroup *group;
  DmsImportReader *task;
  const char *name;
  DmsImportJob *job;
  /* Destination → content of templates that are plain files. */
  GHashTable *files;
} Task;

static char *
expand (Task *self, DmsImportReader *reader, const char *key, const char *text)
{
  gboolean unknown = FALSE;
  char *expanded = dms_import_nomad_expand (self->group, self->name, text, &unknown);

  if (unknown)
    dms_import_reader_note (reader,
                            key,
                            DMS_IMPORT_IMPOSSIBLE,
                            "it has a ${…} that only a machine of Nomad knows, and that was left as it is");
  return expanded;
}

static GStrv
take_words (Task *self, DmsImportReader *config, const char *key)
{
  GStrv words = dms_import_reader_dup_texts (config, key);

  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    {
      char *expanded = expand (self, config, key, words[i]);

      g_free (words[i]);
      words[i] = expanded;
    }
  return words;
}

/* `command` and `args` as one list */
static GStrv
take_command (Task *self, DmsImportReader *config)
{
  g_autofree char *command = dms_import_reader_dup_text (config, "command");
  g_auto (GStrv) args = take_words (self, config, "args");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (command == NULL && args == NULL)
    return NULL;
  if (command != NULL && *command != '\0')
    {
      g_autofree char *expanded = expand (self, config, "command", command);

      g_strv_builder_add (builder, expanded);
    }
  for (guint i = 0; args != NULL && args[i] != NULL; i++)
    g_strv_builder_add (builder, args[i]);
  return g_strv_builder_end (builder);
}

/* Whose a port is, and where it leads when that was not said. */
static void
claim_ports (Task *self, DmsImportReader *config)
{
  g_auto (GStrv) labels = dms_import_reader_dup_texts (config, "ports");
  g_autoptr (DmsImportReader) map = dms_import_nomad_open (config, "port_map", NULL);
  DmsJobNode *node = map == NULL ? NULL : dms_import_reader_get_node (map);

  for (guint i = 0; labels != NULL && labels[i] != NULL; i++)
    {
      DmsImportNomadPort *port = g_hash_table_lookup (self->group->ports, labels[i]);

      if (port == NULL)
        {
          dms_import_reader_note (
              config, "ports", DMS_IMPORT_IMPOSSIBLE, "the group has no port “%.60s”", labels[i]);
          continue;
        }
      if (port->job == NULL)
        port->job = g_strdup (self->job->name);
    }
  for (guint i = 0; node != NULL && i < dms_job_node_get_n_items (node); i++)
    {
      const char *label = dms_job_node_get_key (node, i);
      DmsImportNomadPort *port = g_hash_table_lookup (self->group->ports, label);

      if (port == NULL)
        continue;
      port->private_port = (guint) dms_import_reader_get_int (map, label, 1, 65535, port->private_port);
      if (port->job == NULL)
        port->job = g_strdup (self->job->name);
    }
  if (map != NULL)
    dms_import_nomad_finish (map);
}

/* `source:/target[:ro]`; a source in the task's own directory is a file that a template makes. The remark on
 * it, and whether it was taken. */
static const char *
add_bind (Task *self, const char *text, gboolean *taken)
{
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", ":", 3);
  const char *content = NULL;

  *taken = FALSE;
  if (g_strv_length (parts) < 2)
    return "must be SOURCE:/TARGET[:ro]";
  content = g_hash_table_lookup (self->files, parts[0]);
  if (content != NULL)
    {
      *taken = dms_import_job_add_file (self->job, parts[1], content, FALSE);
      return *taken ? "the template's file, which only the job's user may read"
                    : "it is empty, cannot be put there, or is one too many";
    }
  if (!g_path_is_absolute (parts[0]) || strspn (parts[0], "/") == strlen (parts[0]) ||
      strstr (parts[0], ".sock") != NULL)
    return "the source is neither a path of the machine that a job may have nor a template without functions";
  *taken = dms_import_job_add_volume (
      self->job, parts[0], parts[1], parts[2] != NULL && dms_import_text_has_option (parts[2], "ro"));
  return *taken ? DMS_IMPORT_BIND_REMARK : "cannot be mounted there, or is one too many";
}

static void
take_bind (Task *self, DmsImportReader *config, DmsJobNode *item, const char *suffix)
{
  gboolean taken;
  const char *remark = add_bind (self, dms_job_node_get_text (item), &taken);

  dms_import_reader_note_item (
      config, "volumes", item, suffix, taken ? DMS_IMPORT_APPROXIMATED : DMS_IMPORT_IMPOSSIBLE, "%s", remark);
}

static void
note_config (DmsImportReader *config)
{
  static const struct
  {
    const char *key;
    DmsImportFate fate;
    const char *text;
  } remarks[] = {
    { "auth", DMS_IMPORT_IMPOSSIBLE, "the machine's own credentials for the registry are used" },
    { "auth_soft_fail", DMS_IMPORT_IMPOSSIBLE, "the machine's own credentials for the registry are used" },
    { "cap_add", DMS_IMPORT_IMPOSSIBLE, "capabilities cannot be added one by one; privileged gives all" },
    { "cap_drop", DMS_IMPORT_APPROXIMATED, "left out: the executor's own set is used" },
    { "devices", DMS_IMPORT_IMPOSSIBLE, "devices cannot be mapped; ask for GPUs under resources.gpus" },
    { "dns_servers", DMS_IMPORT_IMPOSSIBLE, "the machine's resolver is used" },
    { "extra_hosts", DMS_IMPORT_IMPOSSIBLE, "write the addresses into the program's settings" },
    { "force_pull", DMS_IMPORT_APPROXIMATED, "an image is pulled when the machine does not have it" },
    { "hostname",
      DMS_IMPORT_APPROXIMATED,
      "others find it as the allocation's name with .internal behind it" },
    { "image_pull_timeout", DMS_IMPORT_APPROXIMATED, "the node's own time is used" },
    { "init",
      DMS_IMPORT_APPROXIMATED,
      "left out; choose an image with an init if the program leaves zombies" },
    { "interactive", DMS_IMPORT_IMPOSSIBLE, "nobody sits at a terminal" },
    { "labels", DMS_IMPORT_IMPOSSIBLE, "allocations have no labels; put them into the ensemble's metadata" },
    { "logging", DMS_IMPORT_APPROXIMATED, "output is kept by the node and fetched with deployment/logs" },
    { "mount", DMS_IMPORT_IMPOSSIBLE, "write it as a volume of the allocation" },
    { "mounts", DMS_IMPORT_IMPOSSIBLE, "write it as a volume of the allocation" },
    { "network_mode",
      DMS_IMPORT_IMPOSSIBLE,
      "jobs share no network with the machine; publish ports instead" },
    { "readonly_rootfs",
      DMS_IMPORT_APPROXIMATED,
      "the root is writable; its changes end with the container" },
    { "runtime", DMS_IMPORT_IMPOSSIBLE, "the machine chooses the runtime" },
    { "shm_size", DMS_IMPORT_IMPOSSIBLE, "/dev/shm has the engine's default size" },
    { "sysctl", DMS_IMPORT_IMPOSSIBLE, "settings of the kernel are the machine's" },
    { "tty", DMS_IMPORT_IMPOSSIBLE, "nobody sits at a terminal" },
    { "ulimit", DMS_IMPORT_IMPOSSIBLE, "the machine sets the limits" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (remarks); i++)
    dms_import_nomad_remark (config, remarks[i].key, NULL, remarks[i].fate, remarks[i].text);
}

static gboolean
take_container (Task *self, DmsImportReader *config)
{
  DmsJobNode *volumes;

  self->job->image = dms_import_reader_dup_text (config, "image");
  if (self->job->image == NULL || *self->job->image == '\0')
    {
      dms_import_reader_note (
          config, NULL, DMS_IMPORT_IMPOSSIBLE, "it names no image; the task was left out");
      return FALSE;
    }
  if (g_str_has_prefix (self->job->image, "docker://"))
    {
      char *bare = g_strdup (self->job->image + strlen ("docker://"));

      g_free (self->job->image);
      self->job->image = bare;
    }
  self->job->entrypoint = take_words (self, config, "entrypoint");
  self->job->command = take_command (self, config);
  self->job->working_directory = dms_import_reader_dup_text (config, "work_dir");
  self->job->privileged = dms_import_reader_get_bool (config, "privileged", FALSE);
  if (self->job->privileged)
    dms_import_reader_note (config,
                            "privileged",
                            DMS_IMPORT_APPROXIMATED,
                            "only machines whose owners allow privileged jobs will offer");
  claim_ports (self, config);
  volumes = dms_import_reader_get_list (config, "volumes");
  for (guint i = 0; volumes != NULL && i < dms_job_node_get_n_items (volumes); i++)
    {
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);

      take_bind (self, config, dms_job_node_get_item (volumes, i), suffix);
    }
  dms_import_security_note_options (config, "security_opt", self->job->privileged);
  note_config (config);
  return TRUE;
}

static gboolean
take_process (Task *self, DmsImportReader *config)
{
  self->job->executor = "process";
  self->job->command = take_command (self, config);
  if (self->job->command != NULL && self->job->command[0] != NULL)
    return TRUE;
  dms_import_reader_note (config, NULL, DMS_IMPORT_IMPOSSIBLE, "it names no command; the task was left out");
  return FALSE;
}

static gboolean
is_container (const char *driver)
{
  return strcmp (driver, "docker") == 0 || strcmp (driver, "podman") == 0;
}

/* Whether it is known how to run it; else what it has beside that is not looked at. */
static gboolean
check_driver (Task *self, const char *driver, DmsImportReader *config)
{
  const char *key = dms_import_nomad_key (self->task, "Driver", "driver");

  if (driver == NULL || config == NULL)
    {
      dms_import_reader_note (
          self->task, NULL, DMS_IMPORT_IMPOSSIBLE, "a task needs a driver and its config; it was left out");
      return FALSE;
    }
  if (is_container (driver) || strcmp (driver, "exec") == 0 || strcmp (driver, "exec2") == 0 ||
      strcmp (driver, "raw_exec") == 0)
    return TRUE;
  dms_import_reader_note (
      self->task,
      key,
      DMS_IMPORT_IMPOSSIBLE,
      strcmp (driver, "java") == 0
          ? "put the JAR into an image with a Java runtime, and use the driver docker; left out"
          : "this driver is not known: use docker or exec; the task was left out");
  return FALSE;
}

static gboolean
take_driver (Task *self, const char *driver, DmsImportReader *config)
{
  if (is_container (driver))
    {
      if (!take_container (self, config))
        return FALSE;
    }
  else
    {
      if (!take_process (self, config))
        return FALSE;
      dms_import_reader_note (
          self->task,
          dms_import_nomad_key (self->task, "Driver", "driver"),
          DMS_IMPORT_APPROXIMATED,
          "a process in the machine's sandbox, without network; the program must be there");
    }
  dms_import_nomad_finish (config);
  return TRUE;
}

static void
take_devices (DmsImportReader *resources, DmsImportJob *job)
{
  g_autoptr (GPtrArray) devices = dms_import_nomad_list (resources, "Devices", "device", TRUE);

  for (guint i = 0; i < devices->len; i++)
    {
      DmsImportNomadBlock *device = devices->pdata[i];
      gint64 count = dms_import_reader_get_int (
          device->reader, dms_import_nomad_key (device->reader, "Count", "count"), 0, MAX_GPUS, 1);
      g_auto (GStrv) parts = g_strsplit (device->name, "/", 3);
      gboolean gpu = g_str_has_suffix (device->name, "gpu") || g_strrstr (device->name, "/gpu/") != NULL;

      dms_import_reader_get (device->reader, "Name");
      if (!gpu)
        {
          dms_import_reader_note (device->reader, NULL, DMS_IMPORT_IMPOSSIBLE, "only GPUs can be asked for");
          continue;
        }
      job->n_gpus = (guint) count;
      g_free (job->gpu_vendor);
      job->gpu_vendor = g_strdup (g_strcmp0 (parts[0], "amd") == 0     ? "AMD/ATI"
                                  : g_strcmp0 (parts[0], "intel") == 0 ? "Intel"
                                                                       : "NVIDIA");
      dms_import_nomad_remark (device->reader,
                               "Constraints",
                               "constraint",
                               DMS_IMPORT_IMPOSSIBLE,
                               "say the model, or vram, of resources.gpus");
      dms_import_nomad_remark (
          device->reader, "Affinities", "affinity", DMS_IMPORT_IMPOSSIBLE, "wishes were left out");
      dms_import_nomad_finish (device->reader);
    }
}

static void
take_resources (Task *self)
{
  g_autoptr (DmsImportReader) resources = dms_import_nomad_open (self->task, "Resources", "resources");
  const char *cpu;
  gint64 mhz;
  gint64 cores;
  gint64 memory;
  gint64 most;
  gint64 disk;

  if (resources == NULL)
    {
      dms_import_reader_note (
          self->task,
          NULL,
          DMS_IMPORT_APPROXIMATED,
          "no resources are given; the job asks for half a core and 512 MiB: change that to what it "
          "needs");
      return;
    }
  cpu = dms_import_nomad_key (resources, "CPU", "cpu");
  mhz = dms_import_reader_get_int (resources, cpu, 0, 1000000, 0);
  cores =
      dms_import_reader_get_int (resources, dms_import_nomad_key (resources, "Cores", "cores"), 0, 4096, 0);
  memory = dms_import_reader_get_int (
      resources, dms_import_nomad_key (resources, "MemoryMB", "memory"), 0, 1 << 24, 0);
  most = dms_import_reader_get_int (
      resources, dms_import_nomad_key (resources, "MemoryMaxMB", "memory_max"), 0, 1 << 24, 0);
  disk = dms_import_reader_get_int (resources, "DiskMB", 0, 1 << 30, 0);
  if (cores > 0)
    self->job->cores = (double) cores;
  else if (mhz > 0)
    {
      self->job->cores = MAX (round ((double) mhz / MHZ_PER_CORE * 100) / 100, 0.01);
      dms_import_reader_note (
          resources, cpu, DMS_IMPORT_APPROXIMATED, "2,000 MHz are counted as one core, of whatever clock");
    }
  if (most > memory)
    dms_import_reader_note (resources,
                            dms_import_nomad_key (resources, "MemoryMaxMB", "memory_max"),
                            DMS_IMPORT_APPROXIMATED,
                            "that much is asked for and kept free");
  self->job->ram = (guint64) MAX (memory, most) << 20;
  if (self->job->cores == 0 || self->job->ram == 0)
    dms_import_reader_note (self->task,
                            NULL,
                            DMS_IMPORT_APPROXIMATED,
                            "no amount of %s is given; the job asks for %s: change that to what it needs",
                            self->job->cores > 0 ? "memory"
                            : self->job->ram > 0 ? "CPU"
                                                 : "CPU and memory",
                            self->job->cores > 0 ? "512 MiB"
                            : self->job->ram > 0 ? "half a core"
                                                 : "half a core and 512 MiB");
  self->job->disk = (guint64) disk << 20;
  take_devices (resources, self->job);
  dms_import_nomad_remark (resources,
                           "Networks",
                           "network",
                           DMS_IMPORT_IMPOSSIBLE,
                           "give the network to the group, as Nomad itself asks for");
  dms_import_nomad_remark (resources, "IOPS", NULL, DMS_IMPORT_IMPOSSIBLE, "has no meaning in Nomad either");
  dms_import_nomad_remark (resources, "NUMA", "numa", DMS_IMPORT_IMPOSSIBLE, "the machine places its jobs");
  dms_import_nomad_remark (
      resources, "SecretsMB", "secrets", DMS_IMPORT_IMPOSSIBLE, "secrets are files of the job");
  dms_import_nomad_finish (resources);
}

static void
take_env (Task *self)
{
  g_autoptr (DmsImportReader) env = dms_import_nomad_open (self->task, "Env", "env");
  DmsJobNode *node = env == NULL ? NULL : dms_import_reader_get_node (env);

  for (guint i = 0; node != NULL && i < dms_job_node_get_n_items (node); i++)
    {
      const char *key = dms_job_node_get_key (node, i);
      g_autofree char *text = dms_import_reader_dup_text (env, key);
      g_autofree char *value = text == NULL ? NULL : expand (self, env, key, text);

      if (value != NULL && !dms_import_job_set_variable (self->job, key, value))
        dms_import_reader_note (
            env, key, DMS_IMPORT_IMPOSSIBLE, "is no name of a variable that can be set, or one too many");
    }
  if (env != NULL)
    dms_import_reader_finish (env);
}

static void
take_template_env (Task *self, const char *data)
{
  g_autoptr (GPtrArray) order = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) values = dms_import_variables_parse (data, order, NULL);

  for (guint i = 0; i < order->len; i++)
    dms_import_job_set_variable (self->job, order->pdata[i], g_hash_table_lookup (values, order->pdata[i]));
}

static void
take_template (Task *self, DmsImportReader *template)
{
  g_autofree char *data = dms_import_nomad_dup_text (template, "EmbeddedTmpl", "data");
  g_autofree char *destination = dms_import_nomad_dup_text (template, "DestPath", "destination");
  gboolean env =
      dms_import_reader_get_bool (template, dms_import_nomad_key (template, "Envvars", "env"), FALSE);
  g_autofree char *path = NULL;

  if (data == NULL || destination == NULL || strstr (data, "{{") != NULL)
    {
      dms_import_reader_note (
          template,
          NULL,
          DMS_IMPORT_IMPOSSIBLE,
          "only templates whose text stands in the file, without {{functions}}, can be taken: write "
          "the file out, or let a provision script make it");
      return;
    }
  if (env)
    {
      take_template_env (self, data);
      dms_import_reader_note (template,
                              NULL,
                              DMS_IMPORT_APPROXIMATED,
                              "its variables were written out, and stand in the job file");
      return;
    }
  path =
      g_path_is_absolute (destination) ? g_strdup (destination) : g_build_filename ("/", destination, NULL);
  g_hash_table_replace (self->files, g_strdup (destination), g_strdup (data));
  if (dms_import_job_add_file (self->job, path, data, FALSE))
    dms_import_reader_note (template,
                            NULL,
                            DMS_IMPORT_APPROXIMATED,
                            "a file that only the job's user may read, and that does not change");
  else
    dms_import_reader_note (
        template, NULL, DMS_IMPORT_IMPOSSIBLE, "it is empty, cannot be put there, or is one too many");
}

static GHashTable *
list_volumes (DmsImportNomadGroup *group)
{
  g_autoptr (GPtrArray) blocks = dms_import_nomad_list (group->group, "Volumes", "volume", TRUE);
  GHashTable *volumes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < blocks->len; i++)
    {
      DmsImportNomadBlock *block = blocks->pdata[i];
      char *source = dms_import_nomad_dup_text (block->reader, "Source", "source");

      g_hash_table_replace (
          volumes, g_strdup (block->name), source != NULL ? source : g_strdup (block->name));
    }
  return volumes;
}

/* (nullable): what a volume of the group is on the machine */
static const char *
find_volume (DmsImportNomadGroup *group, const char *name)
{
  if (group->volumes == NULL)
    group->volumes = list_volumes (group);
  return name != NULL ? g_hash_table_lookup (group->volumes, name) : NULL;
}

static void
take_mount (Task *self, DmsImportReader *mount)
{
  g_autofree char *name = dms_import_nomad_dup_text (mount, "Volume", "volume");
  g_autofree char *destination = dms_import_nomad_dup_text (mount, "Destination", "destination");
  gboolean ro =
      dms_import_reader_get_bool (mount, dms_import_nomad_key (mount, "ReadOnly", "read_only"), FALSE);
  const char *known = find_volume (self->group, name);
  const char *source = known != NULL ? known : name;
  g_autofree char *volume = dms_import_text_to_volume (source != NULL ? source : "");

  if (name == NULL || destination == NULL || !dms_import_job_add_volume (self->job, volume, destination, ro))
    dms_import_reader_note (
        mount, NULL, DMS_IMPORT_IMPOSSIBLE, "needs a volume and an absolute destination, or is one too many");
  else
    dms_import_reader_note (mount,
                            NULL,
                            DMS_IMPORT_APPROXIMATED,
                            "a volume of this name of the machine that runs the job, made when missing");
}

static void
note_rest (DmsImportReader *task)
{
  static const struct
  {
    const char *api;
    const char *hcl;
    DmsImportFate fate;
    const char *text;
  } remarks[] = {
    { "Artifacts",
      "artifact",
      DMS_IMPORT_IMPOSSIBLE,
      "put it into the image, or let a provision script fetch it" },
    { "CSIPluginConfig", "csi_plugin", DMS_IMPORT_IMPOSSIBLE, "volumes are the machine's own" },
    { "Consul",
      "consul",
      DMS_IMPORT_IMPOSSIBLE,
      "there is no Consul; allocations find each other as NAME.internal" },
    { "DispatchPayload", "dispatch_payload", DMS_IMPORT_IMPOSSIBLE, "deploy the job with its input in it" },
    { "Identities",
      "identity",
      DMS_IMPORT_IMPOSSIBLE,
      "a job's rights are capabilities that its owner grants" },
    { "Identity", NULL, DMS_IMPORT_TRANSLATED, "what every task of Nomad has" },
    { "Actions", "action", DMS_IMPORT_IMPOSSIBLE, "there are no commands to call in a running job" },
    { "KillSignal", "kill_signal", DMS_IMPORT_APPROXIMATED, "the executor's own signal is used" },
    { "KillTimeout", "kill_timeout", DMS_IMPORT_APPROXIMATED, "the executor's own time is used" },
    { "Kind", "kind", DMS_IMPORT_IMPOSSIBLE, "there is no Consul Connect" },
    { "Leader", "leader", DMS_IMPORT_IMPOSSIBLE, "choose the allocation's failure_recovery" },
    { "LogConfig", "logs", DMS_IMPORT_APPROXIMATED, "the node's own limits of logs are used" },
    { "Meta", "meta", DMS_IMPORT_IMPOSSIBLE, "set what the program reads under environment" },
    { "RestartPolicy", "restart", DMS_IMPORT_APPROXIMATED, "the node's own limits of restarting are used" },
    { "ScalingPolicies", "scaling", DMS_IMPORT_IMPOSSIBLE, "update the deployment to change its size" },
    { "Schedule", "schedule", DMS_IMPORT_IMPOSSIBLE, "it runs as long as the deployment does" },
    { "ShutdownDelay", "shutdown_delay", DMS_IMPORT_APPROXIMATED, "left out" },
    { "Vault", "vault", DMS_IMPORT_IMPOSSIBLE, "there is no Vault: give secrets as files of the job" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (remarks); i++)
    dms_import_nomad_remark (task, remarks[i].api, remarks[i].hcl, remarks[i].fate, remarks[i].text);
}

static void
take_files (Task *self)
{
  g_autoptr (GPtrArray) templates = dms_import_nomad_list (self->task, "Templates", "template", FALSE);

  for (guint i = 0; i < templates->len; i++)
    take_template (self, ((DmsImportNomadBlock *) templates->pdata[i])->reader);
}

DmsImportJob *
dms_import_nomad_make_job (DmsImportNomadGroup *group,
                           DmsImportReader *task,
                           const char *task_name,
                           const char *name)
{
  g_autoptr (DmsImportJob) job = dms_import_job_new (name, dms_import_draft_get_room (group->draft));
  g_autoptr (GHashTable) files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) mounts = NULL;
  g_autofree char *driver = dms_import_nomad_dup_text (task, "Driver", "driver");
  g_autoptr (DmsImportReader) config = dms_import_nomad_open (task, "Config", "config");
  Task self = { group, task, task_name, job, files };

  dms_import_reader_get (task, "Name");
  if (!check_driver (&self, driver, config))
    return NULL;
  take_files (&self);
  take_env (&self);
  if (!take_driver (&self, driver, config))
    return NULL;
  take_resources (&self);
  if (group->disk > 0)
    job->disk = MAX (job->disk, group->disk);
  job->user = dms_import_nomad_dup_text (task, "User", "user");
  dms_import_nomad_constrain (group, task);
  mounts = dms_import_nomad_list (task, "VolumeMounts", "volume_mount", FALSE);
  for (guint i = 0; i < mounts->len; i++)
    take_mount (&self, ((DmsImportNomadBlock *) mounts->pdata[i])->reader);
  if (group->architecture != NULL)
    job->architecture = g_strdup (group->architecture);
  job->is_task = group->is_task;
  job->restarts = group->restarts;
  note_rest (task);
  return g_steal_pointer (&job);
}
