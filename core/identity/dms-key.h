/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_KEY (dms_key_get_type ())
#define DMS_KEY_SEED_SIZE 32
#define DMS_KEY_PUBLIC_SIZE 32
#define DMS_KEY_SIGNATURE_SIZE 64

/* An Ed25519 key pair (RFC 8032). Immutable and counted; the secret half lives in guarded memory. */
typedef struct _DmsKey DmsKey;

GType dms_key_get_type (void);

DmsKey *dms_key_generate (void);
DmsKey *dms_key_new_from_seed (const guint8 seed[DMS_KEY_SEED_SIZE]);
/* From libp2p's protobuf private key: 08 01 12 40, seed, public key. The halves must belong together. */
DmsKey *dms_key_new_from_protobuf (const guint8 *data, gsize size, GError **error);
/* The child key of this name: always the same for the same key and label, and telling nothing of either. */
DmsKey *dms_key_derive (DmsKey *self, const char *label);
DmsKey *dms_key_ref (DmsKey *self);
void dms_key_unref (DmsKey *self);
gboolean dms_key_equal (DmsKey *a, DmsKey *b);

void dms_key_sign (DmsKey *self, const void *data, gsize size, guint8 signature[DMS_KEY_SIGNATURE_SIZE]);

/* The 32 raw bytes of the public key. */
const guint8 *dms_key_get_public (DmsKey *self);
DmsDid *dms_key_get_did (DmsKey *self);
DmsPeerId *dms_key_get_peer_id (DmsKey *self);
DmsDid *dms_key_dup_did (DmsKey *self);
DmsPeerId *dms_key_dup_peer_id (DmsKey *self);
/* The actor ID: padded base32 of the protobuf public key. */
char *dms_key_dup_id_pub (DmsKey *self);
/* Both of these wipe their memory when the last reference to the bytes goes. */
GBytes *dms_key_dup_protobuf (DmsKey *self);
GBytes *dms_key_dup_seed (DmsKey *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsKey, dms_key_unref)

G_END_DECLS
