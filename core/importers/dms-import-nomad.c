/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-nomad-private.h"

#include "importers/dms-import-flow.h"
#include "importers/dms-import-text.h"

#include <string.h>

/* Nomad jobs: each group becomes a node, or as many as its count, each of its tasks an allocation there. */

enum
{
  MAX_COUNT = 100,
};

static void
port_free (gpointer data)
{
  DmsImportNomadPort *port = data;

  g_free (port->job);
  g_free (port);
}

static void
add_port (DmsImportNomadGroup *group,
          DmsImportReader *block,
          const char *label,
          guint public_port,
          guint private_port,
          gboolean narrow)
{
  DmsImportNomadPort *port = g_new0 (DmsImportNomadPort, 1);

  port->public_port = public_port;
  port->private_port = private_port > 0 ? private_port : public_port;
  port->narrow = narrow;
  g_hash_table_replace (group->ports, g_strdup (label), port);
  if (public_port > 0 && public_port < 1025 && !narrow)
    dms_import_reader_note (block,
                            NULL,
                            DMS_IMPORT_APPROXIMATED,
                            "ports below 1025 become any free port; the manifest says which");
}

static void
take_ports (DmsImportNomadGroup *group, DmsImportReader *network, const char *api, const char *hcl)
{
  g_autoptr (GPtrArray) ports = dms_import_nomad_list (network, api, hcl, TRUE);

  for (guint i = 0; i < ports->len; i++)
    {
      DmsImportNomadBlock *block = ports->pdata[i];
      g_autofree char *label = dms_import_reader_dup_text (block->reader, "Label");
      g_autofree char *host_network = NULL;
      gboolean narrow;
      guint fixed = (guint) dms_import_reader_get_int (
          block->reader, dms_import_nomad_key (block->reader, "Value", "static"), 0, 65535, 0);
      guint to = (guint) dms_import_reader_get_int (
          block->reader, dms_import_nomad_key (block->reader, "To", "to"), -1, 65535, 0);

      host_network = dms_import_nomad_dup_text (block->reader, "HostNetwork", "host_network");
      narrow = host_network != NULL && strcmp (host_network, "default") != 0;
      if (narrow)
        dms_import_reader_note (block->reader,
                                dms_import_nomad_key (block->reader, "HostNetwork", "host_network"),
                                DMS_IMPORT_IMPOSSIBLE,
                                DMS_IMPORT_CLOSED_REMARK);
      add_port (group,
                block->reader,
                label != NULL ? label : block->name,
                fixed,
                to == G_MAXUINT ? fixed : to,
                narrow);
      dms_import_nomad_finish (block->reader);
    }
}

static void
take_networks (DmsImportNomadGroup *group)
{
  g_autoptr (GPtrArray) networks = dms_import_nomad_list (group->group, "Networks", "network", FALSE);

  for (guint i = 0; i < networks->len; i++)
    {
      DmsImportReader *network = ((DmsImportNomadBlock *) networks->pdata[i])->reader;

      take_ports (group, network, "ReservedPorts", NULL);
      take_ports (group, network, "DynamicPorts", "port");
      dms_import_nomad_remark (
          network, "Mode", "mode", DMS_IMPORT_APPROXIMATED, "the executor's own network is used");
      dms_import_nomad_remark (
          network, "DNS", "dns", DMS_IMPORT_IMPOSSIBLE, "the machine's resolver is used");
      dms_import_nomad_remark (network,
                               "MBits",
                               "mbits",
                               DMS_IMPORT_IMPOSSIBLE,
                               "say what a link must carry as an edge constraint");
      dms_import_nomad_remark (
          network, "Hostname", "hostname", DMS_IMPORT_APPROXIMATED, "NAME.internal is used");
      dms_import_nomad_remark (network, "Device", NULL, DMS_IMPORT_TRANSLATED, "");
      dms_import_nomad_remark (network, "CIDR", NULL, DMS_IMPORT_TRANSLATED, "");
      dms_import_nomad_remark (network, "IP", NULL, DMS_IMPORT_TRANSLATED, "");
      dms_import_nomad_finish (network);
    }
}

/* Ports whose task is not named lead to the first. */
static void
open_ports (DmsImportNomadGroup *group, DmsImportJob *first)
{
  g_autoptr (GList) labels = g_list_sort (g_hash_table_get_keys (group->ports), (GCompareFunc) strcmp);

  for (GList *l = labels; l != NULL; l = l->next)
    {
      DmsImportNomadPort *port = g_hash_table_lookup (group->ports, l->data);

      if (port->private_port == 0)
        {
          dms_import_reader_note (group->group,
                                  NULL,
                                  DMS_IMPORT_IMPOSSIBLE,
                                  "port “%.60s” does not say where it leads within the job; say it with “to”",
                                  (const char *) l->data);
          continue;
        }
      if (port->job == NULL)
        port->job = g_strdup (first->name);
      if (port->narrow)
        continue;
      dms_import_node_add_port (group->node, port->public_port, port->private_port, port->job);
    }
}

