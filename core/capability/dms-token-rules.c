/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-token-rules.h"

static gboolean
all_capabilities_implied (DmsToken *token, const char * const *asked)
{
  for (guint i = 0; asked != NULL && asked[i] != NULL; i++)
    if (!dms_token_implies (token, asked[i]))
      return FALSE;
  return TRUE;
}

static gboolean
all_topics_implied (DmsToken *token, const char * const *asked)
{
  for (guint i = 0; asked != NULL && asked[i] != NULL; i++)
    if (!dms_token_implies_topic (token, asked[i]))
      return FALSE;
  return TRUE;
}

/* An empty audience is anybody. */
static gboolean
audience_fits (DmsToken *parent, DmsDid *audience)
{
  DmsDid *own = dms_token_get_audience (parent);

  return dms_did_is_empty (own) || (audience != NULL && dms_did_equal (own, audience));
}

/* What forbids this token as a child of its parent; NULL when nothing does. */
static const char *
find_chain_fault (DmsToken *token, DmsToken *parent)
{
  if (dms_token_get_action (parent) != DMS_TOKEN_ACTION_DELEGATE)
    return "its parent is not a delegation";
  if (dms_token_get_expiry_ns (parent) < dms_token_get_expiry_ns (token))
    return "it outlives its parent";
  if (dms_did_is_empty (dms_token_get_issuer (token))
      || !dms_did_equal (dms_token_get_issuer (token), dms_token_get_subject (parent)))
    return "its issuer is not the subject of its parent";
  if (!audience_fits (parent, dms_token_get_audience (token)))
    return "its parent is for another audience";
  if (!all_topics_implied (parent, dms_token_get_topics (token)))
    return "its topics go beyond those of its parent";
  if (!all_capabilities_implied (parent, dms_token_get_capabilities (token)))
    return "its capabilities go beyond those of its parent";
  return NULL;
}

static gboolean
is_revoked (DmsToken *token, GHashTable *revoked)
{
  g_autofree char *id = NULL;

  if (revoked == NULL || g_hash_table_size (revoked) == 0)
    return FALSE;
  id = dms_token_dup_revocation_id (token);
  return g_hash_table_contains (revoked, id);
}

static gboolean
check_link (DmsToken *token, guint distance, GHashTable *revoked, GError **error)
{
  DmsToken *parent = dms_token_get_chain (token);
  guint64 depth = dms_token_get_depth (token);
  const char *fault;

  if (depth > 0 && distance > depth)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED,
                   "a token of “%s” was passed on further than it allows",
                   dms_did_get_uri (dms_token_get_issuer (token)));
      return FALSE;
    }
  if (is_revoked (token, revoked))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_REVOKED, "a token of “%s” was revoked",
                   dms_did_get_uri (dms_token_get_issuer (token)));
      return FALSE;
    }
  fault = parent != NULL ? find_chain_fault (token, parent) : NULL;
  if (fault == NULL)
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED, "a token of “%s” is not valid: %s",
               dms_did_get_uri (dms_token_get_issuer (token)), fault);
  return FALSE;
}

/**
 * dms_token_rules_check:
 *
 * capability.md, Verify, but for the signatures. Of a revocation only the expiry is looked at.
 *
 * Returns: whether the chain holds; if not, DMS_ERROR_EXPIRED, DMS_ERROR_REVOKED or DMS_ERROR_NOT_AUTHORIZED
 */
gboolean
dms_token_rules_check (DmsToken *token, guint64 now_ns, GHashTable *revoked, GError **error)
{
  guint distance = 0;

  if (dms_token_is_expired (token, now_ns))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_EXPIRED, "a token of “%s” has expired",
                   dms_did_get_uri (dms_token_get_issuer (token)));
      return FALSE;
    }
  if (dms_token_get_action (token) == DMS_TOKEN_ACTION_REVOKE)
    return TRUE;
  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    if (!check_link (link, distance++, revoked, error))
      return FALSE;
  return TRUE;
}

gboolean
dms_token_rules_anchor_allows (DmsToken *anchor, DmsToken *token)
{
  guint64 depth = dms_token_get_depth (anchor);
  DmsDid *first = dms_token_get_issuer (dms_token_get_anchor (token));

  return dms_token_get_action (anchor) == DMS_TOKEN_ACTION_DELEGATE
         && !dms_did_is_empty (first)
         && dms_did_equal (first, dms_token_get_subject (anchor))
         && dms_token_get_expiry_ns (anchor) >= dms_token_get_expiry_ns (token)
         && (depth == 0 || dms_token_get_links (token) <= depth)
         && audience_fits (anchor, dms_token_get_audience (token))
         && all_capabilities_implied (anchor, dms_token_get_capabilities (token))
         && all_topics_implied (anchor, dms_token_get_topics (token));
}

gboolean
dms_token_rules_can_chain (DmsToken *parent, DmsDid *issuer, DmsDid *audience, const char * const *topics,
                           const char * const *capabilities, guint64 expiry_ns, guint room)
{
  guint distance = 1;

  if (dms_token_get_action (parent) != DMS_TOKEN_ACTION_DELEGATE
      || !dms_did_equal (dms_token_get_subject (parent), issuer)
      || !audience_fits (parent, audience)
      || !all_topics_implied (parent, topics)
      || !all_capabilities_implied (parent, capabilities))
    return FALSE;
  for (DmsToken *link = parent; link != NULL; link = dms_token_get_chain (link))
    {
      guint64 depth = dms_token_get_depth (link);

      if (dms_token_get_expiry_ns (link) < expiry_ns || (depth > 0 && distance + room > depth))
        return FALSE;
      distance++;
    }
  return TRUE;
}

/* Unlimited, or at least as deep. */
static gboolean
is_as_deep (DmsToken *anchor, DmsToken *other)
{
  guint64 depth = dms_token_get_depth (anchor);

  return depth == 0 || (dms_token_get_depth (other) > 0 && depth >= dms_token_get_depth (other));
}

/**
 * dms_token_rules_subsumes:
 *
 * Same issuer, subject and audience, expiry not earlier, every capability implied (capability.md, Context);
 * and besides, so that no right is lost by it: the same action and origin, every topic implied, as deep.
 */
gboolean
dms_token_rules_subsumes (DmsToken *anchor, DmsToken *other)
{
  return dms_token_get_action (anchor) == dms_token_get_action (other)
         && dms_did_equal (dms_token_get_issuer (anchor), dms_token_get_issuer (other))
         && dms_did_equal (dms_token_get_subject (anchor), dms_token_get_subject (other))
         && dms_did_equal (dms_token_get_audience (anchor), dms_token_get_audience (other))
         && dms_did_equal (dms_token_get_issuer (dms_token_get_anchor (anchor)),
                           dms_token_get_issuer (dms_token_get_anchor (other)))
         && dms_token_get_expiry_ns (anchor) >= dms_token_get_expiry_ns (other)
         && dms_token_get_links (anchor) <= dms_token_get_links (other)
         && is_as_deep (anchor, other)
         && all_capabilities_implied (anchor, dms_token_get_capabilities (other))
         && all_topics_implied (anchor, dms_token_get_topics (other));
}

gboolean
dms_token_rules_names_issuer (DmsToken *token, DmsDid *did)
{
  if (dms_did_is_empty (did))
    return FALSE;
  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    if (dms_did_equal (dms_token_get_issuer (link), did))
      return TRUE;
  return FALSE;
}
