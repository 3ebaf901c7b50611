/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The most bytes of an exported key, with all its user IDs and certifications, that is looked through. */
#define DMS_OPENPGP_KEY_MAX_SIZE (1024 * 1024)

/* Finds the raw Ed25519 public key of a fingerprint (40 hexadecimal digits), primary or subkey, in an
 * exported OpenPGP key. Neither signatures nor validity are looked at: the program that exported it answers
 * for those. */
gboolean dms_openpgp_key_find_ed25519 (const guint8 *data, gsize size, const char *fingerprint,
                                       guint8 public_key[32], GError **error);

G_END_DECLS
