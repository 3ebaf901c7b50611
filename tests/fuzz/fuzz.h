/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

/* What every target defines, as libFuzzer asks for it. */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
