/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-signer.h"

G_BEGIN_DECLS

#define DMS_TYPE_OPENPGP_SIGNER (dms_openpgp_signer_get_type ())

/* Signs with an Ed25519 key of this user's GnuPG, which may be on a smart card: the signature is an OpenPGP
 * packet (DmsOpenpgpSignature), and the DID is the ordinary did:key of the raw key, so that everybody can
 * check it with nothing else. Blocks while gpg runs and asks: for the command line, never for a service. One
 * thread. */
G_DECLARE_FINAL_TYPE (DmsOpenpgpSigner, dms_openpgp_signer, DMS, OPENPGP_SIGNER, DmsSigner)

/* Called before gpg is, with the very bytes that will be signed. FALSE with an error: they are not signed. */
typedef gboolean (*DmsOpenpgpShow) (DmsOpenpgpSigner *self,
                                    GBytes *bytes,
                                    gpointer user_data,
                                    GError **error);

/* @key: a fingerprint, a key ID or an e-mail address that names one usable secret key. */
DmsSigner *dms_openpgp_signer_new (const char *key, GError **error);
/* @user_data must outlive the signer. */
void dms_openpgp_signer_set_show (DmsOpenpgpSigner *self, DmsOpenpgpShow show, gpointer user_data);

/* Of the primary key or subkey that signs; upper case. */
const char *dms_openpgp_signer_get_fingerprint (DmsOpenpgpSigner *self);
/* What the key says of its owner; without control characters, never NULL. */
const char *dms_openpgp_signer_get_user_id (DmsOpenpgpSigner *self);

G_END_DECLS
