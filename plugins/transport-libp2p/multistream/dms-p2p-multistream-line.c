/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "multistream/dms-p2p-multistream-line-private.h"

#include <string.h>

#include "wire/dms-p2p-varint.h"

static gboolean
dms_p2p_multistream_line_is_text (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (g_ascii_iscntrl (text[i]))
      return FALSE;
  return length > 0 && g_utf8_validate_len (text, length, NULL);
}

static gssize
dms_p2p_multistream_line_fail (int code, const char *fault, GError **error)
{
  g_set_error (error, DMS_ERROR, code, "negotiating a protocol failed: the other side sent %s", fault);
  return -1;
}

gssize
dms_p2p_multistream_line_read (const guint8 *data, gsize size, char **line, GError **error)
{
  guint64 length = 0;
  int n = dms_p2p_varint_read (data, size, &length);

  /* A longer length is too large, whatever its last byte may be. */
  if ((n == 0 && size >= DMS_P2P_MULTISTREAM_MAX_PREFIX) || length > DMS_P2P_MULTISTREAM_MAX_LINE)
    return dms_p2p_multistream_line_fail (DMS_ERROR_TOO_LARGE, "a line of more than 1024 bytes", error);
  if (n < 0)
    return dms_p2p_multistream_line_fail (DMS_ERROR_INVALID_DATA, "a malformed length", error);
  if (n == 0)
    return 0;
  if (length == 0)
    return dms_p2p_multistream_line_fail (DMS_ERROR_INVALID_DATA, "a line of no bytes", error);
  if (size - (gsize) n < length)
    return 0;
  data += n;
  if (data[length - 1] != '\n')
    return dms_p2p_multistream_line_fail (
        DMS_ERROR_INVALID_DATA, "a line that does not end in a newline", error);
  if (!dms_p2p_multistream_line_is_text ((const char *) data, (gsize) length - 1))
    return dms_p2p_multistream_line_fail (DMS_ERROR_INVALID_DATA, "a line that is not a name", error);
  *line = g_strndup ((const char *) data, (gsize) length - 1);
  return n + (gssize) length;
}

gboolean
dms_p2p_multistream_line_check (const char *line, GError **error)
{
  gsize length = strnlen (line, DMS_P2P_MULTISTREAM_MAX_LINE);
  g_autofree char *valid = NULL;

  if (length < DMS_P2P_MULTISTREAM_MAX_LINE && dms_p2p_multistream_line_is_text (line, length))
    return TRUE;
  valid = g_utf8_make_valid (line, (gssize) MIN (length, 80));
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_INVALID_ARGUMENT,
               "“%s” cannot be the name of a protocol: it must have 1 to 1023 bytes of UTF-8 without control "
               "characters",
               valid);
  return FALSE;
}

void
dms_p2p_multistream_line_append (GByteArray *out, const char *line)
{
  gsize length = strlen (line);

  dms_p2p_varint_append (out, length + 1);
  g_byte_array_append (out, (const guint8 *) line, (guint) length);
  g_byte_array_append (out, (const guint8 *) "\n", 1);
}
