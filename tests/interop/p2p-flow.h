/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>

#include "io/dms-p2p-stream.h"

G_BEGIN_DECLS

#define P2P_DIGEST_SIZE 32

typedef struct _P2pFlow P2pFlow;

/* What one side of a test protocol does with a stream. Each may be NULL. */
typedef struct
{
  /* Bytes came. */
  void (*take) (P2pFlow *self, const guint8 *data, gsize size);
  /* The other side has ended its half. */
  void (*heard_all) (P2pFlow *self);
  /* All that was to be sent is out; called each time the last of it is. */
  void (*sent_all) (P2pFlow *self);
  /* Both halves have ended, or @error. The flow is freed afterwards. */
  void (*done) (P2pFlow *self, const GError *error);
} P2pFlowPart;

/* One stream and what goes through it. Frees itself. */
struct _P2pFlow
{
  const P2pFlowPart *part;
  gpointer user_data;
  GDestroyNotify destroy;
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
  /* Goes out first. */
  GByteArray *queue;
  gsize queue_at;
  /* Then so many random bytes. */
  guint64 pour_left;
  guint64 poured;
  guint8 *block;
  gsize block_size;
  gsize block_at;
  gboolean is_hashing;
  gnutls_hash_hd_t out_hash;
  gnutls_hash_hd_t in_hash;
  guint64 received;
  gboolean is_ending;
  gboolean out_ended;
  gboolean in_ended;
  gboolean is_done;
  /* For the part. */
  GByteArray *kept;
  guint64 asked;
};

P2pFlow *
p2p_flow_new (DmsP2pStream *stream, const P2pFlowPart *part, gpointer user_data, GDestroyNotify destroy);
void p2p_flow_send (P2pFlow *self, const void *data, gsize size);
void p2p_flow_pour (P2pFlow *self, guint64 size, gboolean is_hashing);
/* Ends this half when all is out. */
void p2p_flow_end (P2pFlow *self);
/* From inside of a part's functions: the flow is freed when they return. */
void p2p_flow_reset (P2pFlow *self);
/* From outside of them. */
void p2p_flow_kill (P2pFlow *self);
/* SHA-256 of what was poured, or of what the part fed to in_hash; once. */
void p2p_flow_take_digest (gnutls_hash_hd_t *hash, guint8 digest[P2P_DIGEST_SIZE]);
void p2p_flow_hash (gnutls_hash_hd_t *hash, const void *data, gsize size);

G_END_DECLS
