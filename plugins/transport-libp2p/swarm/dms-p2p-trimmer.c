/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-trimmer.h"

enum
{
  /* Peers with weights; beyond half of it those that are gone are forgotten. */
  DMS_P2P_TRIMMER_MAX_WEIGHTS = 8192,
};

struct _DmsP2pTrimmer
{
  guint low;
  guint high;
  guint grace_s;
  /* DmsPeerId to a set of tags. */
  GHashTable *protections;
  /* DmsPeerId to a table of tag to weight. */
  GHashTable *weights;
};

/* A connection and what speaks for it. */
typedef struct
{
  DmsP2pConnection *connection;
  gint64 weight;
  guint n_streams;
  gint64 opened_us;
} DmsP2pCandidate;

static GHashTable *
dms_p2p_trimmer_new_table (void)
{
  return g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                (GEqualFunc) dms_peer_id_equal,
                                (GDestroyNotify) dms_peer_id_unref,
                                (GDestroyNotify) g_hash_table_unref);
}

DmsP2pTrimmer *
dms_p2p_trimmer_new (void)
{
  DmsP2pTrimmer *self = g_new0 (DmsP2pTrimmer, 1);

  self->protections = dms_p2p_trimmer_new_table ();
  self->weights = dms_p2p_trimmer_new_table ();
  dms_p2p_trimmer_set_marks (self, DMS_P2P_TRIMMER_LOW, DMS_P2P_TRIMMER_HIGH, DMS_P2P_TRIMMER_GRACE_S);
  return self;
}

void
dms_p2p_trimmer_free (DmsP2pTrimmer *self)
{
  g_hash_table_unref (self->protections);
  g_hash_table_unref (self->weights);
  g_free (self);
}

void
dms_p2p_trimmer_set_marks (DmsP2pTrimmer *self, guint low, guint high, guint grace_s)
{
  self->high = high;
  self->low = MIN (low, high);
  self->grace_s = grace_s;
}

guint
dms_p2p_trimmer_get_high (DmsP2pTrimmer *self)
{
  return self->high;
}

guint
dms_p2p_trimmer_get_grace_s (DmsP2pTrimmer *self)
{
  return self->grace_s;
}

static void
dms_p2p_trimmer_insert (GHashTable *table, DmsPeerId *peer, const char *tag, int weight)
{
  GHashTable *tags = g_hash_table_lookup (table, peer);

  if (tags == NULL)
    {
      tags = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert (table, dms_peer_id_ref (peer), tags);
    }
  g_hash_table_insert (tags, g_strdup (tag), GINT_TO_POINTER (weight));
}

/* Whether any tag is left. */
static gboolean
dms_p2p_trimmer_remove (GHashTable *table, DmsPeerId *peer, const char *tag)
{
  GHashTable *tags = g_hash_table_lookup (table, peer);

  if (tags == NULL)
    return FALSE;
  g_hash_table_remove (tags, tag);
  if (g_hash_table_size (tags) > 0)
    return TRUE;
  g_hash_table_remove (table, peer);
  return FALSE;
}

void
dms_p2p_trimmer_protect (DmsP2pTrimmer *self, DmsPeerId *peer, const char *tag)
{
  dms_p2p_trimmer_insert (self->protections, peer, tag, 1);
}

gboolean
dms_p2p_trimmer_unprotect (DmsP2pTrimmer *self, DmsPeerId *peer, const char *tag)
{
  return dms_p2p_trimmer_remove (self->protections, peer, tag);
}

void
dms_p2p_trimmer_tag (DmsP2pTrimmer *self, DmsPeerId *peer, const char *tag, int weight)
{
  if (weight != 0 && g_hash_table_size (self->weights) >= DMS_P2P_TRIMMER_MAX_WEIGHTS &&
      !g_hash_table_contains (self->weights, peer))
    return;
  if (weight != 0)
    dms_p2p_trimmer_insert (self->weights, peer, tag, weight);
  else
    dms_p2p_trimmer_remove (self->weights, peer, tag);
}

void
dms_p2p_trimmer_note_gone (DmsP2pTrimmer *self, DmsPeerId *peer)
{
  if (g_hash_table_size (self->weights) > DMS_P2P_TRIMMER_MAX_WEIGHTS / 2)
    g_hash_table_remove (self->weights, peer);
}

gint64
dms_p2p_trimmer_get_weight (DmsP2pTrimmer *self, DmsPeerId *peer)
{
  GHashTable *tags = g_hash_table_lookup (self->weights, peer);
  GHashTableIter iter;
  gpointer value;
  gint64 sum = 0;

  if (tags == NULL)
    return 0;
  g_hash_table_iter_init (&iter, tags);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    sum += GPOINTER_TO_INT (value);
  return sum;
}

/* Who goes first comes first: of the least weight, then with the fewest streams, then the youngest. The old
 * ones have proved themselves, and a crowd of new ones must not drive them out. */
static gint
dms_p2p_candidate_compare (gconstpointer a, gconstpointer b)
{
  const DmsP2pCandidate *left = a;
  const DmsP2pCandidate *right = b;

  if (left->weight != right->weight)
    return left->weight < right->weight ? -1 : 1;
  if (left->n_streams != right->n_streams)
    return left->n_streams < right->n_streams ? -1 : 1;
  return left->opened_us > right->opened_us ? -1 : left->opened_us < right->opened_us;
}

GPtrArray *
dms_p2p_trimmer_choose (DmsP2pTrimmer *self, GPtrArray *connections, gint64 now_us)
{
  GPtrArray *chosen = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GArray) candidates = g_array_new (FALSE, FALSE, sizeof (DmsP2pCandidate));
  guint surplus = connections->len > self->high ? connections->len - self->low : 0;

  for (guint i = 0; surplus > 0 && i < connections->len; i++)
    {
      DmsP2pConnection *connection = connections->pdata[i];
      DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
      DmsP2pCandidate candidate = {
        connection,
        dms_p2p_trimmer_get_weight (self, peer),
        dms_p2p_connection_get_n_streams (connection),
        dms_p2p_connection_get_opened_us (connection),
      };

      if (g_hash_table_contains (self->protections, peer) ||
          now_us - candidate.opened_us < (gint64) self->grace_s * G_USEC_PER_SEC)
        continue;
      g_array_append_val (candidates, candidate);
    }
  g_array_sort (candidates, dms_p2p_candidate_compare);
  for (guint i = 0; i < MIN (surplus, candidates->len); i++)
    g_ptr_array_add (chosen, g_object_ref (g_array_index (candidates, DmsP2pCandidate, i).connection));
  return chosen;
}
