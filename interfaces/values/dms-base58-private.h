/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bounds on what is coded: identifiers are short, and the work grows with the square of the length. Text of
 * the longest bytes in the widest base, base16, with its prefix. */
enum
{
  DMS_MULTIBASE_MAX_BYTES = 192,
  DMS_MULTIBASE_MAX_TEXT = 2 * DMS_MULTIBASE_MAX_BYTES + 1,
};

/* base58btc (the Bitcoin alphabet), without a multibase prefix. */
extern const char dms_base58_alphabet[59];
char *dms_base58_encode (const guint8 *bytes, gsize length);
GBytes *dms_base58_decode (const char *text);

G_END_DECLS
