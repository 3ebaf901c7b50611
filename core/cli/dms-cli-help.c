/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-help.h"

#include <string.h>
#include <unistd.h>

#include "cli/dms-cli-flag.h"
#include "cli/dms-cli-parser.h"
#include "cli/dms-cli.h"
#include "common/dms-core-version.h"

#define WIDTH 80

#define ABOUT \
  N_ ("Lends this machine to a network of machines whose owners need not trust each other, and runs jobs " \
      "on theirs.")

/**
 * dms_cli_help_find_verb:
 * @verbs: every verb, ended by %NULL
 * @path: words separated by blanks
 *
 * Returns: (nullable): the verb of these words
 */
const DmsCliVerb *
dms_cli_help_find_verb (const DmsCliVerb *const *verbs, const char *path)
{
  for (; *verbs != NULL; verbs++)
    {
      if (strcmp ((*verbs)->path, path) == 0)
        return *verbs;
    }

  return NULL;
}

static void
print_heading (FILE *out, const char *text)
{
  gboolean styled = isatty (fileno (out)) && g_getenv ("NO_COLOR") == NULL;

  fprintf (out, styled ? "\n\033[1m%s\033[0m\n" : "\n%s\n", text);
}

/* Text in lines that fit on a terminal of usual width. */
static void
print_wrapped (FILE *out, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint i;

  for (i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
      glong column = 0;
      guint j;

      for (j = 0; words[j] != NULL; j++)
        {
          glong length = g_utf8_strlen (words[j], -1);

          if (column > 0)
            fputs (column + 1 + length > WIDTH ? "\n" : " ", out);
          column = column > 0 && column + 1 + length <= WIDTH ? column + 1 + length : length;
          fputs (words[j], out);
        }
      fputc ('\n', out);
    }
}

static void
print_flag (const DmsCliFlag *flag, gpointer user_data)
{
  FILE *out = user_data;
  const char *value = dms_cli_flag_get_value_name (flag);
  g_autofree char *label = g_strdup_printf ("%s--%s%s%s", flag->shorthand != 0 ? "" : "    ", flag->name,
                                            value != NULL ? " " : "", value != NULL ? value : "");

  if (flag->shorthand != 0)
    fprintf (out, "  -%c, %-28s %s", flag->shorthand, label, _ (flag->help));
  else
    fprintf (out, "  %-32s %s", label, _ (flag->help));
  if (flag->fallback != NULL && flag->fallback[0] != '\0')
    fprintf (out, _ (" (default %s)"), flag->fallback);
  if (flag->required)
    fputs (_ (" (required)"), out);
  fputc ('\n', out);
}

static void
print_table (const DmsCliFlag *table, FILE *out)
{
  for (; table != NULL && table->name != NULL; table++)
    print_flag (table, out);
}

/* The persistent flags of the verbs above. */
static void
print_inherited (const DmsCliVerb *const *verbs, const char *path, FILE *out)
{
  g_autofree char *above = g_strdup (path);
  char *blank;

  while ((blank = strrchr (above, ' ')) != NULL)
    {
      const DmsCliVerb *verb;

      *blank = '\0';
      verb = dms_cli_help_find_verb (verbs, above);
      print_table (verb != NULL ? verb->persistent_flags : NULL, out);
    }
}

static void
print_children (const DmsCliVerb *const *verbs, const char *path, FILE *out)
{
  g_autoptr (GPtrArray) children = dms_cli_parser_list_children (verbs, path);
  gsize skip = path[0] != '\0' ? strlen (path) + 1 : 0;
  guint width = 12;
  guint i;

  for (i = 0; i < children->len; i++)
    {
      const DmsCliVerb *child = g_ptr_array_index (children, i);

      width = MAX (width, strlen (child->path) - skip);
    }
  for (i = 0; i < children->len; i++)
    {
      const DmsCliVerb *child = g_ptr_array_index (children, i);

      if (!child->hidden)
        fprintf (out, "  %-*s  %s\n", (int) width, child->path + skip, _ (child->summary));
    }
}

static gboolean
has_children (const DmsCliVerb *const *verbs, const char *path)
{
  g_autoptr (GPtrArray) children = dms_cli_parser_list_children (verbs, path);

  return children->len > 0;
}

/**
 * dms_cli_help_print:
 * @verbs: every verb
 * @verb: (nullable): the one to explain, or %NULL for the program
 * @out: where to write
 *
 * Explains a verb, or the program.
 */
