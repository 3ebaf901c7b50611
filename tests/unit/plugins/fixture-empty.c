/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <glib.h>

/* A module without the function libpeas looks for. */
int dms_fixture_empty (void);

int
dms_fixture_empty (void)
{
  return 1;
}
