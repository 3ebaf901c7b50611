/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-key-file.h"

#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/memops.h>
#include <nettle/sha3.h>
#include <sodium.h>
#include <string.h>

#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"

#define MAX_FILE_SIZE (64 * 1024)
#define MAX_CIPHERTEXT 4096
#define IV_SIZE 16
#define MAC_SIZE 32
#define SALT_SIZE 64
#define MIN_KEY_SIZE 64
#define MAX_KEY_SIZE 256
#define BLOCK_FACTOR 8
#define FORMAT_VERSION 3

/* What a file may ask of this machine: 1 GiB, and the work of 16 keys of the usual cost. */
#define MAX_MEMORY (G_GUINT64_CONSTANT (1) << 30)
#define MAX_WORK (G_GUINT64_CONSTANT (1) << 25)

typedef struct
{
  guint64 version;
  char *cipher;
  char *kdf;
  GBytes *ciphertext;
  GBytes *iv;
  GBytes *salt;
  GBytes *mac;
  guint64 n;
  guint64 r;
  guint64 p;
  guint64 key_size;
} KeyFile;

static void
key_file_free (KeyFile *self)
{
  g_free (self->cipher);
  g_free (self->kdf);
  g_clear_pointer (&self->ciphertext, g_bytes_unref);
  g_clear_pointer (&self->iv, g_bytes_unref);
  g_clear_pointer (&self->salt, g_bytes_unref);
  g_clear_pointer (&self->mac, g_bytes_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KeyFile, key_file_free)

static GBytes *
read_hex (DmsWireReader *reader, gsize min, gsize max)
{
  g_autofree char *text = dms_wire_reader_read_string (reader);
  g_autofree guint8 *data = NULL;
  gsize length = strlen (text);
  gsize size = 0;

  if (length % 2 != 0 || length / 2 < min || length / 2 > max)
    {
      dms_wire_reader_fail (reader,
                            "expected %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT " bytes in hexadecimal",
                            min, max);
      return NULL;
    }
  data = g_malloc (length / 2 + 1);
  if (sodium_hex2bin (data, length / 2, text, length, NULL, &size, NULL) != 0 || size != length / 2)
    {
      dms_wire_reader_fail (reader, "expected hexadecimal digits");
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

static void
read_cipher_params (DmsWireReader *reader, KeyFile *file)
{
  static const char * const names[] = { "iv", NULL };

  if (!dms_wire_reader_enter_object (reader))
    return;
  while (dms_wire_reader_next_member (reader, names) >= 0)
    file->iv = read_hex (reader, IV_SIZE, IV_SIZE);
}

static void
read_kdf_params (DmsWireReader *reader, KeyFile *file)
{
  static const char * const names[] = { "n", "r", "p", "dklen", "salt", NULL };
  guint64 *numbers[] = { &file->n, &file->r, &file->p, &file->key_size };
  int name;

  if (!dms_wire_reader_enter_object (reader))
    return;
  while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
    {
      if (name < (int) G_N_ELEMENTS (numbers))
        *numbers[name] = dms_wire_reader_read_uint64 (reader);
      else
        file->salt = read_hex (reader, 8, 1024);
    }
}

static void
read_crypto (DmsWireReader *reader, KeyFile *file)
{
  static const char * const names[] = { "cipher", "ciphertext", "cipherparams", "kdf", "kdfparams", "mac",
                                        NULL };
  int name;

  if (!dms_wire_reader_enter_object (reader))
    return;
  while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
    switch (name)
      {
      case 0:
        file->cipher = dms_wire_reader_read_string (reader);
        break;
      case 1:
        file->ciphertext = read_hex (reader, 1, MAX_CIPHERTEXT);
        break;
      case 2:
        read_cipher_params (reader, file);
        break;
      case 3:
        file->kdf = dms_wire_reader_read_string (reader);
        break;
      case 4:
        read_kdf_params (reader, file);
        break;
      default:
        file->mac = read_hex (reader, MAC_SIZE, MAC_SIZE);
        break;
      }
}

/* What is wrong with what the file says; NULL when nothing is. */
static const char *
find_fault (KeyFile *file)
{
  if (file->version != FORMAT_VERSION)
    return "its version is not 3";
  if (g_strcmp0 (file->cipher, "aes-256-ctr") != 0)
    return "its cipher is not aes-256-ctr";
  if (g_strcmp0 (file->kdf, "scrypt") != 0)
    return "its key derivation is not scrypt";
  if (file->ciphertext == NULL || file->iv == NULL || file->salt == NULL || file->mac == NULL)
    return "a part of “crypto” is missing";
  if (file->n < 2 || (file->n & (file->n - 1)) != 0)
    return "its cost “n” is not a power of two";
  if (file->r < 1 || file->p < 1)
    return "its cost “r” or “p” is zero";
  if (file->n > MAX_MEMORY || file->r > MAX_MEMORY || file->p > MAX_WORK
      || file->n * file->r > MAX_MEMORY / 128 || file->n * file->r > MAX_WORK / file->p)
    return "its key derivation asks for more than 1 GiB of memory, or too much work";
  if (file->key_size < MIN_KEY_SIZE || file->key_size > MAX_KEY_SIZE)
    return "its “dklen” is not between 64 and 256";
  return NULL;
}

static KeyFile *
parse (const char *data, gsize size, const char *where, GError **error)
{
  static const char * const names[] = { "crypto", "version", NULL };
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (data, size, MAX_FILE_SIZE, "key file");
  g_autoptr (KeyFile) file = g_new0 (KeyFile, 1);
  g_autoptr (GError) local = NULL;
  const char *fault;
  int name;

  if (dms_wire_reader_enter_object (reader))
    while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
      {
        if (name == 0)
          read_crypto (reader, file);
        else
          file->version = dms_wire_reader_read_uint64 (reader);
      }
  if (!dms_wire_reader_finish (reader, &local))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_CORRUPT,
                   "cannot read the key in “%s”: %s; restore it from a backup", where, local->message);
      return NULL;
    }
  fault = find_fault (file);
  if (fault != NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_CORRUPT,
                   "cannot read the key in “%s”: %s; restore it from a backup", where, fault);
      return NULL;
    }
  return g_steal_pointer (&file);
}