void
dms_cli_help_print (const DmsCliVerb *const *verbs, const DmsCliVerb *verb, FILE *out)
{
  const char *path = verb != NULL ? verb->path : "";
  const char *gap = verb != NULL ? " " : "";
  gboolean parent = has_children (verbs, path);
  const char *about = verb == NULL ? ABOUT : verb->description != NULL ? verb->description : verb->summary;

  print_wrapped (out, _ (about));

  print_heading (out, _ ("Usage:"));
  if (verb != NULL && verb->run != NULL)
    fprintf (out, "  nunet %s%s%s [flags]\n", path, verb->arguments != NULL ? " " : "",
             verb->arguments != NULL ? verb->arguments : "");
  if (parent)
    fprintf (out, "  nunet %s%s<command> [flags]\n", path, gap);

  if (verb != NULL && verb->examples != NULL)
    {
      print_heading (out, _ ("Examples:"));
      fprintf (out, "%s%s", _ (verb->examples), g_str_has_suffix (verb->examples, "\n") ? "" : "\n");
    }

  if (parent)
    {
      print_heading (out, _ ("Commands:"));
      print_children (verbs, path, out);
    }

  if (verb != NULL)
    {
      print_heading (out, _ ("Flags:"));
      print_table (verb->flags, out);
      print_table (verb->persistent_flags, out);
      print_inherited (verbs, path, out);
      fprintf (out, "  -h, %-28s %s\n", "--help", _ ("this text"));
    }

  print_heading (out, _ ("Global flags:"));
  print_table (dms_cli_get_global_flags (), out);

  if (parent)
    fprintf (out, _ ("\nUse \"nunet %s%s<command> --help\" to learn about a command.\n"), path, gap);
}

/* In roff, a backslash and a dot or quote at the start of a line have meanings of their own. */
static void
print_roff (FILE *out, const char *text)
{
  gboolean start = TRUE;

  for (; *text != '\0'; text++)
    {
      if (start && (*text == '.' || *text == '\''))
        fputs ("\\&", out);
      if (*text == '\\')
        fputs ("\\e", out);
      else if (*text == '-')
        fputs ("\\-", out);
      else
        fputc (*text, out);
      start = *text == '\n';
    }
}

static void
print_roff_table (FILE *out, const DmsCliFlag *table)
{
  for (; table != NULL && table->name != NULL; table++)
    {
      g_autofree char *label = dms_cli_flag_dup_label (table);
      const char *value = dms_cli_flag_get_value_name (table);

      fputs (".TP\n\\fB", out);
      print_roff (out, label);
      fputs ("\\fR", out);
      if (value != NULL)
        fprintf (out, " \\fI%s\\fR", value);
      fputc ('\n', out);
      print_roff (out, table->help);
      if (table->fallback != NULL && table->fallback[0] != '\0')
        {
          fputs (" (default ", out);
          print_roff (out, table->fallback);
          fputc (')', out);
        }
      fputs (table->required ? " (required)\n" : "\n", out);
    }
}

static void
print_roff_verb (FILE *out, const DmsCliVerb *verb)
{
  fputs (".SS \"nunet ", out);
  print_roff (out, verb->path);
  if (verb->arguments != NULL)
    {
      fputc (' ', out);
      print_roff (out, verb->arguments);
    }
  fputs ("\"\n", out);
  print_roff (out, verb->description != NULL ? verb->description : verb->summary);
  fputc ('\n', out);
  print_roff_table (out, verb->flags);
  print_roff_table (out, verb->persistent_flags);
  if (verb->examples != NULL)
    {
      fputs (".PP\nExamples:\n.PP\n.nf\n", out);
      print_roff (out, verb->examples);
      fputs ("\n.fi\n", out);
    }
}

/**
 * dms_cli_help_print_manual:
 * @verbs: every verb
 * @out: where to write
 *
 * Writes the manual page nunet(1).
 */
void
dms_cli_help_print_manual (const DmsCliVerb *const *verbs, FILE *out)
{
  fprintf (out, ".TH NUNET 1 \"\" \"nunet %s\" \"User Commands\"\n", dms_core_get_version ());
  fputs (".SH NAME\nnunet \\- device management service and its command line\n", out);
  fputs (".SH SYNOPSIS\n\\fBnunet\\fR \\fIcommand\\fR [\\fIflags\\fR]\n", out);
  fputs (".SH DESCRIPTION\n", out);
  print_roff (out, ABOUT);
  fputs ("\n.SH GLOBAL FLAGS\n", out);
  print_roff_table (out, dms_cli_get_global_flags ());
  fputs (".SH COMMANDS\n", out);
  for (; *verbs != NULL; verbs++)
    {
      if (!(*verbs)->hidden && (*verbs)->run != NULL)
        print_roff_verb (out, *verbs);
    }

  fputs (".SH ENVIRONMENT\n.TP\n\\fBDMS_PASSPHRASE\\fR\n"
         "the passphrase of keys; nothing is asked when it is set\n", out);
  fputs (".TP\n\\fBDMS_\\fISECTION\\fB_\\fIKEY\\fR\n"
         "overrides a configuration value: DMS_REST_PORT is rest.port\n", out);
  fputs (".TP\n\\fBNO_COLOR\\fR\nnothing is coloured or bold when it is set\n", out);
  fputs (".TP\n\\fBDMS_E2E_CACHE_KEYS\\fR\n"
         "for tests: when it is 1, opened keys are kept for ten minutes in XDG_RUNTIME_DIR, if that is "
         "private, sealed with the passphrase but without its costly derivation\n", out);
  fputs (".TP\n\\fBEDITOR\\fR\neditor for \\fBnunet config edit\\fR\n", out);
  fputs (".SH EXIT STATUS\n"
         "0 when the command completed, even if the daemon's answer tells of an error; 1 otherwise.\n",
         out);
  fputs (".SH FILES\n.TP\n\\fIdms_config.json\\fR\n"
         "the configuration, in the current directory, ~/.nunet, ~/.config/nunet or /etc/nunet\n", out);
}
