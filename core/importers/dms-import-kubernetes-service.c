/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-kubernetes-private.h"

#include "importers/dms-import-text.h"

#include <string.h>

/* Services, and ports that containers open themselves: ports of the pod's node. */

static const char *
text_of (DmsJobNode *map, const char *key)
{
  DmsJobNode *node = dms_job_node_get (map, key);

  return node == NULL || dms_job_node_get_kind (node) == DMS_JOB_NODE_NULL ? NULL
                                                                           : dms_job_node_get_text (node);
}

static guint
parse_port (const char *text)
{
  guint64 port;

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 1, 65535, &port, NULL) ? (guint) port : 0;
}

guint
dms_import_kubernetes_find_port (DmsJobNode *container, DmsJobNode *port)
{
  const char *text = port == NULL ? NULL : dms_job_node_get_text (port);
  DmsJobNode *ports = dms_job_node_get (container, "ports");

  if (text == NULL)
    return 0;
  if (parse_port (text) > 0)
    return parse_port (text);
  for (guint i = 0; ports != NULL && i < dms_job_node_get_n_items (ports); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (ports, i);

      if (g_strcmp0 (text_of (item, "name"), text) == 0)
        return parse_port (text_of (item, "containerPort"));
    }
  return 0;
}

static gboolean
is_tcp (DmsJobNode *port)
{
  const char *protocol = text_of (port, "protocol");

  return protocol == NULL || g_ascii_strcasecmp (protocol, "TCP") == 0;
}

