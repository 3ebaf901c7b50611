/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-compose-private.h"

#include "importers/dms-import-files.h"
#include "importers/dms-import-flow.h"
#include "importers/dms-import-security.h"
#include "importers/dms-import-text.h"
#include "importers/dms-import-variables.h"

#include <string.h>

/* One service of a Compose file but for its mounts and ports. */

enum
{
  MAX_GPUS = 64,
};

/* What is read only to be told of. */
typedef struct
{
  const char *key;
  DmsImportFate fate;
  const char *text;
} Remark;

static const Remark remarks[] = {
  { "annotations", DMS_IMPORT_IMPOSSIBLE, "allocations have no annotations; put them into metadata" },
  { "attach", DMS_IMPORT_TRANSLATED, "nothing is attached to" },
  { "cap_add", DMS_IMPORT_IMPOSSIBLE, "capabilities cannot be added one by one; privileged: true gives all" },
  { "cap_drop", DMS_IMPORT_APPROXIMATED, "left out: the executor's own set is used" },
  { "cgroup", DMS_IMPORT_IMPOSSIBLE, "the machine's cgroups are not a job's to choose" },
  { "cgroup_parent", DMS_IMPORT_IMPOSSIBLE, "the machine's cgroups are not a job's to choose" },
  { "container_name", DMS_IMPORT_APPROXIMATED, "the name of the service is used instead" },
  { "devices", DMS_IMPORT_IMPOSSIBLE, "devices cannot be mapped; ask for GPUs under resources.gpus" },
  { "dns", DMS_IMPORT_IMPOSSIBLE, "the machine's resolver is used" },
  { "dns_search", DMS_IMPORT_IMPOSSIBLE, "the machine's resolver is used" },
  { "domainname", DMS_IMPORT_IMPOSSIBLE, "names of allocations end in .internal" },
  { "external_links", DMS_IMPORT_IMPOSSIBLE, "containers outside the ensemble cannot be reached by name" },
  { "extra_hosts", DMS_IMPORT_IMPOSSIBLE, "write the addresses into the program's settings" },
  { "group_add", DMS_IMPORT_IMPOSSIBLE, "groups cannot be added; give user as USER:GROUP" },
  { "init", DMS_IMPORT_APPROXIMATED, "left out; choose an image with an init if the program leaves zombies" },
  { "ipc", DMS_IMPORT_IMPOSSIBLE, "jobs have memory of their own" },
  { "isolation", DMS_IMPORT_IMPOSSIBLE, "only Linux containers can be run" },
  { "labels", DMS_IMPORT_IMPOSSIBLE, "allocations have no labels; put them into the ensemble's metadata" },
  { "links", DMS_IMPORT_APPROXIMATED, "services find each other as NAME.internal without links" },
  { "logging", DMS_IMPORT_APPROXIMATED, "output is kept by the node and fetched with deployment/logs" },
  { "mac_address", DMS_IMPORT_IMPOSSIBLE, "addresses are given by the machine" },
  { "mem_swappiness", DMS_IMPORT_IMPOSSIBLE, "swapping is the machine's business" },
  { "memswap_limit", DMS_IMPORT_IMPOSSIBLE, "swapping is the machine's business" },
  { "oom_kill_disable", DMS_IMPORT_IMPOSSIBLE, "a job that takes more than it asked for is ended" },
  { "oom_score_adj", DMS_IMPORT_IMPOSSIBLE, "a job that takes more than it asked for is ended" },
  { "pid", DMS_IMPORT_IMPOSSIBLE, "jobs do not see other processes of the machine" },
  { "pids_limit", DMS_IMPORT_IMPOSSIBLE, "the machine sets the limit" },
  { "pull_policy", DMS_IMPORT_APPROXIMATED, "an image is pulled when the machine does not have it" },
  { "read_only", DMS_IMPORT_IMPOSSIBLE, "the root of a container is writable; its changes end with it" },
  { "runtime", DMS_IMPORT_IMPOSSIBLE, "the machine chooses the runtime" },
  { "shm_size", DMS_IMPORT_IMPOSSIBLE, "/dev/shm has the engine's default size" },
  { "stdin_open",
    DMS_IMPORT_IMPOSSIBLE,
    "nobody sits at a terminal; the program reads the end of its input" },
  { "stop_grace_period", DMS_IMPORT_APPROXIMATED, "the executor's own time is used" },
  { "stop_signal", DMS_IMPORT_APPROXIMATED, "the executor's own signal, or the image's, is used" },
  { "storage_opt", DMS_IMPORT_IMPOSSIBLE, "say how much disk it needs under resources.disk" },
  { "sysctls", DMS_IMPORT_IMPOSSIBLE, "settings of the kernel are the machine's" },
  { "tty", DMS_IMPORT_IMPOSSIBLE, "nobody sits at a terminal" },
  { "ulimits", DMS_IMPORT_IMPOSSIBLE, "the machine sets the limits" },
  { "userns_mode", DMS_IMPORT_IMPOSSIBLE, "the machine sets up the name spaces" },
  { "uts", DMS_IMPORT_IMPOSSIBLE, "the machine sets up the name spaces" },
  { "volumes_from", DMS_IMPORT_IMPOSSIBLE, "name the volumes in both services" },
  { "develop", DMS_IMPORT_TRANSLATED, "of use while developing only" },
  { "profiles", DMS_IMPORT_TRANSLATED, "it was asked for" },
};

