/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What is revoked: as the owner says, and as others say who prove it by the issuer's signature. */

#include "capability/dms-capability-context-private.h"

#include <string.h>

static gboolean
check_revocation (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (dms_token_get_action (token) != DMS_TOKEN_ACTION_REVOKE)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot anchor a token of action “%s” as a revocation",
                   dms_token_action_to_string (dms_token_get_action (token)));
      return FALSE;
    }
  if (dms_capability_context_verify (self, token, now_ns, &local))
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&local), "cannot anchor this revocation: ");
  return FALSE;
}

/* A later expiry of the same revocation wins. */
static void
add_revocation (DmsCapabilityContext *self, DmsToken *token)
{
  g_autofree char *id = dms_token_dup_revocation_id (token);

  for (guint i = self->revoke->len; i > 0; i--)
    {
      DmsToken *other = g_ptr_array_index (self->revoke, i - 1);
      g_autofree char *other_id = dms_token_dup_revocation_id (other);

      if (!g_str_equal (id, other_id))
        continue;
      if (g_hash_table_contains (self->revoked, id)
          && dms_token_get_expiry_ns (other) >= dms_token_get_expiry_ns (token))
        return;
      g_ptr_array_remove_index (self->revoke, i - 1);
    }
  g_ptr_array_add (self->revoke, dms_token_ref (token));
  dms_capability_context_note_expiry (self, token);
}

gboolean
dms_capability_context_anchor_revoke (DmsCapabilityContext *self, DmsTokenList *tokens, GError **error)
{
  guint64 now_ns = dms_capability_context_look (self);
  guint size = dms_token_list_get_size (tokens);

  if (size == 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot anchor: the list of revocations is empty");
      return FALSE;
    }
  if (self->revoke->len + size > DMS_REVOCATIONS_MAX)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "cannot anchor more than %d revocations",
                   DMS_REVOCATIONS_MAX);
      return FALSE;
    }
  for (guint i = 0; i < size; i++)
    if (!check_revocation (self, dms_token_list_get (tokens, i), now_ns, error))
      return FALSE;
  for (guint i = 0; i < size; i++)
    add_revocation (self, dms_token_list_get (tokens, i));
  dms_capability_context_update_revoked (self);
  return TRUE;
}

/* How much room everybody has taken, while revocations are learned. */
typedef struct
{
  DmsCapabilityContext *context;
  /* The URIs of all who are named in an anchor. */
  GHashTable *known;
  /* How many revocations of each issuer there are. */
  GHashTable *counts;
  guint others;
} Shares;

static void
add_known (Shares *shares, DmsToken *token)
{
  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    {
      g_hash_table_add (shares->known, (gpointer) dms_did_get_uri (dms_token_get_issuer (link)));
      g_hash_table_add (shares->known, (gpointer) dms_did_get_uri (dms_token_get_subject (link)));
    }
}

static void
add_all_known (Shares *shares, GPtrArray *tokens)
{
  for (guint i = 0; i < tokens->len; i++)
    add_known (shares, g_ptr_array_index (tokens, i));
}

static gboolean
is_known (Shares *shares, DmsToken *token)
{
  return g_hash_table_contains (shares->known, dms_did_get_uri (dms_token_get_issuer (token)));
}

static guint
get_count (Shares *shares, DmsToken *token)
{
  const char *issuer = dms_did_get_uri (dms_token_get_issuer (token));

  return GPOINTER_TO_UINT (g_hash_table_lookup (shares->counts, issuer));
}

static void
add_count (Shares *shares, DmsToken *token, int step)
{
  guint count = (guint) ((int) get_count (shares, token) + step);

  g_hash_table_replace (shares->counts, g_strdup (dms_did_get_uri (dms_token_get_issuer (token))),
                        GUINT_TO_POINTER (count));
  if (!is_known (shares, token))
    shares->others = (guint) ((int) shares->others + step);
}

static void
shares_init (Shares *shares, DmsCapabilityContext *context)
{
  shares->context = context;
  shares->known = g_hash_table_new (g_str_hash, g_str_equal);
  shares->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (shares->known, (gpointer) dms_did_get_uri (context->did));
  for (guint i = 0; i < context->roots->len; i++)
    g_hash_table_add (shares->known, (gpointer) dms_did_get_uri (g_ptr_array_index (context->roots, i)));
  add_all_known (shares, context->require);
  add_all_known (shares, context->provide);
  for (guint i = 0; i < context->held->len; i++)
    add_known (shares, ((DmsHeldToken *) g_ptr_array_index (context->held, i))->token);
  for (guint i = 0; i < context->revoke->len; i++)
    add_count (shares, g_ptr_array_index (context->revoke, i), 1);
}

