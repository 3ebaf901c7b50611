/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <glib/gi18n.h>

G_BEGIN_DECLS

typedef struct _DmsCliCall DmsCliCall;
typedef struct _DmsCliVerb DmsCliVerb;
typedef struct _DmsCliFlag DmsCliFlag;

/**
 * DmsCliFlagType:
 * @DMS_CLI_FLAG_BOOL: takes no separate value: `--all`, `--all=false`
 * @DMS_CLI_FLAG_STRING: text; given twice, the last one counts
 * @DMS_CLI_FLAG_STRINGS: texts; may be repeated, and one value may hold several, separated by commas
 * @DMS_CLI_FLAG_STRING_ARRAY: texts; may be repeated, commas have no meaning
 * @DMS_CLI_FLAG_INT: a whole number
 * @DMS_CLI_FLAG_UINT: a whole number, not negative
 * @DMS_CLI_FLAG_FLOAT: a number
 * @DMS_CLI_FLAG_DURATION: a time span such as `90s` or `1h30m`
 *
 * What a flag's value may be.
 */
typedef enum {
  DMS_CLI_FLAG_BOOL,
  DMS_CLI_FLAG_STRING,
  DMS_CLI_FLAG_STRINGS,
  DMS_CLI_FLAG_STRING_ARRAY,
  DMS_CLI_FLAG_INT,
  DMS_CLI_FLAG_UINT,
  DMS_CLI_FLAG_FLOAT,
  DMS_CLI_FLAG_DURATION,
} DmsCliFlagType;

/**
 * DmsCliFlag:
 * @name: long name, without dashes
 * @shorthand: one letter, or 0
 * @type: what its value may be
 * @required: whether the verb refuses to run without it
 * @fallback: (nullable): the value it has when it is not given, as text
 * @value_name: (nullable): what its value is called in the help
 * @help: one line for people, marked with N_()
 *
 * One flag of a verb. Tables of them end with an empty element.
 */
struct _DmsCliFlag {
  const char *name;
  char shorthand;
  DmsCliFlagType type;
  gboolean required;
  const char *fallback;
  const char *value_name;
  const char *help;
};

/**
 * DmsCliRunFunc:
 * @call: the flags and arguments of this call, and its streams
 * @error: return location for the error that is shown after `Error: `
 *
 * Does a verb's work.
 *
 * Returns: whether the command completed
 */
typedef gboolean (*DmsCliRunFunc) (DmsCliCall *call, GError **error);

/**
 * DmsCliVerb:
 * @path: the words that lead to it, separated by blanks: `cap grant`
 * @arguments: (nullable): what follows them, for the usage line: `<subject DID>`
 * @summary: one line for the list of verbs, marked with N_()
 * @description: (nullable): paragraphs that teach what it does and when one wants it, marked with N_()
 * @examples: (nullable): complete commands, one a line, indented by two blanks, with `#` comments
 * @flags: (nullable): flags of this verb
 * @persistent_flags: (nullable): flags of this verb and of all below it
 * @min_args: least number of positional arguments
 * @max_args: greatest number of them; -1 for any
 * @exclusive: (nullable): groups of flags of which one may be given, each written as `dest broadcast`
 * @one_required: (nullable): groups of flags of which one must be given
 * @hidden: whether the help leaves it out
 * @strict: of a group, whether a word that is none of its commands is an error; else it shows the help, as
 *   those of the field do
 * @run: (nullable): does the work; a verb without it shows its help
 * @data: (nullable): whatever @run needs, see dms_cli_call_get_data()
 *
 * One verb of the command line. There is one in a file, `core/cli/verbs/dms-verb-WORDS.c`, as a constant that
 * dms-cli-verbs.h declares and dms-cli-verbs.c lists.
 */
struct _DmsCliVerb {
  const char *path;
  const char *arguments;
  const char *summary;
  const char *description;
  const char *examples;
  const DmsCliFlag *flags;
  const DmsCliFlag *persistent_flags;
  int min_args;
  int max_args;
  const char *const *exclusive;
  const char *const *one_required;
  gboolean hidden;
  gboolean strict;
  DmsCliRunFunc run;
  gconstpointer data;
};

G_END_DECLS
