/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-call.h"

#include <dms.h>
#include <stdlib.h>
#include <string.h>

#include "cli/dms-cli-call-private.h"
#include "cli/dms-cli-flag.h"
#include "identity/dms-openpgp-signer.h"

#define OPENPGP_PREFIX "gpg:"
#define FINGERPRINT_SIZE 40

struct _DmsCliCall {
  DmsCliParser *parser;
  DmsConfig *config;
  /* Lists that were made for get_strv from a flag's fallback. */
  GPtrArray *lists;
  FILE *in;
  FILE *out;
  FILE *err;
  int exit_status;
};

/**
 * dms_cli_call_new:
 * @parser: (transfer full): a parser that parsed
 * @in: standard input
 * @out: standard output
 * @err: standard error
 *
 * Returns: (transfer full): the call
 */
DmsCliCall *
dms_cli_call_new (DmsCliParser *parser, FILE *in, FILE *out, FILE *err)
{
  DmsCliCall *self = g_new0 (DmsCliCall, 1);

  self->parser = parser;
  self->lists = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  self->in = in;
  self->out = out;
  self->err = err;

  return self;
}

/**
 * dms_cli_call_free:
 * @self: a call
 *
 * Ends it; what it lent is gone then.
 */
void
dms_cli_call_free (DmsCliCall *self)
{
  g_clear_pointer (&self->parser, dms_cli_parser_free);
  g_clear_object (&self->config);
  g_clear_pointer (&self->lists, g_ptr_array_unref);
  g_free (self);
}

/**
 * dms_cli_call_get_string:
 * @self: a call
 * @flag: a flag's long name
 *
 * Returns: (nullable): the last value given, else the flag's fallback
 */
const char *
dms_cli_call_get_string (DmsCliCall *self, const char *flag)
{
  const DmsCliFlag *known = dms_cli_parser_find_flag (self->parser, flag);
  const char *const *values = dms_cli_parser_get_values (self->parser, flag);

  g_return_val_if_fail (known != NULL, NULL);

  return values != NULL ? values[g_strv_length ((char **) values) - 1] : known->fallback;
}

/**
 * dms_cli_call_get_bool:
 * @self: a call
 * @flag: the long name of a switch
 *
 * Returns: its value, %FALSE when it is neither given nor has a fallback
 */
gboolean
dms_cli_call_get_bool (DmsCliCall *self, const char *flag)
{
  const char *text = dms_cli_call_get_string (self, flag);
  gboolean value;

  return text != NULL && dms_cli_flag_parse_bool (text, &value) && value;
}

/**
 * dms_cli_call_get_int:
 * @self: a call
 * @flag: the long name of a flag that takes a whole number
 *
 * Returns: its value, 0 when it is neither given nor has a fallback
 */
gint64
dms_cli_call_get_int (DmsCliCall *self, const char *flag)
{
  const char *text = dms_cli_call_get_string (self, flag);

  if (text == NULL)
    return 0;
  return text[0] == '-' ? g_ascii_strtoll (text, NULL, 10) : (gint64) g_ascii_strtoull (text, NULL, 10);
}

/**
 * dms_cli_call_get_double:
 * @self: a call
 * @flag: the long name of a flag that takes a number
 *
 * Returns: its value, 0 when it is neither given nor has a fallback
 */
double
dms_cli_call_get_double (DmsCliCall *self, const char *flag)
{
  const char *text = dms_cli_call_get_string (self, flag);

  return text != NULL ? g_ascii_strtod (text, NULL) : 0;
}

/**
 * dms_cli_call_get_duration:
 * @self: a call
 * @flag: the long name of a flag that takes a time span
 *
 * Returns: its value in nanoseconds, 0 when it is neither given nor has a fallback
 */
gint64
dms_cli_call_get_duration (DmsCliCall *self, const char *flag)
{
  const char *text = dms_cli_call_get_string (self, flag);
  gint64 value = 0;

  if (text != NULL)
    dms_cli_flag_parse_duration (text, &value, NULL);
  return value;
}

