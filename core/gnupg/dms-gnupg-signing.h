/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What DmsGnupg promises of signers. */
gpointer dms_gnupg_signing_find (const char *name,
                                 char **fingerprint,
                                 char **user_id,
                                 GBytes **exported,
                                 GError **error);
void dms_gnupg_signing_free (gpointer signer);
GBytes *dms_gnupg_signing_sign (gpointer signer, const char *notation, GBytes *bytes, GError **error);

G_END_DECLS
