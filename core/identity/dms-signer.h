/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_SIGNER (dms_signer_get_type ())

/* What signs for a DID: a key in memory (DmsKeySigner), or one that stays elsewhere (DmsOpenpgpSigner). */
G_DECLARE_DERIVABLE_TYPE (DmsSigner, dms_signer, DMS, SIGNER, GObject)

/**
 * DmsSignerClass:
 * @get_did: whose signatures these are; borrowed, the same for the signer's whole life
 * @sign: the signature of the bytes, in a form that dms_signer_check() takes for that DID
 */
struct _DmsSignerClass
{
  GObjectClass parent_class;

  DmsDid *(*get_did) (DmsSigner *self);
  GBytes *(*sign) (DmsSigner *self, GBytes *bytes, GError **error);
};

DmsDid *dms_signer_get_did (DmsSigner *self);
/* May ask a person and take long, unless the signer is a DmsKeySigner. A signer that asks shows what is in
 * @bytes, so that what is shown and what is signed cannot differ. */
GBytes *dms_signer_sign (DmsSigner *self, GBytes *bytes, GError **error);

/* Whether a signer of this DID, of either kind, made this signature of the bytes. @signature: (nullable). */
gboolean dms_signer_check (DmsDid *did, GBytes *bytes, GBytes *signature);

G_END_DECLS
