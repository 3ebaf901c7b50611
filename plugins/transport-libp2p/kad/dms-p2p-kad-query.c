/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-query.h"

#include "kad/dms-p2p-kad-group.h"
#include "kad/dms-p2p-kad-limits.h"

enum
{
  /* Groups of one peer that count; a peer at more places is somewhere else in any case. Ours. */
  DMS_P2P_KAD_CANDIDATE_GROUPS = 4,
};

typedef enum
{
  DMS_P2P_KAD_HEARD,
  DMS_P2P_KAD_WAITING,
  DMS_P2P_KAD_ANSWERED,
  DMS_P2P_KAD_FAILED,
} DmsP2pKadState;

typedef struct
{
  DmsP2pKadPeer *peer;
  DmsP2pKadState state;
  guint hops;
  guint n_groups;
  guint64 groups[DMS_P2P_KAD_CANDIDATE_GROUPS];
} DmsP2pKadCandidate;

/* How often each group has been met on a way along the candidates. */
typedef struct
{
  guint n;
  struct
  {
    guint64 group;
    guint n;
  } groups[DMS_P2P_KAD_K * DMS_P2P_KAD_CANDIDATE_GROUPS];
} DmsP2pKadCrowd;

/* A way along the candidates that count, the closest first. */
typedef struct
{
  guint next;
  guint n_counted;
  DmsP2pKadCrowd crowd;
} DmsP2pKadWay;

struct _DmsP2pKadQuery
{
  DmsP2pKadKey target;
  DmsP2pKadKey self_key;
  /* DmsP2pKadCandidate, the closest first. */
  GPtrArray *candidates;
  /* DmsPeerId to DmsP2pKadCandidate; borrowed. */
  GHashTable *seen;
  guint n_waiting;
  guint n_requests;
  gboolean is_follow_up;
};

static void
dms_p2p_kad_candidate_free (gpointer data)
{
  DmsP2pKadCandidate *candidate = data;

  dms_p2p_kad_peer_unref (candidate->peer);
  g_free (candidate);
}

