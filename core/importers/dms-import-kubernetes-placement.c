/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-kubernetes-private.h"

#include "importers/dms-import-text.h"

#include <string.h>

/* Where a pod may run: labels of nodes as constraints on machines. */

static const char *
text_of (DmsJobNode *map, const char *key)
{
  DmsJobNode *node = dms_job_node_get (map, key);

  return node == NULL ? NULL : dms_job_node_get_text (node);
}

static gboolean
is_region (const char *key)
{
  return strcmp (key, "topology.kubernetes.io/region") == 0 ||
         strcmp (key, "topology.kubernetes.io/zone") == 0 ||
         strcmp (key, "failure-domain.beta.kubernetes.io/region") == 0 ||
         strcmp (key, "failure-domain.beta.kubernetes.io/zone") == 0;
}

/* What a label with this value means here. NULL when it is understood, else why not; *close whether it means
 * nearly that only. */
static const char *
apply (DmsImportPod *pod, const char *key, const char *value, gboolean reject, gboolean *close)
{
  const char *continent;
  const char *country;

  *close = FALSE;
  if (is_region (key))
    {
      if (!dms_import_text_find_region (value, &continent, &country))
        return "the region is not known: write its continent, and country, under the node's location";
      *close = TRUE;
      dms_import_node_add_location (pod->node, reject, continent, country, NULL);
      return NULL;
    }
  if (reject)
    return "only regions can be ruled out";
  if (strcmp (key, "kubernetes.io/os") == 0 || strcmp (key, "beta.kubernetes.io/os") == 0)
    return strcmp (value, "linux") == 0 ? NULL : "only Linux jobs can be run";
  if (strcmp (key, "kubernetes.io/arch") == 0 || strcmp (key, "beta.kubernetes.io/arch") == 0)
    {
      g_free (pod->architecture);
      pod->architecture = dms_import_text_to_architecture (value);
      return NULL;
    }
  if (strcmp (key, "nvidia.com/gpu.product") == 0)
    {
      g_free (pod->gpu_model);
      pod->gpu_model = g_strdelimit (g_strdup (value), "-", ' ');
      *close = TRUE;
      return NULL;
    }
  if (strcmp (key, "kubernetes.io/hostname") == 0)
    {
      g_autoptr (DmsPeerId) peer = dms_peer_id_new (value, NULL);

      if (peer == NULL)
        return "machines have no such names here: give the machine's peer ID as the node's peer";
      g_free (pod->node->peer);
      pod->node->peer = g_strdup (dms_peer_id_get_text (peer));
      return NULL;
    }
  return "machines have no labels: say it by resources, location, or peer";
}

static void
note_fate (DmsImportReader *reader, const char *key, const char *why, gboolean close)
{
  if (why != NULL)
    dms_import_reader_note (reader, key, DMS_IMPORT_IMPOSSIBLE, "%s", why);
  else if (close)
    dms_import_reader_note (reader,
                            key,
                            DMS_IMPORT_APPROXIMATED,
                            "as continent and country, or as the model as machines call it");
}

static void
take_selector (DmsImportPod *pod)
{
  g_autoptr (DmsImportReader) selector = dms_import_reader_open (pod->spec, "nodeSelector");
  DmsJobNode *node = selector == NULL ? NULL : dms_import_reader_get_node (selector);

  for (guint i = 0; node != NULL && i < dms_job_node_get_n_items (node); i++)
    {
      const char *key = dms_job_node_get_key (node, i);
      g_autofree char *value = dms_import_reader_dup_text (selector, key);
      gboolean close = FALSE;
      const char *why = value == NULL ? NULL : apply (pod, key, value, FALSE, &close);

      if (value != NULL)
        note_fate (selector, key, why, close);
    }
  if (selector != NULL)
    dms_import_reader_finish (selector);
}

static void
take_expression (DmsImportPod *pod, DmsImportReader *expression)
{
  g_autofree char *key = dms_import_reader_dup_text (expression, "key");
  g_autofree char *operator= dms_import_reader_dup_text (expression, "operator");
  g_auto (GStrv) values = dms_import_reader_dup_texts (expression, "values");
  gboolean reject = g_strcmp0 (operator, "NotIn") == 0;
  gboolean close = FALSE;
  const char *why = NULL;

  if (key == NULL || operator== NULL || values == NULL ||
      values[0] == NULL || (!reject && strcmp (operator, "In") != 0))
    {
      dms_import_reader_note (
          expression, NULL, DMS_IMPORT_IMPOSSIBLE, "only In and NotIn with values can be expressed");
      return;
    }
  for (guint i = 0; values[i] != NULL && why == NULL && (i == 0 || is_region (key)); i++)
    why = apply (pod, key, values[i], reject, &close);
  if (why == NULL && !is_region (key) && values[1] != NULL)
    dms_import_reader_note (
        expression, "values", DMS_IMPORT_IMPOSSIBLE, "only one value can be asked for; the first was");
  else
    note_fate (expression, "values", why, close);
  dms_import_reader_finish (expression);
}

