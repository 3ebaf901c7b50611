/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-kubernetes-private.h"

#include "importers/dms-import-flow.h"
#include "importers/dms-import-text.h"

#include <string.h>

/* Kubernetes manifests: each pod becomes a node, each of its containers an allocation there. */

/* No namespace has this name. */
#define ANY_NAMESPACE "*"

enum
{
  MAX_REPLICAS = 100,
  MAX_LIST_DEPTH = 4,
  MAX_OBJECTS = 10000,
  /* What a job file may have. */
  MAX_DEADLINE_SECONDS = 30 * 24 * 3600,
};

typedef struct
{
  DmsImportCluster *cluster;
  DmsImportReader *object;
  const char *kind;
  const char *name;
} Workload;

static const char *
text_of (DmsJobNode *map, const char *key)
{
  DmsJobNode *node = dms_job_node_get (map, key);

  return node == NULL ? NULL : dms_job_node_get_text (node);
}

static const char *
name_of (DmsJobNode *object)
{
  const char *name = text_of (dms_job_node_get (object, "metadata"), "name");

  if (name == NULL)
    name = text_of (dms_job_node_get (object, "metadata"), "generateName");
  return name != NULL ? name : "unnamed";
}

const char *
dms_import_kubernetes_get_namespace (DmsJobNode *object)
{
  const char *name = text_of (dms_job_node_get (object, "metadata"), "namespace");

  return name != NULL ? name : "";
}

DmsJobNode *
dms_import_kubernetes_find (DmsImportPod *pod, GHashTable *objects, const char *name)
{
  g_autofree char *own = NULL;
  g_autofree char *other = NULL;
  DmsJobNode *found;

  if (name == NULL)
    return NULL;
  own = g_strdup_printf ("%s/%s", pod->name_space, name);
  found = g_hash_table_lookup (objects, own);
  if (found != NULL)
    return found;
  other = g_strdup_printf ("%s/%s", *pod->name_space != '\0' ? "" : ANY_NAMESPACE, name);
  return g_hash_table_lookup (objects, other);
}

/* Lists may hold lists. */
static void
collect (GPtrArray *objects, DmsJobNode *tree, guint depth)
{
  const char *kind = text_of (tree, "kind");
  DmsJobNode *items = dms_job_node_get (tree, "items");

  if (kind == NULL || !g_str_has_suffix (kind, "List") || items == NULL ||
      dms_job_node_get_kind (items) != DMS_JOB_NODE_LIST)
    {
      if (objects->len < MAX_OBJECTS)
        g_ptr_array_add (objects, tree);
      return;
    }
  for (guint i = 0; depth < MAX_LIST_DEPTH && i < dms_job_node_get_n_items (items); i++)
    collect (objects, dms_job_node_get_item (items, i), depth + 1);
}

