/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"
#include "common/dms-json-text.h"
#include "importers/dms-importer.h"

/* What the program ends with when something is not as it was. 1 is for errors. */
enum
{
  STATUS_APPROXIMATED = 2,
  STATUS_IMPOSSIBLE = 3,
};

enum
{
  MAX_STDIN_BYTES = 4 * 1024 * 1024
};

/* A job file may hold secrets of what it was made from: nobody else may read it. */
static gboolean
write_private (const char *path, const char *text, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (g_file_set_contents_full (
          path, text, (gssize) strlen (text), G_FILE_SET_CONTENTS_CONSISTENT, 0600, &local) &&
      chmod (path, 0600) == 0)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_IO,
               _ ("cannot write “%s”: %s"),
               path,
               local != NULL ? local->message : g_strerror (errno));
  return FALSE;
}

static gboolean
check_output (DmsCliCall *call, GError **error)
{
  const char *path = dms_cli_call_get_string (call, "output");

  if (path == NULL || dms_cli_call_get_bool (call, "force") || !g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_ALREADY_EXISTS,
               _ ("“%s” exists already: name another file, or give --force to replace it"),
               path);
  return FALSE;
}

static gboolean
read_files (DmsCliCall *call, DmsImporter *importer, GError **error)
{
  for (guint i = 0; i < dms_cli_call_get_n_args (call); i++)
    {
      const char *path = dms_cli_call_get_arg (call, i);
      g_autoptr (GBytes) input = NULL;

      if (strcmp (path, "-") != 0)
        {
          if (!dms_importer_add_file (importer, path, error))
            return FALSE;
          continue;
        }
      input = dms_cli_call_read_input (call, MAX_STDIN_BYTES, error);
      if (input == NULL || !dms_importer_add_data (importer, "-", NULL, input, error))
        return FALSE;
    }
  return TRUE;
}

/* The report quotes the files, which may be anybody's. */
static char *
dup_safe (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *safe = dms_cli_text_dup_safe (lines[i]);

      g_free (lines[i]);
      lines[i] = safe;
    }
  return g_strjoinv ("\n", lines);
}

static gboolean
print_json (DmsCliCall *call, DmsImporter *importer, const char *yaml, const char *problem, GError **error)
{
  g_autoptr (JsonNode) node = dms_import_report_to_json (dms_importer_get_report (importer));
  JsonObject *object = json_node_get_object (node);
  const char *output = dms_cli_call_get_string (call, "output");
  g_autofree char *compact = NULL;
  g_autofree char *text = NULL;

  json_object_set_string_member (
      object, "format", dms_import_format_to_string (dms_importer_get_format (importer)));
  json_object_set_string_member (object, "output", output != NULL ? output : "");
  json_object_set_string_member (object, "error", problem != NULL ? problem : "");
  if (output == NULL && yaml != NULL)
    json_object_set_string_member (object, "ensemble", yaml);
  compact = dms_json_node_to_text (node);
  text = dms_json_text_indent (compact, strlen (compact), 2, error);
  if (text != NULL)
    dms_cli_call_print (call, "%s\n", text);
  return text != NULL;
}

static gboolean
tell (DmsCliCall *call, DmsImporter *importer, GError **error)
{
  DmsImportReport *report = dms_importer_get_report (importer);
  const char *path = dms_cli_call_get_string (call, "report");
  g_autofree char *all = dms_import_report_to_text (report, DMS_IMPORT_TRANSLATED);
  g_autofree char *lost = dms_import_report_to_text (report, DMS_IMPORT_APPROXIMATED);
  g_autofree char *safe = dup_safe (path != NULL ? all : lost);

  if (path != NULL && !write_private (path, safe, error))
    return FALSE;
  if (path == NULL)
    dms_cli_call_note (call, "%s", safe);
  dms_cli_call_note (call,
                     _ ("%u translated, %u approximated, %u impossible\n"),
                     dms_import_report_count (report, DMS_IMPORT_TRANSLATED),
                     dms_import_report_count (report, DMS_IMPORT_APPROXIMATED),
                     dms_import_report_count (report, DMS_IMPORT_IMPOSSIBLE));
  return TRUE;
}

