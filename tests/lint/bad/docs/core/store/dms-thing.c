/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "store/dms-thing.h"

/**
 * dms_thing_get_size:
 * @self: a thing
 *
 * Returns: how large it is
 */
int
dms_thing_get_age (DmsThing *self)
{
  return self->age;
}

int
dms_thing_get_size (DmsThing *self)
{
  return self->size;
}
