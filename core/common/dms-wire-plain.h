/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* How many characters, from the first, stand for themselves in every JSON text, Go's as well: neither control
 * characters nor quotes, backslashes, <, >, & or anything beyond ASCII. Looks at sixteen at a time and may
 * stop up to fifteen before the end without having found another one. */
static inline gsize
dms_wire_plain_length (const char *text, gsize size)
{
  typedef gint8 Characters __attribute__ ((vector_size (16)));
  typedef guint64 Halves __attribute__ ((vector_size (16)));
  gsize at = 0;

  for (; size - at >= sizeof (Characters); at += sizeof (Characters))
    {
      Characters c;
      Halves found;

      memcpy (&c, text + at, sizeof c);
      found = (Halves) ((c < 0x20) | (c == '"') | (c == '\\') | (c == '<') | (c == '>') | (c == '&'));
      if (found[0] != 0)
        return at + (gsize) __builtin_ctzll (GUINT64_FROM_LE (found[0])) / 8;
      if (found[1] != 0)
        return at + 8 + (gsize) __builtin_ctzll (GUINT64_FROM_LE (found[1])) / 8;
    }
  return at;
}

G_END_DECLS
