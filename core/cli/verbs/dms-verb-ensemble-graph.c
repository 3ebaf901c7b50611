/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "jobs/dms-ensemble-graph.h"
#include "jobs/dms-job-parser.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *format = dms_cli_call_get_string (call, "format");
  g_autoptr (DmsEnsemble) ensemble = NULL;
  g_autofree char *picture = NULL;
  g_auto (GStrv) lines = NULL;

  if (strcmp (format, "text") != 0 && strcmp (format, "dot") != 0 && strcmp (format, "svg") != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   _ ("--format must be text, dot or svg, got “%s”"),
                   format);
      return FALSE;
    }
  ensemble = dms_job_parser_load_file (dms_cli_call_get_arg (call, 0), error);
  if (ensemble == NULL)
    return FALSE;
  if (strcmp (format, "dot") == 0)
    picture = dms_ensemble_graph_to_dot (ensemble);
  else if (strcmp (format, "svg") == 0)
    picture = dms_ensemble_graph_to_svg (ensemble);
  else
    picture = dms_ensemble_graph_to_text (ensemble);
  /* What stands in a job file may be anybody's. */
  lines = g_strsplit (picture, "\n", -1);
  for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++)
    {
      g_autofree char *safe = dms_cli_text_dup_safe (lines[i]);

      dms_cli_call_print (call, "%s\n", safe);
    }
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "format",
    0,
    DMS_CLI_FLAG_STRING,
    FALSE,
    "text",
    "format",
    N_ ("text for a terminal, dot for graphviz, or svg for a browser") },
  { NULL },
};

const DmsCliVerb dms_verb_ensemble_graph = {
  .path = "ensemble graph",
  .arguments = "<job file>",
  .summary = N_ ("draw a job file"),
  .description =
      N_ ("Shows the nodes of an ensemble, the allocations on them in the order in which they start, "
          "ports, and demands on links between nodes. The drawing of “svg” is laid out here; no other "
          "program is needed for it."),
  .examples = "  nunet ensemble graph shop.yaml\n"
              "  nunet ensemble graph --format svg shop.yaml > shop.svg\n"
              "  nunet ensemble graph --format dot shop.yaml | dot -Tpdf > shop.pdf\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
