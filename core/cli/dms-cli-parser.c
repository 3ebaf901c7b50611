/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-parser.h"

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-flag.h"

struct _DmsCliParser {
  const DmsCliVerb *const *verbs;
  const DmsCliFlag *global_flags;

  GString *path;
  const DmsCliVerb *verb;
  GPtrArray *args;
  /* Name of a flag to a GPtrArray of the texts given for it. */
  GHashTable *values;
  gboolean help;
};

/**
 * dms_cli_parser_new:
 * @verbs: every verb, ended by %NULL
 * @global_flags: flags of every verb
 *
 * Returns: (transfer full): a parser for one command line
 */
DmsCliParser *
dms_cli_parser_new (const DmsCliVerb *const *verbs, const DmsCliFlag *global_flags)
{
  DmsCliParser *self = g_new0 (DmsCliParser, 1);

  self->verbs = verbs;
  self->global_flags = global_flags;
  self->path = g_string_new (NULL);
  self->args = g_ptr_array_new_null_terminated (4, g_free, TRUE);
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);

  return self;
}

/**
 * dms_cli_parser_free:
 * @self: a parser
 *
 * Frees it with everything it answered.
 */
void
dms_cli_parser_free (DmsCliParser *self)
{
  g_string_free (self->path, TRUE);
  g_ptr_array_unref (self->args);
  g_hash_table_unref (self->values);
  g_free (self);
}

static const DmsCliVerb *
find_verb (const DmsCliVerb *const *verbs, const char *path)
{
  for (; *verbs != NULL; verbs++)
    {
      if (strcmp ((*verbs)->path, path) == 0)
        return *verbs;
    }

  return NULL;
}

static gboolean
is_below (const DmsCliVerb *verb, const char *path, gsize length)
{
  if (length == 0)
    return TRUE;

  return strncmp (verb->path, path, length) == 0 && verb->path[length] == ' ';
}

static int
compare_verbs (gconstpointer a, gconstpointer b)
{
  const DmsCliVerb *const *first = a;
  const DmsCliVerb *const *second = b;

  return strcmp ((*first)->path, (*second)->path);
}

/**
 * dms_cli_parser_list_children:
 * @verbs: every verb, ended by %NULL
 * @path: the words above, or "" for the root
 *
 * Returns: (transfer container): the verbs right below
 */
GPtrArray *
dms_cli_parser_list_children (const DmsCliVerb *const *verbs, const char *path)
{
  GPtrArray *children = g_ptr_array_new ();
  gsize length = strlen (path);

  for (; *verbs != NULL; verbs++)
    {
      if (is_below (*verbs, path, length) && strchr ((*verbs)->path + (length > 0 ? length + 1 : 0),
                                                     ' ') == NULL)
        g_ptr_array_add (children, (gpointer) *verbs);
    }
  g_ptr_array_sort (children, compare_verbs);

  return children;
}

/* The flag with that name, or with that letter when there is no name: of the verb at the path, then of those
 * above it, then of all. */
static const DmsCliFlag *
lookup (DmsCliParser *self, const char *name, char letter)
{
  g_autofree char *path = g_strdup (self->path->str);
  const DmsCliFlag *flag = NULL;
  gboolean own = TRUE;

  while (path[0] != '\0' && flag == NULL)
    {
      const DmsCliVerb *verb = find_verb (self->verbs, path);
      char *blank = strrchr (path, ' ');
      const DmsCliFlag *table;

      table = verb != NULL && own ? verb->flags : NULL;
      flag = name != NULL ? dms_cli_flag_find (table, name) : dms_cli_flag_find_shorthand (table, letter);
      if (flag == NULL && verb != NULL)
        {
          table = verb->persistent_flags;
          flag = name != NULL ? dms_cli_flag_find (table, name) : dms_cli_flag_find_shorthand (table, letter);
        }

      own = FALSE;
      path[blank != NULL ? blank - path : 0] = '\0';
    }
  if (flag != NULL)
    return flag;

  return name != NULL ? dms_cli_flag_find (self->global_flags, name)
                      : dms_cli_flag_find_shorthand (self->global_flags, letter);
}