typedef enum
{
  HOOK_NONE,
  HOOK_PRESTART,
  HOOK_SIDECAR,
  HOOK_POSTSTART,
  HOOK_POSTSTOP,
} Hook;

static Hook
take_lifecycle (DmsImportReader *task)
{
  g_autoptr (DmsImportReader) lifecycle = dms_import_nomad_open (task, "Lifecycle", "lifecycle");
  g_autofree char *hook = lifecycle == NULL ? NULL : dms_import_nomad_dup_text (lifecycle, "Hook", "hook");
  gboolean sidecar;

  if (hook == NULL)
    return HOOK_NONE;
  sidecar =
      dms_import_reader_get_bool (lifecycle, dms_import_nomad_key (lifecycle, "Sidecar", "sidecar"), FALSE);
  dms_import_nomad_finish (lifecycle);
  if (strcmp (hook, "prestart") == 0)
    return sidecar ? HOOK_SIDECAR : HOOK_PRESTART;
  return strcmp (hook, "poststart") == 0 ? HOOK_POSTSTART : HOOK_POSTSTOP;
}

typedef struct
{
  DmsImportJob *job;
  DmsImportReader *reader;
  Hook hook;
} Made;

static void
order_jobs (GArray *made)
{
  /* Of several that wait for one the first is told of. */
  g_autoptr (GHashTable) told = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < made->len; i++)
    {
      Made *one = &g_array_index (made, Made, i);

      if (one->job != NULL && one->hook == HOOK_PRESTART)
        one->job->is_task = TRUE;
    }
  for (guint i = 0; i < made->len; i++)
    {
      Made *one = &g_array_index (made, Made, i);

      for (guint j = 0; j < made->len; j++)
        {
          Made *other = &g_array_index (made, Made, j);
          gboolean one_first = one->hook == HOOK_PRESTART || one->hook == HOOK_SIDECAR;

          if (one->job == NULL || other->job == NULL || i == j)
            continue;
          if (!one_first && other->hook == HOOK_PRESTART)
            dms_import_flow_wait (one->job,
                                  other->job->name,
                                  g_hash_table_add (told, other) ? other->reader : NULL,
                                  NULL,
                                  NULL,
                                  "");
          else if (!one_first && other->hook == HOOK_SIDECAR)
            dms_import_job_add_dependency (one->job, other->job->name);
          if (one->hook == HOOK_POSTSTART && other->hook == HOOK_NONE)
            dms_import_job_add_dependency (one->job, other->job->name);
        }
    }
}

static void
add_tasks (DmsImportNomadGroup *group)
{
  g_autoptr (GPtrArray) blocks = dms_import_nomad_list (group->group, "Tasks", "task", TRUE);
  g_autoptr (GArray) made = g_array_new (FALSE, TRUE, sizeof (Made));
  g_autoptr (GPtrArray) jobs = g_ptr_array_new ();

  for (guint i = 0; i < blocks->len; i++)
    {
      DmsImportNomadBlock *block = blocks->pdata[i];
      g_autofree char *wanted = blocks->len == 1
                                    ? g_strdup (group->node->name)
                                    : g_strdup_printf ("%.40s-%.20s", group->node->name, block->name);
      g_autofree char *name = dms_import_draft_take_name (group->draft, wanted, FALSE);
      Made one = { NULL, block->reader, take_lifecycle (block->reader) };

      if (one.hook == HOOK_POSTSTOP)
        {
          dms_import_reader_note (block->reader,
                                  NULL,
                                  DMS_IMPORT_IMPOSSIBLE,
                                  "nothing runs after the others; deploy it by itself then");
          continue;
        }
      one.job = dms_import_nomad_make_job (group, block->reader, block->name, name);
      if (one.job != NULL)
        {
          dms_import_node_add_job (group->node, one.job);
          g_ptr_array_add (jobs, one.job);
        }
      g_array_append_val (made, one);
    }
  order_jobs (made);
  if (jobs->len > 0)
    {
      open_ports (group, jobs->pdata[0]);
      dms_import_nomad_add_services (group, group->group, jobs, NULL);
    }
  for (guint i = 0; i < made->len; i++)
    {
      Made *one = &g_array_index (made, Made, i);

      if (one->job == NULL)
        continue;
      dms_import_nomad_add_services (group, one->reader, jobs, one->job);
      dms_import_nomad_finish (one->reader);
    }
}

