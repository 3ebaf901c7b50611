/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-ensemble-private.h"

#include <string.h>

enum
{
  MAX_ALLOCATIONS = 10000,
  MAX_NODES = 10000,
  MAX_EDGES = 100000,
  MAX_SCRIPTS = 1000,
  MAX_CONTRACTS = 1000,
};

static char *
join_path (const char *parent, const char *key)
{
  return g_strdup_printf ("%s.%s", parent, key);
}

/* The member's map, with its size checked; NULL when it is absent. */
static DmsJobNode *
get_map (DmsJobReader *top, const char *key, guint max, DmsJobReadFlags flags)
{
  DmsJobNode *node = dms_job_reader_get (top, key, flags);

  if (node == NULL)
    return NULL;
  if (dms_job_node_get_kind (node) != DMS_JOB_NODE_MAP)
    {
      g_autofree char *what = dms_job_node_describe (node);

      dms_job_reader_error (top, key, "must be a map, got %s", what);
      return NULL;
    }
  if (dms_job_node_get_n_items (node) > max)
    {
      dms_job_reader_error (top, key, "must have at most %u members", max);
      return NULL;
    }
  return node;
}

static void
decode_allocations (DmsJobReader *top, DmsEnsemble *self, const DmsJobScope *scope)
{
  DmsJobNode *map = get_map (top, "allocations", MAX_ALLOCATIONS, DMS_JOB_READ_OPTIONAL);

  if (map == NULL && dms_job_reader_get (top, "allocations", DMS_JOB_READ_OPTIONAL) != NULL)
    return;
  if (map == NULL || dms_job_node_get_n_items (map) == 0)
    {
      dms_job_reader_error (top, "allocations", "at least one allocation must be defined");
      return;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (map); i++)
    {
      const char *name = dms_job_node_get_key (map, i);
      g_autofree char *path = join_path ("allocations", name);
      DmsAllocationConfig *allocation =
          dms_job_decode_allocation (dms_job_node_get_item (map, i), path, name, scope);

      if (allocation != NULL)
        g_ptr_array_add (self->allocations, allocation);
    }
}

static void
decode_nodes (DmsJobReader *top, DmsEnsemble *self, const DmsJobScope *scope)
{
  DmsJobNode *map = get_map (top, "nodes", MAX_NODES, DMS_JOB_READ_OPTIONAL);

  if (map == NULL && dms_job_reader_get (top, "nodes", DMS_JOB_READ_OPTIONAL) != NULL)
    return;
  if (map == NULL || dms_job_node_get_n_items (map) == 0)
    {
      dms_job_reader_error (top, "nodes", "at least one node must be defined");
      return;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (map); i++)
    {
      const char *name = dms_job_node_get_key (map, i);
      g_autofree char *path = join_path ("nodes", name);
      DmsNodeConfig *node = dms_job_decode_node (dms_job_node_get_item (map, i), path, name, scope);

      if (node != NULL)
        g_ptr_array_add (self->nodes, node);
    }
}

