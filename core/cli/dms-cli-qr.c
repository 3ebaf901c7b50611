/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-qr.h"

#include <dms.h>
#include <errno.h>
#include <glib/gi18n.h>
#include <qrencode.h>
#include <string.h>

/* Bytes that the largest code takes at the lowest error correction. */
#define MAX_BYTES 2953
/* The standard asks for four light modules around a code. */
#define MARGIN 4

static gboolean
is_dark (QRcode *code, int row, int column)
{
  if (row < 0 || column < 0 || row >= code->width || column >= code->width)
    return FALSE;
  return (code->data[row * code->width + column] & 1) != 0;
}

char *
dms_cli_qr_draw (const char *text, guint *columns, GError **error)
{
  static const char *const blocks[] = { "\u2588", "\u2580", "\u2584", " " };
  g_autoptr (GString) drawing = g_string_new (NULL);
  QRcode *code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_L);

  if (code == NULL)
    {
      if (errno == ERANGE)
        g_set_error (error,
                     DMS_ERROR,
                     DMS_ERROR_TOO_LARGE,
                     _ ("this does not fit into a QR code: it has %" G_GSIZE_FORMAT
                        " bytes, and the largest code takes %d; send it as text or as a file"),
                     strlen (text),
                     MAX_BYTES);
      else
        g_set_error (error, DMS_ERROR, DMS_ERROR_FAILED, _ ("cannot make a QR code: %s"), g_strerror (errno));
      return NULL;
    }

  for (int row = -MARGIN; row < code->width + MARGIN; row += 2)
    {
      for (int column = -MARGIN; column < code->width + MARGIN; column++)
        g_string_append (
            drawing,
            blocks[(is_dark (code, row, column) ? 2 : 0) + (is_dark (code, row + 1, column) ? 1 : 0)]);
      g_string_append_c (drawing, '\n');
    }
  *columns = (guint) code->width + 2 * MARGIN;
  QRcode_free (code);
  return g_string_free (g_steal_pointer (&drawing), FALSE);
}