static void
shares_clear (Shares *shares)
{
  g_clear_pointer (&shares->known, g_hash_table_unref);
  g_clear_pointer (&shares->counts, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Shares, shares_clear)

/* Whose revocations a new one may take the place of. */
typedef enum
{
  RIVALS_NONE,
  RIVALS_SAME_ISSUER,
  RIVALS_OTHERS,
} Rivals;

static Rivals
find_rivals (Shares *shares, DmsToken *token)
{
  gboolean known = is_known (shares, token);
  guint share = known ? DMS_REVOCATIONS_PER_KNOWN_ISSUER : DMS_REVOCATIONS_PER_ISSUER;

  if (get_count (shares, token) >= share)
    return RIVALS_SAME_ISSUER;
  if (shares->context->revoke->len >= DMS_REVOCATIONS_LEARNED
      || (!known && shares->others >= DMS_REVOCATIONS_OF_OTHERS))
    return shares->others > 0 ? RIVALS_OTHERS : RIVALS_SAME_ISSUER;
  return RIVALS_NONE;
}

static gboolean
is_rival (Shares *shares, DmsToken *other, DmsToken *token, Rivals rivals)
{
  if (rivals == RIVALS_SAME_ISSUER)
    return dms_did_equal (dms_token_get_issuer (other), dms_token_get_issuer (token));
  return !is_known (shares, other);
}

/* Makes room for a revocation; FALSE when there is none. Those of known issuers go before those of others. */
static gboolean
make_room (Shares *shares, DmsToken *token)
{
  GPtrArray *all = shares->context->revoke;
  Rivals rivals = find_rivals (shares, token);
  DmsToken *last = NULL;

  if (rivals == RIVALS_NONE)
    return TRUE;
  for (guint i = 0; i < all->len; i++)
    {
      DmsToken *other = g_ptr_array_index (all, i);

      if (is_rival (shares, other, token, rivals)
          && (last == NULL || dms_token_get_expiry_ns (other) > dms_token_get_expiry_ns (last)))
        last = other;
    }
  if (last == NULL)
    return FALSE;
  if (dms_token_get_expiry_ns (last) <= dms_token_get_expiry_ns (token)
      && !(rivals == RIVALS_OTHERS && is_known (shares, token)))
    return FALSE;
  add_count (shares, last, -1);
  g_ptr_array_remove (all, last);
  return TRUE;
}

/* Signed by its issuer, still of use, and not known. */
static gboolean
is_news (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns)
{
  g_autofree char *id = dms_token_dup_revocation_id (token);
  DmsToken *other = g_hash_table_lookup (self->revoked, id);

  if (dms_token_get_action (token) != DMS_TOKEN_ACTION_REVOKE
      || (other != NULL && dms_token_get_expiry_ns (other) >= dms_token_get_expiry_ns (token)))
    return FALSE;
  return dms_capability_context_verify (self, token, now_ns, NULL);
}

guint
dms_capability_context_count_news (DmsCapabilityContext *self, DmsTokenList *tokens)
{
  guint64 now_ns = dms_capability_context_look (self);
  guint news = 0;

  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    if (is_news (self, dms_token_list_get (tokens, i), now_ns))
      news++;
  return news;
}

/* Takes one revocation, within the shares. */
static gboolean
learn (Shares *shares, DmsToken *token)
{
  DmsCapabilityContext *self = shares->context;
  g_autofree char *id = dms_token_dup_revocation_id (token);
  g_autoptr (DmsToken) older = g_hash_table_lookup (self->revoked, id);

  if (older != NULL)
    dms_token_ref (older);
  if (older != NULL && g_ptr_array_remove (self->revoke, older))
    add_count (shares, older, -1);
  else if (!make_room (shares, token))
    return FALSE;
  add_count (shares, token, 1);
  g_ptr_array_add (self->revoke, dms_token_ref (token));
  g_hash_table_replace (self->revoked, g_steal_pointer (&id), dms_token_ref (token));
  dms_capability_context_note_expiry (self, token);
  return TRUE;
}

guint
dms_capability_context_learn_revocations (DmsCapabilityContext *self, DmsTokenList *tokens)
{
  guint64 now_ns = dms_capability_context_look (self);
  guint refused = 0;
  guint taken = 0;
  g_auto (Shares) shares = { 0 };

  shares_init (&shares, self);
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    {
      DmsToken *token = dms_token_list_get (tokens, i);

      if (!is_news (self, token, now_ns))
        continue;
      if (learn (&shares, token))
        taken++;
      else
        refused++;
    }
  if (refused > 0)
    g_info ("%u revocations are not kept: their issuers have no room left", refused);
  if (taken > 0)
    dms_capability_context_update_revoked (self);
  return taken;
}

/* A revocation and its place in the order. */
typedef struct
{
  char *digest;
  DmsToken *token;
} Place;

static void
place_clear (gpointer data)
{
  g_free (((Place *) data)->digest);
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Place *) a)->digest, ((const Place *) b)->digest);
}

DmsTokenList *
dms_capability_context_list_revocations (DmsCapabilityContext *self, const char *after, guint max,
                                         char **next)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_autoptr (GPtrArray) part = dms_capability_context_new_array ();
  GHashTableIter iter;
  gpointer id;
  gpointer token;

  dms_capability_context_look (self);
  g_array_set_clear_func (places, place_clear);
  g_hash_table_iter_init (&iter, self->revoked);
  while (g_hash_table_iter_next (&iter, &id, &token))
    {
      Place place = { g_compute_checksum_for_string (G_CHECKSUM_SHA256, id, -1), token };

      /* What is only withdrawn has no revocation to show. */
      if (dms_token_get_action (token) == DMS_TOKEN_ACTION_REVOKE
          && (after == NULL || strcmp (place.digest, after) > 0))
        g_array_append_val (places, place);
      else
        place_clear (&place);
    }
  g_array_sort (places, compare_places);
  for (guint i = 0; i < places->len && i < max; i++)
    g_ptr_array_add (part, dms_token_ref (g_array_index (places, Place, i).token));
  *next = max > 0 && places->len > max ? g_strdup (g_array_index (places, Place, max - 1).digest) : NULL;
  return dms_token_list_new (part);
}