DmsP2pKadQuery *
dms_p2p_kad_query_new (const DmsP2pKadKey *target, const DmsP2pKadKey *self_key)
{
  DmsP2pKadQuery *self = g_new0 (DmsP2pKadQuery, 1);

  self->target = *target;
  self->self_key = *self_key;
  self->candidates = g_ptr_array_new_with_free_func (dms_p2p_kad_candidate_free);
  self->seen = g_hash_table_new ((GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal);
  return self;
}

void
dms_p2p_kad_query_free (DmsP2pKadQuery *self)
{
  g_hash_table_unref (self->seen);
  g_ptr_array_unref (self->candidates);
  g_free (self);
}

const DmsP2pKadKey *
dms_p2p_kad_query_get_target (DmsP2pKadQuery *self)
{
  return &self->target;
}

/* Who counts */

static guint *
dms_p2p_kad_crowd_find (DmsP2pKadCrowd *crowd, guint64 group)
{
  for (guint i = 0; i < crowd->n; i++)
    if (crowd->groups[i].group == group)
      return &crowd->groups[i].n;
  return NULL;
}

static gboolean
dms_p2p_kad_crowd_has_room (DmsP2pKadCrowd *crowd, const DmsP2pKadCandidate *candidate)
{
  for (guint i = 0; i < candidate->n_groups; i++)
    {
      const guint *n = dms_p2p_kad_crowd_find (crowd, candidate->groups[i]);

      if (n != NULL && *n >= DMS_P2P_KAD_GROUP_LOOKUP)
        return FALSE;
    }
  return TRUE;
}

static void
dms_p2p_kad_crowd_join (DmsP2pKadCrowd *crowd, const DmsP2pKadCandidate *candidate)
{
  for (guint i = 0; i < candidate->n_groups; i++)
    {
      guint *n = dms_p2p_kad_crowd_find (crowd, candidate->groups[i]);

      if (n != NULL)
        (*n)++;
      else if (crowd->n < G_N_ELEMENTS (crowd->groups))
        {
          crowd->groups[crowd->n].group = candidate->groups[i];
          crowd->groups[crowd->n++].n = 1;
        }
    }
}

/* The next candidate that counts; NULL after the k closest. The one that is looked for always counts. */
static DmsP2pKadCandidate *
dms_p2p_kad_query_walk (DmsP2pKadQuery *self, DmsP2pKadWay *way)
{
  while (way->n_counted < DMS_P2P_KAD_K && way->next < self->candidates->len)
    {
      DmsP2pKadCandidate *candidate = g_ptr_array_index (self->candidates, way->next++);

      if (candidate->state == DMS_P2P_KAD_FAILED)
        continue;
      if (!dms_p2p_kad_key_equal (dms_p2p_kad_peer_get_key (candidate->peer), &self->target))
        {
          if (!dms_p2p_kad_crowd_has_room (&way->crowd, candidate))
            continue;
          dms_p2p_kad_crowd_join (&way->crowd, candidate);
        }
      way->n_counted++;
      return candidate;
    }
  return NULL;
}

/* Candidates */

static void
dms_p2p_kad_candidate_add_group (DmsP2pKadCandidate *candidate, guint64 group)
{
  if (group == 0 || candidate->n_groups >= G_N_ELEMENTS (candidate->groups))
    return;
  for (guint i = 0; i < candidate->n_groups; i++)
    if (candidate->groups[i] == group)
      return;
  candidate->groups[candidate->n_groups++] = group;
}

static DmsP2pKadCandidate *
dms_p2p_kad_candidate_new (DmsP2pKadPeer *peer, guint hops)
{
  DmsP2pKadCandidate *candidate = g_new0 (DmsP2pKadCandidate, 1);
  GPtrArray *addresses = dms_p2p_kad_peer_get_addresses (peer);

  candidate->peer = dms_p2p_kad_peer_ref (peer);
  candidate->hops = hops;
  for (guint i = 0; i < addresses->len; i++)
    dms_p2p_kad_candidate_add_group (candidate, dms_p2p_kad_group_of (g_ptr_array_index (addresses, i)));
  return candidate;
}

static guint
dms_p2p_kad_query_find_place (DmsP2pKadQuery *self, const DmsP2pKadKey *key)
{
  guint low = 0;
  guint high = self->candidates->len;

  while (low < high)
    {
      guint middle = (low + high) / 2;
      const DmsP2pKadCandidate *candidate = g_ptr_array_index (self->candidates, middle);

      if (dms_p2p_kad_key_compare (&self->target, dms_p2p_kad_peer_get_key (candidate->peer), key) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Forgets the farthest that nothing is known of; those that were asked are not to be asked again. */
static gboolean
dms_p2p_kad_query_make_room (DmsP2pKadQuery *self)
{
  if (self->candidates->len < DMS_P2P_KAD_MAX_CANDIDATES)
    return TRUE;
  for (guint i = self->candidates->len; i > 0; i--)
    {
      const DmsP2pKadCandidate *candidate = g_ptr_array_index (self->candidates, i - 1);

      if (candidate->state != DMS_P2P_KAD_HEARD)
        continue;
      g_hash_table_remove (self->seen, dms_p2p_kad_peer_get_id (candidate->peer));
      g_ptr_array_remove_index (self->candidates, i - 1);
      return TRUE;
    }
  return FALSE;
}

static DmsP2pKadCandidate *
dms_p2p_kad_query_find (DmsP2pKadQuery *self, DmsP2pKadPeer *peer)
{
  return g_hash_table_lookup (self->seen, dms_p2p_kad_peer_get_id (peer));
}

void
dms_p2p_kad_query_add (DmsP2pKadQuery *self, DmsP2pKadPeer *peer, DmsP2pKadPeer *from)
{
  const DmsP2pKadKey *key = dms_p2p_kad_peer_get_key (peer);
  const DmsP2pKadCandidate *teller = from != NULL ? dms_p2p_kad_query_find (self, from) : NULL;
  DmsP2pKadCandidate *candidate = NULL;

  if (dms_p2p_kad_key_equal (key, &self->self_key) || dms_p2p_kad_query_find (self, peer) != NULL ||
      !dms_p2p_kad_query_make_room (self))
    return;
  candidate = dms_p2p_kad_candidate_new (peer, teller != NULL ? teller->hops + 1 : 1);
  g_ptr_array_insert (self->candidates, (int) dms_p2p_kad_query_find_place (self, key), candidate);
  g_hash_table_insert (self->seen, dms_p2p_kad_peer_get_id (candidate->peer), candidate);
}

/* The way */

DmsP2pKadPeer *
dms_p2p_kad_query_next (DmsP2pKadQuery *self)
{
  DmsP2pKadWay way = { 0 };
  DmsP2pKadCandidate *candidate = NULL;

  if (self->n_waiting >= DMS_P2P_KAD_ALPHA || self->n_requests >= DMS_P2P_KAD_MAX_REQUESTS)
    return NULL;
  candidate = dms_p2p_kad_query_walk (self, &way);
  while (candidate != NULL && candidate->state != DMS_P2P_KAD_HEARD)
    candidate = dms_p2p_kad_query_walk (self, &way);
  if (candidate == NULL)
    return NULL;
  candidate->state = DMS_P2P_KAD_WAITING;
  self->n_waiting++;
  self->n_requests++;
  return candidate->peer;
}

static DmsP2pKadCandidate *
dms_p2p_kad_query_end_waiting (DmsP2pKadQuery *self, DmsP2pKadPeer *peer, DmsP2pKadState state)
{
  DmsP2pKadCandidate *candidate = dms_p2p_kad_query_find (self, peer);

  if (candidate == NULL || candidate->state != DMS_P2P_KAD_WAITING)
    return NULL;
  candidate->state = state;
  self->n_waiting--;
  return candidate;
}

void
dms_p2p_kad_query_note_answered (DmsP2pKadQuery *self, DmsP2pKadPeer *peer, guint64 group)
{
  DmsP2pKadCandidate *candidate = dms_p2p_kad_query_end_waiting (self, peer, DMS_P2P_KAD_ANSWERED);

  if (candidate == NULL)
    return;
  candidate->n_groups = 0;
  dms_p2p_kad_candidate_add_group (candidate, group);
}

void
dms_p2p_kad_query_note_failed (DmsP2pKadQuery *self, DmsP2pKadPeer *peer)
{
  dms_p2p_kad_query_end_waiting (self, peer, DMS_P2P_KAD_FAILED);
}

void
dms_p2p_kad_query_follow_up (DmsP2pKadQuery *self)
{
  self->is_follow_up = TRUE;
}

gboolean
dms_p2p_kad_query_is_done (DmsP2pKadQuery *self)
{
  DmsP2pKadWay way = { 0 };
  guint n_needed = self->is_follow_up ? DMS_P2P_KAD_K : DMS_P2P_KAD_BETA;
  gboolean may_ask = self->n_requests < DMS_P2P_KAD_MAX_REQUESTS;
  const DmsP2pKadCandidate *candidate = dms_p2p_kad_query_walk (self, &way);

  while (candidate != NULL && way.n_counted <= n_needed)
    {
      if (candidate->state == DMS_P2P_KAD_WAITING)
        return FALSE;
      if (candidate->state == DMS_P2P_KAD_HEARD && (may_ask || self->n_waiting > 0))
        return FALSE;
      candidate = dms_p2p_kad_query_walk (self, &way);
    }
  return TRUE;
}

GPtrArray *
dms_p2p_kad_query_list_closest (DmsP2pKadQuery *self, guint n, gboolean answered)
{
  GPtrArray *peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  DmsP2pKadWay way = { 0 };
  const DmsP2pKadCandidate *candidate = dms_p2p_kad_query_walk (self, &way);

  while (candidate != NULL && peers->len < n)
    {
      if (!answered || candidate->state == DMS_P2P_KAD_ANSWERED)
        g_ptr_array_add (peers, dms_p2p_kad_peer_ref (candidate->peer));
      candidate = dms_p2p_kad_query_walk (self, &way);
    }
  return peers;
}

guint
dms_p2p_kad_query_get_n_requests (DmsP2pKadQuery *self)
{
  return self->n_requests;
}

guint
dms_p2p_kad_query_get_hops (DmsP2pKadQuery *self)
{
  DmsP2pKadWay way = { 0 };
  const DmsP2pKadCandidate *candidate = dms_p2p_kad_query_walk (self, &way);

  while (candidate != NULL && candidate->state != DMS_P2P_KAD_ANSWERED)
    candidate = dms_p2p_kad_query_walk (self, &way);
  return candidate != NULL ? candidate->hops : 0;
}
