/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Base64 in steps of sixteen characters, where the processor can; private to dms-base64.c. Each returns how
 * many bytes or characters of the input it took, from the start, and may take none. */

/* A multiple of three. Writes four characters for every three bytes. */
gsize dms_base64_wide_encode (const guint8 *data, gsize size, char *text);
/* A multiple of four; stops before characters that are none of the alphabet, and always before the last four.
 * Writes three bytes for every four characters, and up to four more behind them that mean nothing. */
gsize dms_base64_wide_decode (const guint8 *text, gsize length, guint8 *data);

G_END_DECLS
