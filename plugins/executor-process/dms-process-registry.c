/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-registry.h"

#include "dms-process-job.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
dup_directory (void)
{
  const char *given = g_getenv ("DMS_EXEC_REGISTRY");

  if (given != NULL && g_path_is_absolute (given))
    return g_strdup (given);
  if (geteuid () == 0)
    return g_strdup ("/run/dms-exec");
  return g_build_filename (g_get_user_runtime_dir (), "dms-exec", NULL);
}

/* Another user must not be able to put links there. */
static gboolean
is_own (const char *directory)
{
  GStatBuf info;

  return g_lstat (directory, &info) == 0 && S_ISDIR (info.st_mode) && info.st_uid == geteuid () &&
         (info.st_mode & 022) == 0;
}

gboolean
dms_process_registry_add (const char *name, const char *state_dir, GError **error)
{
  g_autofree char *directory = dup_directory ();
  g_autofree char *link = g_build_filename (directory, name, NULL);

  if (g_mkdir_with_parents (directory, 0700) != 0 || !is_own (directory))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_PERMISSION_DENIED,
                   "cannot use “%s” to remember jobs: it must be a directory that only this user can write",
                   directory);
      return FALSE;
    }
  if (symlink (state_dir, link) == 0 || errno == EEXIST)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               errno == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
               "cannot write “%s”: %s",
               link,
               g_strerror (errno));
  return FALSE;
}

/* A name ends with what says where its job is (dms_process_job_dup_name()), so that one of many is found
 * without reading the others. */
static gboolean
may_be (const char *name, const char *wanted)
{
  g_autofree char *end = NULL;

  if (wanted == NULL)
    return TRUE;
  end = dms_process_job_dup_name ("", wanted);
  return g_str_has_suffix (name, end);
}

static void
visit (const char *wanted, GPtrArray *found)
{
  g_autofree char *directory = dup_directory ();
  g_autoptr (GDir) dir = is_own (directory) ? g_dir_open (directory, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *link = g_build_filename (directory, name, NULL);
      g_autofree char *target = may_be (name, wanted) ? g_file_read_link (link, NULL) : NULL;

      if (target == NULL)
        continue;
      if (g_strcmp0 (target, wanted) == 0 || !g_file_test (target, G_FILE_TEST_IS_DIR))
        g_unlink (link);
      else if (found != NULL)
        g_ptr_array_add (found, g_steal_pointer (&target));
    }
}

void
dms_process_registry_remove (const char *state_dir)
{
  visit (state_dir, NULL);
}

GStrv
dms_process_registry_list (void)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);

  visit (NULL, found);
  g_ptr_array_add (found, NULL);
  return (GStrv) g_ptr_array_steal (found, NULL);
}
