/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "plugins/dms-plugin-manager.h"

/* The transport as the daemon gets it. */
static void
test_loaded (void)
{
  g_auto (GStrv) directories = dms_plugin_manager_dup_default_directories ();
  g_autoptr (DmsPluginManager) manager =
      dms_plugin_manager_new ((const char *const *) directories, NULL);
  DmsTransport *transport;

  dms_plugin_manager_load_all (manager);
  transport = dms_plugin_manager_get_transport (manager, "memory");
  g_assert_true (DMS_IS_TRANSPORT (transport));
  g_assert_cmpstr (dms_transport_get_id (transport), ==, "memory");
  g_assert_null (dms_transport_dup_peer_id (transport));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport-memory/plugin", test_loaded);
  return g_test_run ();
}
