/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-candidates.h"

#include "swarm/dms-p2p-address.h"

enum
{
  /* IPv4 or IPv6, TCP or QUIC. */
  DMS_P2P_CANDIDATE_KINDS = 4,
};

typedef struct
{
  DmsMultiaddr *address;
  DmsP2pReachabilityScore score;
  DmsPeerId *asked;
  /* When in the row of all questions it was asked about last; 0 for never. */
  guint64 turn;
  /* The last answer speaks against what is believed. */
  gboolean is_doubted;
} DmsP2pCandidate;

struct _DmsP2pCandidates
{
  /* DmsP2pCandidate */
  GPtrArray *list;
  guint64 turn;
};

static void
dms_p2p_candidate_free (gpointer data)
{
  DmsP2pCandidate *self = data;

  g_clear_pointer (&self->address, dms_multiaddr_unref);
  g_clear_pointer (&self->asked, dms_peer_id_unref);
  g_free (self);
}

static guint
dms_p2p_candidate_get_kind (const DmsP2pCandidate *self)
{
  return (dms_p2p_address_is_ip6 (self->address) ? 2u : 0u) +
         (dms_p2p_address_is_quic (self->address) ? 1u : 0u);
}

DmsP2pCandidates *
dms_p2p_candidates_new (void)
{
  DmsP2pCandidates *self = g_new0 (DmsP2pCandidates, 1);

  self->list = g_ptr_array_new_with_free_func (dms_p2p_candidate_free);
  return self;
}

void
dms_p2p_candidates_free (DmsP2pCandidates *self)
{
  g_ptr_array_unref (self->list);
  g_free (self);
}

static DmsP2pCandidate *
dms_p2p_candidates_find (DmsP2pCandidates *self, DmsMultiaddr *address)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      DmsP2pCandidate *candidate = g_ptr_array_index (self->list, i);

      if (dms_multiaddr_equal (candidate->address, address))
        return candidate;
    }
  return NULL;
}

void
dms_p2p_candidates_set (DmsP2pCandidates *self, GPtrArray *addresses)
{
  for (guint i = self->list->len; i > 0; i--)
    {
      const DmsP2pCandidate *candidate = g_ptr_array_index (self->list, i - 1);

      if (!g_ptr_array_find_with_equal_func (
              addresses, candidate->address, (GEqualFunc) dms_multiaddr_equal, NULL))
        g_ptr_array_remove_index (self->list, i - 1);
    }
  for (guint i = 0; i < addresses->len; i++)
    {
      DmsP2pCandidate *candidate = NULL;

      if (dms_p2p_candidates_find (self, g_ptr_array_index (addresses, i)) != NULL)
        continue;
      candidate = g_new0 (DmsP2pCandidate, 1);
      candidate->address = dms_multiaddr_ref (g_ptr_array_index (addresses, i));
      g_ptr_array_add (self->list, candidate);
    }
}

static gboolean
dms_p2p_candidates_is_kind_known (DmsP2pCandidates *self, guint kind)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      const DmsP2pCandidate *candidate = g_ptr_array_index (self->list, i);

      if (dms_p2p_candidate_get_kind (candidate) == kind &&
          candidate->score.reachability != DMS_P2P_REACHABILITY_UNKNOWN)
        return TRUE;
    }
  return FALSE;
}

/* The one of which most is known already, so that something is known soon; of those, the one that waits
 * longest. */
static DmsP2pCandidate *
dms_p2p_candidates_choose (DmsP2pCandidates *self, guint kind)
{
  DmsP2pCandidate *best = NULL;

  for (guint i = 0; i < self->list->len; i++)
    {
      DmsP2pCandidate *candidate = g_ptr_array_index (self->list, i);

      if (dms_p2p_candidate_get_kind (candidate) != kind)
        continue;
      if (best == NULL || ABS (candidate->score.score) > ABS (best->score.score) ||
          (ABS (candidate->score.score) == ABS (best->score.score) && candidate->turn < best->turn))
        best = candidate;
    }
  return best;
}