/* Values that ask for what is so anyway. */
static const struct
{
  const char *key;
  const char *value;
} usual[] = {
  { "init", "false" },          { "ipc", "private" },
  { "isolation", "default" },   { "oom_kill_disable", "false" },
  { "oom_score_adj", "0" },     { "pull_policy", "if_not_present" },
  { "pull_policy", "missing" }, { "read_only", "false" },
  { "stdin_open", "false" },    { "tty", "false" },
};

static gboolean
is_usual (const char *key, DmsJobNode *node)
{
  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    {
      if (strcmp (usual[i].key, key) == 0 && g_strcmp0 (dms_job_node_get_text (node), usual[i].value) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
note_remarks (DmsImportReader *service)
{
  for (guint i = 0; i < G_N_ELEMENTS (remarks); i++)
    {
      DmsJobNode *node = dms_import_reader_get (service, remarks[i].key);

      if (node != NULL && !is_usual (remarks[i].key, node))
        dms_import_reader_note (service, remarks[i].key, remarks[i].fate, "%s", remarks[i].text);
    }
}

static void
take_command (DmsImportReader *service, const char *key, GStrv *command)
{
  DmsJobNode *node = dms_import_reader_get (service, key);

  if (node == NULL)
    return;
  g_strfreev (*command);
  if (!dms_job_node_is_scalar (node))
    {
      *command = dms_import_reader_dup_texts (service, key);
      return;
    }
  *command = dms_import_text_split_command (dms_job_node_get_text (node));
  if (*command == NULL)
    dms_import_reader_note (
        service, key, DMS_IMPORT_IMPOSSIBLE, "its quotes do not match; write it as a list");
}

static void
set_variable (DmsImportReader *service,
              DmsJobNode *place,
              const char *suffix,
              DmsImportJob *job,
              const char *name,
              const char *value)
{
  if (value == NULL)
    {
      value = g_getenv (name);
      dms_import_reader_note_item (service,
                                   "environment",
                                   place,
                                   suffix,
                                   value != NULL ? DMS_IMPORT_TRANSLATED : DMS_IMPORT_APPROXIMATED,
                                   "%s",
                                   value != NULL ? "its value was taken from the environment"
                                                 : "it is not set in the environment and was left out");
    }
  if (value != NULL && !dms_import_job_set_variable (job, name, value))
    dms_import_reader_note_item (service,
                                 "environment",
                                 place,
                                 suffix,
                                 DMS_IMPORT_IMPOSSIBLE,
                                 "is no name of a variable, or one too many");
}

static void
take_environment (DmsImportReader *service, DmsImportJob *job)
{
  DmsJobNode *node = dms_import_reader_get (service, "environment");

  for (guint i = 0; node != NULL && i < dms_job_node_get_n_items (node); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (node, i);
      const char *text = dms_job_node_get_text (item);
      g_autofree char *suffix = NULL;
      g_autofree char *name = NULL;
      const char *equals;

      if (text == NULL)
        continue;
      if (dms_job_node_get_kind (node) == DMS_JOB_NODE_MAP)
        {
          suffix = g_strdup_printf (".%s", dms_job_node_get_key (node, i));
          set_variable (service,
                        item,
                        suffix,
                        job,
                        dms_job_node_get_key (node, i),
                        dms_job_node_get_kind (item) == DMS_JOB_NODE_NULL ? NULL : text);
          continue;
        }
      suffix = g_strdup_printf ("[%u]", i);
      equals = strchr (text, '=');
      name = equals == NULL ? g_strdup (text) : g_strndup (text, (gsize) (equals - text));
      set_variable (service, item, suffix, job, name, equals == NULL ? NULL : equals + 1);
    }
}

static void
take_env_file (DmsImportComposer *self,
               DmsImportReader *service,
               DmsJobNode *item,
               const char *suffix,
               DmsImportJob *job)
{
  gboolean is_map = dms_job_node_get_kind (item) == DMS_JOB_NODE_MAP;
  DmsJobNode *path = is_map ? dms_job_node_get (item, "path") : item;
  DmsJobNode *required = is_map ? dms_job_node_get (item, "required") : NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GHashTable) values = NULL;
  g_autoptr (GPtrArray) order = g_ptr_array_new_with_free_func (g_free);
  gboolean literal = FALSE;
  gboolean optional = required != NULL && g_strcmp0 (dms_job_node_get_text (required), "false") == 0;

  if (path == NULL || dms_job_node_get_text (path) == NULL)
    return;
  text = dms_import_files_read_text (self->folder, dms_job_node_get_text (path), &error);
  if (text == NULL)
    {
      gboolean absent = optional && g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);

      dms_import_reader_note_item (service,
                                   "env_file",
                                   item,
                                   suffix,
                                   absent ? DMS_IMPORT_TRANSLATED : DMS_IMPORT_IMPOSSIBLE,
                                   "%s",
                                   absent ? "it need not be there, and is not" : error->message);
      return;
    }
  values = dms_import_variables_parse (text, order, &literal);
  for (guint i = 0; i < order->len; i++)
    dms_import_job_set_variable (job, order->pdata[i], g_hash_table_lookup (values, order->pdata[i]));
  dms_import_reader_note_item (service,
                               "env_file",
                               item,
                               suffix,
                               literal ? DMS_IMPORT_APPROXIMATED : DMS_IMPORT_TRANSLATED,
                               "its %u variables were written out%s",
                               order->len,
                               literal ? "; " DMS_IMPORT_LITERAL_REMARK : "");
}

static void
take_env_files (DmsImportComposer *self, DmsImportReader *service, DmsImportJob *job)
{
  DmsJobNode *node = dms_import_reader_get (service, "env_file");

  if (node == NULL)
    return;
  if (dms_job_node_get_kind (node) != DMS_JOB_NODE_LIST)
    {
      take_env_file (self, service, node, "", job);
      return;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);

      take_env_file (self, service, dms_job_node_get_item (node, i), suffix, job);
    }
}

