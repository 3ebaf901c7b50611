/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Padded standard base64 (RFC 4648 section 4) without line ends. GLib's takes a third of the time that
 * reading a message may take, and accepts what no encoder writes. */

/* The characters that so many bytes become. */
gsize dms_base64_get_encoded_size (gsize size);
/* Writes that many characters, and no end of text. */
void dms_base64_encode (const guint8 *data, gsize size, char *text);
/* The bytes of a text that dms_base64_encode() writes, exactly; NULL for any other. (transfer full) */
guint8 *dms_base64_decode (const char *text, gsize length, gsize *size);

G_END_DECLS
