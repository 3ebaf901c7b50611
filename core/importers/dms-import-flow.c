/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-flow.h"

#include "importers/dms-import-tree.h"
#include "jobs/dms-task-flow.h"

#include <string.h>

typedef struct
{
  char *target;
  /* (nullable) */
  DmsImportReader *reader;
  char *key;
  DmsJobNode *item;
  char *suffix;
} Wait;

typedef struct
{
  /* name → DmsImportJob */
  GHashTable *jobs;
  /* (element-type DmsImportJob) */
  GPtrArray *all;
} Flow;

static void
wait_free (gpointer data)
{
  Wait *wait = data;

  g_free (wait->target);
  g_clear_pointer (&wait->reader, dms_import_reader_unref);
  g_free (wait->key);
  g_clear_pointer (&wait->item, dms_job_node_unref);
  g_free (wait->suffix);
  g_free (wait);
}

void
dms_import_flow_wait (DmsImportJob *job,
                      const char *target,
                      DmsImportReader *reader,
                      const char *key,
                      DmsJobNode *item,
                      const char *suffix)
{
  Wait *wait = g_new0 (Wait, 1);

  wait->target = g_strdup (target);
  if (reader != NULL)
    {
      wait->reader = dms_import_reader_ref (reader);
      wait->key = g_strdup (key);
      wait->item = dms_job_node_ref (item != NULL ? item : dms_import_reader_get_node (reader));
      wait->suffix = g_strdup (suffix);
      if (key != NULL)
        dms_import_reader_pass (reader, key);
    }
  if (job->waits == NULL)
    job->waits = g_ptr_array_new_with_free_func (wait_free);
  g_ptr_array_add (job->waits, wait);
}

static guint
get_n_waits (DmsImportJob *job)
{
  return job->waits != NULL ? job->waits->len : 0;
}

static Wait *
get_wait (DmsImportJob *job, guint index)
{
  return job->waits->pdata[index];
}

void
dms_import_flow_copy (DmsImportJob *job, DmsImportJob *copy)
{
  for (guint i = 0; i < get_n_waits (job); i++)
    dms_import_flow_wait (copy, get_wait (job, i)->target, NULL, NULL, NULL, NULL);
}

void
dms_import_flow_retry (DmsImportJob *job, guint max_retries)
{
  job->has_retries = TRUE;
  job->max_retries = MIN (max_retries, DMS_TASK_FLOW_MAX_RETRIES);
}

/* Those that could be steps: tasks that wait for a task, such tasks, and those that are repeated. */
static void
propose (Flow *self)
{
  for (guint i = 0; i < self->all->len; i++)
    {
      DmsImportJob *job = self->all->pdata[i];

      job->is_step = job->is_step || (job->is_task && job->wants_step);
      for (guint j = 0; job->is_task && j < get_n_waits (job); j++)
        {
          DmsImportJob *target = g_hash_table_lookup (self->jobs, get_wait (job, j)->target);

          if (target == NULL || !target->is_task || target == job)
            continue;
          job->is_step = TRUE;
          target->is_step = TRUE;
        }
    }
}

/* Why a job cannot wait by the workflow for that one; NULL when it can. */
static const char *
find_obstacle (DmsImportJob *job, DmsImportJob *target)
{
  if (!job->is_task)
    return "what waits goes on, and only a task can wait for an end";
  if (!target->is_task)
    return "what is waited for goes on";
  if (!job->is_step || !target->is_step)
    return "something else waits for the start, or goes on and waits for the end, of what would be a step of "
           "a workflow";
  return NULL;
}

/* What is no step may not depend on the start of one, nor may a step. Whatever is depended on in that way, or
 * waited for by what can be none, is taken out. */
static gboolean
take_out (Flow *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < self->all->len; i++)
    {
      DmsImportJob *job = self->all->pdata[i];

      if (job->is_step && get_n_waits (job) > DMS_TASK_FLOW_MAX_DEPENDENCIES)
        {
          job->is_step = FALSE;
          changed = TRUE;
        }
      for (guint j = 0; j < job->depends_on->len; j++)
        {
          DmsImportJob *target = g_hash_table_lookup (self->jobs, job->depends_on->pdata[j]);

          if (target == NULL || !target->is_step)
            continue;
          target->is_step = FALSE;
          changed = TRUE;
        }
      for (guint j = 0; !job->is_step && j < get_n_waits (job); j++)
        {
          DmsImportJob *target = g_hash_table_lookup (self->jobs, get_wait (job, j)->target);

          if (target == NULL || !target->is_step)
            continue;
          target->is_step = FALSE;
          changed = TRUE;
        }
    }
  return changed;
}

