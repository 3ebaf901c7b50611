/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-compose-private.h"

#include "importers/dms-import-files.h"
#include "importers/dms-import-flow.h"
#include "importers/dms-import-text.h"
#include "importers/dms-import-variables.h"
#include "jobs/dms-job-yaml.h"

#include <string.h>

/* Compose files (the Compose specification), as one node of an ensemble: services of a Compose file are meant
 * for one machine. */

enum
{
  MAX_EXTENDS = 16,
};

/* Another file that a service extends one of; NULL, noted, when it cannot be had. */
static DmsJobNode *
load_other (DmsImportComposer *self, DmsImportReader *extends, const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = dms_import_files_read_text (self->folder, file, &error);
  g_autoptr (GBytes) data = NULL;
  g_autoptr (DmsJobNode) tree = NULL;

  if (text != NULL)
    {
      data = g_bytes_new (text, strlen (text));
      tree = dms_job_yaml_load (file, data, &error);
    }
  if (tree != NULL)
    {
      g_autofree char *shown =
          g_path_is_absolute (file) ? g_strdup (file) : g_build_filename (self->folder, file, NULL);

      dms_import_report_set_origin (self->report, tree, shown);
      if (dms_import_variables_resolve (tree, NULL, self->report, &error))
        return dms_job_node_ref (
            dms_job_node_get (tree, "services") != NULL ? dms_job_node_get (tree, "services") : tree);
    }
  dms_import_reader_note (extends, "file", DMS_IMPORT_IMPOSSIBLE, "%s", error->message);
  return NULL;
}

/* The service with what it extends merged below it. (transfer full) */
static DmsJobNode *
resolve_extends (DmsImportComposer *self,
                 DmsJobNode *services,
                 DmsJobNode *service,
                 const char *path,
                 guint depth)
{
  DmsJobNode *extends = dms_job_node_get (service, "extends");
  g_autoptr (DmsJobNode) other = NULL;
  g_autoptr (DmsJobNode) base = NULL;
  g_autoptr (DmsImportReader) reader = NULL;
  g_autoptr (DmsImportReader) inner = NULL;
  g_autofree char *name = NULL;
  g_autofree char *file = NULL;
  DmsJobNode *target;

  if (extends == NULL || dms_job_node_get_kind (service) != DMS_JOB_NODE_MAP)
    return dms_job_node_ref (service);
  reader = dms_import_reader_new (self->report, service, path);
  if (depth >= MAX_EXTENDS)
    {
      dms_import_reader_note (
          reader, "extends", DMS_IMPORT_IMPOSSIBLE, "goes round in a circle, or too deep");
      return dms_job_node_ref (service);
    }
  if (dms_job_node_is_scalar (extends))
    {
      name = g_strdup (dms_job_node_get_text (extends));
    }
  else
    {
      inner = dms_import_reader_open (reader, "extends");
      name = inner == NULL ? NULL : dms_import_reader_dup_text (inner, "service");
      file = inner == NULL ? NULL : dms_import_reader_dup_text (inner, "file");
      if (inner != NULL && file != NULL)
        other = load_other (self, inner, file);
      if (file != NULL && other == NULL)
        return dms_job_node_ref (service);
      if (inner != NULL)
        dms_import_reader_finish (inner);
    }
  services = other != NULL ? other : services;
  target = name == NULL ? NULL : dms_job_node_get (services, name);
  if (target == NULL || dms_job_node_get_kind (target) != DMS_JOB_NODE_MAP)
    {
      dms_import_reader_note (reader, "extends", DMS_IMPORT_IMPOSSIBLE, "there is no such service to extend");
      return dms_job_node_ref (service);
    }
  if (depth == 0)
    dms_import_reader_note_item (reader, "extends", extends, "", DMS_IMPORT_TRANSLATED, "%s", "");
  base = resolve_extends (self, services, target, path, depth + 1);
  return dms_job_node_merge (base, service);
}

static gboolean
is_enabled (DmsImportReader *service, const char *const *wanted)
{
  g_auto (GStrv) profiles = dms_import_reader_dup_texts (service, "profiles");

  if (profiles == NULL || profiles[0] == NULL)
    return TRUE;
  for (guint i = 0; profiles[i] != NULL; i++)
    {
      if (g_strv_contains (wanted, profiles[i]) || g_strv_contains (wanted, "*"))
        return TRUE;
    }
  return FALSE;
}

