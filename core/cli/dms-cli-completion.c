/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-completion.h"

#include <string.h>

#include "cli/dms-cli-help.h"
#include "cli/dms-cli-parser.h"
#include "cli/dms-cli.h"

static void
print_flags (const DmsCliFlag *table, FILE *out)
{
  for (; table != NULL && table->name != NULL; table++)
    {
      fprintf (out, " --%s", table->name);
      if (table->shorthand != 0)
        fprintf (out, " -%c", table->shorthand);
    }
}

static void
print_flags_of (const DmsCliVerb *const *verbs, const char *path, FILE *out)
{
  g_autofree char *above = g_strdup (path);
  const DmsCliVerb *verb = dms_cli_help_find_verb (verbs, path);

  print_flags (verb != NULL ? verb->flags : NULL, out);
  while (above[0] != '\0')
    {
      char *blank = strrchr (above, ' ');

      verb = dms_cli_help_find_verb (verbs, above);
      print_flags (verb != NULL ? verb->persistent_flags : NULL, out);
      above[blank != NULL ? blank - above : 0] = '\0';
    }
  print_flags (dms_cli_get_global_flags (), out);
  fputs (" --help -h", out);
}

/* Two cases of a shell: the words below those given, and the flags that may follow them. */
static void
print_case (const DmsCliVerb *const *verbs, const char *path, FILE *out)
{
  g_autoptr (GPtrArray) children = dms_cli_parser_list_children (verbs, path);
  gsize skip = path[0] != '\0' ? strlen (path) + 1 : 0;
  guint i;

  fprintf (out, "    '%s')\n      below='", path);
  for (i = 0; i < children->len; i++)
    {
      const DmsCliVerb *child = g_ptr_array_index (children, i);

      if (!child->hidden)
        fprintf (out, " %s", child->path + skip);
    }
  fputs ("'\n      flags='", out);
  print_flags_of (verbs, path, out);
  fputs ("' ;;\n", out);
}

static void
print_cases (const DmsCliVerb *const *verbs, FILE *out)
{
  const DmsCliVerb *const *verb;

  fputs ("  case $verb in\n", out);
  print_case (verbs, "", out);
  for (verb = verbs; *verb != NULL; verb++)
    print_case (verbs, (*verb)->path, out);
  fputs ("  esac\n", out);
}

/* A pattern of everything that leads to a verb, for telling the words of a verb from flags' values. */
static void
print_pattern (const DmsCliVerb *const *verbs, FILE *out)
{
  for (; *verbs != NULL; verbs++)
    fprintf (out, "'%s'%s", (*verbs)->path, verbs[1] != NULL ? "|" : "");
}

/**
 * dms_cli_completion_print_bash:
 * @verbs: every verb
 * @out: where to write
 *
 * Writes the script for bash.
 */
void
dms_cli_completion_print_bash (const DmsCliVerb *const *verbs, FILE *out)
{
  fputs ("# bash completion for nunet\n"
         "_nunet ()\n"
         "{\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} verb= below= flags= word i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=${verb:+$verb }${COMP_WORDS[i]}\n"
         "    case $word in\n"
         "      ", out);
  print_pattern (verbs, out);
  fputs (") verb=$word ;;\n"
         "    esac\n"
         "  done\n", out);
  print_cases (verbs, out);
  fputs ("  case ${COMP_WORDS[COMP_CWORD - 1]} in\n"
         "    --config|--spec-file|-f|--contract-file|--client-pem-file) COMPREPLY=($(compgen -f -- "
         "\"$cur\")); return ;;\n"
         "    --user-dir|--work-dir|--data-dir|--ca-output-dir) COMPREPLY=($(compgen -d -- \"$cur\")); "
         "return ;;\n"
         "  esac\n"
         "  if [[ $cur == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -W \"$below\" -- \"$cur\"))\n"
         "  fi\n"
         "}\n"
         "complete -o default -F _nunet nunet\n", out);
}

/**
 * dms_cli_completion_print_zsh:
 * @verbs: every verb
 * @out: where to write
 *
 * Writes the script for zsh.
 */
void
dms_cli_completion_print_zsh (const DmsCliVerb *const *verbs, FILE *out)
{
  fputs ("#compdef nunet\n"
         "# zsh completion for nunet\n"
         "_nunet ()\n"
         "{\n"
         "  local verb= below= flags= word i\n"
         "  for ((i = 2; i < CURRENT; i++)); do\n"
         "    word=${verb:+$verb }${words[i]}\n"
         "    case $word in\n"
         "      ", out);
  print_pattern (verbs, out);
  fputs (") verb=$word ;;\n"
         "    esac\n"
         "  done\n", out);
  print_cases (verbs, out);
  fputs ("  case ${words[CURRENT - 1]} in\n"
         "    --config|--spec-file|-f|--contract-file|--client-pem-file) _files; return ;;\n"
         "    --user-dir|--work-dir|--data-dir|--ca-output-dir) _files -/; return ;;\n"
         "  esac\n"
         "  if [[ ${words[CURRENT]} == -* ]]; then\n"
         "    compadd -- ${=flags}\n"
         "  elif [[ -n ${below// /} ]]; then\n"
         "    compadd -- ${=below}\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "if [[ ${funcstack[1]} == _nunet ]]; then\n"
         "  _nunet \"$@\"\n"
         "else\n"
         "  compdef _nunet nunet\n"
         "fi\n", out);
}