static void
note_group (DmsImportNomadGroup *self)
{
  static const struct
  {
    const char *api;
    const char *hcl;
    DmsImportFate fate;
    const char *text;
  } remarks[] = {
    { "Consul",
      "consul",
      DMS_IMPORT_IMPOSSIBLE,
      "there is no Consul; allocations find each other as NAME.internal" },
    { "Disconnect", "disconnect", DMS_IMPORT_APPROXIMATED, "the node's failure_recovery is used" },
    { "MaxClientDisconnect",
      "max_client_disconnect",
      DMS_IMPORT_APPROXIMATED,
      "the node's failure_recovery is used" },
    { "Meta", "meta", DMS_IMPORT_IMPOSSIBLE, "set what the program reads under environment" },
    { "Migrate", "migrate", DMS_IMPORT_APPROXIMATED, "the node's failure_recovery is used" },
    { "PreventRescheduleOnLost",
      "prevent_reschedule_on_lost",
      DMS_IMPORT_APPROXIMATED,
      "failure_recovery is used" },
    { "ReschedulePolicy",
      "reschedule",
      DMS_IMPORT_APPROXIMATED,
      "the node is deployed again when its machine fails" },
    { "RestartPolicy", "restart", DMS_IMPORT_APPROXIMATED, "the node's own limits of restarting are used" },
    { "Scaling", "scaling", DMS_IMPORT_IMPOSSIBLE, "update the deployment to change its size" },
    { "ShutdownDelay", "shutdown_delay", DMS_IMPORT_APPROXIMATED, "left out" },
    { "StopAfterClientDisconnect",
      "stop_after_client_disconnect",
      DMS_IMPORT_APPROXIMATED,
      "failure_recovery is used" },
    { "Update",
      "update",
      DMS_IMPORT_APPROXIMATED,
      "an update changes what differs, all at once, or nothing" },
    { "Vault", "vault", DMS_IMPORT_IMPOSSIBLE, "there is no Vault: give secrets as files of the job" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (remarks); i++)
    dms_import_nomad_remark (self->group, remarks[i].api, remarks[i].hcl, remarks[i].fate, remarks[i].text);
}

/* Names of data centres are free; those of large clouds say where they are. */
static void
take_datacenters (DmsImportNomadGroup *group)
{
  const char *key = dms_import_nomad_key (group->job, "Datacenters", "datacenters");
  g_auto (GStrv) names = dms_import_reader_dup_texts (group->job, key);
  const char *continent;
  const char *country;
  gboolean any = FALSE;

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (!dms_import_text_find_region (names[i], &continent, &country))
        continue;
      dms_import_node_add_location (group->node, FALSE, continent, country, NULL);
      any = TRUE;
    }
  if (names != NULL)
    dms_import_reader_note (
        group->job,
        key,
        DMS_IMPORT_APPROXIMATED,
        "%s",
        any ? "as continents and countries"
            : "there are no data centres: say where it may run under the node's location");
}

/* What a job says for all of its groups: read, and told of, with the first node, and the same for the others.
 */
typedef struct
{
  gboolean read;
  GPtrArray *accept;
  GPtrArray *reject;
  char *peer;
  char *architecture;
} Common;

static gpointer
ref_node (gconstpointer node, gpointer user_data)
{
  return dms_job_node_ref ((gpointer) node);
}

static void
take_common (Common *self, DmsImportNomadGroup *group)
{
  if (self->read)
    {
      g_ptr_array_extend (group->node->accept, self->accept, ref_node, NULL);
      g_ptr_array_extend (group->node->reject, self->reject, ref_node, NULL);
      group->node->peer = g_strdup (self->peer);
      group->architecture = g_strdup (self->architecture);
      return;
    }
  take_datacenters (group);
  dms_import_nomad_constrain (group, group->job);
  self->read = TRUE;
  g_ptr_array_extend (self->accept, group->node->accept, ref_node, NULL);
  g_ptr_array_extend (self->reject, group->node->reject, ref_node, NULL);
  self->peer = g_strdup (group->node->peer);
  self->architecture = g_strdup (group->architecture);
}