/**
 * dms_cli_call_get_strv:
 * @self: a call
 * @flag: the long name of a flag that may be repeated
 *
 * Returns: (transfer none): its values; empty when it is neither given nor has a fallback
 */
const char *const *
dms_cli_call_get_strv (DmsCliCall *self, const char *flag)
{
  const char *const *values = dms_cli_parser_get_values (self->parser, flag);
  const DmsCliFlag *known = dms_cli_parser_find_flag (self->parser, flag);
  GStrv list;

  g_return_val_if_fail (known != NULL, NULL);

  if (values != NULL)
    return values;

  list = g_strsplit (known->fallback != NULL ? known->fallback : "", ",", -1);
  g_ptr_array_add (self->lists, list);
  return (const char *const *) list;
}

/**
 * dms_cli_call_is_set:
 * @self: a call
 * @flag: a flag's long name
 *
 * Returns: whether it was given
 */
gboolean
dms_cli_call_is_set (DmsCliCall *self, const char *flag)
{
  return dms_cli_parser_get_values (self->parser, flag) != NULL;
}

/**
 * dms_cli_call_find_flag:
 * @self: a call
 * @flag: a long name
 *
 * Returns: (nullable): the flag that this name means for the verb
 */
const DmsCliFlag *
dms_cli_call_find_flag (DmsCliCall *self, const char *flag)
{
  return dms_cli_parser_find_flag (self->parser, flag);
}

/**
 * dms_cli_call_get_n_args:
 * @self: a call
 *
 * Returns: how many positional arguments there are
 */
guint
dms_cli_call_get_n_args (DmsCliCall *self)
{
  return g_strv_length ((char **) dms_cli_parser_get_args (self->parser));
}

/**
 * dms_cli_call_get_arg:
 * @self: a call
 * @index: from 0
 *
 * Returns: (nullable): that positional argument
 */
const char *
dms_cli_call_get_arg (DmsCliCall *self, guint index)
{
  return index < dms_cli_call_get_n_args (self) ? dms_cli_parser_get_args (self->parser)[index] : NULL;
}

/**
 * dms_cli_call_get_verb:
 * @self: a call
 *
 * Returns: the verb that was called
 */
const DmsCliVerb *
dms_cli_call_get_verb (DmsCliCall *self)
{
  return dms_cli_parser_get_verb (self->parser);
}

/**
 * dms_cli_call_get_data:
 * @self: a call
 *
 * Returns: the verb's data
 */
gconstpointer
dms_cli_call_get_data (DmsCliCall *self)
{
  return dms_cli_call_get_verb (self)->data;
}