static void
note_metadata (DmsImportReader *object)
{
  static const char *const plain[] = {
    "name", "generateName",    "namespace",  "labels",       "creationTimestamp",
    "uid",  "resourceVersion", "generation", "managedFields"
  };
  g_autoptr (DmsImportReader) metadata = dms_import_reader_open (object, "metadata");

  dms_import_reader_pass (object, "apiVersion");
  dms_import_reader_pass (object, "kind");
  dms_import_reader_pass (object, "status");
  if (metadata == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    dms_import_reader_get (metadata, plain[i]);
  if (dms_import_reader_get (metadata, "annotations") != NULL)
    dms_import_reader_note (metadata,
                            "annotations",
                            DMS_IMPORT_APPROXIMATED,
                            "left out; what counts of them belongs into metadata");
  dms_import_reader_finish (metadata);
}

static void
note_pod (DmsImportPod *pod)
{
  static const struct
  {
    const char *key;
    DmsImportFate fate;
    const char *text;
  } remarks[] = {
    { "activeDeadlineSeconds",
      DMS_IMPORT_IMPOSSIBLE,
      "give the deployment that much time: deploy --timeout" },
    { "automountServiceAccountToken", DMS_IMPORT_TRANSLATED, "there are no service accounts here" },
    { "dnsConfig", DMS_IMPORT_IMPOSSIBLE, "the machine's resolver is used" },
    { "dnsPolicy", DMS_IMPORT_APPROXIMATED, "the machine's resolver is used, and NAME.internal" },
    { "enableServiceLinks", DMS_IMPORT_TRANSLATED, "there are no variables with addresses of services" },
    { "hostAliases", DMS_IMPORT_IMPOSSIBLE, "write the addresses into the program's settings" },
    { "hostIPC", DMS_IMPORT_IMPOSSIBLE, "jobs have memory of their own" },
    { "hostNetwork",
      DMS_IMPORT_IMPOSSIBLE,
      "jobs do not share the machine's network; publish ports instead" },
    { "hostPID", DMS_IMPORT_IMPOSSIBLE, "jobs do not see other processes of the machine" },
    { "hostname",
      DMS_IMPORT_APPROXIMATED,
      "others find it as the allocation's name with .internal behind it" },
    { "subdomain",
      DMS_IMPORT_APPROXIMATED,
      "others find it as the allocation's name with .internal behind it" },
    { "imagePullSecrets", DMS_IMPORT_IMPOSSIBLE, "the machine's own credentials for the registry are used" },
    { "preemptionPolicy", DMS_IMPORT_IMPOSSIBLE, "nothing is preempted" },
    { "priority", DMS_IMPORT_IMPOSSIBLE, "nothing is preempted" },
    { "priorityClassName", DMS_IMPORT_IMPOSSIBLE, "nothing is preempted" },
    { "runtimeClassName",
      DMS_IMPORT_IMPOSSIBLE,
      "the machine chooses the runtime; executor chooses the kind" },
    { "schedulerName", DMS_IMPORT_APPROXIMATED, "the orchestrator chooses" },
    { "serviceAccount", DMS_IMPORT_IMPOSSIBLE, "a job's rights are capabilities that its owner grants" },
    { "serviceAccountName", DMS_IMPORT_IMPOSSIBLE, "a job's rights are capabilities that its owner grants" },
    { "shareProcessNamespace", DMS_IMPORT_IMPOSSIBLE, "allocations do not see each other's processes" },
    { "terminationGracePeriodSeconds", DMS_IMPORT_APPROXIMATED, "the executor's own time is used" },
    { "ephemeralContainers", DMS_IMPORT_IMPOSSIBLE, "write it as a container" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (remarks); i++)
    {
      if (dms_import_reader_get (pod->spec, remarks[i].key) != NULL &&
          !dms_import_kubernetes_is_default (pod->spec, remarks[i].key))
        dms_import_reader_note (pod->spec, remarks[i].key, remarks[i].fate, "%s", remarks[i].text);
    }
}

static char *
name_container (DmsImportPod *pod, DmsJobNode *container, gboolean alone)
{
  const char *own = text_of (container, "name");
  g_autofree char *wanted = NULL;

  if (alone)
    wanted = g_strdup (pod->node->name);
  else
    wanted = g_strdup_printf ("%.40s-%.20s", pod->node->name, own != NULL ? own : "container");
  return dms_import_draft_take_name (pod->cluster->draft, wanted, FALSE);
}

/* The user and the group of the pod are those of its containers, each unless they say otherwise. A user
 * without a group would be in that of root. */
static void
take_user (DmsImportPod *pod, DmsImportReader *container, DmsImportJob *job)
{
  DmsJobNode *shared = dms_job_node_get (dms_import_reader_get_node (pod->spec), "securityContext");
  DmsJobNode *own = dms_job_node_get (dms_import_reader_get_node (container), "securityContext");
  const char *user = text_of (own, "runAsUser");
  const char *group = text_of (own, "runAsGroup");

  user = user != NULL ? user : text_of (shared, "runAsUser");
  group = group != NULL ? group : text_of (shared, "runAsGroup");
  if (user != NULL)
    job->user = group != NULL ? g_strdup_printf ("%s:%s", user, group) : g_strdup (user);
  else if (group != NULL)
    dms_import_reader_note (container,
                            "securityContext",
                            DMS_IMPORT_IMPOSSIBLE,
                            "runAsGroup without runAsUser was left out: give both");
}

static void
note_security (DmsImportReader *spec)
{
  static const char *const ignored[] = { "fsGroup",        "fsGroupChangePolicy", "supplementalGroups",
                                         "seccompProfile", "seLinuxOptions",      "sysctls" };
  g_autoptr (DmsImportReader) security = dms_import_reader_open (spec, "securityContext");

  if (security == NULL)
    return;
  dms_import_reader_get (security, "runAsUser");
  dms_import_reader_get (security, "runAsGroup");
  if (dms_import_reader_get (security, "runAsNonRoot") != NULL &&
      !dms_import_kubernetes_is_default (security, "runAsNonRoot"))
    dms_import_reader_note (security,
                            "runAsNonRoot",
                            DMS_IMPORT_APPROXIMATED,
                            "not checked; the image's user, or runAsUser, counts");
  for (guint i = 0; i < G_N_ELEMENTS (ignored); i++)
    {
      if (dms_import_reader_get (security, ignored[i]) != NULL)
        dms_import_reader_note (
            security, ignored[i], DMS_IMPORT_APPROXIMATED, "left out: the machine's own are used");
    }
  dms_import_reader_finish (security);
}

static DmsImportJob *
open_container (DmsImportPod *pod, DmsImportReader *container, const char *name)
{
  DmsImportJob *job = dms_import_kubernetes_make_job (pod, container, name);

  if (job == NULL)
    return NULL;
  dms_import_reader_pass (container, "ports");
  take_user (pod, container, job);
  if (pod->architecture != NULL)
    job->architecture = g_strdup (pod->architecture);
  if (pod->gpu_model != NULL && job->n_gpus > 0)
    job->gpu_model = g_strdup (pod->gpu_model);
  dms_import_kubernetes_add_volumes (pod, container, job);
  return job;
}

/* One after the other, then the rest. The last of them, with its reader: (transfer full). */
static DmsImportJob *
add_init_containers (DmsImportPod *pod, DmsImportReader **reader)
{
  DmsJobNode *list = dms_import_reader_get_list (pod->spec, "initContainers");
  g_autoptr (DmsImportReader) before_reader = NULL;
  DmsImportJob *before = NULL;

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (list, i);
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);
      g_autoptr (DmsImportReader) container =
          dms_import_reader_open_item (pod->spec, "initContainers", item, suffix);
      g_autofree char *name = NULL;
      DmsImportJob *job;

      if (container == NULL)
        continue;
      name = name_container (pod, item, FALSE);
      job = open_container (pod, container, name);
      if (job != NULL)
        {
          job->is_task = g_strcmp0 (text_of (item, "restartPolicy"), "Always") != 0;
          job->restarts = job->is_task && pod->is_task && pod->restarts;
          if (before != NULL && before->is_task)
            dms_import_flow_wait (job, before->name, before_reader, NULL, NULL, NULL);
          else if (before != NULL)
            dms_import_job_add_dependency (job, before->name);
          before = job;
          g_clear_pointer (&before_reader, dms_import_reader_unref);
          before_reader = dms_import_reader_ref (container);
          dms_import_kubernetes_add_probe (pod, container, job);
          dms_import_node_add_job (pod->node, job);
          dms_import_reader_finish (container);
        }
    }
  *reader = g_steal_pointer (&before_reader);
  return before;
}

