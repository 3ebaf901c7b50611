/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes as one large number in a base that is no power of two; a zero byte in front is a zero digit in front.
 * NULL when there is too much or a digit is none. Bounds: dms-base58-private.h. */
char *dms_positional_encode (const guint8 *bytes, gsize length, const char *alphabet);
GBytes *dms_positional_decode (const char *text, const char *alphabet);

G_END_DECLS
