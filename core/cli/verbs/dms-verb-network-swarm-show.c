/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <stdio.h>

#include "cli/dms-cli-network.h"
#include "cli/dms-cli-swarm.h"
#include "cli/dms-cli-verbs.h"
#include "identity/dms-network-key.h"

static gboolean
print_key (DmsCliCall *call, GBytes *key)
{
  g_autoptr (GBytes) text = dms_network_key_to_text (key);

  /* Not by way of a copy of it. */
  fwrite (g_bytes_get_data (text, NULL), 1, g_bytes_get_size (text), dms_cli_call_get_out (call));
  return TRUE;
}

/* No key is no fault: it says which network the node is in. */
static GBytes *
read_key (const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  GBytes *key = dms_network_key_read (path, &local);

  if (key != NULL)
    return key;
  if (g_error_matches (local, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    g_set_error (
        error,
        DMS_ERROR,
        DMS_ERROR_NOT_FOUND,
        _ ("this node has no key of a private network: there is no “%s”; “nunet network swarm new” makes "
           "one"),
        path);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autofree char *path = dms_cli_swarm_dup_path (call, error);
  g_autoptr (GBytes) key = path != NULL ? read_key (path, error) : NULL;
  g_autofree char *fingerprint = NULL;
  g_autoptr (JsonObject) object = NULL;

  if (key == NULL)
    return FALSE;
  if (dms_cli_call_get_bool (call, "key"))
    return print_key (call, key);
  fingerprint = dms_network_key_dup_fingerprint (key);
  if (!dms_cli_call_get_bool (call, "json"))
    {
      dms_cli_call_print (call, "%s\t%s\n", fingerprint, path);
      return TRUE;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "fingerprint", fingerprint);
  json_object_set_string_member (object, "path", path);
  dms_cli_network_print_json (call, object);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "key", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("print the key itself, which is a secret") },
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("print JSON, for programs") },
  { NULL },
};

static const char *const exclusive[] = { "key json", NULL };

const DmsCliVerb dms_verb_network_swarm_show = {
  .path = "network swarm show",
  .summary = N_ ("show which private network this node is in"),
  .description = N_ ("Prints the fingerprint of the key, which is the same on all nodes of the network and "
                     "gives nothing away, and where the key is."),
  .examples = "  nunet network swarm show\n"
              "  nunet network swarm show --key > swarm.key\n",
  .flags = flags,
  .exclusive = exclusive,
  .run = run,
};