/* What is no container has no reader. */
static void
unref_reader (gpointer data)
{
  if (data != NULL)
    dms_import_reader_unref (data);
}

static void
add_containers (DmsImportPod *pod)
{
  g_autoptr (DmsImportReader) init_reader = NULL;
  DmsImportJob *init = add_init_containers (pod, &init_reader);
  DmsJobNode *list = dms_import_reader_get_list (pod->spec, "containers");
  g_autoptr (GPtrArray) readers = g_ptr_array_new_with_free_func (unref_reader);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new ();
  guint n = list == NULL ? 0 : dms_job_node_get_n_items (list);

  for (guint i = 0; i < n; i++)
    {
      DmsJobNode *item = dms_job_node_get_item (list, i);
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);
      g_autoptr (DmsImportReader) container =
          dms_import_reader_open_item (pod->spec, "containers", item, suffix);
      g_autofree char *name = container == NULL ? NULL : name_container (pod, item, n == 1);
      DmsImportJob *job = container == NULL ? NULL : open_container (pod, container, name);

      g_ptr_array_add (jobs, job);
      g_ptr_array_add (readers, container != NULL ? dms_import_reader_ref (container) : NULL);
      if (job == NULL)
        continue;
      job->is_task = pod->is_task;
      job->restarts = pod->restarts;
      /* Told of once, at the container that is waited for. */
      if (init != NULL && init->is_task)
        dms_import_flow_wait (job, init->name, init_reader, NULL, NULL, NULL);
      else if (init != NULL)
        dms_import_job_add_dependency (job, init->name);
      g_clear_pointer (&init_reader, dms_import_reader_unref);
      dms_import_node_add_job (pod->node, job);
    }
  if (list != NULL)
    dms_import_kubernetes_add_ports (pod, list, jobs);
  for (guint i = 0; i < n; i++)
    {
      if (jobs->pdata[i] == NULL)
        continue;
      dms_import_kubernetes_add_probe (pod, readers->pdata[i], jobs->pdata[i]);
      dms_import_reader_finish (readers->pdata[i]);
    }
}

