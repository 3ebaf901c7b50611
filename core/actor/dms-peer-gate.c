/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-peer-gate.h"

#include "actor/dms-token-bucket.h"

#define SWEEP_INTERVAL_NS G_GUINT64_CONSTANT (1000000000)
/* Those for whom there is no place of their own. No peer ID is empty. */
#define OTHERS ""

struct _DmsPeerGate
{
  DmsLimit refused;
  GHashTable *peers;
  guint64 swept_ns;
};

DmsPeerGate *
dms_peer_gate_new (const DmsLimit *refused)
{
  DmsPeerGate *self = g_new0 (DmsPeerGate, 1);

  self->refused = *refused;
  self->peers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
dms_peer_gate_free (DmsPeerGate *self)
{
  g_hash_table_unref (self->peers);
  g_free (self);
}

static void
sweep (DmsPeerGate *self, guint64 now_ns)
{
  GHashTableIter iter;
  gpointer value;

  if (now_ns >= self->swept_ns && now_ns - self->swept_ns < SWEEP_INTERVAL_NS)
    return;
  self->swept_ns = now_ns;
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (dms_token_bucket_is_full (value, self->refused.rate, now_ns))
        g_hash_table_iter_remove (&iter);
    }
}

/* NULL for a peer that has done nothing, unless there is no place for its misdeeds. */
static DmsTokenBucket *
find (DmsPeerGate *self, const char *peer, guint64 now_ns)
{
  DmsTokenBucket *bucket = g_hash_table_lookup (self->peers, peer);

  if (bucket != NULL || g_hash_table_size (self->peers) < DMS_PEER_GATE_MAX_PEERS)
    return bucket;
  sweep (self, now_ns);
  return g_hash_table_size (self->peers) < DMS_PEER_GATE_MAX_PEERS
           ? NULL
           : g_hash_table_lookup (self->peers, OTHERS);
}

gboolean
dms_peer_gate_is_open (DmsPeerGate *self, const char *peer, guint64 now_ns)
{
  DmsTokenBucket *bucket = find (self, peer, now_ns);

  return bucket == NULL
         || dms_token_bucket_has_one (bucket, self->refused.rate, self->refused.burst, now_ns);
}

/* An answer that comes too late, or a queue of ours that is full, is nobody's fault. */
static gboolean
is_offence (DmsRefusal refusal)
{
  switch (refusal)
    {
    case DMS_REFUSAL_NO_INBOX:
    case DMS_REFUSAL_BUSY:
    case DMS_REFUSAL_NOT_REMEMBERED:
    case DMS_REFUSAL_TOO_MANY_AT_ONCE:
      return FALSE;
    default:
      return TRUE;
    }
}

void
dms_peer_gate_note (DmsPeerGate *self, const char *peer, DmsRefusal refusal, guint64 now_ns)
{
  DmsTokenBucket *bucket;

  if (!is_offence (refusal) || self->refused.rate <= 0)
    return;
  bucket = find (self, peer, now_ns);
  if (bucket == NULL)
    {
      gboolean full = g_hash_table_size (self->peers) >= DMS_PEER_GATE_MAX_PEERS;

      bucket = g_new0 (DmsTokenBucket, 1);
      g_hash_table_insert (self->peers, g_strdup (full ? OTHERS : peer), bucket);
    }
  dms_token_bucket_take (bucket, self->refused.rate, self->refused.burst, now_ns);
}

guint
dms_peer_gate_get_n_peers (DmsPeerGate *self)
{
  return g_hash_table_size (self->peers);
}