/* Whether a word that looks like a flag takes the word after it as its value. An unknown flag does. */
static gboolean
swallows_next (DmsCliParser *self, const char *word)
{
  if (strchr (word, '=') != NULL)
    return FALSE;
  if (g_str_has_prefix (word, "--"))
    return strcmp (word, "--help") != 0 && !dms_cli_flag_is_switch (lookup (self, word + 2, 0));
  if (word[0] == '-' && strlen (word) == 2)
    return word[1] != 'h' && !dms_cli_flag_is_switch (lookup (self, NULL, word[1]));

  return FALSE;
}

/* The place of the first word that is no flag and no flag's value; the number of words when there is none. */
static guint
find_word (DmsCliParser *self, GPtrArray *words)
{
  guint i;

  for (i = 0; i < words->len; i++)
    {
      const char *word = g_ptr_array_index (words, i);

      if (strcmp (word, "--") == 0)
        return words->len;
      if (swallows_next (self, word))
        i++;
      else if (word[0] != '\0' && word[0] != '-')
        return i;
    }

  return words->len;
}

/* Walks down the tree of verbs, taking their words out of the line and leaving the rest in its order. */
static void
descend (DmsCliParser *self, GPtrArray *words)
{
  while (TRUE)
    {
      guint place = find_word (self, words);
      g_autofree char *path = NULL;
      const DmsCliVerb *verb;

      if (place >= words->len)
        return;

      path = self->path->len > 0
                 ? g_strconcat (self->path->str, " ", g_ptr_array_index (words, place), NULL)
                 : g_strdup (g_ptr_array_index (words, place));
      verb = strchr (g_ptr_array_index (words, place), ' ') == NULL ? find_verb (self->verbs, path) : NULL;
      if (verb == NULL)
        return;

      self->verb = verb;
      g_string_assign (self->path, path);
      g_ptr_array_remove_index (words, place);
    }
}

static void
add_value (DmsCliParser *self, const DmsCliFlag *flag, const char *text)
{
  GPtrArray *values = g_hash_table_lookup (self->values, flag->name);
  g_auto (GStrv) items = NULL;
  guint i;

  if (values == NULL)
    {
      values = g_ptr_array_new_null_terminated (1, g_free, TRUE);
      g_hash_table_insert (self->values, (gpointer) flag->name, values);
    }

  if (flag->type != DMS_CLI_FLAG_STRINGS)
    {
      g_ptr_array_add (values, g_strdup (text));
      return;
    }

  items = g_strsplit (text, ",", -1);
  for (i = 0; items[i] != NULL; i++)
    g_ptr_array_add (values, g_strdup (items[i]));
}

static gboolean
set_flag (DmsCliParser *self, const DmsCliFlag *flag, const char *text, GError **error)
{
  if (!dms_cli_flag_check (flag, text, error))
    return FALSE;

  add_value (self, flag, text);
  return TRUE;
}

/* `--name`, `--name=value` or `--name value`. */
static gboolean
parse_long (DmsCliParser *self, const char *const *words, guint *index, GError **error)
{
  const char *word = words[*index];
  const char *equals = strchr (word, '=');
  g_autofree char *name = equals != NULL ? g_strndup (word + 2, equals - word - 2) : g_strdup (word + 2);
  const DmsCliFlag *flag;

  if (name[0] == '\0' || name[0] == '-')
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "bad flag syntax: %s", word);
      return FALSE;
    }

  flag = lookup (self, name, 0);
  if (flag == NULL && strcmp (name, "help") == 0)
    {
      self->help = TRUE;
      return TRUE;
    }
  if (flag == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "unknown flag: --%s", name);
      return FALSE;
    }

  if (equals != NULL)
    return set_flag (self, flag, equals + 1, error);
  if (dms_cli_flag_is_switch (flag))
    return set_flag (self, flag, "true", error);
  if (words[*index + 1] == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "flag needs an argument: --%s", name);
      return FALSE;
    }

  (*index)++;
  return set_flag (self, flag, words[*index], error);
}