static DmsEdge *
decode_edge (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) edge = dms_job_reader_new (node, path, scope->form, scope->report);
  g_autofree char *source = NULL;
  g_autofree char *target = NULL;
  guint rtt;
  guint64 bandwidth;

  if (edge == NULL)
    return NULL;
  if (dms_job_reader_get (edge, "edges", DMS_JOB_READ_OPTIONAL) != NULL)
    {
      g_auto (GStrv) ends = dms_job_reader_dup_strv (edge, "edges", DMS_JOB_READ_REQUIRED);

      if (g_strv_length (ends) != 2)
        {
          dms_job_reader_error (edge, "edges", "must be the names of two nodes");
          return NULL;
        }
      source = g_strdup (ends[0]);
      target = g_strdup (ends[1]);
    }
  else
    {
      source = dms_job_reader_dup_string (edge, "s", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
      target = dms_job_reader_dup_string (edge, "t", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
    }
  rtt = (guint) dms_job_reader_get_int (edge, "rtt", 0, G_MAXINT32, 0);
  bandwidth = (guint64) dms_job_reader_get_int (edge, "bw", 0, G_MAXINT64, 0);
  dms_job_reader_finish (edge);
  return source == NULL || target == NULL ? NULL : dms_edge_new (source, target, rtt, bandwidth);
}

static void
decode_edges (DmsJobReader *top, DmsEnsemble *self, const DmsJobScope *scope)
{
  static const char *const names[] = { "edge_constraints", "edges" };

  for (guint n = 0; n < G_N_ELEMENTS (names); n++)
    {
      DmsJobNode *list = dms_job_reader_get_list (top, names[n], DMS_JOB_READ_OPTIONAL);

      if (list != NULL && dms_job_node_get_n_items (list) > MAX_EDGES)
        {
          dms_job_reader_error (top, names[n], "must have at most %d items", MAX_EDGES);
          continue;
        }
      for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
        {
          g_autofree char *path = g_strdup_printf ("%s[%u]", names[n], i);
          g_autoptr (DmsEdge) edge = decode_edge (dms_job_node_get_item (list, i), path, scope);
          const char *source = edge == NULL ? NULL : dms_edge_get_source (edge);
          const char *target = edge == NULL ? NULL : dms_edge_get_target (edge);

          if (edge == NULL)
            continue;
          if (strcmp (source, target) == 0)
            dms_job_report_error (
                scope->report, dms_job_node_get_item (list, i), path, "both ends are \"%.40s\"", source);
          else if (dms_ensemble_find_node (self, source) == NULL ||
                   dms_ensemble_find_node (self, target) == NULL)
            dms_job_report_error (scope->report,
                                  dms_job_node_get_item (list, i),
                                  path,
                                  "there is no node \"%.40s\"",
                                  dms_ensemble_find_node (self, source) == NULL ? source : target);
          g_ptr_array_add (self->edges, g_steal_pointer (&edge));
        }
    }
}

DmsSupervisorConfig *
dms_job_decode_supervisor (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  static const char *const strategies[] = { "OneForOne", "AllForOne", "RestForOne", NULL };
  g_autoptr (DmsJobReader) supervisor = dms_job_reader_new (node, path, scope->form, scope->report);
  g_autofree char *strategy = NULL;
  g_auto (GStrv) allocations = NULL;
  g_autoptr (GPtrArray) children =
      g_ptr_array_new_with_free_func ((GDestroyNotify) dms_supervisor_config_unref);
  DmsJobNode *list;

  if (supervisor == NULL)
    return NULL;
  strategy = dms_job_reader_dup_choice (supervisor, "strategy", strategies, "", DMS_JOB_READ_OPTIONAL);
  allocations = dms_job_reader_dup_strv (supervisor, "allocations", DMS_JOB_READ_OPTIONAL);
  list = dms_job_reader_get_list (supervisor, "children", DMS_JOB_READ_OPTIONAL);
  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *child_path = g_strdup_printf ("%s.children[%u]", path, i);
      DmsSupervisorConfig *child =
          dms_job_decode_supervisor (dms_job_node_get_item (list, i), child_path, scope);

      if (child != NULL)
        g_ptr_array_add (children, child);
    }
  dms_job_reader_finish (supervisor);
  return dms_supervisor_config_new (strategy, (const char *const *) allocations, children);
}

static void
decode_scripts (DmsJobReader *top, DmsEnsemble *self, const DmsJobScope *scope)
{
  DmsJobNode *map = get_map (top, "scripts", MAX_SCRIPTS, DMS_JOB_READ_OPTIONAL);

  for (guint i = 0; map != NULL && i < dms_job_node_get_n_items (map); i++)
    {
      const char *name = dms_job_node_get_key (map, i);
      DmsJobNode *item = dms_job_node_get_item (map, i);
      g_autofree char *path = join_path ("scripts", name);
      GBytes *content;

      if (*name == '\0' || strlen (name) > 255)
        dms_job_report_error (
            scope->report, item, path, "the name of a script must have 1 to 255 characters");
      if (!dms_job_node_is_scalar (item))
        {
          dms_job_report_error (scope->report, item, path, "must be the text of the script");
          continue;
        }
      if (scope->form == DMS_JOB_FORM_WIRE)
        {
          gsize size = 0;
          guchar *data = g_base64_decode (dms_job_node_get_text (item), &size);

          content = g_bytes_new_take (data, size);
        }
      else
        {
          content = g_bytes_new (dms_job_node_get_text (item), strlen (dms_job_node_get_text (item)));
        }
      g_hash_table_replace (self->scripts, g_strdup (name), content);
      g_ptr_array_add (self->script_names, g_strdup (name));
    }
}

