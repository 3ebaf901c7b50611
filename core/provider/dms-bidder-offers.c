/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bidder-private.h"

#include "common/dms-json-object.h"

/* What was offered to whom. */

enum
{
  BID_SECONDS = 5 * 60,
  MAX_BIDS = 10000,
  MAX_ANSWERED = 1000,
  MAX_ANSWERED_IN_ALL = 20000,
};

/* What we offered for one ensemble. */
typedef struct
{
  DmsDid *requester;
  gint64 expires_us;
  /* Of the newest request that was answered; -1: none. */
  gint64 nonce;
  GHashTable *answered;
  /* Allocation ID → nonce that its commit came with. */
  GHashTable *commits;
} Bids;

static void
bids_free (gpointer data)
{
  Bids *bids = data;

  g_hash_table_unref (bids->answered);
  g_hash_table_unref (bids->commits);
  dms_did_unref (bids->requester);
  g_free (bids);
}

GHashTable *
dms_bidder_new_offers (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, bids_free);
}

static Bids *
ensure_bids (DmsBidder *self, const char *ensemble_id, DmsDid *requester)
{
  Bids *bids = g_hash_table_lookup (self->ensembles, ensemble_id);

  /* Somebody else's ensemble of the same ID: whoever came first keeps it. */
  if (bids != NULL && !dms_did_equal (bids->requester, requester))
    return NULL;
  if (bids == NULL)
    {
      if (g_hash_table_size (self->ensembles) >= MAX_BIDS)
        return NULL;
      bids = g_new0 (Bids, 1);
      bids->requester = dms_did_ref (requester);
      bids->nonce = -1;
      bids->answered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      bids->commits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      g_hash_table_insert (self->ensembles, g_strdup (ensemble_id), bids);
    }
  bids->expires_us = g_get_real_time () + (gint64) BID_SECONDS * G_USEC_PER_SEC;
  return bids;
}

/* Names one request among those of an ensemble. */
static char *
make_answer_key (JsonObject *payload, JsonObject *request)
{
  const char *node_id = dms_json_object_get_text (request, "NodeID");

  return g_strdup_printf (
      "%" G_GINT64_FORMAT "/%.256s", dms_bidder_get_nonce (payload), node_id != NULL ? node_id : "");
}

/* A request without a nonce is always a new one. */
gboolean
dms_bidder_was_answered (DmsBidder *self, const char *ensemble_id, JsonObject *payload, JsonObject *request)
{
  Bids *bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  g_autofree char *key = make_answer_key (payload, request);

  return bids != NULL && dms_bidder_get_nonce (payload) >= 0 && g_hash_table_contains (bids->answered, key);
}

gboolean
dms_bidder_note_answer (DmsBidder *self,
                        const char *ensemble_id,
                        DmsDid *requester,
                        JsonObject *payload,
                        JsonObject *request)
{
  g_autofree char *key = make_answer_key (payload, request);
  Bids *bids = ensure_bids (self, ensemble_id, requester);

  if (bids == NULL || g_hash_table_size (bids->answered) >= MAX_ANSWERED ||
      self->n_answered >= MAX_ANSWERED_IN_ALL)
    return FALSE;
  if (g_hash_table_add (bids->answered, g_steal_pointer (&key)))
    self->n_answered++;
  bids->nonce = MAX (bids->nonce, dms_bidder_get_nonce (payload));
  return TRUE;
}

/**
 * dms_bidder_check:
 * @self: a bidder
 * @ensemble_id: an ensemble
 * @requester: who asks for what was offered
 * @nonce: that of the newest request when it was asked; -1 where the requester does not say
 * @error: return location
 *
 * What belongs to an earlier attempt than the newest one that was answered came late: its requester has taken
 * it back already.
 *
 * Returns: when the offer ends, in microseconds since the epoch; 0 when there is none
 */
gint64
dms_bidder_check (DmsBidder *self, const char *ensemble_id, DmsDid *requester, gint64 nonce, GError **error)
{
  Bids *bids = NULL;

  g_return_val_if_fail (DMS_IS_BIDDER (self), 0);

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  if (bids == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "no bid requests for ensemble id %s", ensemble_id);
      return 0;
    }
  if (!dms_did_equal (bids->requester, requester))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_AUTHORIZED,
                   "the bid for ensemble id %s was made to somebody else",
                   ensemble_id);
      return 0;
    }
  if (bids->expires_us <= g_get_real_time ())
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_EXPIRED, "the bid for ensemble id %s has expired", ensemble_id);
      return 0;
    }
  if (nonce >= 0 && nonce < bids->nonce)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_WRONG_STATE,
                   "this belongs to an earlier attempt of ensemble %s, which has asked anew since",
                   ensemble_id);
      return 0;
    }
  return bids->expires_us;
}

gboolean
dms_bidder_has_bid (DmsBidder *self, const char *ensemble_id)
{
  const Bids *bids = NULL;

  g_return_val_if_fail (DMS_IS_BIDDER (self), FALSE);

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  return bids != NULL && bids->expires_us > g_get_real_time ();
}

/* Which attempt a commit belongs to is kept as long as the offer lasts. */
void
dms_bidder_note_commit (DmsBidder *self, const char *ensemble_id, const char *allocation_id, gint64 nonce)
{
  Bids *bids = NULL;

  g_return_if_fail (DMS_IS_BIDDER (self));

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  if (bids != NULL)
    g_hash_table_replace (bids->commits, g_strdup (allocation_id), g_memdup2 (&nonce, sizeof nonce));
}

/* -1 if the commit did not say, or is not known. */
gint64
dms_bidder_get_commit (DmsBidder *self, const char *ensemble_id, const char *allocation_id)
{
  Bids *bids = NULL;
  const gint64 *nonce = NULL;

  g_return_val_if_fail (DMS_IS_BIDDER (self), -1);

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  nonce = bids != NULL ? g_hash_table_lookup (bids->commits, allocation_id) : NULL;
  return nonce != NULL ? *nonce : -1;
}

/* (nullable) */
static void
forget_bids (DmsBidder *self, Bids *bids)
{
  if (bids != NULL)
    self->n_answered -= g_hash_table_size (bids->answered);
}

/**
 * dms_bidder_forget:
 * @self: a bidder
 * @ensemble_id: an ensemble
 * @nonce: offers that answer newer requests stay; -1: none does
 *
 * Takes back what was offered.
 */
void
dms_bidder_forget (DmsBidder *self, const char *ensemble_id, gint64 nonce)
{
  Bids *bids = NULL;

  g_return_if_fail (DMS_IS_BIDDER (self));

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  if (bids != NULL && nonce >= 0 && bids->nonce > nonce)
    return;
  forget_bids (self, bids);
  g_hash_table_remove (self->ensembles, ensemble_id);
}

gint64
dms_bidder_get_longest_us (void)
{
  return (gint64) BID_SECONDS * G_USEC_PER_SEC;
}

void
dms_bidder_sweep (DmsBidder *self)
{
  gint64 now = g_get_real_time ();
  GHashTableIter iter;
  gpointer bids;

  g_return_if_fail (DMS_IS_BIDDER (self));

  g_hash_table_iter_init (&iter, self->ensembles);
  while (g_hash_table_iter_next (&iter, NULL, &bids))
    {
      /* Nor do offers last longer where the clock was put back. */
      ((Bids *) bids)->expires_us = MIN (((Bids *) bids)->expires_us, now + dms_bidder_get_longest_us ());
      if (((Bids *) bids)->expires_us > now)
        continue;
      forget_bids (self, bids);
      g_hash_table_iter_remove (&iter);
    }
}