/* How many copies of a service there are to be. What stands under deploy is told of where that is read. */
static guint
count_replicas (DmsImportReader *service)
{
  DmsJobNode *deploy = dms_job_node_get (dms_import_reader_get_node (service), "deploy");
  DmsJobNode *replicas = dms_job_node_get (deploy, "replicas");
  gint64 n = dms_import_reader_get_int (service, "scale", 0, DMS_IMPORT_COMPOSE_MAX_REPLICAS, -1);

  if (n >= 0)
    return (guint) n;
  if (replicas == NULL || !dms_job_node_is_scalar (replicas) ||
      !g_ascii_string_to_signed (
          dms_job_node_get_text (replicas), 10, 0, DMS_IMPORT_COMPOSE_MAX_REPLICAS, &n, NULL))
    return 1;
  return (guint) n;
}

/* Which services others wait for until they end. */
static void
find_tasks (DmsImportComposer *self, DmsJobNode *services)
{
  for (guint i = 0; i < dms_job_node_get_n_items (services); i++)
    {
      DmsJobNode *depends = dms_job_node_get (dms_job_node_get_item (services, i), "depends_on");

      if (depends == NULL || dms_job_node_get_kind (depends) != DMS_JOB_NODE_MAP)
        continue;
      for (guint j = 0; j < dms_job_node_get_n_items (depends); j++)
        {
          DmsJobNode *condition = dms_job_node_get (dms_job_node_get_item (depends, j), "condition");

          if (condition != NULL &&
              g_strcmp0 (dms_job_node_get_text (condition), "service_completed_successfully") == 0)
            g_hash_table_add (self->tasks, g_strdup (dms_job_node_get_key (depends, j)));
        }
    }
}

static void
add_dependency (DmsImportComposer *self,
                DmsImportReader *service,
                DmsJobNode *place,
                const char *target,
                const char *condition,
                DmsImportJob *job)
{
  char *const *names = g_hash_table_lookup (self->names, target);
  g_autofree char *suffix = g_strdup_printf (".%s", target);
  gboolean waits = g_strcmp0 (condition, "service_completed_successfully") == 0;

  if (names == NULL)
    {
      dms_import_reader_note_item (
          service,
          "depends_on",
          place,
          suffix,
          DMS_IMPORT_IMPOSSIBLE,
          "there is no such service here, or it is of a profile that was not asked for");
      return;
    }
  for (guint i = 0; names[i] != NULL; i++)
    {
      /* Of several replicas the first is told of. */
      if (waits)
        dms_import_flow_wait (job, names[i], i == 0 ? service : NULL, "depends_on", place, suffix);
      else
        dms_import_job_add_dependency (job, names[i]);
    }
  if (!waits)
    dms_import_reader_note_item (service, "depends_on", place, suffix, DMS_IMPORT_TRANSLATED, "%s", "");
}

static void
add_dependencies (DmsImportComposer *self, DmsImportReader *service, DmsImportJob *job)
{
  DmsJobNode *depends = dms_import_reader_get (service, "depends_on");

  if (depends == NULL)
    return;
  for (guint i = 0; i < dms_job_node_get_n_items (depends); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (depends, i);
      DmsJobNode *condition;

      if (dms_job_node_get_kind (depends) == DMS_JOB_NODE_LIST)
        {
          if (dms_job_node_is_scalar (item))
            add_dependency (self, service, item, dms_job_node_get_text (item), NULL, job);
          continue;
        }
      condition = dms_job_node_get (item, "condition");
      add_dependency (self,
                      service,
                      item,
                      dms_job_node_get_key (depends, i),
                      condition == NULL ? NULL : dms_job_node_get_text (condition),
                      job);
    }
}

static gboolean
has_image (DmsImportReader *service)
{
  return dms_job_node_get (dms_import_reader_get_node (service), "image") != NULL;
}

