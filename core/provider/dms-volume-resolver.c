/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-volume-resolver.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static gboolean
is_name (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= 128 && g_ascii_isalnum (text[0]) &&
         strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == length;
}

/* Others' volumes lie apart, so that no orchestrator reaches another's data by guessing its name. */
static char *
dup_named_path (const char *volumes_dir,
                const char *name,
                DmsDid *owner,
                DmsDid *on_behalf_of,
                gboolean trusted)
{
  g_autofree char *whose =
      on_behalf_of == NULL
          ? g_strdup (dms_did_get_uri (owner))
          : g_strdup_printf ("%s for %s", dms_did_get_uri (owner), dms_did_get_uri (on_behalf_of));
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, whose, -1);
  g_autofree char *folder = g_strdup_printf ("@%.16s", digest);

  return trusted ? g_build_filename (volumes_dir, name, NULL)
                 : g_build_filename (volumes_dir, folder, name, NULL);
}

static gboolean
make_named (const char *path, const char *name, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  int number;

  /* Jobs run as users of their own; the folder above keeps everybody else out. */
  if (g_mkdir_with_parents (parent, 0700) == 0 &&
      (g_mkdir (path, 0777) == 0 ? chmod (path, 0777) == 0 : errno == EEXIST))
    return TRUE;
  number = errno;
  g_set_error (error,
               DMS_ERROR,
               number == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
               "cannot make volume “%s” at “%s”: %s",
               name,
               path,
               g_strerror (number));
  return FALSE;
}

static gboolean
check_bind (const char *source, gboolean trusted, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (source, "/", -1);

  if (!g_path_is_absolute (source) || g_strv_contains ((const char *const *) parts, ".."))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "volume source “%s” must be an absolute path without “..”, or a name",
                   source);
      return FALSE;
    }
  if (!trusted)
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_PERMISSION_DENIED,
          "volume source “%s” is a directory of this machine, which only its owner may mount; use a named "
          "volume",
          source);
      return FALSE;
    }
  if (!g_file_test (source, G_FILE_TEST_EXISTS))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   "volume source “%s” does not exist on the node; make it there first",
                   source);
      return FALSE;
    }
  return TRUE;
}

/**
 * dms_volume_resolver_resolve:
 * @volumes_dir: where named volumes are kept
 * @volume: as the job has it
 * @owner: whose job it is
 * @on_behalf_of: (nullable): for whom the owner says that it acts; neither gets at the other's own volumes
 * @trusted: whether that is this machine's owner
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the volume with the path of a directory as its source
 */
DmsVolume *
dms_volume_resolver_resolve (const char *volumes_dir,
                             DmsVolume *volume,
                             DmsDid *owner,
                             DmsDid *on_behalf_of,
                             gboolean trusted,
                             GError **error)
{
  const char *source = dms_volume_get_source (volume);
  g_autofree char *path = NULL;

  if (g_strcmp0 (dms_volume_get_type_name (volume), "local") != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_SUPPORTED,
                   "volumes of type “%s” are not supported on this node",
                   dms_volume_get_type_name (volume));
      return NULL;
    }
  if (source != NULL && strchr (source, '/') != NULL)
    {
      if (!check_bind (source, trusted, error))
        return NULL;
      path = g_strdup (source);
    }
  else if (source != NULL && is_name (source))
    {
      path = dup_named_path (volumes_dir, source, owner, on_behalf_of, trusted);
      if (!make_named (path, source, error))
        return NULL;
    }
  else
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "volume name “%s” must be of letters, digits, “_”, “.” and “-”",
                   source != NULL ? source : "");
      return NULL;
    }
  return dms_volume_new ("local",
                         dms_volume_get_name (volume),
                         path,
                         dms_volume_get_destination (volume),
                         dms_volume_get_read_only (volume),
                         NULL);
}
