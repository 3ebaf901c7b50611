/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-draft.h"

#include "importers/dms-import-text.h"
#include "importers/dms-import-tree.h"

#include <string.h>

enum
{
  /* What one import makes at most; a job file may have ten times as many. */
  MAX_JOBS = 1000,
  MAX_PORTS = 1024,
  LEAST_PUBLIC_PORT = 1025,
  /* What a job file may have. */
  MAX_BYTES = 4 * 1024 * 1024,
  /* Members of the file that are read once more for each copy that is made of them. */
  MAX_READINGS = 1000 * 1000,
};

struct _DmsImportDraft
{
  GPtrArray *nodes;
  /* name → the number with which the next one that wants it is tried */
  GHashTable *job_names;
  GHashTable *node_names;
  DmsJobNode *metadata;
  guint n_jobs;
  gsize room;
  guint64 n_readings;
};

static void
import_node_free (gpointer data)
{
  DmsImportNode *node = data;

  g_free (node->name);
  g_ptr_array_unref (node->jobs);
  g_ptr_array_unref (node->ports);
  g_hash_table_unref (node->public_ports);
  g_ptr_array_unref (node->accept);
  g_ptr_array_unref (node->reject);
  g_free (node->peer);
  g_free (node->shared);
  g_free (node);
}

DmsImportDraft *
dms_import_draft_new (void)
{
  DmsImportDraft *self = g_new0 (DmsImportDraft, 1);

  self->nodes = g_ptr_array_new_with_free_func (import_node_free);
  self->job_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->node_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->metadata = dms_job_node_new_map (0, 0);
  self->room = MAX_BYTES;
  return self;
}

void
dms_import_draft_free (DmsImportDraft *self)
{
  g_ptr_array_unref (self->nodes);
  g_hash_table_unref (self->job_names);
  g_hash_table_unref (self->node_names);
  dms_job_node_unref (self->metadata);
  g_free (self);
}

gboolean
dms_import_draft_has_room (DmsImportDraft *self, guint n_jobs)
{
  if (n_jobs > MAX_JOBS - self->n_jobs || self->room == 0)
    return FALSE;
  self->n_jobs += n_jobs;
  return TRUE;
}

static guint64
count_members (DmsJobNode *tree)
{
  guint64 n = 1;

  for (guint i = 0; i < dms_job_node_get_n_items (tree); i++)
    n += count_members (dms_job_node_get_item (tree, i));
  return n;
}

gboolean
dms_import_draft_may_repeat (DmsImportDraft *self, DmsJobNode *tree, guint n_copies)
{
  guint64 n = n_copies > 1 ? (n_copies - 1) * count_members (tree) : 0;

  if (n > MAX_READINGS - self->n_readings)
    return FALSE;
  self->n_readings += n;
  return TRUE;
}

gsize *
dms_import_draft_get_room (DmsImportDraft *self)
{
  return &self->room;
}

gboolean
dms_import_draft_is_full (DmsImportDraft *self)
{
  return self->room == 0;
}

char *
dms_import_draft_take_name (DmsImportDraft *self, const char *wanted, gboolean for_node)
{
  GHashTable *taken = for_node ? self->node_names : self->job_names;
  g_autofree char *name = dms_import_text_to_name (wanted);
  char *result = g_strdup (name);
  guint next = GPOINTER_TO_UINT (g_hash_table_lookup (taken, name));

  if (next == 0)
    {
      g_hash_table_insert (taken, g_strdup (name), GUINT_TO_POINTER (2));
      return result;
    }
  while (g_hash_table_contains (taken, result))
    {
      g_free (result);
      /* Room for the number within a label's 63 characters. */
      result = g_strdup_printf ("%.52s-%u", name, next++);
    }
  g_hash_table_insert (taken, g_strdup (name), GUINT_TO_POINTER (next));
  g_hash_table_insert (taken, g_strdup (result), GUINT_TO_POINTER (2));
  return result;
}

DmsImportNode *
dms_import_draft_add_node (DmsImportDraft *self, const char *name)
{
  DmsImportNode *node = g_new0 (DmsImportNode, 1);

  node->name = g_strdup (name);
  node->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_import_job_free);
  node->ports = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  node->public_ports = g_hash_table_new (NULL, NULL);
  node->accept = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  node->reject = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  g_ptr_array_add (self->nodes, node);
  return node;
}

GPtrArray *
dms_import_draft_get_nodes (DmsImportDraft *self)
{
  return self->nodes;
}

void
dms_import_draft_set_metadata (DmsImportDraft *self, const char *key, const char *value)
{
  dms_import_tree_set_text (self->metadata, key, value);
}

void
dms_import_node_add_job (DmsImportNode *self, DmsImportJob *job)
{
  dms_import_job_settle (job);
  g_ptr_array_add (self->jobs, job);
}

static guint
number_of (DmsJobNode *port, const char *key)
{
  return (guint) g_ascii_strtoull (dms_job_node_get_text (dms_job_node_get (port, key)), NULL, 10);
}

int
dms_import_node_add_port (DmsImportNode *self, guint public_port, guint private_port, const char *job)
{
  DmsJobNode *port;

  if (self->ports->len >= MAX_PORTS)
    return -1;
  if (public_port < LEAST_PUBLIC_PORT ||
      !g_hash_table_add (self->public_ports, GUINT_TO_POINTER (public_port)))
    public_port = 0;
  port = dms_job_node_new_map (0, 0);
  dms_import_tree_set_number (port, "public", public_port);
  dms_import_tree_set_number (port, "private", private_port);
  dms_import_tree_set_text (port, "allocation", job);
  g_ptr_array_add (self->ports, port);
  return (int) public_port;
}

