/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gpgme.h>

#include <dms.h>

G_BEGIN_DECLS

/* What the users of GnuPG here share. All of it blocks. */

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gpgme_ctx_t, gpgme_release, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gpgme_key_t, gpgme_key_unref, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gpgme_data_t, gpgme_data_release, NULL)

/* A context for OpenPGP in binary form; NULL with DMS_ERROR_UNAVAILABLE when there is no GnuPG. */
gpgme_ctx_t dms_gnupg_context_new (GError **error);
/* The one key that this fingerprint, key ID or e-mail address names: with its secret half here or on a card,
 * or only one that can be encrypted to. DMS_ERROR_NOT_FOUND for none, DMS_ERROR_INVALID_ARGUMENT for
 * several. */
gpgme_key_t
dms_gnupg_context_find_key (gpgme_ctx_t context, const char *name, gboolean secret, GError **error);
/* Turns what gpgme says into an error, after "cannot <what>: ". */
gboolean dms_gnupg_context_report (gpgme_error_t code, const char *what, GError **error);
/* Takes the data; at most @max bytes. The memory is wiped when @secret. */
GBytes *dms_gnupg_context_take_bytes (gpgme_data_t data, gsize max, gboolean secret, GError **error);

G_END_DECLS
