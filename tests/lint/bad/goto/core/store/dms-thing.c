/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

void
dms_thing_free (void *self)
{
  if (self == 0)
    goto out;
out:
  return;
}