static guint
count_containers (DmsJobNode *spec)
{
  DmsJobNode *containers = dms_job_node_get (spec, "containers");
  DmsJobNode *init = dms_job_node_get (spec, "initContainers");

  return (containers == NULL ? 0 : dms_job_node_get_n_items (containers)) +
         (init == NULL ? 0 : dms_job_node_get_n_items (init));
}

/* Makes n nodes of a pod's template; FALSE, noted, when it is left out. */
static gboolean
add_pods (Workload *workload, DmsImportReader *template, guint n, DmsJobNode *claims, const char *recovery)
{
  DmsImportCluster *cluster = workload->cluster;
  DmsJobNode *template_node = dms_import_reader_get_node (template);
  DmsJobNode *spec = dms_job_node_get (template_node, "spec");
  g_autoptr (DmsImportReport) scratch = dms_import_report_new ();
  const char *policy = text_of (spec, "restartPolicy");
  gboolean stateful = strcmp (workload->kind, "StatefulSet") == 0;
  gboolean ends = strcmp (workload->kind, "Job") == 0 || strcmp (workload->kind, "CronJob") == 0;

  if (spec == NULL || dms_job_node_get_kind (spec) != DMS_JOB_NODE_MAP)
    {
      dms_import_reader_note (template, NULL, DMS_IMPORT_IMPOSSIBLE, "it has no spec");
      return FALSE;
    }
  if (!dms_import_draft_has_room (cluster->draft, n * MAX (1, MIN (count_containers (spec), 1000))))
    {
      dms_import_reader_note (template,
                              "spec",
                              DMS_IMPORT_IMPOSSIBLE,
                              "an import makes 1,000 allocations at most; this was left out");
      return FALSE;
    }
  if (!dms_import_draft_may_repeat (cluster->draft, spec, n))
    {
      dms_import_reader_note (template,
                              "spec",
                              DMS_IMPORT_IMPOSSIBLE,
                              "it is too large for so many copies and was left out; ask for fewer");
      return FALSE;
    }
  for (guint i = 0; i < n && !dms_import_draft_is_full (cluster->draft); i++)
    {
      DmsImportReport *report = i == 0 ? dms_import_reader_get_report (template) : scratch;
      g_autofree char *path = dms_import_reader_dup_path_of (template, "spec");
      g_autoptr (DmsImportReader) reader = dms_import_reader_new (report, spec, path);
      g_autofree char *wanted = n == 1 && !stateful
                                    ? g_strdup (workload->name)
                                    : g_strdup_printf ("%.55s-%u", workload->name, stateful ? i : i + 1);
      g_autofree char *name = dms_import_draft_take_name (cluster->draft, wanted, TRUE);
      DmsImportPod pod = {
        .cluster = cluster,
        .report = report,
        .spec = reader,
        .node = dms_import_draft_add_node (cluster->draft, name),
        .workload = workload->name,
        .name_space = dms_import_kubernetes_get_namespace (dms_import_reader_get_node (workload->object)),
        .ordinal = i,
        .labels = dms_job_node_get (dms_job_node_get (template_node, "metadata"), "labels"),
        .claim_templates = claims
      };

      pod.is_task = ends || (policy != NULL && strcmp (policy, "Always") != 0);
      pod.restarts = policy == NULL ? !ends : strcmp (policy, "Never") != 0;
      pod.node->failure_recovery = recovery;
      dms_import_reader_get (reader, "restartPolicy");
      dms_import_kubernetes_place (&pod);
      dms_import_reader_get (reader, "volumes");
      note_security (reader);
      add_containers (&pod);
      note_pod (&pod);
      dms_import_reader_finish (reader);
      g_free (pod.architecture);
      g_free (pod.gpu_model);
    }
  dms_import_reader_pass (template, "spec");
  return TRUE;
}