/* One that is doubted before all others. */
static DmsP2pCandidate *
dms_p2p_candidates_find_oldest (DmsP2pCandidates *self)
{
  DmsP2pCandidate *oldest = NULL;

  for (guint i = 0; i < self->list->len; i++)
    {
      DmsP2pCandidate *candidate = g_ptr_array_index (self->list, i);

      if (oldest == NULL || (candidate->is_doubted && !oldest->is_doubted) ||
          (candidate->is_doubted == oldest->is_doubted && candidate->turn < oldest->turn))
        oldest = candidate;
    }
  return oldest;
}

GPtrArray *
dms_p2p_candidates_dup_next (DmsP2pCandidates *self)
{
  GPtrArray *next = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  const DmsP2pCandidate *oldest = dms_p2p_candidates_find_oldest (self);

  for (guint kind = 0; kind < DMS_P2P_CANDIDATE_KINDS; kind++)
    {
      const DmsP2pCandidate *candidate = dms_p2p_candidates_choose (self, kind);

      if (candidate != NULL && !dms_p2p_candidates_is_kind_known (self, kind))
        g_ptr_array_add (next, dms_multiaddr_ref (candidate->address));
    }
  if (next->len == 0 && oldest != NULL)
    g_ptr_array_add (next, dms_multiaddr_ref (oldest->address));
  return next;
}

DmsPeerId *
dms_p2p_candidates_get_asked (DmsP2pCandidates *self, DmsMultiaddr *address)
{
  const DmsP2pCandidate *candidate = dms_p2p_candidates_find (self, address);

  return candidate != NULL ? candidate->asked : NULL;
}

void
dms_p2p_candidates_note_asked (DmsP2pCandidates *self, DmsMultiaddr *address, DmsPeerId *peer)
{
  DmsP2pCandidate *candidate = dms_p2p_candidates_find (self, address);

  if (candidate == NULL)
    return;
  g_clear_pointer (&candidate->asked, dms_peer_id_unref);
  candidate->asked = dms_peer_id_ref (peer);
  candidate->turn = ++self->turn;
}

void
dms_p2p_candidates_note (DmsP2pCandidates *self, DmsMultiaddr *address, gboolean is_public)
{
  DmsP2pCandidate *candidate = dms_p2p_candidates_find (self, address);

  if (candidate == NULL)
    return;
  dms_p2p_reachability_score_note (&candidate->score, is_public);
  candidate->is_doubted =
      candidate->score.reachability != DMS_P2P_REACHABILITY_UNKNOWN &&
      is_public != (candidate->score.reachability == DMS_P2P_REACHABILITY_PUBLIC);
}

static gboolean
dms_p2p_candidates_is_known (DmsP2pCandidates *self)
{
  for (guint i = 0; i < self->list->len; i++)
    if (!dms_p2p_candidates_is_kind_known (self,
                                           dms_p2p_candidate_get_kind (g_ptr_array_index (self->list, i))))
      return FALSE;
  return self->list->len > 0;
}

gboolean
dms_p2p_candidates_is_settled (DmsP2pCandidates *self)
{
  for (guint i = 0; i < self->list->len; i++)
    if (((const DmsP2pCandidate *) g_ptr_array_index (self->list, i))->is_doubted)
      return FALSE;
  return dms_p2p_candidates_is_known (self);
}

DmsP2pReachability
dms_p2p_candidates_get_verdict (DmsP2pCandidates *self)
{
  g_autoptr (GPtrArray) good = dms_p2p_candidates_dup_public (self);

  if (good->len > 0)
    return DMS_P2P_REACHABILITY_PUBLIC;
  return dms_p2p_candidates_is_known (self) ? DMS_P2P_REACHABILITY_PRIVATE : DMS_P2P_REACHABILITY_UNKNOWN;
}

GPtrArray *
dms_p2p_candidates_dup_public (DmsP2pCandidates *self)
{
  GPtrArray *good = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; i < self->list->len; i++)
    {
      const DmsP2pCandidate *candidate = g_ptr_array_index (self->list, i);

      if (candidate->score.reachability == DMS_P2P_REACHABILITY_PUBLIC)
        g_ptr_array_add (good, dms_multiaddr_ref (candidate->address));
    }
  return good;
}
