/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "common/dms-base64.h"

/* Whatever GLib writes is written and read here, at every length. */
static void
test_like_glib (void)
{
  guint8 data[300];

  for (gsize size = 0; size < sizeof data; size++)
    {
      g_autofree char *theirs = NULL;
      g_autofree char *ours = g_malloc0 (dms_base64_get_encoded_size (size) + 1);
      g_autofree guint8 *again = NULL;
      gsize again_size;

      for (gsize i = 0; i < size; i++)
        data[i] = (guint8) g_test_rand_int ();
      theirs = g_base64_encode (data, size);
      dms_base64_encode (data, size, ours);
      g_assert_cmpstr (ours, ==, theirs);
      again = dms_base64_decode (theirs, strlen (theirs), &again_size);
      g_assert_cmpmem (again, again_size, data, size);
    }
}

/* Each text has one reading and each reading one text. */
static void
test_refused (void)
{
  const char *const bad[] = { "A",
                              "AA",
                              "AAA",
                              "AAAAA",
                              "====",
                              "A===",
                              "=AAA",
                              "A=AA",
                              "AA=A",
                              "AB==",
                              "AAB=",
                              "AA==AAAA",
                              "AA=\n",
                              "AAA ",
                              "AA-_AAAA",
                              "\xc3\xa4"
                              "AA",
                              "AAAA\n",
                              "AAA\\" };

  gsize size = 7;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (dms_base64_decode (bad[i], strlen (bad[i]), &size));
  g_assert_null (dms_base64_decode ("AA\0A", 4, &size));
  g_assert_cmpuint (size, ==, 0);
}

/* At every place of a text that is long enough for the wide steps, every character of the alphabet has its
 * value, and no other has any. */
static void
test_every_character (void)
{
  char text[65];
  gsize n_taken = 0;

  for (gsize at = 0; at < 60; at++)
    for (guint c = 0; c < 256; c++)
      {
        g_autofree guint8 *data = NULL;
        gboolean is_known = c != 0 && (g_ascii_isalnum ((char) c) || c == '+' || c == '/');
        gsize size;

        memset (text, 'A', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        text[at] = (char) c;
        data = dms_base64_decode (text, 64, &size);
        g_assert_true (is_known == (data != NULL));
        if (data != NULL)
          {
            gsize their_size;
            g_autofree guint8 *theirs = g_base64_decode (text, &their_size);

            g_assert_cmpmem (data, size, theirs, their_size);
            n_taken++;
          }
      }
  g_assert_cmpuint (n_taken, ==, 60 * 64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base64/like-glib", test_like_glib);
  g_test_add_func ("/base64/refused", test_refused);
  g_test_add_func ("/base64/every-character", test_every_character);
  return g_test_run ();
}
