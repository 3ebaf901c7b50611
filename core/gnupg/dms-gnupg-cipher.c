/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gnupg/dms-gnupg-cipher.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "gnupg/dms-gnupg-context.h"

#define MAX_RECIPIENTS  16
#define MAX_CIPHER_SIZE (64 * 1024 * 1024)

static gpgme_error_t
run_encrypt (gpgme_ctx_t context, gpgme_key_t *keys, gboolean exact, GBytes *plain, gpgme_data_t cipher)
{
  g_auto (gpgme_data_t) data = NULL;
  gpgme_error_t code =
      gpgme_data_new_from_mem (&data, g_bytes_get_data (plain, NULL), g_bytes_get_size (plain), 0);

  if (code != 0)
    return code;
  return gpgme_op_encrypt (context, keys, exact ? GPGME_ENCRYPT_ALWAYS_TRUST : 0, data, cipher);
}

/* Whether all are named by nothing less than a fingerprint. */
static gboolean
are_exact (const char *const *recipients)
{
  for (guint i = 0; recipients[i] != NULL; i++)
    if (strlen (recipients[i]) != 40 || strspn (recipients[i], "0123456789abcdefABCDEF") != 40)
      return FALSE;
  return TRUE;
}

GBytes *
dms_gnupg_cipher_encrypt (GBytes *plain, const char *const *recipients, GError **error)
{
  g_auto (gpgme_ctx_t) context = dms_gnupg_context_new (error);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) gpgme_key_unref);
  g_autofree gpgme_key_t *list = NULL;
  g_auto (gpgme_data_t) cipher = NULL;
  guint count = g_strv_length ((char **) recipients);
  gpgme_error_t code;

  if (context == NULL)
    return NULL;
  if (count == 0 || count > MAX_RECIPIENTS)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "name one to %d recipients", MAX_RECIPIENTS);
      return NULL;
    }
  list = g_new0 (gpgme_key_t, count + 1);
  for (guint i = 0; i < count; i++)
    {
      list[i] = dms_gnupg_context_find_key (context, recipients[i], FALSE, error);
      if (list[i] == NULL)
        return NULL;
      g_ptr_array_add (keys, list[i]);
    }
  code = gpgme_data_new (&cipher);
  if (code == 0)
    code = run_encrypt (context, list, are_exact (recipients), plain, cipher);
  if (gpgme_err_code (code) == GPG_ERR_UNUSABLE_PUBKEY)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_NOT_AUTHORIZED,
                 "gpg does not trust a recipient's key to belong to that name: name it by its whole "
                 "fingerprint");
  else if (dms_gnupg_context_report (code, "encrypt", error))
    return dms_gnupg_context_take_bytes (cipher, MAX_CIPHER_SIZE, FALSE, error);
  return NULL;
}

/* What comes out of gpg, in guarded memory of the size that is allowed. */
typedef struct
{
  guint8 *data;
  gsize size;
  gsize max;
} Sink;

static ssize_t
write_sink (void *handle, const void *buffer, size_t size)
{
  Sink *sink = handle;

  if (size > sink->max - sink->size)
    {
      errno = EFBIG;
      return -1;
    }
  memcpy (sink->data + sink->size, buffer, size);
  sink->size += size;
  return (ssize_t) size;
}

static gpgme_error_t
run_decrypt (gpgme_ctx_t context, GBytes *cipher, Sink *sink)
{
  struct gpgme_data_cbs callbacks = { .write = write_sink };
  g_auto (gpgme_data_t) in = NULL;
  g_auto (gpgme_data_t) out = NULL;
  gpgme_error_t code =
      gpgme_data_new_from_mem (&in, g_bytes_get_data (cipher, NULL), g_bytes_get_size (cipher), 0);

  if (code == 0)
    code = gpgme_data_new_from_cbs (&out, &callbacks, sink);
  return code != 0 ? code : gpgme_op_decrypt (context, in, out);
}

GBytes *
dms_gnupg_cipher_decrypt (GBytes *cipher, gsize max, GError **error)
{
  g_auto (gpgme_ctx_t) context = dms_gnupg_context_new (error);
  Sink sink = { NULL, 0, max };
  gpgme_error_t code;

  if (context == NULL)
    return NULL;
  sink.data = sodium_init () >= 0 ? sodium_malloc (max) : NULL;
  if (sink.data == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "not enough guarded memory to decrypt");
      return NULL;
    }
  code = run_decrypt (context, cipher, &sink);
  if (code == 0)
    return g_bytes_new_with_free_func (sink.data, sink.size, sodium_free, sink.data);
  sodium_free (sink.data);
  if (gpgme_err_code (code) == gpgme_err_code_from_errno (EFBIG))
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_TOO_LARGE,
                 "cannot decrypt: the content has more than %" G_GSIZE_FORMAT " bytes",
                 max);
  else
    dms_gnupg_context_report (code, "decrypt", error);
  return NULL;
}
