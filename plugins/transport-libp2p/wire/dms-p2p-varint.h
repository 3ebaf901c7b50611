/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Unsigned varints (multiformats/unsigned-varint): at most 9 bytes, 63 bits, and none longer than needed. */
enum
{
  DMS_P2P_VARINT_MAX = 9,
};

/* How many bytes the number takes that begins at @data: 0 when more bytes are needed, -1 when it is
 * malformed. */
int dms_p2p_varint_read (const guint8 *data, gsize size, guint64 *value);

/* Writes at most DMS_P2P_VARINT_MAX bytes; @value is below 2^63. */
gsize dms_p2p_varint_write (guint8 *data, guint64 value);

/* The same to the end of @out. Also above 2^63, for protobufs, which have numbers of 10 bytes. */
void dms_p2p_varint_append (GByteArray *out, guint64 value);

gsize dms_p2p_varint_size (guint64 value);

G_END_DECLS
