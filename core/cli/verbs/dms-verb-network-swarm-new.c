/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-swarm.h"
#include "cli/dms-cli-verbs.h"
#include "identity/dms-network-key.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autofree char *path = dms_cli_swarm_dup_path (call, error);
  g_autoptr (GBytes) key = NULL;

  if (path == NULL || !dms_cli_swarm_check_free (call, path, NULL, error))
    return FALSE;
  key = dms_network_key_generate ();
  return dms_cli_swarm_save (call, path, key, error);
}

static const DmsCliFlag flags[] = {
  { "force", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("take the place of a key that is there") },
  { NULL },
};

const DmsCliVerb dms_verb_network_swarm_new = {
  .path = "network swarm new",
  .summary = N_ ("make the key of a new private network"),
  .description = N_ ("Makes a random key, writes its file, which only its owner can read, and prints its "
                     "fingerprint. Give the file to each node that is to be in the network, where “network "
                     "swarm join” takes it."),
  .examples = "  nunet network swarm new\n"
              "  nunet network swarm show --key | ssh other-node nunet network swarm join\n",
  .flags = flags,
  .run = run,
};