/* Whether there is a number. */
static gboolean
take_cores (DmsImportReader *reader, const char *key, DmsImportJob *job)
{
  g_autofree char *text = dms_import_reader_dup_text (reader, key);
  char *end = NULL;
  double cores;

  if (text == NULL)
    return FALSE;
  cores = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && cores >= 0.01 && cores <= 4096)
    {
      job->cores = cores;
      return TRUE;
    }
  dms_import_reader_refuse (reader, key, "must be a number of cores; it was left out");
  return FALSE;
}

static gboolean
take_memory (DmsImportReader *reader, const char *key, DmsImportJob *job)
{
  g_autofree char *text = dms_import_reader_dup_text (reader, key);

  if (text == NULL)
    return FALSE;
  if (dms_import_text_parse_docker_bytes (text, &job->ram))
    return TRUE;
  dms_import_reader_refuse (reader, key, "must be a size such as 512m; it was left out");
  return FALSE;
}

static void
take_devices (DmsImportReader *reservations, const char *key, DmsImportJob *job)
{
  DmsJobNode *list = dms_import_reader_get_list (reservations, key);

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *name = g_strdup_printf ("[%u]", i);
      g_autoptr (DmsImportReader) device =
          dms_import_reader_open_item (reservations, key, dms_job_node_get_item (list, i), name);
      g_auto (GStrv) capabilities = NULL;
      g_auto (GStrv) ids = NULL;
      g_autofree char *driver = NULL;
      g_autofree char *count = NULL;
      guint n = 1;

      if (device == NULL)
        continue;
      capabilities = dms_import_reader_dup_texts (device, "capabilities");
      ids = dms_import_reader_dup_texts (device, "device_ids");
      driver = dms_import_reader_dup_text (device, "driver");
      count = dms_import_reader_dup_text (device, "count");
      if (capabilities != NULL && !g_strv_contains ((const char *const *) capabilities, "gpu") &&
          !g_strv_contains ((const char *const *) capabilities, "nvidia"))
        {
          dms_import_reader_note (device, NULL, DMS_IMPORT_IMPOSSIBLE, "only GPUs can be asked for");
          continue;
        }
      if (ids != NULL)
        {
          n = g_strv_length (ids);
          dms_import_reader_note (
              device, "device_ids", DMS_IMPORT_APPROXIMATED, "as many GPUs, whichever the machine has free");
        }
      else if (count == NULL || strcmp (count, "all") == 0)
        dms_import_reader_note (device,
                                count == NULL ? NULL : "count",
                                DMS_IMPORT_APPROXIMATED,
                                "machines differ in how many GPUs they have; one was asked for");
      else
        n = (guint) dms_import_reader_get_int (device, "count", 1, MAX_GPUS, 1);
      job->n_gpus = MIN (job->n_gpus + n, MAX_GPUS);
      if (driver != NULL && strcmp (driver, "nvidia") != 0)
        dms_import_reader_note (
            device, "driver", DMS_IMPORT_APPROXIMATED, "NVIDIA was written; change the vendor");
      dms_import_reader_finish (device);
    }
}

