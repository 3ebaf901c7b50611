/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>

#include "identity/dms-key-backup.h"

/* What comes out of an encrypted backup, which anybody can have made. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKeyBackup) backup = dms_key_backup_new_from_bytes (bytes, &error);

  if (backup == NULL)
    g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  else
    {
      g_autoptr (GBytes) written = dms_key_backup_to_bytes (backup);
      g_autoptr (DmsKeyBackup) again = dms_key_backup_new_from_bytes (written, NULL);

      g_assert_nonnull (again);
      g_assert_cmpuint (dms_key_backup_get_size (again), ==, dms_key_backup_get_size (backup));
    }
  return 0;
}