guint
dms_import_node_find_port (DmsImportNode *self, const char *job, guint private_port)
{
  for (guint i = 0; i < self->ports->len; i++)
    {
      DmsJobNode *port = self->ports->pdata[i];

      if (number_of (port, "private") == private_port &&
          strcmp (dms_job_node_get_text (dms_job_node_get (port, "allocation")), job) == 0)
        return number_of (port, "public");
    }
  return 0;
}

static gboolean
is_text (DmsJobNode *map, const char *key, const char *text)
{
  DmsJobNode *node = dms_job_node_get (map, key);

  return g_strcmp0 (node != NULL ? dms_job_node_get_text (node) : NULL, text) == 0;
}

void
dms_import_node_add_location (DmsImportNode *self,
                              gboolean reject,
                              const char *continent,
                              const char *country,
                              const char *city)
{
  GPtrArray *list = reject ? self->reject : self->accept;
  DmsJobNode *location;

  for (guint i = 0; i < list->len; i++)
    {
      if (is_text (list->pdata[i], "continent", continent) && is_text (list->pdata[i], "country", country) &&
          is_text (list->pdata[i], "city", country != NULL ? city : NULL))
        return;
    }
  location = dms_job_node_new_map (0, 0);
  dms_import_tree_set_text (location, "continent", continent);
  if (country != NULL)
    dms_import_tree_set_text (location, "country", country);
  if (city != NULL && country != NULL)
    dms_import_tree_set_text (location, "city", city);
  g_ptr_array_add (list, location);
}

static void
add_nodes (DmsJobNode *map, const char *key, GPtrArray *items)
{
  DmsJobNode *list;

  if (items->len == 0)
    return;
  list = dms_import_tree_add_list (map, key);
  for (guint i = 0; i < items->len; i++)
    dms_job_node_append (list, dms_job_node_ref (items->pdata[i]));
}

static DmsJobNode *
import_node_to_node (DmsImportNode *self)
{
  DmsJobNode *node = dms_job_node_new_map (0, 0);
  DmsJobNode *names = dms_import_tree_add_list (node, "allocations");

  for (guint i = 0; i < self->jobs->len; i++)
    dms_import_tree_append_text (names, ((DmsImportJob *) self->jobs->pdata[i])->name);
  if (self->shared != NULL)
    dms_import_tree_append_text (names, self->shared);
  add_nodes (node, "ports", self->ports);
  if (self->accept->len + self->reject->len > 0)
    {
      DmsJobNode *location = dms_import_tree_add_map (node, "location");

      add_nodes (location, "accept", self->accept);
      add_nodes (location, "reject", self->reject);
    }
  if (self->peer != NULL)
    dms_import_tree_set_text (node, "peer", self->peer);
  if (self->failure_recovery != NULL)
    dms_import_tree_set_text (node, "failure_recovery", self->failure_recovery);
  return node;
}

/* Two allocations cannot have one name in the network; who comes first keeps it. */
void
dms_import_draft_settle_names (DmsImportDraft *self, DmsImportReport *report)
{
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint pass = 0; pass < 2; pass++)
    {
      for (guint i = 0; i < self->nodes->len; i++)
        {
          DmsImportNode *node = self->nodes->pdata[i];

          for (guint j = 0; j < node->jobs->len; j++)
            {
              DmsImportJob *job = node->jobs->pdata[j];
              g_autofree char *path = g_strdup_printf ("allocations.%s.dns_name", job->name);

              /* Names that jobs have anyway go first. */
              if (pass == 0 && (job->dns_name == NULL || strcmp (job->dns_name, job->name) == 0))
                g_hash_table_add (taken, job->name);
              if (pass == 0 || job->dns_name == NULL || strcmp (job->dns_name, job->name) == 0 ||
                  g_hash_table_add (taken, job->dns_name))
                continue;
              dms_import_report_add (
                  report,
                  DMS_IMPORT_APPROXIMATED,
                  NULL,
                  0,
                  0,
                  path,
                  "another allocation has the name of its service; it is found by its own");
              g_clear_pointer (&job->dns_name, g_free);
              g_hash_table_add (taken, job->name);
            }
        }
    }
}

DmsJobNode *
dms_import_draft_to_node (DmsImportDraft *self)
{
  DmsJobNode *top = dms_job_node_new_map (0, 0);
  DmsJobNode *allocations;
  DmsJobNode *nodes;

  dms_import_tree_set_text (top, "version", "V1");
  if (dms_job_node_get_n_items (self->metadata) > 0)
    dms_job_node_set (top, "metadata", 0, 0, dms_job_node_ref (self->metadata));
  allocations = dms_import_tree_add_map (top, "allocations");
  nodes = dms_import_tree_add_map (top, "nodes");
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DmsImportNode *node = self->nodes->pdata[i];

      if (node->jobs->len == 0 && node->shared == NULL)
        continue;
      for (guint j = 0; j < node->jobs->len; j++)
        {
          DmsImportJob *job = node->jobs->pdata[j];

          dms_job_node_set (allocations, job->name, 0, 0, dms_import_job_to_node (job));
        }
      dms_job_node_set (nodes, node->name, 0, 0, import_node_to_node (node));
    }
  return top;
}