/* Limits are what the executor enforces; where there are none, what was reserved. */
static void
take_resources (DmsImportReader *deploy, DmsImportJob *job)
{
  g_autoptr (DmsImportReader) resources = dms_import_reader_open (deploy, "resources");
  g_autoptr (DmsImportReader) limits = NULL;
  g_autoptr (DmsImportReader) reservations = NULL;
  gboolean limited[2] = { FALSE, FALSE };

  if (resources == NULL)
    return;
  reservations = dms_import_reader_open (resources, "reservations");
  if (reservations != NULL)
    {
      take_cores (reservations, "cpus", job);
      take_memory (reservations, "memory", job);
      take_devices (reservations, "devices", job);
    }
  limits = dms_import_reader_open (resources, "limits");
  if (limits != NULL)
    {
      limited[0] = take_cores (limits, "cpus", job);
      limited[1] = take_memory (limits, "memory", job);
      if (dms_import_reader_get (limits, "pids") != NULL)
        dms_import_reader_note (limits, "pids", DMS_IMPORT_IMPOSSIBLE, "the machine sets the limit");
      dms_import_reader_finish (limits);
    }
  if (reservations != NULL)
    {
      static const char *const both[] = { "cpus", "memory" };

      for (guint i = 0; i < G_N_ELEMENTS (both); i++)
        {
          if (limited[i] && dms_import_reader_get (reservations, both[i]) != NULL)
            dms_import_reader_note (reservations,
                                    both[i],
                                    DMS_IMPORT_APPROXIMATED,
                                    "the limit is what is asked for and kept free");
        }
      dms_import_reader_finish (reservations);
    }
  dms_import_reader_finish (resources);
}

