/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-keystore.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "common/dms-file.h"
#include "identity/dms-key-file.h"

#define MAX_FILE_SIZE (64 * 1024)
#define MAX_NAME 128
#define SUFFIX ".json"

struct _DmsKeystore
{
  GObject parent_instance;

  char *directory;
  guint64 cost;
};

G_DEFINE_FINAL_TYPE (DmsKeystore, dms_keystore, G_TYPE_OBJECT)

static void
dms_keystore_finalize (GObject *object)
{
  DmsKeystore *self = DMS_KEYSTORE (object);

  g_free (self->directory);
  G_OBJECT_CLASS (dms_keystore_parent_class)->finalize (object);
}

static void
dms_keystore_class_init (DmsKeystoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_keystore_finalize;
}

static void
dms_keystore_init (DmsKeystore *self)
{
  self->cost = DMS_KEY_FILE_DEFAULT_COST;
}

DmsKeystore *
dms_keystore_new (const char *directory)
{
  DmsKeystore *self = g_object_new (DMS_TYPE_KEYSTORE, NULL);

  self->directory = g_strdup (directory);
  return self;
}

void
dms_keystore_set_cost (DmsKeystore *self, guint64 n)
{
  self->cost = n;
}

/**
 * dms_keystore_check_name:
 *
 * Returns: whether this can be the name of a context; if not, DMS_ERROR_INVALID_ARGUMENT says why
 */
gboolean
dms_keystore_check_name (const char *name, GError **error)
{
  const char *fault = NULL;

  if (*name == '\0')
    fault = "it is empty";
  else if (strlen (name) > MAX_NAME)
    fault = "it is longer than 128 bytes";
  else if (!g_utf8_validate (name, -1, NULL))
    fault = "it is not UTF-8";
  else if (*name == '.')
    fault = "it begins with a dot";
  else if (strpbrk (name, "/\\") != NULL)
    fault = "it contains a slash";
  for (const char *p = name; fault == NULL && *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      fault = "it contains a control character";
  if (fault == NULL)
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "a context cannot have this name: %s", fault);
  return FALSE;
}

char *
dms_keystore_dup_path (DmsKeystore *self, const char *name)
{
  g_autofree char *file = g_strconcat (name, SUFFIX, NULL);

  return g_build_filename (self->directory, file, NULL);
}

gboolean
dms_keystore_has (DmsKeystore *self, const char *name)
{
  g_autofree char *path = NULL;

  if (!dms_keystore_check_name (name, NULL))
    return FALSE;
  path = dms_keystore_dup_path (self, name);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/**
 * dms_keystore_list:
 *
 * Returns: (transfer full): the names in order; none when there is no folder yet
 */
char **
dms_keystore_list (DmsKeystore *self, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) local = NULL;
  g_autoptr (GDir) directory = g_dir_open (self->directory, 0, &local);
  const char *file;

  if (directory == NULL && !g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot list the keys in “%s”: %s", self->directory,
                   local->message);
      return NULL;
    }
  while (directory != NULL && (file = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *name = NULL;

      if (!g_str_has_suffix (file, SUFFIX))
        continue;
      name = g_strndup (file, strlen (file) - strlen (SUFFIX));
      if (dms_keystore_check_name (name, NULL))
        g_ptr_array_add (names, g_steal_pointer (&name));
    }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

/**
 * dms_keystore_load:
 *
 * Returns: (transfer full): the key, or NULL with DMS_ERROR_NOT_FOUND, DMS_ERROR_WRONG_PASSPHRASE or
 *   DMS_ERROR_CORRUPT
 */
DmsKey *
dms_keystore_load (DmsKeystore *self, const char *name, const char *passphrase, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GBytes) content = NULL;

  if (!dms_keystore_check_name (name, error))
    return NULL;
  path = dms_keystore_dup_path (self, name);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND,
                   "there is no key “%s” in “%s”; make one with: nunet key new %s", name, self->directory,
                   name);
      return NULL;
    }
  content = dms_file_read (path, MAX_FILE_SIZE, error);
  if (content == NULL)
    return NULL;
  return dms_key_file_open (g_bytes_get_data (content, NULL), g_bytes_get_size (content), path, passphrase,
                            error);
}

/**
 * dms_keystore_save:
 *
 * Writes the key in one step over what was there.
 */
gboolean
dms_keystore_save (DmsKeystore *self, const char *name, DmsKey *key, const char *passphrase, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;

  if (!dms_keystore_check_name (name, error))
    return FALSE;
  if (*passphrase == '\0')
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the passphrase of a key cannot be empty");
      return FALSE;
    }
  text = dms_key_file_seal (key, name, passphrase, self->cost, error);
  if (text == NULL)
    return FALSE;
  path = dms_keystore_dup_path (self, name);
  return dms_file_write_private (path, text, strlen (text), error);
}

gboolean
dms_keystore_remove (DmsKeystore *self, const char *name, GError **error)
{
  g_autofree char *path = NULL;

  if (!dms_keystore_check_name (name, error))
    return FALSE;
  path = dms_keystore_dup_path (self, name);
  if (g_unlink (path) == 0)
    return TRUE;
  g_set_error (error, DMS_ERROR, errno == ENOENT ? DMS_ERROR_NOT_FOUND : DMS_ERROR_IO,
               "cannot remove the key “%s”: %s", path, g_strerror (errno));
  return FALSE;
}