static void
translate_service (DmsImportComposer *self, DmsImportReader *service, const char *service_name)
{
  char *const *names = g_hash_table_lookup (self->names, service_name);
  g_autoptr (DmsImportJob) job = NULL;
  DmsImportJob *first;

  if (names == NULL)
    return;
  if (names[0] == NULL && has_image (service))
    {
      dms_import_reader_note (service, NULL, DMS_IMPORT_TRANSLATED, "left out: it has no replicas");
      return;
    }
  job = dms_import_compose_make_job (self, service, names[0] != NULL ? names[0] : service_name);
  if (job == NULL)
    return;
  add_dependencies (self, service, job);
  dms_import_compose_add_mounts (self, service, service_name, job);
  dms_import_compose_add_ports (self, service, (const char *const *) names);
  first = g_steal_pointer (&job);
  dms_import_node_add_job (self->node, first);
  for (guint i = 1; names[i] != NULL && !dms_import_draft_is_full (self->draft); i++)
    dms_import_node_add_job (self->node, dms_import_job_copy (first, names[i]));
  dms_import_reader_finish (service);
}

/* Gives each service that is to run the names of its jobs. */
static void
name_jobs (DmsImportComposer *self, DmsImportReader *service, const char *service_name)
{
  guint n = count_replicas (service);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (!dms_import_draft_has_room (self->draft, n))
    {
      dms_import_reader_note (service,
                              NULL,
                              DMS_IMPORT_IMPOSSIBLE,
                              "an import makes 1,000 allocations at most; this one was left out");
      return;
    }
  for (guint i = 0; i < n && has_image (service); i++)
    {
      g_autofree char *wanted =
          n == 1 ? g_strdup (service_name) : g_strdup_printf ("%.55s-%u", service_name, i + 1);
      g_autofree char *name = dms_import_draft_take_name (self->draft, wanted, FALSE);

      g_strv_builder_add (builder, name);
    }
  g_hash_table_insert (self->names, g_strdup (service_name), g_strv_builder_end (builder));
}

static GPtrArray *
open_services (DmsImportComposer *self, DmsJobNode *services, const char *const *profiles)
{
  GPtrArray *readers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_import_reader_unref);

  for (guint i = 0; i < dms_job_node_get_n_items (services); i++)
    {
      const char *name = dms_job_node_get_key (services, i);
      g_autofree char *path = g_strdup_printf ("services.%s", name);
      g_autoptr (DmsJobNode) node =
          resolve_extends (self, services, dms_job_node_get_item (services, i), path, 0);
      g_autoptr (DmsImportReader) reader = NULL;

      if (dms_import_report_get_origin (self->report, node) == NULL)
        dms_import_report_set_origin (
            self->report,
            node,
            dms_import_report_get_origin (self->report, dms_import_reader_get_node (self->top)));
      reader = dms_import_reader_new (self->report, node, path);
      if (reader == NULL)
        continue;
      if (!is_enabled (reader, profiles))
        {
          dms_import_reader_note (
              reader,
              NULL,
              DMS_IMPORT_TRANSLATED,
              "left out: it is of a profile that was not asked for; --profile NAME brings it in");
          continue;
        }
      /* Told of by now. */
      dms_import_reader_pass (reader, "extends");
      name_jobs (self, reader, name);
      g_ptr_array_add (readers, g_steal_pointer (&reader));
    }
  return readers;
}

static void
note_top (DmsImportComposer *self, guint n_services)
{
  DmsJobNode *tree = dms_import_reader_get_node (self->top);
  g_autofree char *name = dms_import_reader_dup_text (self->top, "name");

  if (name != NULL)
    dms_import_draft_set_metadata (self->draft, "name", name);
  if (n_services > 1)
    dms_import_reader_note (
        self->top,
        "services",
        DMS_IMPORT_APPROXIMATED,
        "services find each other as NAME.internal, at their public ports, and not as NAME: "
        "set such addresses in their environment accordingly");
  if (dms_import_reader_get (self->top, "networks") != NULL)
    dms_import_reader_note (
        self->top,
        "networks",
        DMS_IMPORT_APPROXIMATED,
        "all allocations of the node are in one network; names of networks separate nothing");
  if (dms_import_reader_get (self->top, "version") != NULL)
    dms_import_reader_note (self->top, "version", DMS_IMPORT_TRANSLATED, "obsolete in Compose itself");
  if (dms_import_reader_get (self->top, "include") != NULL)
    dms_import_reader_note (self->top,
                            "include",
                            DMS_IMPORT_IMPOSSIBLE,
                            "write one file with “docker compose config” and import that");
  for (guint i = 0; i < dms_job_node_get_n_items (tree); i++)
    {
      const char *key = dms_job_node_get_key (tree, i);

      if (g_str_has_prefix (key, "x-"))
        dms_import_reader_note (
            self->top, key, DMS_IMPORT_TRANSLATED, "an extension: its aliases were resolved");
    }
}

