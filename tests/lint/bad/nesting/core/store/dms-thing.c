/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

int
dms_thing_count (int n)
{
  while (n > 0)
    {
      if (n > 1)
        {
          for (; n > 2; n--)
            {
              if (n > 3)
                {
                  while (n > 4)
                    {
                      n--;
                    }
                }
            }
        }
    }

  return n;
}