static void
take_condition (DmsImportReader *deploy, DmsImportJob *job)
{
  g_autoptr (DmsImportReader) policy = dms_import_reader_open (deploy, "restart_policy");
  static const char *const times[] = { "delay", "max_attempts", "window" };
  g_autofree char *condition = NULL;

  if (policy == NULL)
    return;
  condition = dms_import_reader_dup_text (policy, "condition");
  job->restarts = g_strcmp0 (condition, "none") != 0;
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      if (dms_import_reader_get (policy, times[i]) != NULL)
        dms_import_reader_note (
            policy, times[i], DMS_IMPORT_APPROXIMATED, "the node's own limits of restarting are used");
    }
  dms_import_reader_finish (policy);
}

#define REPLICAS_REMARK "allocations of the same node, named NAME-1, NAME-2 …; nothing balances between them"

/* n: how many were made */
static void
note_replicas (DmsImportReader *service, DmsImportReader *deploy, guint n)
{
  gboolean scaled = dms_import_reader_get_int (service, "scale", 0, DMS_IMPORT_COMPOSE_MAX_REPLICAS, -1) >= 0;

  if (n > 1 && scaled)
    dms_import_reader_note (service, "scale", DMS_IMPORT_APPROXIMATED, REPLICAS_REMARK);
  if (deploy == NULL ||
      dms_import_reader_get_int (deploy, "replicas", 0, DMS_IMPORT_COMPOSE_MAX_REPLICAS, -1) < 0)
    return;
  if (scaled)
    dms_import_reader_note (deploy, "replicas", DMS_IMPORT_TRANSLATED, "left out: scale says how many");
  else if (n > 1)
    dms_import_reader_note (deploy, "replicas", DMS_IMPORT_APPROXIMATED, REPLICAS_REMARK);
}

static void
take_deploy (DmsImportReader *service, DmsImportJob *job, guint n)
{
  static const Remark deploy_remarks[] = {
    { "endpoint_mode", DMS_IMPORT_IMPOSSIBLE, "replicas are not balanced behind one address" },
    { "labels", DMS_IMPORT_IMPOSSIBLE, "allocations have no labels; put them into the ensemble's metadata" },
    { "placement", DMS_IMPORT_IMPOSSIBLE, "say where it may run under nodes.main.location, or name a peer" },
    { "rollback_config", DMS_IMPORT_APPROXIMATED, "an update that fails is rolled back as a whole" },
    { "update_config", DMS_IMPORT_APPROXIMATED, "an update changes what differs, all at once" },
  };
  g_autoptr (DmsImportReader) deploy = dms_import_reader_open (service, "deploy");
  g_autofree char *mode = NULL;

  note_replicas (service, deploy, n);
  if (deploy == NULL)
    return;
  mode = dms_import_reader_dup_text (deploy, "mode");
  if (mode != NULL && g_str_has_suffix (mode, "-job"))
    job->is_task = TRUE;
  if (mode != NULL && g_str_has_prefix (mode, "global"))
    dms_import_reader_note (deploy, "mode", DMS_IMPORT_APPROXIMATED, "it runs once, not on every machine");
  take_resources (deploy, job);
  take_condition (deploy, job);
  for (guint i = 0; i < G_N_ELEMENTS (deploy_remarks); i++)
    {
      if (dms_import_reader_get (deploy, deploy_remarks[i].key) != NULL)
        dms_import_reader_note (
            deploy, deploy_remarks[i].key, deploy_remarks[i].fate, "%s", deploy_remarks[i].text);
    }
  dms_import_reader_finish (deploy);
}