gboolean
dms_key_file_check (const char *data, gsize size, const char *where, GError **error)
{
  g_autoptr (KeyFile) file = parse (data, size, where, error);

  return file != NULL;
}

/* Owned; to be freed with sodium_free(). */
static guint8 *
derive (KeyFile *file, const char *passphrase, GError **error)
{
  guint8 *key;
  gsize salt_size;
  const guint8 *salt = g_bytes_get_data (file->salt, &salt_size);

  key = sodium_init () >= 0 ? sodium_malloc (file->key_size) : NULL;
  if (key != NULL
      && crypto_pwhash_scryptsalsa208sha256_ll ((const guint8 *) passphrase, strlen (passphrase), salt,
                                                salt_size, file->n, (guint32) file->r, (guint32) file->p, key,
                                                file->key_size) == 0)
    return key;
  sodium_free (key);
  g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE,
               "not enough memory to derive a key from the passphrase: %" G_GUINT64_FORMAT " MiB are needed",
               file->n * file->r * 128 / (1024 * 1024));
  return NULL;
}

static void
compute_mac (const guint8 *key, const guint8 *data, gsize size, guint8 mac[MAC_SIZE])
{
  struct sha3_256_ctx hash;

  sha3_256_init (&hash);
  sha3_256_update (&hash, 32, key + 32);
  sha3_256_update (&hash, size, data);
  sha3_256_digest (&hash, MAC_SIZE, mac);
  sodium_memzero (&hash, sizeof hash);
}

/* AES-256 in counter mode; encrypting and decrypting are the same. */
static void
apply_cipher (const guint8 *key, const guint8 iv[IV_SIZE], guint8 *to, const guint8 *from, gsize size)
{
  struct aes256_ctx cipher;
  guint8 counter[IV_SIZE];

  memcpy (counter, iv, IV_SIZE);
  aes256_set_encrypt_key (&cipher, key);
  ctr_crypt (&cipher, (nettle_cipher_func *) aes256_encrypt, AES_BLOCK_SIZE, counter, size, to, from);
  sodium_memzero (&cipher, sizeof cipher);
}

static DmsKey *
decrypt (KeyFile *file, const guint8 *key, const char *where, GError **error)
{
  gsize size;
  const guint8 *ciphertext = g_bytes_get_data (file->ciphertext, &size);
  g_autoptr (GError) local = NULL;
  guint8 mac[MAC_SIZE];
  guint8 *plain;
  DmsKey *result;

  compute_mac (key, ciphertext, size, mac);
  if (!memeql_sec (mac, g_bytes_get_data (file->mac, NULL), MAC_SIZE))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_PASSPHRASE,
                   "decryption failed: the passphrase does not open the key in “%s”", where);
      return NULL;
    }
  plain = sodium_malloc (size);
  if (plain == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "not enough guarded memory for a key");
      return NULL;
    }
  apply_cipher (key, g_bytes_get_data (file->iv, NULL), plain, ciphertext, size);
  result = dms_key_new_from_protobuf (plain, size, &local);
  sodium_free (plain);
  if (result == NULL)
    g_set_error (error, DMS_ERROR,
                 g_error_matches (local, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED) ? DMS_ERROR_NOT_SUPPORTED
                                                                            : DMS_ERROR_CORRUPT,
                 "cannot use the key in “%s”: %s", where, local->message);
  return result;
}