static void
decode_texts (DmsJobReader *top, const char *key, JsonObject *object, const DmsJobScope *scope)
{
  DmsJobNode *map = get_map (top, key, 10000, DMS_JOB_READ_OPTIONAL);

  for (guint i = 0; map != NULL && i < dms_job_node_get_n_items (map); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (map, i);
      g_autofree char *path = join_path (key, dms_job_node_get_key (map, i));

      if (!dms_job_node_is_scalar (item))
        dms_job_report_error (scope->report, item, path, "must be a text");
      else
        json_object_set_string_member (
            object,
            dms_job_node_get_key (map, i),
            dms_job_node_get_kind (item) == DMS_JOB_NODE_NULL ? "" : dms_job_node_get_text (item));
    }
}

static char *
decode_did (DmsJobReader *contract, const char *key, DmsJobReadFlags flags)
{
  g_autofree char *did = dms_job_reader_dup_string (contract, key, flags);

  if (did == NULL || *did == '\0')
    return NULL;
  if (!g_str_has_prefix (did, "did:"))
    dms_job_reader_error (contract, key, "must start with \"did:\", got \"%.80s\"", did);
  return g_steal_pointer (&did);
}

static void
decode_contracts (DmsJobReader *top, DmsEnsemble *self, const DmsJobScope *scope)
{
  DmsJobNode *map = get_map (top, "contracts", MAX_CONTRACTS, DMS_JOB_READ_OPTIONAL);

  for (guint i = 0; map != NULL && i < dms_job_node_get_n_items (map); i++)
    {
      const char *name = dms_job_node_get_key (map, i);
      g_autofree char *path = join_path ("contracts", name);
      g_autoptr (DmsJobReader) contract =
          dms_job_reader_new (dms_job_node_get_item (map, i), path, scope->form, scope->report);
      g_autofree char *did = NULL;
      g_autofree char *host = NULL;

      if (contract == NULL)
        continue;
      did = decode_did (contract, "did", DMS_JOB_READ_OPTIONAL);
      if (did == NULL)
        dms_job_reader_error (contract, "did", "contract DID is required");
      host = decode_did (contract, "host", DMS_JOB_READ_OPTIONAL);
      dms_job_reader_mark_known (contract, "provider");
      dms_job_reader_mark_known (contract, "requestor");
      dms_job_reader_finish (contract);
      if (did != NULL)
        g_ptr_array_add (self->contracts, dms_contract_ref_new (name, did, host));
    }
}

/* (transfer full): the peer IDs below a key, as they are written everywhere else. */
static GStrv
decode_peers (DmsJobReader *top, const char *key)
{
  GStrv peers = dms_job_reader_dup_strv (top, key, DMS_JOB_READ_OPTIONAL);

  for (guint i = 0; peers[i] != NULL; i++)
    {
      g_autoptr (DmsPeerId) peer = dms_peer_id_new (peers[i], NULL);

      if (peer == NULL)
        {
          dms_job_reader_error (top, key, "must be peer IDs, got \"%.80s\"", peers[i]);
          continue;
        }
      g_free (peers[i]);
      peers[i] = g_strdup (dms_peer_id_get_text (peer));
    }
  return peers;
}

static void
decode_standbys (DmsJobReader *top, DmsEnsemble *self)
{
  GStrv peers = decode_peers (top, "standby_orchestrators");

  self->standby_orchestrators = peers;
  if (g_strv_length (peers) > DMS_ENSEMBLE_MAX_STANDBYS)
    dms_job_reader_error (
        top, "standby_orchestrators", "must be at most %d peer IDs", DMS_ENSEMBLE_MAX_STANDBYS);
  for (guint i = 0; peers[i] != NULL; i++)
    {
      if (g_strv_contains ((const char *const *) &peers[i + 1], peers[i]))
        dms_job_reader_error (top, "standby_orchestrators", "names \"%.80s\" twice", peers[i]);
    }
  for (guint i = 0; peers[0] != NULL && i < self->allocations->len; i++)
    {
      if (dms_allocation_config_get_children (self->allocations->pdata[i]) != NULL)
        dms_job_reader_error (top,
                              "standby_orchestrators",
                              "cannot be combined with \"children\", as \"%s\" has: what jobs deploy "
                              "is not handed over",
                              dms_allocation_config_get_name (self->allocations->pdata[i]));
    }
}