static void
take_restart (DmsImportReader *service, DmsImportJob *job)
{
  static const char *const words[] = { "always", "on-failure", "unless-stopped", NULL };
  g_autofree char *restart = dms_import_reader_dup_text (service, "restart");
  guint64 max_retries;

  if (restart == NULL)
    return;
  if (strcmp (restart, "no") == 0 || strcmp (restart, "false") == 0)
    {
      job->is_task = TRUE;
      dms_import_reader_note (
          service,
          "restart",
          DMS_IMPORT_APPROXIMATED,
          "what is never restarted was taken for a task that ends; write type: service if it "
          "goes on");
      return;
    }
  if (!g_strv_contains (words, restart) && !g_str_has_prefix (restart, "on-failure:"))
    {
      dms_import_reader_note (service,
                              "restart",
                              DMS_IMPORT_IMPOSSIBLE,
                              "must be no, always, on-failure[:RETRIES] or unless-stopped; it was left out");
      return;
    }
  job->restarts = TRUE;
  if (strchr (restart, ':') == NULL)
    return;
  if (g_ascii_string_to_unsigned (strchr (restart, ':') + 1, 10, 0, G_MAXINT32, &max_retries, NULL))
    dms_import_flow_retry (job, (guint) max_retries);
  dms_import_reader_note (service,
                          "restart",
                          DMS_IMPORT_APPROXIMATED,
                          "so many retries of a step of a workflow; of others, the node's own limits of "
                          "restarting are used");
}

static void
take_test (DmsImportReader *check, DmsImportJob *job)
{
  DmsJobNode *test = dms_import_reader_get (check, "test");
  g_auto (GStrv) words = NULL;

  if (test == NULL)
    return;
  words = dms_import_reader_dup_texts (check, "test");
  if (words == NULL || words[0] == NULL || strcmp (words[0], "NONE") == 0)
    return;
  if (dms_job_node_is_scalar (test) || (strcmp (words[0], "CMD-SHELL") == 0 && words[1] != NULL))
    {
      const char *const shell[] = {
        "/bin/sh", "-c", dms_job_node_is_scalar (test) ? words[0] : words[1], NULL
      };

      job->health_command = g_strdupv ((GStrv) shell);
    }
  else if (strcmp (words[0], "CMD") == 0 && words[1] != NULL)
    job->health_command = g_strdupv (words + 1);
  else
    dms_import_reader_note (
        check, "test", DMS_IMPORT_IMPOSSIBLE, "must begin with CMD, CMD-SHELL or NONE; it was left out");
}

static void
take_health_check (DmsImportReader *service, DmsImportJob *job)
{
  static const Remark check_remarks[] = {
    { "timeout", DMS_IMPORT_APPROXIMATED, "a check may take the node's own time, 5 s" },
    { "retries", DMS_IMPORT_APPROXIMATED, "three failures in a row count" },
    { "start_period", DMS_IMPORT_APPROXIMATED, "failures count from the start" },
    { "start_interval", DMS_IMPORT_APPROXIMATED, "the interval is the same from the start" },
  };
  g_autoptr (DmsImportReader) check = dms_import_reader_open (service, "healthcheck");
  g_autofree char *interval = NULL;

  if (check == NULL)
    return;
  if (dms_import_reader_get_bool (check, "disable", FALSE))
    dms_import_reader_pass (check, "test");
  else
    take_test (check, job);
  interval = dms_import_reader_dup_text (check, "interval");
  if (interval != NULL && !dms_import_text_parse_duration (interval, &job->health_interval_ns))
    dms_import_reader_refuse (check, "interval", "must be a duration such as 30s; it was left out");
  for (guint i = 0; i < G_N_ELEMENTS (check_remarks); i++)
    {
      if (dms_import_reader_get (check, check_remarks[i].key) != NULL)
        dms_import_reader_note (
            check, check_remarks[i].key, check_remarks[i].fate, "%s", check_remarks[i].text);
    }
  dms_import_reader_finish (check);
}