static void
take_terms (DmsImportPod *pod, DmsImportReader *required)
{
  DmsJobNode *terms = dms_import_reader_get_list (required, "nodeSelectorTerms");

  if (terms != NULL && dms_job_node_get_n_items (terms) > 1)
    dms_import_reader_note (required,
                            "nodeSelectorTerms",
                            DMS_IMPORT_APPROXIMATED,
                            "the first was taken; of alternatives only locations can be expressed");
  if (terms != NULL && dms_job_node_get_n_items (terms) > 0)
    {
      g_autoptr (DmsImportReader) term = dms_import_reader_open_item (
          required, "nodeSelectorTerms", dms_job_node_get_item (terms, 0), "[0]");
      DmsJobNode *list = term == NULL ? NULL : dms_import_reader_get_list (term, "matchExpressions");

      for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
        {
          g_autofree char *suffix = g_strdup_printf ("[%u]", i);
          g_autoptr (DmsImportReader) expression =
              dms_import_reader_open_item (term, "matchExpressions", dms_job_node_get_item (list, i), suffix);

          if (expression != NULL)
            take_expression (pod, expression);
        }
      if (term != NULL)
        dms_import_reader_finish (term);
    }
  dms_import_reader_finish (required);
}

static gboolean
spreads_over_hosts (DmsJobNode *rules)
{
  for (guint i = 0; i < dms_job_node_get_n_items (rules); i++)
    {
      DmsJobNode *rule = dms_job_node_get_item (rules, i);
      DmsJobNode *inner = dms_job_node_get (rule, "podAffinityTerm");

      if (g_strcmp0 (text_of (inner != NULL ? inner : rule, "topologyKey"), "kubernetes.io/hostname") != 0)
        return FALSE;
    }
  return TRUE;
}

static void
note_anti_affinity (DmsImportReader *affinity)
{
  static const char *const kinds[] = { "requiredDuringSchedulingIgnoredDuringExecution",
                                       "preferredDuringSchedulingIgnoredDuringExecution" };
  g_autoptr (DmsImportReader) anti = dms_import_reader_open (affinity, "podAntiAffinity");

  for (guint i = 0; anti != NULL && i < G_N_ELEMENTS (kinds); i++)
    {
      DmsJobNode *rules = dms_import_reader_get_list (anti, kinds[i]);

      if (rules == NULL)
        continue;
      if (spreads_over_hosts (rules))
        dms_import_reader_note (anti,
                                kinds[i],
                                DMS_IMPORT_TRANSLATED,
                                "each node of an ensemble has a machine of its own anyway");
      else
        dms_import_reader_note (anti,
                                kinds[i],
                                DMS_IMPORT_IMPOSSIBLE,
                                "give the nodes different locations, or an edge constraint");
    }
  if (anti != NULL)
    dms_import_reader_finish (anti);
}

static void
take_affinity (DmsImportPod *pod)
{
  g_autoptr (DmsImportReader) affinity = dms_import_reader_open (pod->spec, "affinity");
  g_autoptr (DmsImportReader) nodes = NULL;
  g_autoptr (DmsImportReader) required = NULL;
  static const char required_key[] = "requiredDuringSchedulingIgnoredDuringExecution";
  static const char preferred_key[] = "preferredDuringSchedulingIgnoredDuringExecution";

  if (affinity == NULL)
    return;
  nodes = dms_import_reader_open (affinity, "nodeAffinity");
  if (nodes != NULL)
    {
      required = dms_import_reader_open (nodes, required_key);
      if (required != NULL)
        take_terms (pod, required);
      if (dms_import_reader_get (nodes, preferred_key) != NULL)
        dms_import_reader_note (
            nodes, preferred_key, DMS_IMPORT_IMPOSSIBLE, "wishes were left out: require it, or not");
      dms_import_reader_finish (nodes);
    }
  if (dms_import_reader_get (affinity, "podAffinity") != NULL)
    dms_import_reader_note (affinity,
                            "podAffinity",
                            DMS_IMPORT_IMPOSSIBLE,
                            "put the allocations on one node, or give the nodes an edge constraint");
  note_anti_affinity (affinity);
  dms_import_reader_finish (affinity);
}

void
dms_import_kubernetes_place (DmsImportPod *pod)
{
  g_autofree char *name = NULL;

  take_selector (pod);
  take_affinity (pod);
  name = dms_import_reader_dup_text (pod->spec, "nodeName");
  if (name != NULL)
    {
      gboolean close;

      note_fate (pod->spec, "nodeName", apply (pod, "kubernetes.io/hostname", name, FALSE, &close), FALSE);
    }
  if (dms_import_reader_get (pod->spec, "tolerations") != NULL)
    dms_import_reader_note (pod->spec, "tolerations", DMS_IMPORT_TRANSLATED, "machines have no taints");
  if (dms_import_reader_get (pod->spec, "topologySpreadConstraints") != NULL)
    dms_import_reader_note (
        pod->spec,
        "topologySpreadConstraints",
        DMS_IMPORT_APPROXIMATED,
        "each node has a machine of its own; give nodes different locations to spread them further");
}
