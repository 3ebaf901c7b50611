/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The name of the constant in the module, a DmsGnupg. */
#define DMS_GNUPG_SYMBOL "dms_gnupg_module"

/**
 * DmsGnupg:
 * @size: of this structure
 * @version: of the program that the module was built with
 * @find_signer: the key that this fingerprint, key ID or e-mail address names, of which the half that signs
 * is a usable Ed25519 key; with that half's fingerprint in upper case, the key's user ID as its owner wrote
 *   it, and its exported public half. Freed with @free_signer
 * @sign: a detached signature, with the notation, by the signer; as gpg writes it
 * @encrypt: see dms_openpgp_cipher_encrypt()
 * @decrypt: see dms_openpgp_cipher_decrypt()
 *
 * What calls gpgme. It is a module of this project, gnupg/, that is loaded when it is first used: a daemon
 * never does, for it checks OpenPGP signatures without GnuPG. Everything blocks while gpg runs and asks.
 */
typedef struct
{
  gsize size;
  const char *version;
  gpointer (
      *find_signer) (const char *name, char **fingerprint, char **user_id, GBytes **exported, GError **error);
  void (*free_signer) (gpointer signer);
  GBytes *(*sign) (gpointer signer, const char *notation, GBytes *bytes, GError **error);
  GBytes *(*encrypt) (GBytes *plain, const char *const *recipients, GError **error);
  GBytes *(*decrypt) (GBytes *cipher, gsize max, GError **error);
} DmsGnupg;

/* Never unloaded. NULL with DMS_ERROR_UNAVAILABLE when the module, or what it needs, is not installed. */
const DmsGnupg *dms_gnupg_open (GError **error);

G_END_DECLS