/* `-x`, `-xyz` for switches, `-x=value`, `-xvalue` or `-x value`. */
static gboolean
parse_short (DmsCliParser *self, const char *const *words, guint *index, GError **error)
{
  const char *letters = words[*index] + 1;

  for (; *letters != '\0'; letters++)
    {
      const DmsCliFlag *flag = lookup (self, NULL, *letters);

      if (flag == NULL && *letters == 'h')
        {
          self->help = TRUE;
          continue;
        }
      if (flag == NULL)
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "unknown shorthand flag: '%c' in -%s",
                       *letters,
                       letters);
          return FALSE;
        }

      if (letters[1] == '=' && letters[2] != '\0')
        return set_flag (self, flag, letters + 2, error);
      if (dms_cli_flag_is_switch (flag))
        {
          if (!set_flag (self, flag, "true", error))
            return FALSE;
          continue;
        }
      if (letters[1] != '\0')
        return set_flag (self, flag, letters + 1, error);
      if (words[*index + 1] == NULL)
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "flag needs an argument: '%c' in -%s",
                       *letters,
                       words[*index] + 1);
          return FALSE;
        }

      (*index)++;
      return set_flag (self, flag, words[*index], error);
    }

  return TRUE;
}

static gboolean
parse_words (DmsCliParser *self, const char *const *words, GError **error)
{
  guint i;

  for (i = 0; words[i] != NULL; i++)
    {
      if (strcmp (words[i], "--") == 0)
        {
          for (i++; words[i] != NULL; i++)
            g_ptr_array_add (self->args, g_strdup (words[i]));
          return TRUE;
        }

      if (words[i][0] != '-' || words[i][1] == '\0')
        {
          g_ptr_array_add (self->args, g_strdup (words[i]));
          continue;
        }
      if (!(words[i][1] == '-' ? parse_long (self, words, &i, error) : parse_short (self, words, &i, error)))
        return FALSE;
      if (self->help)
        return TRUE;
    }

  return TRUE;
}

/* A word that leads nowhere is a mistake, and no success: a script would go on. */
static gboolean
check_command (DmsCliParser *self, GError **error)
{
  if (self->help || self->verb == NULL || !self->verb->strict || self->args->len == 0)
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
               "unknown command \"%s\" for \"nunet %s\"; see: nunet %s --help",
               (const char *) g_ptr_array_index (self->args, 0), self->path->str, self->path->str);
  return FALSE;
}

/* `help cap grant` is `cap grant --help`. */
static void
turn_help_around (DmsCliParser *self, GPtrArray *words)
{
  guint place = find_word (self, words);

  if (place < words->len && strcmp (g_ptr_array_index (words, place), "help") == 0)
    {
      g_ptr_array_remove_index (words, place);
      g_ptr_array_add (words, (gpointer) "--help");
    }
}

/**
 * dms_cli_parser_parse:
 * @self: a fresh parser
 * @words: the command line without the program's name, ended by %NULL
 * @error: return location for the error that is shown
 *
 * Returns: whether the line is well formed
 */
gboolean
dms_cli_parser_parse (DmsCliParser *self, const char *const *words, GError **error)
{
  g_autoptr (GPtrArray) rest = g_ptr_array_new ();
  guint place;

  for (; *words != NULL; words++)
    {
      if (!g_utf8_validate (*words, -1, NULL))
        {
          g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                               "the command line is not in UTF-8");
          return FALSE;
        }
      g_ptr_array_add (rest, (gpointer) *words);
    }
  turn_help_around (self, rest);
  descend (self, rest);

  place = find_word (self, rest);
  if (self->verb == NULL && place < rest->len)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "unknown command \"%s\" for \"nunet\"",
                   (const char *) g_ptr_array_index (rest, place));
      return FALSE;
    }

  g_ptr_array_add (rest, NULL);
  return parse_words (self, (const char *const *) rest->pdata, error) && check_command (self, error);
}

/**
 * dms_cli_parser_wants_help:
 * @self: a parser that parsed
 *
 * Returns: whether help was asked for, or the words lead to nothing that runs
 */
gboolean
dms_cli_parser_wants_help (DmsCliParser *self)
{
  return self->help || self->verb == NULL || self->verb->run == NULL;
}