/* The template of a workload's pods, below what spec is. */
static gboolean
add_template (Workload *workload, DmsImportReader *spec, guint n, const char *recovery)
{
  g_autoptr (DmsImportReader) template = dms_import_reader_open (spec, "template");
  DmsJobNode *claims = dms_import_reader_get_list (spec, "volumeClaimTemplates");
  gboolean made;

  if (template == NULL)
    {
      dms_import_reader_note (spec, NULL, DMS_IMPORT_IMPOSSIBLE, "it has no template of its pods");
      return FALSE;
    }
  note_metadata (template);
  made = add_pods (workload, template, n, claims, recovery);
  dms_import_reader_finish (template);
  return made;
}

static void
note_all (DmsImportReader *spec, const char *const *keys, DmsImportFate fate, const char *text)
{
  for (; *keys != NULL; keys++)
    {
      if (dms_import_reader_get (spec, *keys) != NULL)
        dms_import_reader_note (spec, *keys, fate, "%s", text);
    }
}

/* Deployment, StatefulSet, ReplicaSet, DaemonSet */
static void
add_controller (Workload *workload)
{
  static const char *const updates[] = {
    "strategy", "updateStrategy", "minReadySeconds", "podManagementPolicy", "progressDeadlineSeconds", NULL
  };
  static const char *const plain[] = {
    "selector", "serviceName", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", NULL
  };
  g_autoptr (DmsImportReader) spec = dms_import_reader_open (workload->object, "spec");
  gboolean stateful = strcmp (workload->kind, "StatefulSet") == 0;
  guint n;

  if (spec == NULL)
    return;
  n = (guint) dms_import_reader_get_int (spec, "replicas", 0, MAX_REPLICAS, 1);
  if (n == 0)
    {
      dms_import_reader_note (spec, NULL, DMS_IMPORT_TRANSLATED, "left out: it has no replicas");
      return;
    }
  /* What a stateful pod has stored is on the machine that had it. */
  if (!add_template (workload, spec, n, stateful ? "restart" : "redeploy"))
    return;
  if (n > 1)
    dms_import_reader_note (spec,
                            "replicas",
                            DMS_IMPORT_APPROXIMATED,
                            "each is a node with a machine of its own; nothing balances between them");
  if (strcmp (workload->kind, "DaemonSet") == 0)
    dms_import_reader_note (
        workload->object, NULL, DMS_IMPORT_APPROXIMATED, "it runs once, not on every machine of the network");
  note_all (
      spec, updates, DMS_IMPORT_APPROXIMATED, "an update changes what differs, all at once, or nothing");
  for (guint i = 0; plain[i] != NULL; i++)
    dms_import_reader_get (spec, plain[i]);
  dms_import_reader_finish (spec);
}

/* Whether a Job's pods have one container each, so that each is a run of one step. */
static gboolean
is_single (DmsImportReader *job)
{
  DmsJobNode *template = dms_job_node_get (dms_import_reader_get_node (job), "template");
  DmsJobNode *spec = template != NULL ? dms_job_node_get (template, "spec") : NULL;

  return spec != NULL && dms_job_node_get_kind (spec) == DMS_JOB_NODE_MAP && count_containers (spec) == 1;
}

static void
note_fan_out (DmsImportReader *spec, guint parallelism)
{
  g_autofree char *mode = dms_import_reader_dup_text (spec, "completionMode");

  if (dms_import_reader_get (spec, "completions") != NULL)
    dms_import_reader_note (spec, "completions", DMS_IMPORT_TRANSLATED, "a run of the workflow for each");
  if (parallelism > 1)
    dms_import_reader_note (spec,
                            "parallelism",
                            DMS_IMPORT_APPROXIMATED,
                            "so many nodes, each with a machine of its own, share the runs");
  if (g_strcmp0 (mode, "Indexed") == 0)
    dms_import_reader_note (spec,
                            "completionMode",
                            DMS_IMPORT_APPROXIMATED,
                            "DMS_INDEX says which run it is; JOB_COMPLETION_INDEX is not set");
}

/* A Job's pods are made anew when they fail, after 10, 20, 40 … seconds, at most 6 minutes: 6 times, unless
 * it says otherwise (kubernetes.io/docs/concepts/workloads/controllers/job). */