static void
decode_top (DmsJobReader *top, DmsEnsemble *self, DmsJobScope *scope)
{
  static const char *const strategies[] = { "redeploy", "teardown", NULL };
  g_autoptr (DmsJobReader) subnet = NULL;
  DmsJobNode *supervisor;

  self->escalation_strategy =
      dms_job_reader_dup_choice (top, "escalation_strategy", strategies, NULL, DMS_JOB_READ_OPTIONAL);
  decode_scripts (top, self, scope);
  self->required = dms_job_decode_requires (top, scope);
  scope->required = self->required;
  decode_allocations (top, self, scope);
  decode_nodes (top, self, scope);
  decode_edges (top, self, scope);
  supervisor = dms_job_reader_get (top, "supervisor", DMS_JOB_READ_OPTIONAL);
  if (supervisor != NULL && (scope->form == DMS_JOB_FORM_FILE || dms_job_node_get_n_items (supervisor) > 0))
    self->supervisor = dms_job_decode_supervisor (supervisor, "supervisor", scope);
  self->supervision = dms_job_decode_supervision (top);
  subnet = dms_job_reader_open (top, "subnet", DMS_JOB_READ_OPTIONAL);
  if (subnet != NULL)
    {
      self->subnet_join = dms_job_reader_get_bool (subnet, "join", FALSE);
      dms_job_reader_finish (subnet);
    }
  self->exclude_peers = decode_peers (top, "exclude_peers");
  decode_standbys (top, self);
  decode_texts (top, "keys", self->keys, scope);
  decode_texts (top, "metadata", self->metadata, scope);
  decode_contracts (top, self, scope);
}

static DmsEnsemble *
ensemble_new (void)
{
  DmsEnsemble *self = g_atomic_rc_box_new0 (DmsEnsemble);

  self->allocations = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_allocation_config_unref);
  self->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_node_config_unref);
  self->edges = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_edge_unref);
  self->contracts = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_contract_ref_unref);
  self->keys = json_object_new ();
  self->metadata = json_object_new ();
  self->scripts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->script_names = g_ptr_array_new_with_free_func (g_free);
  self->supervision = dms_supervision_limits_get_default ();
  return self;
}

DmsEnsemble *
dms_job_decode_ensemble (DmsJobNode *node, DmsJobForm form, DmsJobReport *report)
{
  g_autoptr (DmsEnsemble) self = ensemble_new ();
  g_autoptr (DmsJobReader) top = dms_job_reader_new (node, "", form, report);
  DmsJobScope scope = { form, report, NULL, NULL, NULL, NULL, NULL };
  g_autofree char *version = NULL;

  if (top == NULL)
    return g_steal_pointer (&self);
  if (form == DMS_JOB_FORM_FILE)
    {
      version = dms_job_reader_dup_string (top, "version", DMS_JOB_READ_OPTIONAL);
      if (version == NULL)
        dms_job_reader_error (top, "version", "is required: write version: \"V1\"");
      else if (g_ascii_strcasecmp (version, "V1") != 0)
        dms_job_reader_error (top, "version", "must be \"V1\", got \"%.40s\"", version);
    }
  scope.resources =
      form == DMS_JOB_FORM_FILE ? get_map (top, "resources", 10000, DMS_JOB_READ_OPTIONAL) : NULL;
  scope.volumes = form == DMS_JOB_FORM_FILE ? get_map (top, "volumes", 10000, DMS_JOB_READ_OPTIONAL) : NULL;
  scope.scripts = dms_job_reader_get (top, "scripts", DMS_JOB_READ_OPTIONAL);
  scope.keys = dms_job_reader_get (top, "keys", DMS_JOB_READ_OPTIONAL);
  decode_top (top, self, &scope);
  dms_job_reader_finish (top);
  dms_job_check_ensemble (self, node, report);
  self->warnings = dms_job_report_dup_warnings (report);
  return g_steal_pointer (&self);
}