static gboolean
apply_overrides (DmsCliCall *self, DmsConfig *config, GError **error)
{
  static const struct {
    const char *flag;
    const char *key;
  } overrides[] = {
    { "rest-addr", "rest.addr" },
    { "rest-port", "rest.port" },
    { "user-dir", "general.user_dir" },
    { "work-dir", "general.work_dir" },
    { "data-dir", "general.data_dir" },
    { "debug", "general.debug" },
    { "profiler-enabled", "profiler.enabled" },
    { "profiler-addr", "profiler.addr" },
    { "profiler-port", "profiler.port" },
    { "pprof", "profiler.enabled" },
    { "pprof-addr", "profiler.addr" },
    { "pprof-port", "profiler.port" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (overrides); i++)
    {
      const char *value;

      if (!dms_cli_call_is_set (self, overrides[i].flag))
        continue;
      value = dms_cli_call_get_string (self, overrides[i].flag);
      if (!dms_config_set_override (config, overrides[i].key, value, error))
        {
          g_prefix_error (error, "--%s: ", overrides[i].flag);
          return FALSE;
        }
    }

  return TRUE;
}

/**
 * dms_cli_call_set_exit_status:
 * @self: a call
 * @status: 0, or from 2 on: 1 is for errors
 *
 * What the program ends with when the verb completed but its outcome is to be told apart.
 */
void
dms_cli_call_set_exit_status (DmsCliCall *self, int status)
{
  self->exit_status = status;
}

/**
 * dms_cli_call_get_exit_status:
 * @self: a call
 *
 * Returns: what was set; 0 if nothing was
 */
int
dms_cli_call_get_exit_status (DmsCliCall *self)
{
  return self->exit_status;
}

/**
 * dms_cli_call_get_config:
 * @self: a call
 * @error: return location for an error
 *
 * Returns: (transfer none) (nullable): the effective configuration, loaded at the first call
 */
DmsConfig *
dms_cli_call_get_config (DmsCliCall *self, GError **error)
{
  g_autoptr (DmsConfig) config = NULL;

  if (self->config == NULL)
    {
      config = dms_config_new ();
      if (!dms_config_load (config, dms_cli_call_get_string (self, "config"), error)
          || !apply_overrides (self, config, error))
        return NULL;
      self->config = g_steal_pointer (&config);
    }

  return self->config;
}

/**
 * dms_cli_call_dup_user_dir:
 * @self: a call
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the directory of keys and capability contexts
 */
char *
dms_cli_call_dup_user_dir (DmsCliCall *self, GError **error)
{
  DmsConfig *config = dms_cli_call_get_config (self, error);

  return config != NULL ? g_strdup (dms_config_get_string (config, "general.user_dir")) : NULL;
}

gboolean
dms_cli_call_is_openpgp (const char *context)
{
  return context != NULL && g_str_has_prefix (context, OPENPGP_PREFIX);
}

gboolean
dms_cli_call_refuse_identity (const char *kind, GError **error)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
               _ ("%s: this is not supported; an identity can be a key file (nunet key new NAME) or an "
                  "OpenPGP "
                  "key, also on a smart card (nunet cap new gpg:KEY)"),
               kind);
  return FALSE;
}

static char *
dup_context_path (DmsCliCall *self, const char *context, const char *folder, const char *suffix,
                  GError **error)
{
  g_autofree char *user_dir = NULL;
  g_autofree char *name = NULL;

  if (context == NULL || context[0] == '\0')
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                           _ ("the name of a context is empty: give one with --context"));
      return NULL;
    }
  if (g_str_has_prefix (context, "ledger") || g_str_has_prefix (context, "eternl"))
    {
      g_autofree char *kind = g_strdup_printf (_ ("context “%s” is a hardware or browser wallet"), context);

      dms_cli_call_refuse_identity (kind, error);
      return NULL;
    }
  if (strchr (context, G_DIR_SEPARATOR) != NULL || context[0] == '.' || strlen (context) > 128)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” cannot name a context: use letters, digits, “-” and “_”"), context);
      return NULL;
    }

  user_dir = dms_cli_call_dup_user_dir (self, error);
  if (user_dir == NULL)
    return NULL;

  name = g_strconcat (context, suffix, NULL);
  return g_build_filename (user_dir, folder, name, NULL);
}

/**
 * dms_cli_call_dup_key_path:
 * @self: a call
 * @context: the name of a context
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): where its key is, or would be
 */
char *
dms_cli_call_dup_key_path (DmsCliCall *self, const char *context, GError **error)
{
  if (dms_cli_call_is_openpgp (context))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
                   _ ("“%s” has no key file: its key stays in GnuPG, and this needs one in a file"), context);
      return NULL;
    }
  return dup_context_path (self, context, "key", ".json", error);
}

/* The name that an OpenPGP key's capability file has, by the fingerprint of what signs. */
static char *
dup_openpgp_name (const char *key, GError **error)
{
  g_autoptr (DmsSigner) signer = dms_openpgp_signer_new (key, error);

  if (signer == NULL)
    return NULL;
  return g_strconcat ("gpg-", dms_openpgp_signer_get_fingerprint (DMS_OPENPGP_SIGNER (signer)), NULL);
}

/* A whole fingerprint that has a file needs no GnuPG, so that a file can be looked at without its key. */
static char *
find_openpgp_path (DmsCliCall *self, const char *fingerprint)
{
  g_autofree char *upper = g_ascii_strup (fingerprint, -1);
  g_autofree char *name = g_strconcat ("gpg-", upper, NULL);
  g_autofree char *path = NULL;

  if (strlen (upper) != FINGERPRINT_SIZE || strspn (upper, "0123456789ABCDEF") != FINGERPRINT_SIZE)
    return NULL;
  path = dup_context_path (self, name, "cap", ".cap", NULL);
  return path != NULL && g_file_test (path, G_FILE_TEST_EXISTS) ? g_steal_pointer (&path) : NULL;
}

