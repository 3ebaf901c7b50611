/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsConfig) config = dms_config_new ();
  g_autofree char *path = NULL;
  gboolean exists;

  path = dms_config_dup_writable_path (config, dms_cli_call_get_string (call, "config"), &exists);
  if (!dms_config_write_key (path, dms_cli_call_get_arg (call, 0), dms_cli_call_get_arg (call, 1), error))
    return FALSE;

  dms_cli_call_note (call, "%s\nApplied changes.\n",
                     exists ? "Updating existing config file..."
                            : "Config file did not exist. Creating new file...");
  return TRUE;
}

const DmsCliVerb dms_verb_config_set = {
  .path = "config set",
  .arguments = "<key> <value>",
  .summary = N_ ("change one value of the configuration file"),
  .description = N_ ("Changes the file that --config names, else the one that is found, else makes a new one "
                     "in the "
                     "current directory. A wrong key or value leaves it untouched. A running daemon reads "
                     "its "
                     "configuration only when it starts."),
  .examples = "  nunet config set rest.port 9998\n"
              "  nunet config set observability.logging.level DEBUG\n"
              "  nunet config set p2p.bootstrap_peers "
              "/dnsaddr/a.example/p2p/12D3KooW…,/dnsaddr/b.example/p2p/12D3KooW…",
  .min_args = 2,
  .max_args = 2,
  .run = run,
};