static gboolean
validate_args (DmsCliParser *self, GError **error)
{
  int n_args = self->args->len;
  int min = self->verb->min_args;
  int max = self->verb->max_args;
  g_autofree char *message = NULL;

  if (n_args >= min && (max < 0 || n_args <= max))
    return TRUE;

  if (max == 0)
    message = g_strdup_printf ("unknown command \"%s\" for \"nunet %s\"",
                               (const char *) g_ptr_array_index (self->args, 0), self->path->str);
  else if (min == max)
    message = g_strdup_printf ("accepts %d arg(s), received %d", min, n_args);
  else if (max < 0)
    message = g_strdup_printf ("requires at least %d arg(s), only received %d", min, n_args);
  else if (min == 0)
    message = g_strdup_printf ("accepts at most %d arg(s), received %d", max, n_args);
  else
    message = g_strdup_printf ("accepts between %d and %d arg(s), received %d", min, max, n_args);

  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char *
join_sorted (GPtrArray *names, const char *separator)
{
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);

  return g_strjoinv (separator, (char **) names->pdata);
}

static gboolean
validate_required (DmsCliParser *self, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  const DmsCliFlag *flag;
  g_autofree char *names = NULL;

  for (flag = self->verb->flags; flag != NULL && flag->name != NULL; flag++)
    {
      if (flag->required && !g_hash_table_contains (self->values, flag->name))
        g_ptr_array_add (missing, (gpointer) flag->name);
    }
  if (missing->len == 0)
    return TRUE;

  names = join_sorted (missing, "\", \"");
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "required flag(s) \"%s\" not set", names);
  return FALSE;
}

static gboolean
validate_group (DmsCliParser *self, const char *group, gboolean one_required, GError **error)
{
  g_auto (GStrv) names = g_strsplit (group, " ", -1);
  g_autoptr (GPtrArray) given = g_ptr_array_new ();
  g_autofree char *joined = NULL;
  guint i;

  for (i = 0; names[i] != NULL; i++)
    {
      if (g_hash_table_contains (self->values, names[i]))
        g_ptr_array_add (given, names[i]);
    }

  if (one_required && given->len == 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "at least one of the flags in the group [%s] is required", group);
      return FALSE;
    }
  if (one_required || given->len < 2)
    return TRUE;

  joined = join_sorted (given, " ");
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
               "if any flags in the group [%s] are set none of the others can be; [%s] were all set", group,
               joined);
  return FALSE;
}

static gboolean
validate_groups (DmsCliParser *self, const char *const *groups, gboolean one_required, GError **error)
{
  for (; groups != NULL && *groups != NULL; groups++)
    {
      if (!validate_group (self, *groups, one_required, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * dms_cli_parser_validate:
 * @self: a parser that parsed and does not want help
 * @error: return location for the error that is shown
 *
 * Returns: whether the verb can be run with what was given
 */
gboolean
dms_cli_parser_validate (DmsCliParser *self, GError **error)
{
  return validate_args (self, error) && validate_required (self, error)
         && validate_groups (self, self->verb->exclusive, FALSE, error)
         && validate_groups (self, self->verb->one_required, TRUE, error);
}

/**
 * dms_cli_parser_get_verb:
 * @self: a parser that parsed
 *
 * Returns: (nullable): the verb that was found, %NULL for the program itself
 */
const DmsCliVerb *
dms_cli_parser_get_verb (DmsCliParser *self)
{
  return self->verb;
}

/**
 * dms_cli_parser_get_path:
 * @self: a parser that parsed
 *
 * Returns: the words of the verb
 */
const char *
dms_cli_parser_get_path (DmsCliParser *self)
{
  return self->path->str;
}

/**
 * dms_cli_parser_get_args:
 * @self: a parser that parsed
 *
 * Returns: the positional arguments
 */
const char *const *
dms_cli_parser_get_args (DmsCliParser *self)
{
  return (const char *const *) self->args->pdata;
}

/**
 * dms_cli_parser_find_flag:
 * @self: a parser that parsed
 * @name: a long name
 *
 * Returns: (nullable): the flag that this name means for the verb
 */
const DmsCliFlag *
dms_cli_parser_find_flag (DmsCliParser *self, const char *name)
{
  return lookup (self, name, 0);
}

/**
 * dms_cli_parser_get_values:
 * @self: a parser that parsed
 * @name: a flag's long name
 *
 * Returns: (nullable): the values given for it, in order
 */
const char *const *
dms_cli_parser_get_values (DmsCliParser *self, const char *name)
{
  GPtrArray *values = g_hash_table_lookup (self->values, name);

  return values != NULL ? (const char *const *) values->pdata : NULL;
}
