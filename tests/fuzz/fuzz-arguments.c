/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "cli/dms-cli-flag.h"
#include "cli/dms-cli-help.h"
#include "cli/dms-cli-parser.h"
#include "cli/dms-cli-verbs.h"
#include "cli/dms-cli.h"

#define MAX_WORDS 256

static void
check_flags (DmsCliParser *parser, const DmsCliFlag *flags)
{
  for (; flags != NULL && flags->name != NULL; flags++)
    {
      const DmsCliFlag *known = dms_cli_parser_find_flag (parser, flags->name);
      const char *const *values = dms_cli_parser_get_values (parser, flags->name);

      g_assert_nonnull (known);
      for (; values != NULL && *values != NULL; values++)
        g_assert_true (dms_cli_flag_check (known, *values, NULL));
    }
}

static void
check_help (const DmsCliVerb *verb)
{
  char *text = NULL;
  gsize size;
  FILE *out = open_memstream (&text, &size);

  dms_cli_help_print (dms_cli_verbs_get_all (), verb, out);
  fclose (out);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  free (text);
}

/* A command line, a word a line. It is understood and checked, but nothing is run. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_auto (GStrv) words = g_strsplit (text, "\n", MAX_WORDS);
  g_autoptr (DmsCliParser) parser
    = dms_cli_parser_new (dms_cli_verbs_get_all (), dms_cli_get_global_flags ());
  g_autoptr (GError) error = NULL;
  const DmsCliVerb *verb;

  if (!dms_cli_parser_parse (parser, (const char *const *) words, &error))
    {
      g_assert_nonnull (error);
      return 0;
    }
  verb = dms_cli_parser_get_verb (parser);
  if (verb != NULL)
    {
      g_assert_cmpstr (verb->path, ==, dms_cli_parser_get_path (parser));
      check_flags (parser, verb->flags);
      check_flags (parser, verb->persistent_flags);
    }
  check_flags (parser, dms_cli_get_global_flags ());
  if (dms_cli_parser_wants_help (parser))
    check_help (verb);
  else if (!dms_cli_parser_validate (parser, &error))
    g_assert_nonnull (error);
  else
    g_assert_true (verb->run != NULL);
  return 0;
}