static void
make_steps (Workload *workload, DmsImportReader *spec, guint first, gboolean fans_out)
{
  GPtrArray *nodes = dms_import_draft_get_nodes (workload->cluster->draft);
  guint max_retries = (guint) dms_import_reader_get_int (spec, "backoffLimit", 0, G_MAXINT32, 6);
  guint deadline =
      (guint) dms_import_reader_get_int (spec, "activeDeadlineSeconds", 1, MAX_DEADLINE_SECONDS, 0);

  if (dms_import_reader_get (spec, "backoffLimit") != NULL)
    dms_import_reader_note (
        spec, "backoffLimit", DMS_IMPORT_TRANSLATED, "retries of %s", fans_out ? "each run" : "each step");
  if (dms_import_reader_get (spec, "activeDeadlineSeconds") != NULL)
    dms_import_reader_note (spec,
                            "activeDeadlineSeconds",
                            DMS_IMPORT_APPROXIMATED,
                            "the time-out of each attempt of each container");

  for (guint i = first; i < nodes->len; i++)
    {
      GPtrArray *jobs = ((DmsImportNode *) nodes->pdata[i])->jobs;

      for (guint j = 0; j < jobs->len; j++)
        {
          DmsImportJob *job = jobs->pdata[j];

          if (!job->is_task)
            continue;
          job->wants_step = TRUE;
          job->retry_delay = "10s";
          job->retry_max_delay = "6m";
          dms_import_flow_retry (job, max_retries);
          if (deadline > 0)
            job->timeout = g_strdup_printf ("%us", deadline);
        }
    }
}

static gpointer
ref_node (gconstpointer node, gpointer user_data)
{
  return dms_job_node_ref ((gpointer) node);
}

/* One allocation, which as many nodes run as may be at work at a time. */
static void
fan_out (Workload *workload, guint first, guint completions, guint parallelism)
{
  GPtrArray *nodes = dms_import_draft_get_nodes (workload->cluster->draft);
  DmsImportNode *node = nodes->len > first ? nodes->pdata[first] : NULL;
  DmsImportJob *job = node != NULL && node->jobs->len == 1 ? node->jobs->pdata[0] : NULL;

  if (job == NULL)
    return;
  job->n_runs = completions;
  for (guint i = 1; i < parallelism; i++)
    {
      g_autofree char *wanted = g_strdup_printf ("%.55s-%u", workload->name, i + 1);
      g_autofree char *name = dms_import_draft_take_name (workload->cluster->draft, wanted, TRUE);
      DmsImportNode *other = dms_import_draft_add_node (workload->cluster->draft, name);

      other->shared = g_strdup (job->name);
      g_ptr_array_extend (other->accept, node->accept, ref_node, NULL);
      g_ptr_array_extend (other->reject, node->reject, ref_node, NULL);
    }
}

static void
add_job (Workload *workload, DmsImportReader *owner)
{
  static const char *const limits[] = {
    "backoffLimitPerIndex", "podFailurePolicy", "maxFailedIndexes", NULL
  };
  static const char *const plain[] = {
    "selector", "manualSelector", "ttlSecondsAfterFinished", "completionMode", NULL
  };
  guint first = dms_import_draft_get_nodes (workload->cluster->draft)->len;
  g_autoptr (DmsImportReader) spec = dms_import_reader_open (owner, "spec");
  gboolean fans_out;
  guint completions;
  guint parallelism;

  if (spec == NULL)
    return;
  parallelism = (guint) dms_import_reader_get_int (spec, "parallelism", 0, MAX_REPLICAS, 1);
  completions =
      (guint) dms_import_reader_get_int (spec, "completions", 1, MAX_REPLICAS, MAX (parallelism, 1));
  parallelism = CLAMP (parallelism, 1, completions);
  fans_out = completions > 1 && is_single (spec);
  if (!add_template (workload, spec, fans_out ? 1 : completions, NULL))
    return;
  make_steps (workload, spec, first, fans_out);
  if (fans_out)
    {
      fan_out (workload, first, completions, parallelism);
      note_fan_out (spec, parallelism);
    }
  else if (completions > 1)
    dms_import_reader_note (spec,
                            "completions",
                            DMS_IMPORT_APPROXIMATED,
                            "each is a node with a machine of its own, all at once");
  if (!fans_out && parallelism < completions && dms_import_reader_get (spec, "parallelism") != NULL)
    dms_import_reader_note (spec, "parallelism", DMS_IMPORT_APPROXIMATED, "all run at once");
  note_all (spec, limits, DMS_IMPORT_APPROXIMATED, "retries of each run are used");
  if (dms_import_reader_get (spec, "suspend") != NULL && dms_import_reader_get_bool (spec, "suspend", FALSE))
    dms_import_reader_note (
        spec, "suspend", DMS_IMPORT_IMPOSSIBLE, "what is deployed starts; deploy it later");
  for (guint i = 0; plain[i] != NULL; i++)
    dms_import_reader_get (spec, plain[i]);
  dms_import_reader_finish (spec);
}

