/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <sodium.h>

#include "cli/dms-cli-swarm.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-file.h"
#include "identity/dms-network-key.h"

/* More than any key file has. */
#define MAX_KEY_SIZE 4096

/* From the file that the person gave; its access rights are theirs to mind. */
static GBytes *
read_key (DmsCliCall *call, GError **error)
{
  const char *from = dms_cli_call_get_n_args (call) > 0 ? dms_cli_call_get_arg (call, 0) : "-";
  g_autoptr (GBytes) text = g_str_equal (from, "-") ? dms_cli_call_read_input (call, MAX_KEY_SIZE, error)
                                                    : dms_file_read (from, MAX_KEY_SIZE, error);
  GBytes *key = NULL;

  if (text == NULL)
    return NULL;
  key = dms_network_key_parse (text, error);
  if (g_bytes_get_size (text) > 0)
    sodium_memzero ((gpointer) g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  return key;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autofree char *path = dms_cli_swarm_dup_path (call, error);
  g_autoptr (GBytes) key = path != NULL ? read_key (call, error) : NULL;

  if (key == NULL || !dms_cli_swarm_check_free (call, path, key, error))
    return FALSE;
  return dms_cli_swarm_save (call, path, key, error);
}

static const DmsCliFlag flags[] = {
  { "force", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("take the place of another key that is there") },
  { NULL },
};

const DmsCliVerb dms_verb_network_swarm_join = {
  .path = "network swarm join",
  .arguments = "[<file>]",
  .summary = N_ ("take the key of a private network"),
  .description = N_ ("Reads a key file, from standard input without an argument or with “-”, checks it, "
                     "writes it where this node looks for it, and prints its fingerprint, by which you see "
                     "that it is the right one. The files of other programs that use libp2p will do."),
  .examples = "  nunet network swarm join swarm.key\n"
              "  ssh first-node nunet network swarm show --key | nunet network swarm join\n",
  .flags = flags,
  .max_args = 1,
  .run = run,
};
