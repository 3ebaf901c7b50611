/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-network-key.h"

#include <dms.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "common/dms-file.h"

#define PSK_HEADER    "/key/swarm/psk/1.0.0/"
#define BASE16_HEADER "/base16/"
#define BASE64_HEADER "/base64/"
#define BIN_HEADER    "/bin/"

/* The longest there is has 21 + 8 + 64 characters and the ends of three lines. */
#define MAX_FILE_SIZE 256
/* Half of a BLAKE2b hash is enough to compare by. */
#define FINGERPRINT_SIZE 16

G_STATIC_ASSERT (DMS_NETWORK_KEY_SIZE == crypto_stream_salsa20_KEYBYTES);

static GBytes *
wrap_secret (guint8 *secret, gsize size)
{
  sodium_mprotect_readonly (secret);
  return g_bytes_new_with_free_func (secret, size, sodium_free, secret);
}

static guint8 *
allocate_secret (gsize size)
{
  guint8 *secret = sodium_init () >= 0 ? sodium_malloc (size) : NULL;

  if (secret == NULL)
    g_error ("no guarded memory for a secret; raise the limit of locked memory (ulimit -l)");
  return secret;
}

/**
 * dms_network_key_generate:
 *
 * Returns: (transfer full): a new key
 */
GBytes *
dms_network_key_generate (void)
{
  guint8 *secret = allocate_secret (DMS_NETWORK_KEY_SIZE);

  randombytes_buf (secret, DMS_NETWORK_KEY_SIZE);
  return wrap_secret (secret, DMS_NETWORK_KEY_SIZE);
}

/* The line that @text begins with must be @line. Goes on to the next one. */
static gboolean
take_line (const char **text, gsize *size, const char *line)
{
  gsize length = strlen (line);

  if (*size < length || memcmp (*text, line, length) != 0)
    return FALSE;
  if (*size > length && (*text)[length] == '\r')
    length++;
  if (*size <= length || (*text)[length] != '\n')
    return FALSE;
  *text += length + 1;
  *size -= length + 1;
  return TRUE;
}

static gsize
trim_line_end (const char *text, gsize size)
{
  if (size > 0 && text[size - 1] == '\n')
    size--;
  if (size > 0 && text[size - 1] == '\r')
    size--;
  return size;
}

/* Decodes exactly one key into @secret. */
static gboolean
decode (const char *text, gsize size, guint8 *secret)
{
  const char *end = NULL;
  gsize length = 0;
  gsize trimmed = 0;

  if (take_line (&text, &size, BASE16_HEADER))
    {
      trimmed = trim_line_end (text, size);
      return sodium_hex2bin (secret, DMS_NETWORK_KEY_SIZE, text, trimmed, NULL, &length, &end) == 0 &&
             length == DMS_NETWORK_KEY_SIZE && end == text + trimmed;
    }
  if (take_line (&text, &size, BASE64_HEADER))
    {
      trimmed = trim_line_end (text, size);
      return sodium_base642bin (secret,
                                DMS_NETWORK_KEY_SIZE,
                                text,
                                trimmed,
                                NULL,
                                &length,
                                &end,
                                sodium_base64_VARIANT_ORIGINAL) == 0 &&
             length == DMS_NETWORK_KEY_SIZE && end == text + trimmed;
    }
  /* The key itself may end like a line. */
  if (!take_line (&text, &size, BIN_HEADER) ||
      (size != DMS_NETWORK_KEY_SIZE &&
       (size < DMS_NETWORK_KEY_SIZE || trim_line_end (text, size) != DMS_NETWORK_KEY_SIZE)))
    return FALSE;
  memcpy (secret, text, DMS_NETWORK_KEY_SIZE);
  return TRUE;
}

/**
 * dms_network_key_parse:
 * @text: what a key file holds
 * @error: return location for a #DmsError
 *
 * Returns: (transfer full) (nullable): the key; NULL with %DMS_ERROR_INVALID_DATA
 */
