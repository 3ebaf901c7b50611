/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"
#include "config/dms-config.h"

#include <stdio.h>

G_BEGIN_DECLS

/* One call of one verb: what the person gave, and where the answers go. Made by the parser. */

/* Values of flags: what was given, else the flag's fallback. The flag must be one of the verb's or of the
 * verbs above it. get_string gives NULL when there is neither. */
const char *dms_cli_call_get_string (DmsCliCall *self, const char *flag);
gboolean dms_cli_call_get_bool (DmsCliCall *self, const char *flag);
gint64 dms_cli_call_get_int (DmsCliCall *self, const char *flag);
double dms_cli_call_get_double (DmsCliCall *self, const char *flag);
/* In nanoseconds. */
gint64 dms_cli_call_get_duration (DmsCliCall *self, const char *flag);
/* Never NULL, ended by NULL. */
const char *const *dms_cli_call_get_strv (DmsCliCall *self, const char *flag);
/* Whether it was given on the command line. */
gboolean dms_cli_call_is_set (DmsCliCall *self, const char *flag);

/* (nullable): the flag that this name means for the verb. */
const DmsCliFlag *dms_cli_call_find_flag (DmsCliCall *self, const char *flag);

/* Positional arguments. */
guint dms_cli_call_get_n_args (DmsCliCall *self);
const char *dms_cli_call_get_arg (DmsCliCall *self, guint index);

const DmsCliVerb *dms_cli_call_get_verb (DmsCliCall *self);
gconstpointer dms_cli_call_get_data (DmsCliCall *self);

/* What the program ends with when the verb completed but its outcome is to be told apart: 0, or from 2 on. */
void dms_cli_call_set_exit_status (DmsCliCall *self, int status);
int dms_cli_call_get_exit_status (DmsCliCall *self);

/* The configuration, with the global flags in it. Loaded at the first call; NULL with an error if it is
 * bad. */
DmsConfig *dms_cli_call_get_config (DmsCliCall *self, GError **error);

/* The files of a context: `<user_dir>/key/<name>.json` and `<user_dir>/cap/<name>.cap`. NULL with an error
 * when the name is empty or could lead out of the directory, or names a hardware wallet. The capability file
 * of an OpenPGP key is named after its fingerprint, whichever way the context names the key. */
char *dms_cli_call_dup_key_path (DmsCliCall *self, const char *context, GError **error);
char *dms_cli_call_dup_cap_path (DmsCliCall *self, const char *context, GError **error);
/* Whether a context is “gpg:<key>”: an OpenPGP key, which has a capability file of its own and no key file.
 * */
gboolean dms_cli_call_is_openpgp (const char *context);
/* Always FALSE: this kind of identity is not supported; the error says what is. */
gboolean dms_cli_call_refuse_identity (const char *kind, GError **error);
/* `<user_dir>` itself. */
char *dms_cli_call_dup_user_dir (DmsCliCall *self, GError **error);

/* Standard output and standard error. Text is printed as it is, without a line feed added. */
void dms_cli_call_print (DmsCliCall *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void dms_cli_call_note (DmsCliCall *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
FILE *dms_cli_call_get_in (DmsCliCall *self);
FILE *dms_cli_call_get_out (DmsCliCall *self);
FILE *dms_cli_call_get_err (DmsCliCall *self);

/* Asks a yes/no question on standard error and reads the answer from standard input; end of input is no. */
gboolean dms_cli_call_confirm (DmsCliCall *self, const char *question);
/* All of standard input. DMS_ERROR_TOO_LARGE for more than @max_size bytes. */
GBytes *dms_cli_call_read_input (DmsCliCall *self, gsize max_size, GError **error);
/* Asks for a line; NULL at the end of input. */
char *dms_cli_call_ask (DmsCliCall *self, const char *question);

/* The passphrase of a key: DMS_PASSPHRASE if that is not empty, else asked for on the terminal without echo,
 * and twice when confirm is set (for a new key; an empty one is refused then). In guarded memory: free with
 * dms_cli_passphrase_free(). */
char *dms_cli_call_read_passphrase (DmsCliCall *self, gboolean confirm, GError **error);
void dms_cli_passphrase_free (char *passphrase);

G_END_DECLS
