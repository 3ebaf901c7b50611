/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-gnupg.h"

#include <dms.h>
#include <gmodule.h>
#include <string.h>
#include <sys/auxv.h>

#include "identity/dms-gnupg-places.h"

#define MODULE_FILE "libdms-gnupg." G_MODULE_SUFFIX

/* The folder of modules, below the root that the program was installed to: another than / when a package is
 * made or tried. */
static char *
dup_installed_path (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;

  if (folder != NULL && g_str_has_suffix (folder, DMS_BIN_DIR))
    {
      g_autofree char *root = g_strndup (folder, strlen (folder) - strlen (DMS_BIN_DIR));

      return g_build_filename (root, DMS_MODULE_DIR, MODULE_FILE, NULL);
    }
  return g_build_filename (DMS_MODULE_DIR, MODULE_FILE, NULL);
}

static char *
dup_path (void)
{
  const char *given = getauxval (AT_SECURE) == 0 ? g_getenv ("DMS_MODULE_PATH") : NULL;

  if (given != NULL && g_path_is_absolute (given))
    return g_build_filename (given, MODULE_FILE, NULL);
  return dup_installed_path ();
}

static const DmsGnupg *
refuse (const char *path, const char *why, GError **error)
{
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_UNAVAILABLE,
               "cannot use OpenPGP keys: the module “%s” cannot be used: %s; install this program and gpgme "
               "(libgpgme11) again, or name the module's folder in DMS_MODULE_PATH",
               path,
               why);
  return NULL;
}

const DmsGnupg *
dms_gnupg_open (GError **error)
{
  g_autofree char *path = dup_path ();
  gpointer symbol = NULL;
  const DmsGnupg *gnupg;
  GModule *module;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return refuse (path, "there is no such file", error);
  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (module == NULL)
    return refuse (path, g_module_error (), error);
  /* gpgme keeps state of the process. */
  g_module_make_resident (module);
  if (!g_module_symbol (module, DMS_GNUPG_SYMBOL, &symbol) || symbol == NULL)
    return refuse (path, "it is not one of this program", error);
  gnupg = symbol;
  if (gnupg->size != sizeof (DmsGnupg) || strcmp (gnupg->version, DMS_VERSION_S) != 0)
    return refuse (path, "it belongs to another version", error);
  return gnupg;
}
