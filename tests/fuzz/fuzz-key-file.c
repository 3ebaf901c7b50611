/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "identity/dms-key-file.h"

/* Reading only: deriving keys would take all the time. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;

  if (!dms_key_file_check ((const char *) data, size, "fuzz", &error))
    g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
  return 0;
}
