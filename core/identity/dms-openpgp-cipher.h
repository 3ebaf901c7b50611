/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Encryption to people by this user's GnuPG. Both block while gpg runs and asks: for the command line. */

/* @recipients: fingerprints, key IDs or e-mail addresses. A key named by its whole fingerprint is taken as it
 * is; any other must be one that gpg trusts to belong to that name. */
GBytes *dms_openpgp_cipher_encrypt (GBytes *plain, const char *const *recipients, GError **error);
/* At most @max bytes come out, however well they were compressed; in guarded memory. */
GBytes *dms_openpgp_cipher_decrypt (GBytes *cipher, gsize max, GError **error);

G_END_DECLS
