/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <malloc.h>

/* How many bytes of the heap are in use; 0 where nobody counts them, as under AddressSanitizer. */
static inline gint64
dms_test_heap_get_used (void)
{
#ifdef __GLIBC__
  struct mallinfo2 info = mallinfo2 ();

  return (gint64) (info.uordblks + info.hblkhd);
#else
  return 0;
#endif
}