/* What the top level says of volumes, configs and secrets beyond what services take of it. */
static void
note_described (DmsImportComposer *self, const char *key, DmsJobNode *map)
{
  for (guint i = 0; map != NULL && i < dms_job_node_get_n_items (map); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (map, i);
      DmsJobNode *driver = dms_job_node_get (item, "driver");
      DmsJobNode *external = dms_job_node_get (item, "external");
      g_autofree char *suffix = g_strdup_printf (".%s", dms_job_node_get_key (map, i));

      if ((driver != NULL && g_strcmp0 (dms_job_node_get_text (driver), "local") != 0) ||
          dms_job_node_get (item, "driver_opts") != NULL)
        dms_import_reader_note_item (
            self->top,
            key,
            item,
            suffix,
            DMS_IMPORT_APPROXIMATED,
            "a volume of the machine's own storage is used; glusterfs is what machines share");
      else if (external != NULL && g_strcmp0 (dms_job_node_get_text (external), "false") != 0)
        dms_import_reader_note_item (self->top,
                                     key,
                                     item,
                                     suffix,
                                     DMS_IMPORT_APPROXIMATED,
                                     "the machine that runs the job makes its own of this name");
      else
        dms_import_reader_note_item (self->top, key, item, suffix, DMS_IMPORT_TRANSLATED, "%s", "");
    }
}

/* Variables of the file .env beside it; (nullable) */
static GHashTable *
load_dot_env (const char *folder, DmsImportReport *report)
{
  g_autofree char *text = dms_import_files_read_text (folder, ".env", NULL);
  gboolean literal = FALSE;
  GHashTable *values = text == NULL ? NULL : dms_import_variables_parse (text, NULL, &literal);

  if (literal)
    dms_import_report_add (report, DMS_IMPORT_APPROXIMATED, ".env", 0, 0, ".env", DMS_IMPORT_LITERAL_REMARK);
  return values;
}

static void
compose (DmsImportComposer *self, const char *const *profiles)
{
  DmsJobNode *services = dms_import_reader_get_map (self->top, "services");
  g_autoptr (GPtrArray) readers = NULL;

  if (services == NULL)
    return;
  dms_import_reader_pass (self->top, "services");
  self->volumes = dms_import_reader_get_map (self->top, "volumes");
  self->configs = dms_import_reader_get_map (self->top, "configs");
  self->secrets = dms_import_reader_get_map (self->top, "secrets");
  note_described (self, "volumes", self->volumes);
  find_tasks (self, services);
  readers = open_services (self, services, profiles);
  note_top (self, readers->len);
  for (guint i = 0; i < readers->len; i++)
    {
      const char *path = dms_import_reader_get_path (readers->pdata[i]);

      translate_service (self, readers->pdata[i], path + strlen ("services."));
    }
  dms_import_reader_finish (self->top);
}

gboolean
dms_import_compose (GPtrArray *documents,
                    const char *const *profiles,
                    DmsImportDraft *draft,
                    DmsImportReport *report,
                    GError **error)
{
  DmsImportDocument *document = documents->pdata[0];
  g_autoptr (GHashTable) more = NULL;
  g_autoptr (GHashTable) names =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
  g_autoptr (GHashTable) tasks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (DmsImportReader) top = NULL;
  g_autofree char *node_name = NULL;
  DmsImportComposer self = { draft, report, NULL, document->folder, NULL, NULL, NULL, NULL, names, tasks };

  if (documents->len > 1)
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_NOT_SUPPORTED,
          "one Compose file is imported at a time: write those that belong together into one with “docker "
          "compose -f FILE -f FILE config”");
      return FALSE;
    }
  more = load_dot_env (document->folder, report);
  if (!dms_import_variables_resolve (document->tree, more, report, error))
    return FALSE;
  top = dms_import_reader_new (report, document->tree, "");
  if (top == NULL)
    return TRUE;
  self.top = top;
  node_name = dms_import_draft_take_name (draft, "main", TRUE);
  self.node = dms_import_draft_add_node (draft, node_name);
  compose (&self, profiles);
  return TRUE;
}