GBytes *
dms_network_key_parse (GBytes *text, GError **error)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (text, &size);
  guint8 *secret = NULL;

  if (size > MAX_FILE_SIZE || !take_line (&data, &size, PSK_HEADER))
    {
      g_set_error_literal (
          error,
          DMS_ERROR,
          DMS_ERROR_INVALID_DATA,
          "this is no key of a private network: such a file begins with the line " PSK_HEADER);
      return NULL;
    }
  secret = allocate_secret (DMS_NETWORK_KEY_SIZE);
  if (!decode (data, size, secret))
    {
      sodium_free (secret);
      g_set_error_literal (
          error,
          DMS_ERROR,
          DMS_ERROR_INVALID_DATA,
          "the key of the private network is damaged: after the first line there must be one "
          "of /base16/, /base64/ and /bin/, and then 32 bytes written that way and no more");
      return NULL;
    }
  if (sodium_is_zero (secret, DMS_NETWORK_KEY_SIZE))
    {
      sodium_free (secret);
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "the key of the private network is nothing but zeros, which protects nobody");
      return NULL;
    }
  return wrap_secret (secret, DMS_NETWORK_KEY_SIZE);
}

/**
 * dms_network_key_to_text:
 * @key: a key
 *
 * Returns: (transfer full): what its file holds
 */
GBytes *
dms_network_key_to_text (GBytes *key)
{
  static const char head[] = PSK_HEADER "\n" BASE16_HEADER "\n";
  gsize head_size = sizeof head - 1;
  gsize size = head_size + 2 * DMS_NETWORK_KEY_SIZE + 1;
  guint8 *text = NULL;

  g_return_val_if_fail (g_bytes_get_size (key) == DMS_NETWORK_KEY_SIZE, NULL);

  text = allocate_secret (size);
  memcpy (text, head, head_size);
  sodium_bin2hex ((char *) text + head_size,
                  2 * DMS_NETWORK_KEY_SIZE + 1,
                  g_bytes_get_data (key, NULL),
                  DMS_NETWORK_KEY_SIZE);
  text[size - 1] = '\n';
  return wrap_secret (text, size);
}

/**
 * dms_network_key_read:
 * @path: a key file
 * @error: return location for a #DmsError
 *
 * Returns: (transfer full) (nullable): the key; NULL with an error that names the file
 */
GBytes *
dms_network_key_read (const char *path, GError **error)
{
  g_autoptr (GBytes) text = dms_file_read (path, MAX_FILE_SIZE, error);
  g_autoptr (GBytes) key = NULL;
  GStatBuf info;

  if (text == NULL)
    return NULL;
  key = dms_network_key_parse (text, error);
  sodium_memzero ((gpointer) g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  if (key == NULL)
    {
      g_prefix_error (error, "“%s”: ", path);
      return NULL;
    }
  if (g_stat (path, &info) != 0 || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_PERMISSION_DENIED,
                   "“%s” may be read by others than its owner, and whoever has it is in the private network; "
                   "use “chmod 600 %s”",
                   path,
                   path);
      return NULL;
    }
  return g_steal_pointer (&key);
}

/**
 * dms_network_key_write:
 * @path: a key file
 * @key: a key
 * @error: return location for a #DmsError
 *
 * Returns: whether the file is written
 */
gboolean
dms_network_key_write (const char *path, GBytes *key, GError **error)
{
  g_autoptr (GBytes) text = dms_network_key_to_text (key);

  return dms_file_write_private (path, g_bytes_get_data (text, NULL), g_bytes_get_size (text), error);
}

/**
 * dms_network_key_dup_fingerprint:
 * @key: a key
 *
 * The key is never hashed itself: like go-libp2p's, the fingerprint is a hash of a keystream.
 *
 * Returns: (transfer full): the fingerprint
 */
char *
dms_network_key_dup_fingerprint (GBytes *key)
{
  static const guint8 nonce[crypto_stream_salsa20_NONCEBYTES] = { 'f', 'i', 'n', 'p', 'r', 'i', 'n', 't' };
  guint8 stream[64];
  guint8 hash[FINGERPRINT_SIZE];
  char text[2 * FINGERPRINT_SIZE + 1];

  g_return_val_if_fail (g_bytes_get_size (key) == DMS_NETWORK_KEY_SIZE, NULL);

  crypto_stream_salsa20 (stream, sizeof stream, nonce, g_bytes_get_data (key, NULL));
  crypto_generichash (hash, sizeof hash, stream, sizeof stream, NULL, 0);
  sodium_memzero (stream, sizeof stream);
  sodium_bin2hex (text, sizeof text, hash, sizeof hash);
  return g_strdup (text);
}
