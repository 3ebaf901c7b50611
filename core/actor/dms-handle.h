/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"
#include "identity/dms-key.h"

G_BEGIN_DECLS

#define DMS_TYPE_HANDLE (dms_handle_get_type ())

/* Who an actor is and where: {"id":{"pub"},"did":{"uri"},"addr":{"host","inbox"}}. Immutable and counted. */
typedef struct _DmsHandle DmsHandle;

GType dms_handle_get_type (void);

/* All (nullable). @id: the base32 actor ID; @host: a peer ID. */
DmsHandle *dms_handle_new (const char *id, DmsDid *did, const char *host, const char *inbox);
/* The handle of an actor with this key, on this peer, of this owner. */
DmsHandle *dms_handle_new_for_key (DmsKey *key, DmsDid *did, DmsPeerId *host, const char *inbox);
/* (nullable): an actor of a peer that has the peer's own key, as root actors do. NULL when the peer ID does
 * not hold an Ed25519 key. */
DmsHandle *dms_handle_new_for_peer (DmsPeerId *peer, const char *inbox);
/* The destination of a broadcast. */
DmsHandle *dms_handle_new_empty (void);
DmsHandle *dms_handle_new_from_json (JsonNode *node, GError **error);
DmsHandle *dms_handle_new_from_data (const char *data, gsize size, GError **error);
DmsHandle *dms_handle_ref (DmsHandle *self);
void dms_handle_unref (DmsHandle *self);
gboolean dms_handle_equal (DmsHandle *a, DmsHandle *b);
guint dms_handle_hash (DmsHandle *self);

/* None of these is NULL; what is not there is "" or the empty DID. */
const char *dms_handle_get_id (DmsHandle *self);
DmsDid *dms_handle_get_did (DmsHandle *self);
const char *dms_handle_get_host (DmsHandle *self);
const char *dms_handle_get_inbox (DmsHandle *self);
/* The bytes of all its texts together. */
gsize dms_handle_get_text_size (DmsHandle *self);
gboolean dms_handle_is_empty (DmsHandle *self);
/* Writes the raw key of the ID; FALSE when the ID is not a proper Ed25519 one. */
gboolean dms_handle_get_ed25519 (DmsHandle *self, guint8 public_key[32]);

JsonNode *dms_handle_to_json (DmsHandle *self);
/* Compact, byte for byte as on the wire. */
char *dms_handle_to_string (DmsHandle *self);
void dms_handle_write (DmsHandle *self, DmsWireWriter *writer, const char *name);
DmsHandle *dms_handle_read (DmsWireReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsHandle, dms_handle_unref)

G_END_DECLS
