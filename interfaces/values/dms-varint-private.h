/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes an unsigned varint (multiformats/unsigned-varint) off the front: at most 9 bytes, the shortest form
 * only. */
gboolean dms_varint_take (const guint8 **data, gsize *size, guint64 *value);

/* @value is below 2^63. */
void dms_varint_append (GByteArray *out, guint64 value);

G_END_DECLS
