/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-key-cache.h"

#include <dms.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/dms-file.h"

#define FOLDER "dms-key-cache"
#define PURPOSE "dms-key-cache:1"
#define MAX_KEY_FILE (64 * 1024)
#define MAX_KEPT 64
#define LIFETIME (10 * 60)

/* What a file holds: when it was made, so that it ends; and the seed, sealed together with that time. */
typedef struct {
  gint64 made;
  guint8 nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
  guint8 sealed[DMS_KEY_SEED_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES];
} Entry;

/* A directory of ours that nobody else can look into. */
static gboolean
is_private (const char *directory)
{
  struct stat info;

  return lstat (directory, &info) == 0 && S_ISDIR (info.st_mode) && info.st_uid == geteuid ()
         && (info.st_mode & 077) == 0;
}

/* NULL when the aid is off, or there is no place for it. */
static char *
dup_folder (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *folder = NULL;

  if (g_strcmp0 (g_getenv ("DMS_E2E_CACHE_KEYS"), "1") != 0 || runtime == NULL
      || !g_path_is_absolute (runtime) || !is_private (runtime) || sodium_init () < 0)
    return NULL;

  folder = g_build_filename (runtime, FOLDER, NULL);
  if (g_mkdir (folder, 0700) < 0 && errno != EEXIST)
    return NULL;

  return is_private (folder) ? g_steal_pointer (&folder) : NULL;
}

/* Named after the content of the key file, so that another key of the same name is never taken for it. */
static char *
dup_entry_path (const char *folder, GBytes *key_file)
{
  guint8 hash[crypto_generichash_BYTES];
  char name[sizeof hash * 2 + 1];

  crypto_generichash (hash, sizeof hash, g_bytes_get_data (key_file, NULL), g_bytes_get_size (key_file), NULL,
                      0);
  sodium_bin2hex (name, sizeof name, hash, sizeof hash);
  return g_build_filename (folder, name, NULL);
}

/* What the seed is sealed with, in guarded memory: it needs the passphrase, and is of this key file only. */
static guint8 *
derive (GBytes *key_file, const char *passphrase)
{
  guint8 *secret = sodium_malloc (crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  guint64 length = strlen (passphrase);
  crypto_generichash_state state;

  if (secret == NULL)
    return NULL;
  crypto_generichash_init (&state, (const guint8 *) PURPOSE, strlen (PURPOSE),
                           crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  crypto_generichash_update (&state, (const guint8 *) &length, sizeof length);
  crypto_generichash_update (&state, (const guint8 *) passphrase, length);
  crypto_generichash_update (&state, g_bytes_get_data (key_file, NULL), g_bytes_get_size (key_file));
  crypto_generichash_final (&state, secret, crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  sodium_memzero (&state, sizeof state);

  return secret;
}

static gboolean
is_fresh (const Entry *entry)
{
  gint64 age = g_get_real_time () / G_USEC_PER_SEC - entry->made;

  return age >= 0 && age < LIFETIME;
}

static DmsKey *
unseal (const Entry *entry, const guint8 *secret)
{
  guint8 *seed = sodium_malloc (DMS_KEY_SEED_SIZE);
  DmsKey *key = NULL;

  if (seed != NULL
      && crypto_aead_xchacha20poly1305_ietf_decrypt (seed, NULL, NULL, entry->sealed, sizeof entry->sealed,
                                                     (const guint8 *) &entry->made, sizeof entry->made,
                                                     entry->nonce, secret)
             == 0)
    key = dms_key_new_from_seed (seed);
  sodium_free (seed);

  return key;
}

/**
 * dms_cli_key_cache_load:
 * @path: the key file
 * @passphrase: its passphrase
 *
 * Returns: (transfer full) (nullable): its key, if that was kept
 */
DmsKey *
dms_cli_key_cache_load (const char *path, const char *passphrase)
{
  g_autofree char *folder = dup_folder ();
  g_autoptr (GBytes) key_file = folder != NULL ? dms_file_read (path, MAX_KEY_FILE, NULL) : NULL;
  g_autofree char *entry_path = key_file != NULL ? dup_entry_path (folder, key_file) : NULL;
  g_autoptr (GBytes) content = entry_path != NULL ? dms_file_read (entry_path, sizeof (Entry), NULL) : NULL;
  DmsKey *key = NULL;
  guint8 *secret;
  Entry entry;

  if (content == NULL)
    return NULL;
  if (g_bytes_get_size (content) == sizeof entry)
    {
      memcpy (&entry, g_bytes_get_data (content, NULL), sizeof entry);
      secret = is_fresh (&entry) ? derive (key_file, passphrase) : NULL;
      key = secret != NULL ? unseal (&entry, secret) : NULL;
      sodium_free (secret);
    }
  if (key == NULL)
    g_unlink (entry_path);

  return key;
}

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint count = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    count++;

  return count;
}

/**
 * dms_cli_key_cache_save:
 * @path: the key file
 * @passphrase: its passphrase
 * @key: its key
 *
 * Keeps the key, if that is wanted.
 */
void
dms_cli_key_cache_save (const char *path, const char *passphrase, DmsKey *key)
{
  g_autofree char *folder = dup_folder ();
  g_autoptr (GBytes) key_file = folder != NULL ? dms_file_read (path, MAX_KEY_FILE, NULL) : NULL;
  g_autoptr (GBytes) seed = NULL;
  g_autofree char *entry_path = NULL;
  guint8 *secret;
  Entry entry = { .made = g_get_real_time () / G_USEC_PER_SEC };

  if (key_file == NULL || count_entries (folder) >= MAX_KEPT)
    return;
  secret = derive (key_file, passphrase);
  if (secret == NULL)
    return;

  seed = dms_key_dup_seed (key);
  entry_path = dup_entry_path (folder, key_file);
  randombytes_buf (entry.nonce, sizeof entry.nonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt (entry.sealed, NULL, g_bytes_get_data (seed, NULL),
                                              g_bytes_get_size (seed), (const guint8 *) &entry.made,
                                              sizeof entry.made, NULL, entry.nonce, secret);
  dms_file_write_private (entry_path, (const char *) &entry, sizeof entry, NULL);
  sodium_free (secret);
}
