/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define DMS_TYPE_OPENPGP_SIGNATURE (dms_openpgp_signature_get_type ())
/* The most bytes of a signature that is carried in a token. */
#define DMS_OPENPGP_SIGNATURE_MAX_SIZE 512
/* The notation (RFC 4880 section 5.2.3.16) that makes a signature one of a token: what a person signs with
 * gpg for any other purpose has none, and so never passes for one. Its value is "1". */
#define DMS_OPENPGP_SIGNATURE_NOTATION "dms-token@nunet.io"

/* An OpenPGP v4 signature packet (RFC 4880 section 5.2, RFC 9580 section 5.2.3.4) by an Ed25519 key over
 * binary data, of which only the hashed part is kept. It has one form of bytes. Immutable and counted. */
typedef struct _DmsOpenpgpSignature DmsOpenpgpSignature;

GType dms_openpgp_signature_get_type (void);

/* Strict: exactly what dms_openpgp_signature_to_bytes() writes. */
DmsOpenpgpSignature *dms_openpgp_signature_new_from_data (const guint8 *data, gsize size, GError **error);
/* From what an OpenPGP program wrote, in any form of header, dropping what is not hashed. */
DmsOpenpgpSignature *dms_openpgp_signature_new_from_program (const guint8 *data, gsize size, GError **error);
DmsOpenpgpSignature *dms_openpgp_signature_ref (DmsOpenpgpSignature *self);
void dms_openpgp_signature_unref (DmsOpenpgpSignature *self);
GBytes *dms_openpgp_signature_to_bytes (DmsOpenpgpSignature *self);

/* Whether this is the signature of the data by the key. */
gboolean dms_openpgp_signature_verify (DmsOpenpgpSignature *self, const guint8 public_key[32],
                                       const void *data, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsOpenpgpSignature, dms_openpgp_signature_unref)

G_END_DECLS
