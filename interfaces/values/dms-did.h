/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_DID (dms_did_get_type ())

DMS_EXPORT GType dms_did_get_type (void);

/* A decentralised identifier (W3C DID Core). The empty DID is `{}` in JSON and means nobody, or anybody. */
DMS_EXPORT DmsDid *dms_did_new (const char *uri, GError **error);
DMS_EXPORT DmsDid *dms_did_new_empty (void);
/* `did:key` of a raw public key: multicodec ed25519-pub, base58btc (W3C CCG did:key). */
DMS_EXPORT DmsDid *dms_did_new_for_ed25519 (const guint8 public_key[32]);
/* The text; empty for the empty DID. */
DMS_EXPORT const char *dms_did_get_uri (DmsDid *self);
DMS_EXPORT gboolean dms_did_is_empty (DmsDid *self);
/* Writes the raw key of a `did:key` of type Ed25519; FALSE for any other DID. */
DMS_EXPORT gboolean dms_did_get_ed25519 (DmsDid *self, guint8 public_key[32]);
DMS_EXPORT guint dms_did_hash (DmsDid *self);

DMS_EXPORT DmsDid *dms_did_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_did_to_json (DmsDid *self);
DMS_EXPORT DmsDid *dms_did_ref (DmsDid *self);
DMS_EXPORT void dms_did_unref (DmsDid *self);
DMS_EXPORT gboolean dms_did_equal (DmsDid *a, DmsDid *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDid, dms_did_unref)

G_END_DECLS