static void
tell (Wait *wait, const char *obstacle)
{
  DmsImportFate fate = obstacle == NULL ? DMS_IMPORT_TRANSLATED : DMS_IMPORT_APPROXIMATED;
  g_autofree char *text =
      obstacle == NULL ? g_strdup ("by the workflow, until it has succeeded")
                       : g_strdup_printf ("its start is waited for, not its end: %s; let the program itself "
                                          "wait for what it needs",
                                          obstacle);

  if (wait->reader == NULL)
    return;
  if (wait->key == NULL)
    dms_import_reader_note (wait->reader, NULL, fate, "%s", text);
  else
    dms_import_reader_note_item (wait->reader, wait->key, wait->item, wait->suffix, fate, "%s", text);
}

static void
decide (Flow *self, DmsImportJob *job)
{
  for (guint i = 0; i < get_n_waits (job); i++)
    {
      Wait *wait = get_wait (job, i);
      DmsImportJob *target = g_hash_table_lookup (self->jobs, wait->target);
      const char *obstacle = target != NULL ? find_obstacle (job, target) : NULL;

      if (target == NULL)
        continue;
      tell (wait, obstacle);
      if (obstacle != NULL)
        dms_import_job_add_dependency (job, wait->target);
      else
        g_ptr_array_add (job->after, g_strdup (wait->target));
    }
}

/* A step that waits for nobody, and for which nobody waits, is an ordinary task. */
static void
dissolve (Flow *self)
{
  g_autoptr (GHashTable) awaited = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->all->len; i++)
    {
      DmsImportJob *job = self->all->pdata[i];

      for (guint j = 0; j < job->after->len; j++)
        g_hash_table_add (awaited, job->after->pdata[j]);
    }
  for (guint i = 0; i < self->all->len; i++)
    {
      DmsImportJob *job = self->all->pdata[i];

      job->is_step = job->is_step &&
                     (job->wants_step || job->after->len > 0 || g_hash_table_contains (awaited, job->name));
    }
}

void
dms_import_flow_settle (DmsImportDraft *draft)
{
  GPtrArray *nodes = dms_import_draft_get_nodes (draft);
  g_autoptr (GHashTable) jobs = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  Flow self = { jobs, all };

  for (guint i = 0; i < nodes->len; i++)
    {
      DmsImportNode *node = nodes->pdata[i];

      for (guint j = 0; j < node->jobs->len; j++)
        {
          DmsImportJob *job = node->jobs->pdata[j];

          g_hash_table_insert (jobs, job->name, job);
          g_ptr_array_add (all, job);
        }
    }
  propose (&self);
  /* Each round takes out one at least. */
  while (take_out (&self))
    continue;
  for (guint i = 0; i < all->len; i++)
    decide (&self, all->pdata[i]);
  dissolve (&self);
}

static void
write_retries (DmsImportJob *job, DmsJobNode *flow)
{
  DmsJobNode *retries;

  if (!job->has_retries && !job->restarts)
    return;
  if (job->has_retries && job->max_retries == 0)
    return;
  retries = dms_import_tree_add_map (flow, "retries");
  /* What starts again without an end does so as often as can be said. */
  dms_import_tree_set_number (
      retries, "max", job->has_retries ? job->max_retries : DMS_TASK_FLOW_MAX_RETRIES);
  if (job->retry_delay == NULL)
    return;
  dms_import_tree_set_text (retries, "delay", job->retry_delay);
  dms_import_tree_set_text (retries, "max_delay", job->retry_max_delay);
}

void
dms_import_flow_write (DmsImportJob *job, DmsJobNode *allocation)
{
  DmsJobNode *flow = dms_import_tree_add_map (allocation, "workflow");

  if (job->after->len > 0)
    {
      DmsJobNode *list = dms_import_tree_add_list (flow, "after");

      for (guint i = 0; i < job->after->len; i++)
        dms_import_tree_append_text (list, job->after->pdata[i]);
    }
  if (job->n_runs > 1)
    {
      DmsJobNode *list = dms_import_tree_add_list (flow, "for_each");

      for (guint i = 0; i < job->n_runs; i++)
        {
          g_autofree char *number = g_strdup_printf ("%u", i);

          dms_import_tree_append_text (list, number);
        }
    }
  write_retries (job, flow);
  if (job->timeout != NULL)
    dms_import_tree_set_text (flow, "timeout", job->timeout);
}
