/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends fields of Protocol Buffers to @out. A message within a message: write the inner one first, then
 * bytes. */
void dms_p2p_proto_write_number (GByteArray *out, guint32 field, guint64 value);
void dms_p2p_proto_write_bytes (GByteArray *out, guint32 field, const void *data, gsize size);
void dms_p2p_proto_write_text (GByteArray *out, guint32 field, const char *text);
void dms_p2p_proto_write_gbytes (GByteArray *out, guint32 field, GBytes *bytes);

/* Puts the length of all that @message holds before it: the framing of libp2p's messages. */
GBytes *dms_p2p_proto_free_to_framed (GByteArray *message);

G_END_DECLS
