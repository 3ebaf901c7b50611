/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/dms-config-file.h"
#include "config/dms-config-schema.h"
#include "config/dms-config.h"

/* A file that is only in memory, and gone when its descriptor is closed. */
static char *
make_file (const void *data, gsize size, int *fd)
{
  *fd = memfd_create ("fuzz", MFD_CLOEXEC);
  g_assert_cmpint (*fd, >=, 0);
  g_assert_cmpint (write (*fd, data, size), ==, (gssize) size);
  return g_strdup_printf ("/proc/self/fd/%d", *fd);
}

/* Every value is of its key's kind, and its text means the same as a flag or a variable. */
static void
check_values (GHashTable *members)
{
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const DmsConfigSchema *schema = dms_config_schema_find (key);
      g_autoptr (JsonNode) checked = NULL;

      g_assert_nonnull (schema);
      checked = dms_config_schema_check (schema, value, NULL);
      g_assert_nonnull (checked);
      g_assert_true (json_node_equal (checked, value));
    }
}

/* What the values are in effect is written, and is the same when it is read back. */
static void
check_loaded (const char *path)
{
  g_autoptr (DmsConfig) config = dms_config_new ();
  g_autoptr (DmsConfig) again = dms_config_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) all = NULL;
  g_autoptr (JsonNode) all_again = NULL;
  g_autofree char *text = NULL;
  g_autofree char *second = NULL;
  g_autofree char *copy = NULL;
  int fd;

  if (!dms_config_load (config, path, &error))
    {
      g_assert_true (error->domain == DMS_ERROR);
      return;
    }
  all = dms_config_dup_json (config, NULL);
  text = dms_config_json_to_text (all);
  copy = make_file (text, strlen (text), &fd);
  dms_config_load (again, copy, &error);
  close (fd);
  g_assert_no_error (error);
  all_again = dms_config_dup_json (again, NULL);
  second = dms_config_json_to_text (all_again);
  g_assert_cmpstr (text, ==, second);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  int fd;
  g_autofree char *path = make_file (data, size, &fd);
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) members = dms_config_file_read (path, &error);

  if (members == NULL)
    {
      g_assert_true (error->domain == DMS_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  else
    check_values (members);
  check_loaded (path);
  close (fd);
  return 0;
}
