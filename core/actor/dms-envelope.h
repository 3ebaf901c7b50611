/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-handle.h"

G_BEGIN_DECLS

#define DMS_TYPE_ENVELOPE (dms_envelope_get_type ())
/* The most bytes of one message on the wire (libp2p.md section 1). */
#define DMS_ENVELOPE_MAX_SIZE (1024 * 1024)

/* A signed message between actors (types.md section 1). Immutable, counted. Times are ns since the epoch. */
typedef struct _DmsEnvelope DmsEnvelope;

GType dms_envelope_get_type (void);

/* Reads a message. It is well formed then; its signature is not verified yet. */
DmsEnvelope *dms_envelope_new_from_bytes (GBytes *bytes, GError **error);
DmsEnvelope *dms_envelope_new_from_data (const char *data, gsize size, GError **error);
/* Makes and signs a message. @to: the empty handle for a broadcast; @reply_behaviour, @topic, @payload,
 * @capability: (nullable). @key is the key of @from's ID. */
DmsEnvelope *dms_envelope_new_signed (DmsKey *key, DmsHandle *to, const char *behaviour, DmsHandle *from,
                                      guint64 nonce, guint64 expiry_ns, const char *reply_behaviour,
                                      const char *topic, GBytes *payload, GBytes *capability);
/* A message that never leaves this process: neither signed nor given tokens. @authority is the capability
 * context of the node whose actor @from is and which speaks for it to its own actors. */
DmsEnvelope *dms_envelope_new_own (GObject *authority, DmsHandle *to, const char *behaviour, DmsHandle *from,
                                   guint64 nonce, guint64 expiry_ns, const char *reply_behaviour,
                                   GBytes *payload);
/* (nullable): that of a message of this process; NULL for all that was signed. */
GObject *dms_envelope_get_authority (DmsEnvelope *self);
/* A number for the next message. */
guint64 dms_envelope_make_nonce (void);
DmsEnvelope *dms_envelope_ref (DmsEnvelope *self);
void dms_envelope_unref (DmsEnvelope *self);

/* Compact JSON, byte for byte as on the wire. */
GBytes *dms_envelope_to_bytes (DmsEnvelope *self);
char *dms_envelope_to_string (DmsEnvelope *self);
/* At least the bytes it takes on the wire, told without writing it. */
gsize dms_envelope_get_size_bound (DmsEnvelope *self);
/* "dms:msg:" and the message without its signature. */
GBytes *dms_envelope_dup_signed_bytes (DmsEnvelope *self);
/* Whether the message was signed by the key in from.id. Computed once; may be called from any thread. */
gboolean dms_envelope_verify_signature (DmsEnvelope *self);
/* Whether that is known already, and so. */
gboolean dms_envelope_is_verified (DmsEnvelope *self);

DmsHandle *dms_envelope_get_to (DmsEnvelope *self);
const char *dms_envelope_get_behaviour (DmsEnvelope *self);
DmsHandle *dms_envelope_get_from (DmsEnvelope *self);
guint64 dms_envelope_get_nonce (DmsEnvelope *self);
guint64 dms_envelope_get_expiry_ns (DmsEnvelope *self);
/* Both are "" when there is none. */
const char *dms_envelope_get_reply_behaviour (DmsEnvelope *self);
const char *dms_envelope_get_topic (DmsEnvelope *self);
/* All three are NULL when there is none. */
GBytes *dms_envelope_get_payload (DmsEnvelope *self);
GBytes *dms_envelope_get_capability (DmsEnvelope *self);
GBytes *dms_envelope_get_signature (DmsEnvelope *self);
/* No destination, and a topic. */
gboolean dms_envelope_is_broadcast (DmsEnvelope *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsEnvelope, dms_envelope_unref)

G_END_DECLS
