/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What dms-openpgp-cipher.h promises. */
GBytes *dms_gnupg_cipher_encrypt (GBytes *plain, const char *const *recipients, GError **error);
GBytes *dms_gnupg_cipher_decrypt (GBytes *cipher, gsize max, GError **error);

G_END_DECLS
