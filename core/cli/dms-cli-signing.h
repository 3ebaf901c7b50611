/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-call.h"
#include "identity/dms-openpgp-signer.h"

G_BEGIN_DECLS

/* Tells GnuPG on which terminal it may ask for a passphrase or PIN, before it is used. It only looks at
 * standard output by itself, which is often on its way into a file or a variable. */
void dms_cli_signing_prepare_terminal (void);
/* Shows a person what an OpenPGP key is about to sign, on standard error, read from the very bytes that will
 * be signed. @user_data: the call. Refuses what it cannot read. */
gboolean dms_cli_signing_show (DmsOpenpgpSigner *signer, GBytes *bytes, gpointer user_data, GError **error);

G_END_DECLS
