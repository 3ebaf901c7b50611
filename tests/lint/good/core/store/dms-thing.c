/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "store/dms-thing.h"

#include <dms.h>

#include "common/dms-core-version.h"

struct _DmsThing {
  GObject parent_instance;
};

G_DEFINE_FINAL_TYPE (DmsThing, dms_thing, G_TYPE_OBJECT)

/* The word goto in a comment is none; and "goto here;" in a string is none. */
static int
count (int n)
{
  static const struct {
    int a;
    struct {
      int b;
    } c[2];
  } table[] = { { 1, { { 2 }, { 3 } } } };
  int sum = 0;

  while (n > 0)
    {
      if (n > 1)
        {
          for (; n > 2; n--)
            {
              if (n == 7)
                {
                  sum += table[0].a;
                }
            }
        }
      n--;
    }

  return sum;
}