static void
add_cron_job (Workload *workload)
{
  static const char *const times[] = { "timeZone", "startingDeadlineSeconds",    "concurrencyPolicy",
                                       "suspend",  "successfulJobsHistoryLimit", "failedJobsHistoryLimit",
                                       NULL };
  g_autoptr (DmsImportReader) spec = dms_import_reader_open (workload->object, "spec");
  g_autoptr (DmsImportReader) template = NULL;

  if (spec == NULL)
    return;
  if (dms_import_reader_get (spec, "schedule") != NULL)
    dms_import_reader_note (spec,
                            "schedule",
                            DMS_IMPORT_IMPOSSIBLE,
                            "it runs once each time it is deployed; let cron or a timer call “nunet deploy”");
  note_all (spec, times, DMS_IMPORT_IMPOSSIBLE, "belongs to the schedule, which is the caller's");
  template = dms_import_reader_open (spec, "jobTemplate");
  if (template != NULL)
    {
      note_metadata (template);
      add_job (workload, template);
      dms_import_reader_finish (template);
    }
  dms_import_reader_finish (spec);
}

static void
note_claim (DmsImportReader *object)
{
  g_autoptr (DmsImportReader) spec = dms_import_reader_open (object, "spec");
  static const char *const classes[] = { "storageClassName", "volumeMode", "volumeName",
                                         "dataSource",       "selector",   NULL };

  if (spec == NULL)
    return;
  dms_import_reader_get (spec, "resources");
  if (dms_import_reader_get (spec, "accessModes") != NULL)
    dms_import_reader_note (
        spec,
        "accessModes",
        DMS_IMPORT_APPROXIMATED,
        "the volume is on the machine that runs the pod; pods on other machines have their own. "
        "Use a glusterfs volume where they must share one");
  note_all (spec, classes, DMS_IMPORT_APPROXIMATED, "a volume of the machine's own storage is used");
  dms_import_reader_finish (spec);
}

/* Values are read where they are used, and never told. */
static void
note_values (DmsImportReader *object)
{
  static const char *const members[] = { "data", "stringData", "type", "immutable" };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    dms_import_reader_get (object, members[i]);
  if (dms_import_reader_get (object, "binaryData") != NULL)
    dms_import_reader_note (
        object, "binaryData", DMS_IMPORT_IMPOSSIBLE, "files of a job are text; put the bytes into the image");
}

static void
note_unknown (DmsImportReader *object, const char *kind)
{
  static const struct
  {
    const char *kind;
    const char *text;
  } advice[] = {
    { "Namespace", "ensembles have no name spaces; each deployment is apart from the others" },
    { "Ingress", "nothing balances or names from outside: publish a port and put a proxy before it" },
    { "HorizontalPodAutoscaler", "the number of nodes is fixed; update the deployment to change it" },
    { "NetworkPolicy", "only ports that a node lists can be reached from outside" },
    { "ServiceAccount", "a job's rights are capabilities that its owner grants" },
    { "Role", "a job's rights are capabilities that its owner grants" },
    { "RoleBinding", "a job's rights are capabilities that its owner grants" },
    { "ClusterRole", "a job's rights are capabilities that its owner grants" },
    { "ClusterRoleBinding", "a job's rights are capabilities that its owner grants" },
    { "PersistentVolume", "volumes are the machine's own; say in the job file how large they are" },
    { "StorageClass", "volumes are the machine's own" },
    { "PodDisruptionBudget",
      "machines leave when their owners want; choose failure_recovery and redundancy" },
  };
  const char *text = "objects of this kind cannot be imported";

  for (guint i = 0; i < G_N_ELEMENTS (advice); i++)
    {
      if (strcmp (advice[i].kind, kind) == 0)
        text = advice[i].text;
    }
  dms_import_reader_note (object, NULL, DMS_IMPORT_IMPOSSIBLE, "%s", text);
}