/**
 * dms_key_file_open:
 *
 * Returns: (transfer full): the key; NULL with DMS_ERROR_WRONG_PASSPHRASE, DMS_ERROR_CORRUPT when the file is
 *   damaged or asks for too much, or DMS_ERROR_NOT_SUPPORTED for another kind of key
 */
DmsKey *
dms_key_file_open (const char *data, gsize size, const char *where, const char *passphrase, GError **error)
{
  g_autoptr (KeyFile) file = parse (data, size, where, error);
  guint8 *key;
  DmsKey *result;

  if (file == NULL)
    return NULL;
  key = derive (file, passphrase, error);
  if (key == NULL)
    return NULL;
  result = decrypt (file, key, where, error);
  sodium_free (key);
  return result;
}

static char *
to_hex (const guint8 *data, gsize size)
{
  char *text = g_malloc (size * 2 + 1);

  return sodium_bin2hex (text, size * 2 + 1, data, size);
}

static char *
to_text (KeyFile *file, const char *name)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autofree char *ciphertext = to_hex (g_bytes_get_data (file->ciphertext, NULL),
                                        g_bytes_get_size (file->ciphertext));
  g_autofree char *iv = to_hex (g_bytes_get_data (file->iv, NULL), IV_SIZE);
  g_autofree char *salt = to_hex (g_bytes_get_data (file->salt, NULL), SALT_SIZE);
  g_autofree char *mac = to_hex (g_bytes_get_data (file->mac, NULL), MAC_SIZE);

  dms_wire_writer_add_string (writer, NULL, name);
  return g_strdup_printf ("{\n"
                          "  \"id\": %s,\n"
                          "  \"crypto\": {\n"
                          "    \"cipher\": \"aes-256-ctr\",\n"
                          "    \"ciphertext\": \"%s\",\n"
                          "    \"cipherparams\": {\n"
                          "      \"iv\": \"%s\"\n"
                          "    },\n"
                          "    \"kdf\": \"scrypt\",\n"
                          "    \"kdfparams\": {\n"
                          "      \"n\": %" G_GUINT64_FORMAT ",\n"
                          "      \"r\": %" G_GUINT64_FORMAT ",\n"
                          "      \"p\": %" G_GUINT64_FORMAT ",\n"
                          "      \"dklen\": %" G_GUINT64_FORMAT ",\n"
                          "      \"salt\": \"%s\"\n"
                          "    },\n"
                          "    \"mac\": \"%s\"\n"
                          "  },\n"
                          "  \"version\": 3\n"
                          "}\n",
                          dms_wire_writer_get_data (writer, NULL), ciphertext, iv, file->n, file->r, file->p,
                          file->key_size, salt, mac);
}

static GBytes *
random_bytes (gsize size)
{
  guint8 *data = g_malloc (size);

  randombytes_buf (data, size);
  return g_bytes_new_take (data, size);
}

/**
 * dms_key_file_seal:
 * @name: what the file calls the key
 * @cost: scrypt's N, a power of two
 *
 * Returns: (transfer full): the text of the file
 */
char *
dms_key_file_seal (DmsKey *key, const char *name, const char *passphrase, guint64 cost, GError **error)
{
  g_autoptr (KeyFile) file = g_new0 (KeyFile, 1);
  g_autoptr (GBytes) plain = dms_key_dup_protobuf (key);
  gsize size = g_bytes_get_size (plain);
  guint8 *ciphertext, *mac, *derived;

  file->n = cost;
  file->r = BLOCK_FACTOR;
  file->p = 1;
  file->key_size = MIN_KEY_SIZE;
  file->salt = random_bytes (SALT_SIZE);
  file->iv = random_bytes (IV_SIZE);
  derived = derive (file, passphrase, error);
  if (derived == NULL)
    return NULL;
  ciphertext = g_malloc (size);
  mac = g_malloc (MAC_SIZE);
  apply_cipher (derived, g_bytes_get_data (file->iv, NULL), ciphertext, g_bytes_get_data (plain, NULL), size);
  compute_mac (derived, ciphertext, size, mac);
  sodium_free (derived);
  file->ciphertext = g_bytes_new_take (ciphertext, size);
  file->mac = g_bytes_new_take (mac, MAC_SIZE);
  return to_text (file, name);
}