static void
add_nodes (DmsImportDraft *draft,
           DmsImportReader *job,
           const char *job_name,
           DmsImportNomadBlock *block,
           gboolean is_task,
           Common *common)
{
  DmsJobNode *tree = dms_import_reader_get_node (block->reader);
  const char *path = dms_import_reader_get_path (block->reader);
  guint count = (guint) dms_import_reader_get_int (
      block->reader, dms_import_nomad_key (block->reader, "Count", "count"), 0, MAX_COUNT, 1);
  DmsJobNode *tasks = dms_job_node_get (tree, dms_import_nomad_key (block->reader, "Tasks", "task"));
  guint n_tasks = tasks == NULL ? 0 : dms_job_node_get_n_items (tasks);
  g_autoptr (DmsImportReport) scratch = dms_import_report_new ();

  if (!dms_import_draft_has_room (draft, count * CLAMP (n_tasks, 1, 1000)))
    {
      dms_import_reader_note (block->reader,
                              NULL,
                              DMS_IMPORT_IMPOSSIBLE,
                              "an import makes 1,000 allocations at most; this was left out");
      return;
    }
  if (count == 0)
    dms_import_reader_note (block->reader, NULL, DMS_IMPORT_TRANSLATED, "left out: its count is 0");
  if (!dms_import_draft_may_repeat (draft, tree, count))
    {
      dms_import_reader_note (block->reader,
                              NULL,
                              DMS_IMPORT_IMPOSSIBLE,
                              "it is too large for so many copies and was left out; ask for fewer");
      return;
    }
  for (guint i = 0; i < count && !dms_import_draft_is_full (draft); i++)
    {
      g_autoptr (DmsImportReader) quiet = i == 0 ? NULL : dms_import_reader_new (scratch, tree, path);
      g_autoptr (GHashTable) ports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, port_free);
      g_autofree char *wanted =
          count == 1 ? g_strdup (block->name) : g_strdup_printf ("%.55s-%u", block->name, i + 1);
      g_autofree char *name = dms_import_draft_take_name (draft, wanted, TRUE);
      g_autoptr (DmsImportReader) disk = NULL;
      DmsImportNomadGroup group = { .draft = draft,
                                    .job = job,
                                    .group = i == 0 ? block->reader : quiet,
                                    .node = dms_import_draft_add_node (draft, name),
                                    .job_name = job_name,
                                    .group_name = block->name,
                                    .index = i,
                                    .is_task = is_task,
                                    .restarts = !is_task,
                                    .ports = ports };

      group.node->failure_recovery = is_task ? NULL : "redeploy";
      dms_import_reader_get (group.group, "Name");
      dms_import_reader_get (group.group, dms_import_nomad_key (group.group, "Count", "count"));
      take_common (common, &group);
      dms_import_nomad_constrain (&group, group.group);
      disk = dms_import_nomad_open (group.group, "EphemeralDisk", "ephemeral_disk");
      if (disk != NULL)
        {
          group.disk = (guint64) dms_import_reader_get_int (
                           disk, dms_import_nomad_key (disk, "SizeMB", "size"), 0, 1 << 30, 0)
                       << 20;
          dms_import_nomad_remark (disk, "Migrate", "migrate", DMS_IMPORT_IMPOSSIBLE, "data do not move");
          dms_import_nomad_remark (disk, "Sticky", "sticky", DMS_IMPORT_IMPOSSIBLE, "use a volume");
          dms_import_nomad_finish (disk);
        }
      take_networks (&group);
      dms_import_reader_get (group.group, dms_import_nomad_key (group.group, "Volumes", "volume"));
      add_tasks (&group);
      note_group (&group);
      if (count > 1)
        dms_import_reader_note (group.group,
                                dms_import_nomad_key (group.group, "Count", "count"),
                                DMS_IMPORT_APPROXIMATED,
                                "each is a node with a machine of its own; nothing balances between them");
      dms_import_nomad_finish (group.group);
      g_free (group.architecture);
      g_clear_pointer (&group.volumes, g_hash_table_unref);
    }
}

