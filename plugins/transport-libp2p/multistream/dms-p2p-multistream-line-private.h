/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

enum
{
  /* A line with its newline, without its length (go-multistream, ReadNextToken: 1,024). */
  DMS_P2P_MULTISTREAM_MAX_LINE = 1024,
  /* The length of such a line as a varint. */
  DMS_P2P_MULTISTREAM_MAX_PREFIX = 2,
};

#define DMS_P2P_MULTISTREAM_HEADER "/multistream/1.0.0"
#define DMS_P2P_MULTISTREAM_NA     "na"

/* Lines of multistream-select: a length, so many bytes, the last of them a newline. */

/* How many bytes at @data are the first line: 0 when more are needed, -1 when it is malformed. @line is its
 * text without the newline: UTF-8, not empty and without control characters. */
gssize dms_p2p_multistream_line_read (const guint8 *data, gsize size, char **line, GError **error);

/* FALSE when @line cannot be sent, with DMS_ERROR_INVALID_ARGUMENT. */
gboolean dms_p2p_multistream_line_check (const char *line, GError **error);

/* @line: one that can be sent. */
void dms_p2p_multistream_line_append (GByteArray *out, const char *line);

G_END_DECLS