static void
translate (DmsImportCluster *self, DmsJobNode *node)
{
  const char *kind = text_of (node, "kind");
  g_autofree char *path = g_strdup_printf ("%s/%s", kind, name_of (node));
  g_autoptr (DmsImportReader) object = dms_import_reader_new (self->report, node, path);
  Workload workload = { self, object, kind, name_of (node) };

  if (strcmp (kind, "Service") == 0)
    return;
  if (strcmp (kind, "Pod") == 0)
    {
      note_metadata (object);
      add_pods (&workload, object, 1, NULL, NULL);
    }
  else if (strcmp (kind, "Deployment") == 0 || strcmp (kind, "StatefulSet") == 0 ||
           strcmp (kind, "ReplicaSet") == 0 || strcmp (kind, "DaemonSet") == 0 ||
           strcmp (kind, "ReplicationController") == 0)
    {
      note_metadata (object);
      add_controller (&workload);
    }
  else if (strcmp (kind, "Job") == 0)
    {
      note_metadata (object);
      add_job (&workload, object);
    }
  else if (strcmp (kind, "CronJob") == 0)
    {
      note_metadata (object);
      add_cron_job (&workload);
    }
  else if (strcmp (kind, "ConfigMap") == 0 || strcmp (kind, "Secret") == 0)
    {
      note_metadata (object);
      note_values (object);
    }
  else if (strcmp (kind, "PersistentVolumeClaim") == 0)
    {
      note_metadata (object);
      note_claim (object);
    }
  else
    {
      note_unknown (object, kind);
      return;
    }
  dms_import_reader_finish (object);
}

/* By its namespace, and by none, where NULL stands for several. */
static void
index_by_name (GHashTable *objects, DmsJobNode *object)
{
  const char *name_space = dms_import_kubernetes_get_namespace (object);
  char *any = g_strdup_printf (ANY_NAMESPACE "/%s", name_of (object));
  gpointer known;
  gboolean is_known = g_hash_table_lookup_extended (objects, any, NULL, &known);

  if (is_known && (known == NULL || strcmp (dms_import_kubernetes_get_namespace (known), name_space) != 0))
    g_hash_table_replace (objects, any, NULL);
  else
    g_hash_table_replace (objects, any, object);
  g_hash_table_replace (objects, g_strdup_printf ("%s/%s", name_space, name_of (object)), object);
}

static void
index_object (DmsImportCluster *self, DmsJobNode *node)
{
  const char *kind = text_of (node, "kind");

  if (strcmp (kind, "ConfigMap") == 0)
    index_by_name (self->config_maps, node);
  else if (strcmp (kind, "Secret") == 0)
    index_by_name (self->secrets, node);
  else if (strcmp (kind, "PersistentVolumeClaim") == 0)
    index_by_name (self->claims, node);
  else if (strcmp (kind, "Service") == 0)
    g_ptr_array_add (self->services, node);
}

gboolean
dms_import_kubernetes (GPtrArray *documents, DmsImportDraft *draft, DmsImportReport *report, GError **error)
{
  g_autoptr (GPtrArray) objects = g_ptr_array_new ();
  g_autoptr (GHashTable) config_maps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) secrets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) claims = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) n_selected = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) services = g_ptr_array_new ();
  DmsImportCluster self = { draft, report, config_maps, secrets, claims, services, n_selected };

  for (guint i = 0; i < documents->len; i++)
    collect (objects, ((DmsImportDocument *) documents->pdata[i])->tree, 0);
  for (guint i = objects->len; i > 0; i--)
    {
      DmsJobNode *object = objects->pdata[i - 1];

      if (text_of (object, "kind") != NULL)
        continue;
      dms_import_report_add (report,
                             DMS_IMPORT_IMPOSSIBLE,
                             dms_import_report_get_origin (report, object),
                             dms_job_node_get_line (object),
                             dms_job_node_get_column (object),
                             "items",
                             "an object without a kind was left out");
      g_ptr_array_remove_index (objects, i - 1);
    }
  for (guint i = 0; i < objects->len; i++)
    index_object (&self, objects->pdata[i]);
  for (guint i = 0; i < objects->len; i++)
    translate (&self, objects->pdata[i]);
  dms_import_kubernetes_note_services (&self);
  return TRUE;
}
