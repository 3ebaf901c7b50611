/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-parser.h"

#include "jobs/dms-job-decode-private.h"
#include "jobs/dms-job-placeholder.h"
#include "jobs/dms-job-yaml.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum
{
  MAX_FILE = 4 * 1024 * 1024
};

/* The wire form in a file: `{"v1": {…}}` and nothing else. */
static DmsJobNode *
find_wire_form (DmsJobNode *tree)
{
  if (dms_job_node_get_n_items (tree) != 1)
    return NULL;
  return dms_job_node_get_any_case (tree, "v1");
}

static DmsEnsemble *
load (const char *name, const char *base_dir, gboolean trusted, GBytes *data, GError **error)
{
  g_autoptr (DmsJobNode) tree = NULL;
  g_autoptr (DmsJobReport) report = NULL;
  g_autoptr (DmsEnsemble) ensemble = NULL;
  DmsJobNode *wire;

  tree = dms_job_yaml_load (name, data, error);
  if (tree == NULL)
    return NULL;
  report = dms_job_report_new (name);
  wire = find_wire_form (tree);
  if (wire == NULL && trusted)
    dms_job_placeholder_resolve (tree, base_dir != NULL ? base_dir : ".", report);
  /* What a placeholder should have brought would only be reported again as missing or wrong. */
  if (!dms_job_report_has_errors (report))
    ensemble = wire != NULL ? dms_job_decode_ensemble (wire, DMS_JOB_FORM_WIRE, report)
                            : dms_job_decode_ensemble (tree, DMS_JOB_FORM_FILE, report);
  if (dms_job_report_has_errors (report))
    {
      dms_job_report_propagate (report, error);
      return NULL;
    }
  return g_steal_pointer (&ensemble);
}

DmsEnsemble *
dms_job_parser_load_data (const char *name, const char *base_dir, GBytes *data, GError **error)
{
  g_return_val_if_fail (name != NULL && data != NULL, NULL);

  return load (name, base_dir, TRUE, data, error);
}

DmsEnsemble *
dms_job_parser_load_untrusted (const char *name, GBytes *data, GError **error)
{
  g_return_val_if_fail (name != NULL && data != NULL, NULL);

  return load (name, NULL, FALSE, data, error);
}

DmsEnsemble *
dms_job_parser_load_file (const char *path, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *base_dir = NULL;
  char *content = NULL;
  gsize length = 0;
  struct stat info;

  g_return_val_if_fail (path != NULL, NULL);

  if (stat (path, &info) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   errno == ENOENT ? DMS_ERROR_NOT_FOUND : DMS_ERROR_IO,
                   "cannot read job file “%s”: %s",
                   path,
                   g_strerror (errno));
      return NULL;
    }
  if (S_ISDIR (info.st_mode))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read job file “%s”: it is a directory", path);
      return NULL;
    }
  if (info.st_size > MAX_FILE)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "cannot read job file “%s”: it is larger than 4 MiB", path);
      return NULL;
    }
  if (!g_file_get_contents (path, &content, &length, &local))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read job file “%s”: %s", path, local->message);
      return NULL;
    }
  data = g_bytes_new_take (content, length);
  base_dir = g_path_get_dirname (path);
  return dms_job_parser_load_data (path, base_dir, data, error);
}
