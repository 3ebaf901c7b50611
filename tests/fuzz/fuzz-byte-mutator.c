/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

/* For targets whose input has no structure to keep; only fuzz-driver.c needs it. */
gsize
LLVMFuzzerCustomMutator (guint8 *data, gsize size, gsize max_size, unsigned int seed)
{
  return LLVMFuzzerMutate (data, size, max_size);
}
