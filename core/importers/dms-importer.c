/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-importer-private.h"

#include "importers/dms-import-flow.h"
#include "importers/dms-import-tree.h"
#include "jobs/dms-job-parser.h"
#include "jobs/dms-job-yaml.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum
{
  MAX_FILE = 4 * 1024 * 1024,
  MAX_FILES = 100,
  MAX_DOCUMENTS = 2000,
};

struct _DmsImporter
{
  DmsImportFormat format;
  GStrv profiles;
  GPtrArray *documents;
  guint n_files;
  DmsImportReport *report;
};

G_DEFINE_BOXED_TYPE (DmsImporter, dms_importer, dms_importer_ref, dms_importer_unref)

static const char *const format_names[] = { "auto", "compose", "kubernetes", "nomad" };

const char *
dms_import_format_to_string (DmsImportFormat format)
{
  return format_names[format];
}

gboolean
dms_import_format_from_string (const char *text, DmsImportFormat *format)
{
  for (guint i = 0; i < G_N_ELEMENTS (format_names); i++)
    {
      if (g_ascii_strcasecmp (text, format_names[i]) != 0)
        continue;
      *format = (DmsImportFormat) i;
      return TRUE;
    }
  return FALSE;
}

static void
document_free (gpointer data)
{
  DmsImportDocument *document = data;

  g_free (document->name);
  g_free (document->folder);
  dms_job_node_unref (document->tree);
  g_free (document);
}

DmsImporter *
dms_importer_new (DmsImportFormat format)
{
  DmsImporter *self = g_atomic_rc_box_new0 (DmsImporter);

  self->format = format;
  self->profiles = g_new0 (char *, 1);
  self->documents = g_ptr_array_new_with_free_func (document_free);
  self->report = dms_import_report_new ();
  return self;
}

void
dms_importer_set_profiles (DmsImporter *self, const char *const *profiles)
{
  g_strfreev (self->profiles);
  self->profiles = g_strdupv ((GStrv) profiles);
}

DmsImportReport *
dms_importer_get_report (DmsImporter *self)
{
  return self->report;
}

DmsImportFormat
dms_importer_get_format (DmsImporter *self)
{
  return self->format;
}

/* Nomad's own language: `job "name" {`. It is a language with functions and variables of its own, which only
 * Nomad can evaluate. */
static gboolean
is_native_hcl (GBytes *data)
{
  gsize size;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autofree char *text = size > 0 ? g_strndup (bytes, size) : g_strdup ("");

  return g_regex_match_simple (
      "^[ \\t]*(?:job|variable)[ \\t]+\"[^\"\\n]*\"[ \\t]*\\{", text, G_REGEX_MULTILINE | G_REGEX_RAW, 0);
}

static gboolean
looks_like (DmsJobNode *tree, DmsImportFormat format)
{
  switch (format)
    {
    case DMS_IMPORT_KUBERNETES:
      return dms_job_node_get (tree, "apiVersion") != NULL && dms_job_node_get (tree, "kind") != NULL;
    case DMS_IMPORT_NOMAD:
      return dms_job_node_get (tree, "Job") != NULL || dms_job_node_get (tree, "job") != NULL ||
             dms_job_node_get (tree, "TaskGroups") != NULL;
    case DMS_IMPORT_COMPOSE:
      return dms_job_node_get (tree, "services") != NULL;
    case DMS_IMPORT_AUTO:
    default:
      return FALSE;
    }
}

static gboolean
settle_format (DmsImporter *self, const char *name, DmsJobNode *tree, GError **error)
{
  for (int format = DMS_IMPORT_COMPOSE; format <= DMS_IMPORT_NOMAD; format++)
    {
      if (!looks_like (tree, (DmsImportFormat) format))
        continue;
      if (self->format == DMS_IMPORT_AUTO)
        self->format = (DmsImportFormat) format;
      if ((int) self->format == format)
        return TRUE;
    }
  if (self->format == DMS_IMPORT_AUTO)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_INVALID_DATA,
                 "%s: this is neither a Compose file (it has no services), nor Kubernetes manifests (no "
                 "apiVersion and "
                 "kind), nor a Nomad job in JSON (no Job)",
                 name);
  else
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_INVALID_DATA,
                 "%s: this does not look like %s; files of different kinds are imported one kind at a time",
                 name,
                 format_names[self->format]);
  return FALSE;
}

static gboolean
is_empty (DmsJobNode *tree)
{
  return dms_job_node_get_kind (tree) == DMS_JOB_NODE_NULL;
}

