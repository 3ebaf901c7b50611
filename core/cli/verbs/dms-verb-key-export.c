/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-file.h"

/* In guarded memory, with a line end; to be freed with sodium_free(). */
static char *
dup_hex_line (DmsKey *key)
{
  g_autoptr (GBytes) bytes = dms_key_dup_protobuf (key);
  gsize size = g_bytes_get_size (bytes);
  char *line = sodium_malloc (size * 2 + 2);

  if (line == NULL)
    return NULL;
  sodium_bin2hex (line, size * 2 + 1, g_bytes_get_data (bytes, NULL), size);
  strcat (line, "\n");
  return line;
}

/* Past the buffers of the stream, so that no copy of the key is left in them. */
static gboolean
write_out (DmsCliCall *call, const char *line, GError **error)
{
  FILE *out = dms_cli_call_get_out (call);
  gsize size = strlen (line);

  if (fflush (out) == 0 && write (fileno (out), line, size) == (gssize) size)
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_IO, _ ("the key could not be written to standard output"));
  return FALSE;
}

static gboolean
check_target (DmsCliCall *call, const char *file, GError **error)
{
  if (file != NULL || dms_cli_call_get_bool (call, "force")
      || isatty (fileno (dms_cli_call_get_out (call))) == 0)
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                       _ ("a key is not shown on a terminal, where it would stay: write it to a file with "
                          "--output, or give --force"));
  return FALSE;
}

static gboolean
confirm (DmsCliCall *call, const char *name, const char *file, GError **error)
{
  g_autofree char *question = NULL;

  if (dms_cli_call_get_bool (call, "yes"))
    return TRUE;
  question = file != NULL && g_file_test (file, G_FILE_TEST_EXISTS)
               ? g_strdup_printf (_ ("Overwrite “%s” with the key “%s”, without its passphrase?"), file, name)
               : g_strdup_printf (_ ("Whoever has the exported key is “%s”: it has no passphrase. Export "
                                     "it?"),
                                  name);
  if (dms_cli_call_confirm (call, question))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "operation cancelled by user");
  return FALSE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_arg (call, 0);
  const char *file = dms_cli_call_get_string (call, "output");
  g_autoptr (DmsKey) key = NULL;
  gboolean done;
  char *line;

  if (!check_target (call, file, error) || !confirm (call, name, file, error))
    return FALSE;
  key = dms_cli_identity_load_key (call, name, error);
  line = key != NULL ? dup_hex_line (key) : NULL;
  if (line == NULL)
    {
      if (key != NULL)
        g_set_error_literal (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, _ ("no guarded memory is left"));
      return FALSE;
    }
  done = file != NULL ? dms_file_write_private (file, line, strlen (line), error)
                      : write_out (call, line, error);
  sodium_free (line);
  if (done && file != NULL)
    dms_cli_call_print (call, "%s\n", dms_did_get_uri (dms_key_get_did (key)));
  return done;
}

static const DmsCliFlag flags[] = {
  { "output", 'o', DMS_CLI_FLAG_STRING, FALSE, NULL, "file",
    N_ ("write it there, readable by you alone, and print its DID") },
  { "yes", 'y', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("do not ask") },
  { "force", 'f', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("show it even on a terminal") },
  { NULL },
};

const DmsCliVerb dms_verb_key_export = {
  .path = "key export",
  .arguments = "<name>",
  .summary = N_ ("write a key out without its passphrase"),
  .description
    = N_ ("Writes libp2p's form of the private key in hexadecimal digits, as “key import” takes it. "
                     "It asks first: whoever reads what comes out has the identity. To keep a copy, “key "
                     "backup” is the better way: what it writes is encrypted."),
  .examples = "  nunet key export org --output org.hex\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