static char *
dup_openpgp_path (DmsCliCall *self, const char *key, GError **error)
{
  char *path = find_openpgp_path (self, key);
  g_autofree char *name = path == NULL ? dup_openpgp_name (key, error) : NULL;

  return name != NULL ? dup_context_path (self, name, "cap", ".cap", error) : path;
}

/**
 * dms_cli_call_dup_cap_path:
 * @self: a call
 * @context: the name of a context
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): where its capability file is, or would be
 */
char *
dms_cli_call_dup_cap_path (DmsCliCall *self, const char *context, GError **error)
{
  if (dms_cli_call_is_openpgp (context))
    return dup_openpgp_path (self, context + strlen (OPENPGP_PREFIX), error);
  return dup_context_path (self, context, "cap", ".cap", error);
}

/**
 * dms_cli_call_get_in:
 * @self: a call
 *
 * Returns: standard input
 */
FILE *
dms_cli_call_get_in (DmsCliCall *self)
{
  return self->in;
}

/**
 * dms_cli_call_get_out:
 * @self: a call
 *
 * Returns: standard output
 */
FILE *
dms_cli_call_get_out (DmsCliCall *self)
{
  return self->out;
}

/**
 * dms_cli_call_get_err:
 * @self: a call
 *
 * Returns: standard error
 */
FILE *
dms_cli_call_get_err (DmsCliCall *self)
{
  return self->err;
}

/**
 * dms_cli_call_print:
 * @self: a call
 * @format: as for printf()
 * @...: what goes into it
 *
 * Writes to standard output.
 */
void
dms_cli_call_print (DmsCliCall *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vfprintf (self->out, format, args);
  va_end (args);
}

/**
 * dms_cli_call_note:
 * @self: a call
 * @format: as for printf()
 * @...: what goes into it
 *
 * Writes to standard error.
 */
void
dms_cli_call_note (DmsCliCall *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vfprintf (self->err, format, args);
  va_end (args);
}

/**
 * dms_cli_call_ask:
 * @self: a call
 * @question: what to ask, on standard error
 *
 * Returns: (transfer full) (nullable): the line read from standard input, without blanks around it; %NULL at
 *   its end
 */
char *
dms_cli_call_ask (DmsCliCall *self, const char *question)
{
  char line[1024];

  fflush (self->out);
  fputs (question, self->err);
  fflush (self->err);
  if (fgets (line, sizeof line, self->in) == NULL)
    return NULL;

  return g_strdup (g_strstrip (line));
}

/**
 * dms_cli_call_read_input:
 * @self: a call
 * @max_size: the most bytes to take
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): what standard input has up to its end
 */
GBytes *
dms_cli_call_read_input (DmsCliCall *self, gsize max_size, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 chunk[4096];
  gsize got;

  while (bytes->len <= max_size && (got = fread (chunk, 1, sizeof chunk, self->in)) > 0)
    g_byte_array_append (bytes, chunk, (guint) got);
  if (bytes->len <= max_size && !ferror (self->in))
    return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  if (ferror (self->in))
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_IO, _ ("cannot read standard input"));
  else
    g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE,
                 _ ("there are more than %" G_GSIZE_FORMAT " bytes on standard input"), max_size);
  return NULL;
}

/**
 * dms_cli_call_confirm:
 * @self: a call
 * @question: what to ask
 *
 * Returns: whether the answer, read from standard input, is yes
 */
gboolean
dms_cli_call_confirm (DmsCliCall *self, const char *question)
{
  g_autofree char *prompt = g_strconcat (question, " [y/N] ", NULL);
  g_autofree char *answer = dms_cli_call_ask (self, prompt);

  return answer != NULL && (g_ascii_strcasecmp (answer, "y") == 0 || g_ascii_strcasecmp (answer, "yes") == 0);
}
