/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "wire/dms-p2p-der.h"

gboolean
dms_p2p_der_take (DmsP2pDer *from, guint8 tag, DmsP2pDer *content)
{
  gsize header = 2;
  gsize length = 0;

  if (from->size < 2 || from->data[0] != tag)
    return FALSE;
  length = from->data[1];
  if (length >= 0x80)
    {
      gsize n = length - 0x80;

      /* Two bytes are enough for all that is read here. */
      if (n < 1 || n > 2 || from->size < 2 + n)
        return FALSE;
      length = n == 1 ? from->data[2] : (gsize) from->data[2] << 8 | from->data[3];
      if (length < (n == 1 ? 0x80u : 0x100u))
        return FALSE;
      header += n;
    }
  if (from->size - header < length)
    return FALSE;
  content->data = from->data + header;
  content->size = length;
  from->data += header + length;
  from->size -= header + length;
  return TRUE;
}
