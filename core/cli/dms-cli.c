/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli.h"

#include "cli/dms-cli-call-private.h"
#include "cli/dms-cli-help.h"
#include "cli/dms-cli-parser.h"
#include "cli/dms-cli-text.h"

#include <dms.h>
#include <string.h>

/**
 * dms_cli_get_global_flags:
 *
 * Returns: (transfer none): flags of every verb (cli.md section 1)
 */
const DmsCliFlag *
dms_cli_get_global_flags (void)
{
  static const DmsCliFlag flags[] = {
    { "config", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "file", N_ ("use exactly this configuration file") },
    { "rest-addr", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "ip", N_ ("address of the daemon's REST interface") },
    { "rest-port", 0, DMS_CLI_FLAG_UINT, FALSE, NULL, "n", N_ ("port of the daemon's REST interface") },
    { "user-dir", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "dir",
     N_ ("directory of keys and capability contexts") },
    { "work-dir", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "dir", N_ ("directory of logs and jobs") },
    { "data-dir", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "dir", N_ ("directory of the database") },
    { "debug", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("log debug messages") },
    { "profiler-enabled", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("serve profiling data") },
    { "profiler-addr", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "ip", N_ ("address for profiling data") },
    { "profiler-port", 0, DMS_CLI_FLAG_UINT, FALSE, NULL, "n", N_ ("port for profiling data") },
    { NULL },
  };

  return flags;
}

/* Errors quote what others sent, which may not steer the terminal. Those of job files have several lines. */
static char *
dup_safe_lines (const char *text)
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

static int
fail (FILE *err, const GError *error)
{
  g_autofree char *message =
    dup_safe_lines (error != NULL ? error->message : _ ("the command failed without saying why"));

  fprintf (err, "Error: %s\n", message);
  return 1;
}

static gboolean
is_interrupted_service (const DmsCliVerb *verb, const GError *error)
{
  return strcmp (verb->path, "run") == 0 && g_error_matches (error, DMS_ERROR, DMS_ERROR_CANCELLED);
}

/**
 * dms_cli_run:
 * @verbs: every verb
 * @words: the command line without the program's name
 * @in: standard input
 * @out: standard output
 * @err: standard error
 *
 * Returns: the exit status
 */
int
dms_cli_run (const DmsCliVerb *const *verbs, const char *const *words, FILE *in, FILE *out, FILE *err)
{
  g_autoptr (DmsCliParser) parser = dms_cli_parser_new (verbs, dms_cli_get_global_flags ());
  g_autoptr (DmsCliCall) call = NULL;
  g_autoptr (GError) error = NULL;
  const DmsCliVerb *verb;

  if (!dms_cli_parser_parse (parser, words, &error))
    return fail (err, error);
  if (dms_cli_parser_wants_help (parser))
    {
      dms_cli_help_print (verbs, dms_cli_parser_get_verb (parser), out);
      return 0;
    }
  if (!dms_cli_parser_validate (parser, &error))
    return fail (err, error);

  verb = dms_cli_parser_get_verb (parser);
  call = dms_cli_call_new (g_steal_pointer (&parser), in, out, err);
  if (!verb->run (call, &error))
    {
      fflush (out);
      /* Who interrupted the service knows why it ended. */
      return is_interrupted_service (verb, error) ? 1 : fail (err, error);
    }

  /* A full disk or a closed pipe is no success. */
  if (fflush (out) != 0)
    {
      fprintf (err, "Error: %s\n", _ ("cannot write to standard output"));
      return 1;
    }
  return dms_cli_call_get_exit_status (call);
}
