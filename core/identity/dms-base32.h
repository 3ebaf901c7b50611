/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* RFC 4648 base32, upper case, padded. */
char *dms_base32_encode (const guint8 *data, gsize size);
/* Strict: NULL for anything that dms_base32_encode() would not write. */
guint8 *dms_base32_decode (const char *text, gsize *size);

/* The actor ID of a key, and back: base32 of 08 01 12 20 and the 32 bytes. */
char *dms_base32_encode_id (const guint8 public_key[32]);
gboolean dms_base32_decode_id (const char *text, guint8 public_key[32]);

G_END_DECLS
