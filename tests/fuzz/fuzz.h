/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

/* What every target defines, as libFuzzer asks for it. */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Changes an input in place and returns its new size, at most @max_size. Targets of JSON take the one of
 * fuzz-json-mutator.c, which keeps to the structure; the others have none but the engine's. */
gsize LLVMFuzzerCustomMutator (guint8 *data, gsize size, gsize max_size, unsigned int seed);

/* The change of single bytes that the engine, or fuzz-driver.c in its place, lends to custom mutators. */
gsize LLVMFuzzerMutate (guint8 *data, gsize size, gsize max_size);
