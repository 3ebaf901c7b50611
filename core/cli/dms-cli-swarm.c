/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-swarm.h"

#include <dms.h>

#include "identity/dms-network-key.h"

/**
 * dms_cli_swarm_dup_path:
 * @call: a call
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the key file that the configuration names
 */
char *
dms_cli_swarm_dup_path (DmsCliCall *call, GError **error)
{
  DmsConfig *config = dms_cli_call_get_config (call, error);
  const char *path = NULL;

  if (config == NULL)
    return NULL;
  path = dms_config_get_string (config, "p2p.private_network_key");
  if (path[0] != '\0')
    return g_strdup (path);
  g_set_error_literal (error,
                       DMS_ERROR,
                       DMS_ERROR_NOT_FOUND,
                       _ ("the configuration says that this node is in no private network; "
                          "p2p.private_network_key is to name the file of its key"));
  return NULL;
}

/**
 * dms_cli_swarm_check_free:
 * @call: a call of a verb with --force
 * @path: the key file
 * @key: (nullable): the key that is to be written; the same one may be there already
 * @error: return location for an error
 *
 * Returns: whether the file may be written
 */
gboolean
dms_cli_swarm_check_free (DmsCliCall *call, const char *path, GBytes *key, GError **error)
{
  g_autoptr (GBytes) there = NULL;

  if (dms_cli_call_get_bool (call, "force") || !g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  there = key != NULL ? dms_network_key_read (path, NULL) : NULL;
  if (there != NULL && g_bytes_equal (there, key))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_ALREADY_EXISTS,
               _ ("this node has a key of a private network already, “%s”; with another one it leaves that "
                  "network. Use --force if that is what you want"),
               path);
  return FALSE;
}

/**
 * dms_cli_swarm_save:
 * @call: a call
 * @path: the key file
 * @key: the key
 * @error: return location for an error
 *
 * Returns: whether the key was written
 */
gboolean
dms_cli_swarm_save (DmsCliCall *call, const char *path, GBytes *key, GError **error)
{
  g_autofree char *fingerprint = dms_network_key_dup_fingerprint (key);

  if (!dms_network_key_write (path, key, error))
    return FALSE;
  dms_cli_call_print (call, "%s\n", fingerprint);
  dms_cli_call_note (
      call, _ ("The key is in “%s”. The node is in the private network when it starts next.\n"), path);
  return TRUE;
}