gboolean
dms_importer_add_data (DmsImporter *self, const char *name, const char *folder, GBytes *data, GError **error)
{
  g_autoptr (GPtrArray) trees = NULL;

  if (++self->n_files > MAX_FILES)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "at most %d files can be imported at once", MAX_FILES);
      return FALSE;
    }
  if ((self->format == DMS_IMPORT_AUTO || self->format == DMS_IMPORT_NOMAD) && is_native_hcl (data))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_SUPPORTED,
                   "%s: this is a Nomad job in HCL, which only Nomad can evaluate. Convert it to JSON first: "
                   "nomad job run -output %s > job.json",
                   name,
                   name);
      return FALSE;
    }
  trees = dms_job_yaml_load_all (name, data, error);
  if (trees == NULL)
    return FALSE;
  for (guint i = 0; i < trees->len; i++)
    {
      DmsImportDocument *document;

      if (is_empty (trees->pdata[i]))
        continue;
      if (self->documents->len >= MAX_DOCUMENTS)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_TOO_LARGE,
                       "%s: at most %d documents can be imported at once",
                       name,
                       MAX_DOCUMENTS);
          return FALSE;
        }
      if (!settle_format (self, name, trees->pdata[i], error))
        return FALSE;
      dms_import_report_set_origin (self->report, trees->pdata[i], name);
      document = g_new0 (DmsImportDocument, 1);
      document->name = g_strdup (name);
      document->folder = g_strdup (folder);
      document->tree = dms_job_node_ref (trees->pdata[i]);
      g_ptr_array_add (self->documents, document);
    }
  return TRUE;
}

gboolean
dms_importer_add_file (DmsImporter *self, const char *path, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  char *content = NULL;
  gsize length = 0;
  struct stat info;

  if (stat (path, &info) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   errno == ENOENT ? DMS_ERROR_NOT_FOUND : DMS_ERROR_IO,
                   "cannot read “%s”: %s",
                   path,
                   g_strerror (errno));
      return FALSE;
    }
  if (S_ISDIR (info.st_mode) || info.st_size > MAX_FILE)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "cannot read “%s”: %s",
                   path,
                   S_ISDIR (info.st_mode) ? "it is a directory" : "it is larger than 4 MiB");
      return FALSE;
    }
  if (!g_file_get_contents (path, &content, &length, &local))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read “%s”: %s", path, local->message);
      return FALSE;
    }
  data = g_bytes_new_take (content, length);
  return dms_importer_add_data (self, path, folder, data, error);
}

/* What we make must be good by our own rules: an importer that does not know one of them must not hand out
 * a file that fails later. */
static gboolean
check_result (const char *yaml, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (yaml, strlen (yaml));
  g_autoptr (GError) local = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_data ("translation", NULL, bytes, &local);

  if (ensemble != NULL)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_INVALID_DATA,
               "what the file says cannot be said in a job file:\n%s",
               local->message);
  return FALSE;
}

char *
dms_importer_translate (DmsImporter *self, GError **error)
{
  g_autoptr (DmsImportDraft) draft = dms_import_draft_new ();
  g_autoptr (DmsJobNode) tree = NULL;
  g_autofree char *yaml = NULL;
  gboolean ok = FALSE;

  if (self->documents->len == 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "there is nothing in the file");
      return NULL;
    }
  if (self->format == DMS_IMPORT_COMPOSE)
    ok = dms_import_compose (
        self->documents, (const char *const *) self->profiles, draft, self->report, error);
  else if (self->format == DMS_IMPORT_KUBERNETES)
    ok = dms_import_kubernetes (self->documents, draft, self->report, error);
  else
    ok = dms_import_nomad (self->documents, draft, self->report, error);
  if (ok)
    {
      dms_import_draft_settle_names (draft, self->report);
      dms_import_flow_settle (draft);
    }
  dms_import_report_sort (self->report);
  if (!ok)
    return NULL;
  if (dms_import_draft_is_full (draft))
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_TOO_LARGE,
          "what the file asks for is larger than a job file may be, 4 MiB: import its parts one by one, or "
          "ask for fewer replicas");
      return NULL;
    }
  dms_import_draft_set_metadata (draft, "imported-from", format_names[self->format]);
  tree = dms_import_draft_to_node (draft);
  if (dms_job_node_get_n_items (dms_job_node_get (tree, "allocations")) == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "nothing of it can run here; the report says why of each part");
      return NULL;
    }
  yaml = dms_import_tree_to_yaml (tree);
  return check_result (yaml, error) ? g_steal_pointer (&yaml) : NULL;
}

DmsImporter *
dms_importer_ref (DmsImporter *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
importer_clear (gpointer data)
{
  DmsImporter *self = data;

  g_strfreev (self->profiles);
  g_ptr_array_unref (self->documents);
  dms_import_report_unref (self->report);
}

void
dms_importer_unref (DmsImporter *self)
{
  g_atomic_rc_box_release_full (self, importer_clear);
}
