/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-key.h"

G_BEGIN_DECLS

/* The scrypt cost that key files are written with (files-and-config.md section 2). */
#define DMS_KEY_FILE_DEFAULT_COST 262144

/* Encrypts a key as the text of a key file. */
char *dms_key_file_seal (DmsKey *key, const char *name, const char *passphrase, guint64 cost, GError **error);
/* Reads and decrypts the text of a key file. @where names the file in messages. */
DmsKey *dms_key_file_open (const char *data, gsize size, const char *where, const char *passphrase,
                           GError **error);
/* Whether the text is a key file that could be opened; the passphrase is not needed for that. */
gboolean dms_key_file_check (const char *data, gsize size, const char *where, GError **error);

G_END_DECLS
