/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job-check.h"

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-text.h"
#include "common/dms-json-object.h"
#include "common/dms-json-text.h"
#include "jobs/dms-job-parser.h"

static JsonArray *
make_list (const char *const *lines)
{
  JsonArray *array = json_array_new ();

  for (; lines != NULL && *lines != NULL; lines++)
    json_array_add_string_element (array, *lines);

  return array;
}

static JsonObject *
describe (const char *path, const char *const *errors, const char *const *warnings)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "file", path);
  json_object_set_boolean_member (object, "valid", errors == NULL);
  json_object_set_array_member (object, "errors", make_list (errors));
  json_object_set_array_member (object, "warnings", make_list (warnings));

  return object;
}

/* The lines quote the file, which may be anybody's. */
static void
print_lines (DmsCliCall *call, const char *prefix, const char *const *lines)
{
  for (; lines != NULL && *lines != NULL; lines++)
    {
      g_autofree char *safe = dms_cli_text_dup_safe (*lines);

      dms_cli_call_print (call, "%s%s\n", prefix, safe);
    }
}

/* Whether the file is good. What is wrong with it is printed, or added to the list. */
static gboolean
check (DmsCliCall *call, const char *path, JsonArray *list)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_file (path, &error);
  const char *const *warnings = ensemble != NULL ? dms_ensemble_get_warnings (ensemble) : NULL;
  g_auto (GStrv) errors = error != NULL ? g_strsplit (error->message, "\n", -1) : NULL;

  if (list != NULL)
    {
      json_array_add_object_element (list, describe (path, (const char *const *) errors, warnings));
      return ensemble != NULL;
    }

  print_lines (call, "", (const char *const *) errors);
  print_lines (call, _ ("note: "), warnings);
  if (ensemble != NULL)
    {
      g_autofree char *safe = dms_cli_text_dup_safe (path);

      dms_cli_call_print (call, _ ("%s: valid\n"), safe);
    }
  return ensemble != NULL;
}

static gboolean
print_json (DmsCliCall *call, JsonArray *list, GError **error)
{
  g_autoptr (JsonNode) node = json_node_init_array (json_node_alloc (), list);
  g_autofree char *compact = dms_json_node_to_text (node);
  g_autofree char *text = dms_json_text_indent (compact, strlen (compact), 2, error);

  if (text != NULL)
    dms_cli_call_print (call, "%s\n", text);
  return text != NULL;
}

/**
 * dms_cli_job_check_run:
 * @call: a call with job files as arguments
 * @error: return location for an error
 *
 * Returns: whether all of them are good
 */
gboolean
dms_cli_job_check_run (DmsCliCall *call, GError **error)
{
  guint n_files = dms_cli_call_get_n_args (call);
  g_autoptr (JsonArray) list = dms_cli_call_get_bool (call, "json") ? json_array_new () : NULL;
  guint bad = 0;

  for (guint i = 0; i < n_files; i++)
    {
      if (!check (call, dms_cli_call_get_arg (call, i), list))
        bad++;
    }
  if (list != NULL && !print_json (call, list, error))
    return FALSE;
  if (bad == 0)
    return TRUE;

  g_set_error (
      error,
      DMS_ERROR,
      DMS_ERROR_INVALID_DATA,
      g_dngettext (NULL, "%u of %u job file is not valid", "%u of %u job files are not valid", n_files),
      bad,
      n_files);
  return FALSE;
}

const DmsCliFlag dms_cli_job_check_flags[] = {
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("for programs") },
  { NULL },
};