static void
set_status (DmsCliCall *call, DmsImporter *importer)
{
  DmsImportReport *report = dms_importer_get_report (importer);

  if (dms_import_report_count (report, DMS_IMPORT_IMPOSSIBLE) > 0)
    dms_cli_call_set_exit_status (call, STATUS_IMPOSSIBLE);
  else if (dms_import_report_count (report, DMS_IMPORT_APPROXIMATED) > 0)
    dms_cli_call_set_exit_status (call, STATUS_APPROXIMATED);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *from = dms_cli_call_get_string (call, "from");
  const char *output = dms_cli_call_get_string (call, "output");
  gboolean json = dms_cli_call_get_bool (call, "json");
  DmsImportFormat format;
  g_autoptr (DmsImporter) importer = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *yaml = NULL;

  if (!dms_import_format_from_string (from, &format))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   _ ("--from must be auto, compose, kubernetes or nomad, got “%s”"),
                   from);
      return FALSE;
    }
  if (!check_output (call, error))
    return FALSE;
  importer = dms_importer_new (format);
  dms_importer_set_profiles (importer, dms_cli_call_get_strv (call, "profile"));
  if (!read_files (call, importer, error))
    return FALSE;
  yaml = dms_importer_translate (importer, &local);
  if (json ? !print_json (call, importer, yaml, local != NULL ? local->message : NULL, error)
           : !tell (call, importer, error))
    return FALSE;
  if (yaml == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (output != NULL && !write_private (output, yaml, error))
    return FALSE;
  if (output == NULL && !json)
    dms_cli_call_print (call, "%s", yaml);
  set_status (call, importer);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "from",
    0,
    DMS_CLI_FLAG_STRING,
    FALSE,
    "auto",
    "kind",
    N_ ("compose, kubernetes or nomad; auto looks at the files") },
  { "output",
    'o',
    DMS_CLI_FLAG_STRING,
    FALSE,
    NULL,
    "file",
    N_ ("where the job file goes; standard output if not given") },
  { "force", 'f', DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("replace a file that exists") },
  { "report",
    0,
    DMS_CLI_FLAG_STRING,
    FALSE,
    NULL,
    "file",
    N_ ("write the whole report there, instead of what was lost to standard error") },
  { "profile",
    0,
    DMS_CLI_FLAG_STRINGS,
    FALSE,
    NULL,
    "names",
    N_ ("Compose: services of these profiles too; “*” for all") },
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("print the report as JSON, for programs") },
  { NULL },
};

static const char *const exclusive[] = { "report json", NULL };

const DmsCliVerb dms_verb_ensemble_import = {
  .path = "ensemble import",
  .arguments = "<file>...",
  .summary = N_ ("make a job file of Compose, Kubernetes or Nomad files"),
  .description = N_ (
      "Translates a Docker Compose file, Kubernetes manifests (also several files, or several documents in "
      "one), or a Nomad job in JSON, into a job file that “validate” accepts. A file named “-” is standard "
      "input.\n\n"
      "The report says of each member of the files, with its line, whether it was translated (it means the "
      "same), approximated (nearly the same; it says what is different), or impossible (left out; it says "
      "what to do instead). It never shows values, which may be secrets. The job file can hold them, and "
      "only its owner may read it.\n\n"
      "The exit status is 0 when everything was translated, 2 when something was approximated, 3 when "
      "something was impossible; a job file was made in each of these cases. It is 1 when none was.\n\n"
      "Variables of a Compose file are resolved now, from the environment and the file .env. Files that it "
      "names are read only below its own folder. A Nomad job in HCL is converted by Nomad itself: "
      "nomad job run -output job.nomad."),
  .examples = "  nunet ensemble import compose.yaml -o shop.yaml\n"
              "  kubectl get deploy,svc,cm -o yaml | nunet ensemble import --from kubernetes - -o app.yaml\n"
              "  nomad job run -output web.nomad | nunet ensemble import - --report web.txt > web.yaml\n",
  .flags = flags,
  .exclusive = exclusive,
  .min_args = 1,
  .max_args = -1,
  .run = run,
};
