/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-core-version.h"

#include <dms.h>

/**
 * dms_core_get_version:
 *
 * Returns: the release this engine was built from, as `MAJOR.MINOR.PATCH`
 */
const char *
dms_core_get_version (void)
{
  return DMS_VERSION_S;
}