static void
take_networking (DmsImportReader *service, const char *name, DmsImportJob *job)
{
  g_autofree char *mode = dms_import_reader_dup_text (service, "network_mode");
  g_autofree char *host = dms_import_reader_dup_text (service, "hostname");
  const char *service_name = dms_import_reader_get_path (service) + strlen ("services.");
  g_autofree char *dns = dms_import_text_to_name (host != NULL ? host : service_name);

  if (mode != NULL && strcmp (mode, "bridge") != 0)
    dms_import_reader_note (
        service,
        "network_mode",
        DMS_IMPORT_IMPOSSIBLE,
        "jobs share no network with the machine or with other containers; publish ports instead");
  if (host != NULL)
    dms_import_reader_note (
        service, "hostname", DMS_IMPORT_APPROXIMATED, "others find it as this name with .internal behind it");
  if (host != NULL && (strcmp (dns, name) == 0 || g_str_has_prefix (name, service_name)))
    job->dns_name = g_strdup (dns);
  if (dms_import_reader_get (service, "networks") != NULL)
    dms_import_reader_note (
        service, "networks", DMS_IMPORT_APPROXIMATED, "all allocations of the node are in one network");
  if (dms_import_reader_get (service, "expose") != NULL)
    dms_import_reader_note (
        service, "expose", DMS_IMPORT_APPROXIMATED, "a port that others are to reach stands under ports");
}

static void
note_defaults (DmsImportReader *service, DmsImportJob *job)
{
  if (job->cores > 0 && job->ram > 0)
    return;
  dms_import_reader_note (service,
                          NULL,
                          DMS_IMPORT_APPROXIMATED,
                          "no limit of %s is given; the job asks for %s: change that to what it needs",
                          job->cores > 0 ? "memory"
                          : job->ram > 0 ? "CPUs"
                                         : "CPUs and memory",
                          job->cores > 0 ? "512 MiB"
                          : job->ram > 0 ? "half a core"
                                         : "half a core and 512 MiB");
}

DmsImportJob *
dms_import_compose_make_job (DmsImportComposer *self, DmsImportReader *service, const char *name)
{
  g_autoptr (DmsImportJob) job = dms_import_job_new (name, dms_import_draft_get_room (self->draft));
  const char *service_name = dms_import_reader_get_path (service) + strlen ("services.");
  g_autofree char *platform = NULL;

  if (dms_import_reader_get (service, "build") != NULL)
    dms_import_reader_note (
        service,
        "build",
        DMS_IMPORT_IMPOSSIBLE,
        "images are not built here: build it, push it to a registry and name it under image");
  job->image = dms_import_reader_dup_text (service, "image");
  if (job->image == NULL || *job->image == '\0')
    {
      dms_import_reader_note (service, NULL, DMS_IMPORT_IMPOSSIBLE, "it names no image and was left out");
      return NULL;
    }
  job->is_task = g_hash_table_contains (self->tasks, service_name);
  take_command (service, "command", &job->command);
  take_command (service, "entrypoint", &job->entrypoint);
  take_env_files (self, service, job);
  take_environment (service, job);
  job->working_directory = dms_import_reader_dup_text (service, "working_dir");
  job->user = dms_import_reader_dup_text (service, "user");
  job->privileged = dms_import_reader_get_bool (service, "privileged", FALSE);
  if (job->privileged)
    dms_import_reader_note (service,
                            "privileged",
                            DMS_IMPORT_APPROXIMATED,
                            "only machines whose owners allow privileged jobs will offer");
  platform = dms_import_reader_dup_text (service, "platform");
  if (platform != NULL)
    job->architecture =
        dms_import_text_to_architecture (g_str_has_prefix (platform, "linux/") ? platform + 6 : platform);
  take_cores (service, "cpus", job);
  take_memory (service, "mem_reservation", job);
  take_memory (service, "mem_limit", job);
  take_restart (service, job);
  take_deploy (service, job, g_strv_length (g_hash_table_lookup (self->names, service_name)));
  if (dms_import_reader_get (service, "gpus") != NULL)
    {
      g_autofree char *all = NULL;

      if (dms_job_node_is_scalar (dms_import_reader_get (service, "gpus")))
        {
          job->n_gpus = 1;
          dms_import_reader_note (service,
                                  "gpus",
                                  DMS_IMPORT_APPROXIMATED,
                                  "machines differ in how many GPUs they have; one was asked for");
        }
      else
        take_devices (service, "gpus", job);
    }
  take_health_check (service, job);
  take_networking (service, name, job);
  dms_import_security_note_options (service, "security_opt", job->privileged);
  note_remarks (service);
  note_defaults (service, job);
  return g_steal_pointer (&job);
}
