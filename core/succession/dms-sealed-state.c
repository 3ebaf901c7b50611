/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-sealed-state.h"

#include <sodium.h>
#include <string.h>

char *
dms_sealed_state_make_key (void)
{
  guint8 key[crypto_secretbox_KEYBYTES];
  char *text;

  crypto_secretbox_keygen (key);
  text = g_base64_encode (key, sizeof key);
  sodium_memzero (key, sizeof key);
  return text;
}

static gboolean
read_key (const char *text, guint8 key[crypto_secretbox_KEYBYTES], GError **error)
{
  gsize size = 0;
  g_autofree guint8 *bytes = NULL;

  if (text != NULL && strlen (text) <= 2 * crypto_secretbox_KEYBYTES)
    bytes = g_base64_decode (text, &size);
  if (size != crypto_secretbox_KEYBYTES)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the key of a sealed state is malformed");
      return FALSE;
    }
  memcpy (key, bytes, size);
  return TRUE;
}

static char *
make_head (guint64 version)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT "\n", version);
}

char *
dms_sealed_state_seal (const char *key_text, guint64 version, const char *text, GError **error)
{
  g_autofree char *head = make_head (version);
  g_autofree char *whole = g_strconcat (head, text, NULL);
  gsize length = strlen (whole);
  gsize size = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + length;
  guint8 key[crypto_secretbox_KEYBYTES];
  g_autofree guint8 *sealed = NULL;

  if (strlen (text) > DMS_SEALED_STATE_MAX)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "the deployment's record has %" G_GSIZE_FORMAT " bytes; with standby orchestrators it "
                   "may have %d",
                   strlen (text),
                   DMS_SEALED_STATE_MAX);
      return NULL;
    }
  if (!read_key (key_text, key, error))
    return NULL;
  sealed = g_malloc (size);
  randombytes_buf (sealed, crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy (&sealed[crypto_secretbox_NONCEBYTES], (const guint8 *) whole, length, sealed, key);
  sodium_memzero (key, sizeof key);
  return g_base64_encode (sealed, size);
}

char *
dms_sealed_state_open (const char *key_text, guint64 version, const char *sealed_text, GError **error)
{
  g_autofree char *head = make_head (version);
  gsize size = 0;
  gsize overhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  guint8 key[crypto_secretbox_KEYBYTES];
  g_autofree guint8 *sealed = NULL;
  g_autofree char *text = NULL;
  gboolean good;

  if (strlen (sealed_text) <= 2 * DMS_SEALED_STATE_MAX)
    sealed = g_base64_decode (sealed_text, &size);
  if (!read_key (key_text, key, error))
    return NULL;
  text = g_malloc0 (size + 1);
  good = size >= overhead && crypto_secretbox_open_easy ((guint8 *) text,
                                                         &sealed[crypto_secretbox_NONCEBYTES],
                                                         size - crypto_secretbox_NONCEBYTES,
                                                         sealed,
                                                         key) == 0;
  sodium_memzero (key, sizeof key);
  if (!good || !g_utf8_validate (text, (gssize) (size - overhead), NULL) || !g_str_has_prefix (text, head))
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the state was not sealed with this key and version");
      return NULL;
    }
  return g_strdup (text + strlen (head));
}
