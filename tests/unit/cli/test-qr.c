/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-qr.h"

#include <dms.h>
#include <qrencode.h>
#include <string.h>

#define MARGIN 4

/* Whether the upper, or the lower, half of a character is dark: what is drawn is what is light. */
static gboolean
is_dark (const char *character, gboolean lower)
{
  gunichar block = g_utf8_get_char (character);

  g_assert_true (block == 0x2588 || block == 0x2580 || block == 0x2584 || block == ' ');
  return block == ' ' || block == (lower ? 0x2580 : 0x2584);
}

/* Every module is where the code has it, with a light margin around. */
static void
assert_drawn (const char *drawing, guint columns, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (drawing, "\n", -1);
  QRcode *code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_L);

  g_assert_cmpuint (columns, ==, (guint) code->width + 2 * MARGIN);
  g_assert_cmpuint (g_strv_length (lines), ==, (columns + 1) / 2 + 1);
  for (int row = -MARGIN; row < code->width + MARGIN; row++)
    {
      const char *at = lines[(row + MARGIN) / 2];

      g_assert_cmpuint ((guint) g_utf8_strlen (at, -1), ==, columns);
      for (int column = -MARGIN; column < code->width + MARGIN; column++, at = g_utf8_next_char (at))
        {
          gboolean inside = row >= 0 && column >= 0 && row < code->width && column < code->width;
          gboolean dark = inside && (code->data[row * code->width + column] & 1) != 0;

          g_assert_cmpint (is_dark (at, (row + MARGIN) % 2 == 1), ==, dark);
        }
    }
  QRcode_free (code);
}

static void
test_drawn (void)
{
  g_autofree char *large = g_strnfill (2953, 'x');
  const char *texts[] = { "a", "dms-invitation:v1:e30", "\xc3\xa4\xc3\xb6", large };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      guint columns = 0;
      g_autofree char *drawing = dms_cli_qr_draw (texts[i], &columns, &error);

      g_assert_no_error (error);
      assert_drawn (drawing, columns, texts[i]);
    }
}

static void
test_too_large (void)
{
  g_autofree char *text = g_strnfill (2954, 'x');
  g_autoptr (GError) error = NULL;
  guint columns = 0;

  g_assert_null (dms_cli_qr_draw (text, &columns, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "2954"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/cli/qr/drawn", test_drawn);
  g_test_add_func ("/cli/qr/too-large", test_too_large);

  return g_test_run ();
}
