/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bounds on what is decoded: identifiers are short. */
enum
{
  DMS_MULTIBASE_MAX_TEXT = 256,
  DMS_MULTIBASE_MAX_BYTES = 192,
};

/* base58btc (the Bitcoin alphabet). */
char *dms_base58_encode (const guint8 *bytes, gsize length);
GBytes *dms_base58_decode (const char *text);

/* Multibase (multiformats/multibase): prefixes `z` base58btc, `b` base32 lower case, `k` base36 lower case.
 */
GBytes *dms_multibase_decode (const char *text);

G_END_DECLS