static void
note_job (DmsImportReader *job)
{
  static const struct
  {
    const char *api;
    const char *hcl;
    DmsImportFate fate;
    const char *text;
  } remarks[] = {
    { "AllAtOnce", "all_at_once", DMS_IMPORT_TRANSLATED, "all nodes start, or none" },
    { "Meta", "meta", DMS_IMPORT_APPROXIMATED, "left out; set what programs read under environment" },
    { "Migrate", "migrate", DMS_IMPORT_APPROXIMATED, "the node's failure_recovery is used" },
    { "Multiregion", "multiregion", DMS_IMPORT_IMPOSSIBLE, "give each node the location it is to be in" },
    { "Namespace", "namespace", DMS_IMPORT_TRANSLATED, "each deployment is apart from the others" },
    { "NodePool",
      "node_pool",
      DMS_IMPORT_IMPOSSIBLE,
      "machines have no pools: say it by resources, location, or peer" },
    { "ParameterizedJob",
      "parameterized",
      DMS_IMPORT_IMPOSSIBLE,
      "deploy the job once for each input, with it in it" },
    { "Periodic",
      "periodic",
      DMS_IMPORT_IMPOSSIBLE,
      "it runs once each time it is deployed; let cron or a timer call “nunet deploy”" },
    { "Priority", "priority", DMS_IMPORT_APPROXIMATED, "nothing is preempted" },
    { "Region",
      "region",
      DMS_IMPORT_APPROXIMATED,
      "left out: say where it may run under the node's location" },
    { "Reschedule",
      "reschedule",
      DMS_IMPORT_APPROXIMATED,
      "the node is deployed again when its machine fails" },
    { "UI", "ui", DMS_IMPORT_TRANSLATED, "has no effect on the job" },
    { "Update",
      "update",
      DMS_IMPORT_APPROXIMATED,
      "an update changes what differs, all at once, or nothing" },
  };
  /* What Nomad's own interface adds when it is asked for a job. */
  static const char *const kept[] = { "ID",
                                      "Name",
                                      "Status",
                                      "StatusDescription",
                                      "Stable",
                                      "Stop",
                                      "SubmitTime",
                                      "Version",
                                      "CreateIndex",
                                      "ModifyIndex",
                                      "JobModifyIndex",
                                      "ParentID",
                                      "Payload",
                                      "Dispatched",
                                      "DispatchIdempotencyToken",
                                      "ConsulNamespace",
                                      "ConsulToken",
                                      "VaultNamespace",
                                      "VaultToken",
                                      "NomadTokenID",
                                      "VersionTag",
                                      "id",
                                      "name" };

  for (guint i = 0; i < G_N_ELEMENTS (remarks); i++)
    dms_import_nomad_remark (job, remarks[i].api, remarks[i].hcl, remarks[i].fate, remarks[i].text);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    dms_import_reader_pass (job, kept[i]);
}

static void
translate (DmsImportDraft *draft, DmsImportReader *job, const char *label)
{
  g_autofree char *id = dms_import_nomad_dup_text (job, "ID", "id");
  g_autofree char *type = dms_import_nomad_dup_text (job, "Type", "type");
  const char *name = id != NULL ? id : *label != '\0' ? label : "job";
  gboolean is_task = type != NULL && g_str_has_suffix (type, "batch");
  g_autoptr (GPtrArray) groups = dms_import_nomad_list (job, "TaskGroups", "group", TRUE);
  g_autoptr (GPtrArray) accept = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  g_autoptr (GPtrArray) reject = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  Common common = { .accept = accept, .reject = reject };

  if (type != NULL && g_str_has_prefix (type, "sys"))
    dms_import_reader_note (job,
                            dms_import_nomad_key (job, "Type", "type"),
                            DMS_IMPORT_APPROXIMATED,
                            "it runs once, not on every machine of the network");
  dms_import_draft_set_metadata (draft, "name", name);
  for (guint i = 0; i < groups->len; i++)
    add_nodes (draft, job, name, groups->pdata[i], is_task, &common);
  g_free (common.peer);
  g_free (common.architecture);
  note_job (job);
  dms_import_nomad_finish (job);
}

gboolean
dms_import_nomad (GPtrArray *documents, DmsImportDraft *draft, DmsImportReport *report, GError **error)
{
  for (guint i = 0; i < documents->len; i++)
    {
      DmsJobNode *tree = ((DmsImportDocument *) documents->pdata[i])->tree;
      g_autoptr (DmsImportReader) top = dms_import_reader_new (report, tree, "");
      g_autoptr (GPtrArray) jobs = NULL;
      g_autoptr (DmsImportReader) api = NULL;

      if (top == NULL)
        continue;
      if (dms_job_node_get (tree, "TaskGroups") != NULL)
        {
          translate (draft, top, "");
          continue;
        }
      if (dms_job_node_get (tree, "Job") != NULL)
        {
          api = dms_import_reader_open (top, "Job");
          if (api != NULL)
            translate (draft, api, "");
        }
      else
        {
          jobs = dms_import_nomad_list (top, "job", NULL, TRUE);
          for (guint j = 0; j < jobs->len; j++)
            translate (draft,
                       ((DmsImportNomadBlock *) jobs->pdata[j])->reader,
                       ((DmsImportNomadBlock *) jobs->pdata[j])->name);
        }
      dms_import_nomad_finish (top);
    }
  return TRUE;
}