/* Whether a pod with these labels is one of the service's. */
static gboolean
selects (DmsJobNode *service, DmsImportPod *pod)
{
  DmsJobNode *selector = dms_job_node_get (dms_job_node_get (service, "spec"), "selector");
  const char *name_space = dms_import_kubernetes_get_namespace (service);

  if (*name_space != '\0' && *pod->name_space != '\0' && strcmp (name_space, pod->name_space) != 0)
    return FALSE;

  if (selector == NULL || dms_job_node_get_kind (selector) != DMS_JOB_NODE_MAP ||
      dms_job_node_get_n_items (selector) == 0)
    return FALSE;
  for (guint i = 0; i < dms_job_node_get_n_items (selector); i++)
    {
      const char *wanted = dms_job_node_get_text (dms_job_node_get_item (selector, i));

      if (wanted == NULL ||
          g_strcmp0 (text_of (pod->labels, dms_job_node_get_key (selector, i)), wanted) != 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
declares (DmsJobNode *container, guint number)
{
  DmsJobNode *ports = dms_job_node_get (container, "ports");

  for (guint i = 0; ports != NULL && i < dms_job_node_get_n_items (ports); i++)
    {
      if (parse_port (text_of (dms_job_node_get_item (ports, i), "containerPort")) == number)
        return TRUE;
    }
  return FALSE;
}

/* The job that listens there; the first when no container says so. */
static DmsImportJob *
find_listener (DmsJobNode *containers, GPtrArray *jobs, DmsJobNode *target, guint *number)
{
  DmsImportJob *first = NULL;

  for (guint i = 0; i < jobs->len; i++)
    {
      DmsJobNode *container = dms_job_node_get_item (containers, i);

      *number = dms_import_kubernetes_find_port (container, target);
      if (jobs->pdata[i] != NULL && first == NULL)
        first = jobs->pdata[i];
      if (jobs->pdata[i] != NULL && *number > 0 && declares (container, *number))
        return jobs->pdata[i];
    }
  *number = target == NULL ? 0 : parse_port (dms_job_node_get_text (target));
  return *number > 0 ? first : NULL;
}

static void
add_service (DmsImportPod *pod, DmsJobNode *service, DmsJobNode *containers, GPtrArray *jobs)
{
  DmsJobNode *spec = dms_job_node_get (service, "spec");
  DmsJobNode *ports = dms_job_node_get (spec, "ports");
  const char *name = text_of (dms_job_node_get (service, "metadata"), "name");
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (pod->cluster->n_selected, service));
  gboolean named = FALSE;

  g_hash_table_insert (pod->cluster->n_selected, service, GUINT_TO_POINTER (n + 1));
  for (guint i = 0; ports != NULL && i < dms_job_node_get_n_items (ports); i++)
    {
      DmsJobNode *port = dms_job_node_get_item (ports, i);
      DmsJobNode *target = dms_job_node_get (port, "targetPort");
      guint wanted = parse_port (text_of (port, "nodePort"));
      guint number = 0;
      DmsImportJob *job;

      if (!is_tcp (port))
        continue;
      job = find_listener (
          containers, jobs, target != NULL ? target : dms_job_node_get (port, "port"), &number);
      if (job == NULL)
        continue;
      dms_import_node_add_port (
          pod->node, wanted > 0 ? wanted : parse_port (text_of (port, "port")), number, job->name);
      /* Others know the service by its name; the first of several pods stands for it. */
      if (n == 0 && !named && job->dns_name == NULL && name != NULL)
        {
          job->dns_name = dms_import_text_to_name (name);
          named = TRUE;
        }
    }
}

static gboolean
is_closed (DmsJobNode *port)
{
  const char *address = text_of (port, "hostIP");

  return address != NULL && dms_import_text_is_loopback (address);
}

static void
add_host_ports (DmsImportPod *pod, DmsJobNode *container, DmsImportJob *job)
{
  DmsJobNode *ports = dms_job_node_get (container, "ports");

  for (guint i = 0; ports != NULL && i < dms_job_node_get_n_items (ports); i++)
    {
      DmsJobNode *port = dms_job_node_get_item (ports, i);
      guint public_port = parse_port (text_of (port, "hostPort"));
      guint number = parse_port (text_of (port, "containerPort"));

      if (public_port > 0 && number > 0 && is_tcp (port) && !is_closed (port))
        dms_import_node_add_port (pod->node, public_port, number, job->name);
    }
}

static void
note_container_ports (DmsImportPod *pod, DmsJobNode *container, guint index)
{
  DmsJobNode *ports = dms_job_node_get (container, "ports");
  g_autofree char *path =
      g_strdup_printf ("%s.containers[%u]", dms_import_reader_get_path (pod->spec), index);
  g_autoptr (DmsImportReader) reader = NULL;

  if (dms_job_node_get_kind (container) != DMS_JOB_NODE_MAP)
    return;
  reader = dms_import_reader_new (pod->report, container, path);
  for (guint i = 0; ports != NULL && i < dms_job_node_get_n_items (ports); i++)
    {
      DmsJobNode *port = dms_job_node_get_item (ports, i);
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);
      guint host = parse_port (text_of (port, "hostPort"));

      if (!is_tcp (port))
        dms_import_reader_note_item (reader,
                                     "ports",
                                     port,
                                     suffix,
                                     DMS_IMPORT_IMPOSSIBLE,
                                     "ports of nodes are TCP; let the program speak TCP");
      else if (host > 0 && is_closed (port))
        dms_import_reader_note_item (
            reader, "ports", port, suffix, DMS_IMPORT_IMPOSSIBLE, "%s", DMS_IMPORT_CLOSED_REMARK);
      else if (host > 0 && host < 1025)
        dms_import_reader_note_item (reader,
                                     "ports",
                                     port,
                                     suffix,
                                     DMS_IMPORT_APPROXIMATED,
                                     "ports below 1025 become any free port; the manifest says which");
      else
        dms_import_reader_note_item (reader, "ports", port, suffix, DMS_IMPORT_TRANSLATED, "%s", "");
    }
}

void
dms_import_kubernetes_add_ports (DmsImportPod *pod, DmsJobNode *containers, GPtrArray *jobs)
{
  for (guint i = 0; i < jobs->len; i++)
    {
      if (jobs->pdata[i] != NULL)
        add_host_ports (pod, dms_job_node_get_item (containers, i), jobs->pdata[i]);
      note_container_ports (pod, dms_job_node_get_item (containers, i), i);
    }
  for (guint i = 0; i < pod->cluster->services->len; i++)
    {
      if (selects (pod->cluster->services->pdata[i], pod))
        add_service (pod, pod->cluster->services->pdata[i], containers, jobs);
    }
}

static void
note_port (DmsImportReader *spec, DmsJobNode *port, guint index)
{
  g_autofree char *suffix = g_strdup_printf ("[%u]", index);
  guint wanted = parse_port (text_of (port, "nodePort"));
  const char *remark =
      "a port of the pod's machine, open to whoever reaches that and not to the ensemble alone; "
      "others of it reach it as NAME.internal";

  if (wanted == 0)
    wanted = parse_port (text_of (port, "port"));
  if (!is_tcp (port))
    remark = "ports of nodes are TCP; let the program speak TCP";
  else if (wanted < 1025)
    remark = "ports below 1025 become any free port of the pod's machine, open to whoever reaches that; the "
             "manifest "
             "says which, and others reach it there as NAME.internal";
  dms_import_reader_note_item (spec,
                               "ports",
                               port,
                               suffix,
                               is_tcp (port) ? DMS_IMPORT_APPROXIMATED : DMS_IMPORT_IMPOSSIBLE,
                               "%s",
                               remark);
}

static void
note_service (DmsImportCluster *self, DmsJobNode *service)
{
  static const char *const plain[] = { "selector",   "clusterIP",      "clusterIPs",
                                       "ipFamilies", "ipFamilyPolicy", "publishNotReadyAddresses" };
  static const char *const balancing[] = { "sessionAffinity",
                                           "sessionAffinityConfig",
                                           "externalTrafficPolicy",
                                           "internalTrafficPolicy",
                                           "loadBalancerIP",
                                           "loadBalancerClass",
                                           "loadBalancerSourceRanges",
                                           "externalIPs",
                                           "externalName",
                                           "allocateLoadBalancerNodePorts" };
  const char *name = text_of (dms_job_node_get (service, "metadata"), "name");
  g_autofree char *path = g_strdup_printf ("Service/%s", name != NULL ? name : "unnamed");
  g_autoptr (DmsImportReader) object = dms_import_reader_new (self->report, service, path);
  g_autoptr (DmsImportReader) spec = dms_import_reader_open (object, "spec");
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->n_selected, service));
  g_autofree char *type = NULL;
  DmsJobNode *ports;

  dms_import_reader_pass (object, "apiVersion");
  dms_import_reader_pass (object, "kind");
  dms_import_reader_pass (object, "status");
  dms_import_reader_get (object, "metadata");
  if (spec == NULL)
    return;
  type = dms_import_reader_dup_text (spec, "type");
  if (n == 0)
    dms_import_reader_note (object, NULL, DMS_IMPORT_IMPOSSIBLE, "it selects none of the imported pods");
  else if (n > 1)
    dms_import_reader_note (
        object,
        NULL,
        DMS_IMPORT_APPROXIMATED,
        "nothing balances between its %u pods: its name leads to the first, and the others have "
        "their own",
        n);
  if (g_strcmp0 (type, "LoadBalancer") == 0)
    dms_import_reader_note (
        spec, "type", DMS_IMPORT_APPROXIMATED, "a port of the pod's machine, without an address of its own");
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    dms_import_reader_get (spec, plain[i]);
  for (guint i = 0; i < G_N_ELEMENTS (balancing); i++)
    {
      if (dms_import_reader_get (spec, balancing[i]) != NULL)
        dms_import_reader_note (spec,
                                balancing[i],
                                DMS_IMPORT_IMPOSSIBLE,
                                "nothing balances or names from outside: put a proxy before it");
    }
  ports = dms_import_reader_get_list (spec, "ports");
  for (guint i = 0; n > 0 && ports != NULL && i < dms_job_node_get_n_items (ports); i++)
    note_port (spec, dms_job_node_get_item (ports, i), i);
  dms_import_reader_finish (spec);
  dms_import_reader_finish (object);
}

void
dms_import_kubernetes_note_services (DmsImportCluster *self)
{
  for (guint i = 0; i < self->services->len; i++)
    note_service (self, self->services->pdata[i]);
}
