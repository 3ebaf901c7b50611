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

/* What forbids this token as a child of its parent. */
static DmsCapabilityFault
find_chain_fault (DmsToken *token, DmsToken *parent)
{
  if (dms_token_get_action (parent) != DMS_TOKEN_ACTION_DELEGATE)
    return DMS_CAPABILITY_FAULT_PARENT_NOT_DELEGATE;
  if (dms_token_get_expiry_ns (parent) < dms_token_get_expiry_ns (token))
    return DMS_CAPABILITY_FAULT_OUTLIVES_PARENT;
  if (dms_did_is_empty (dms_token_get_issuer (token))
      || !dms_did_equal (dms_token_get_issuer (token), dms_token_get_subject (parent)))
    return DMS_CAPABILITY_FAULT_BROKEN_CHAIN;
  if (!audience_fits (parent, dms_token_get_audience (token)))
    return DMS_CAPABILITY_FAULT_WIDENED_AUDIENCE;
  if (!all_topics_implied (parent, dms_token_get_topics (token)))
    return DMS_CAPABILITY_FAULT_WIDENED_TOPIC;
  if (!all_capabilities_implied (parent, dms_token_get_capabilities (token)))
    return DMS_CAPABILITY_FAULT_WIDENED_CAPABILITY;
  return DMS_CAPABILITY_FAULT_NONE;
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

DmsCapabilityFault
dms_token_rules_find_link_fault (DmsToken *token, guint distance, GHashTable *revoked)
{
  DmsToken *parent = dms_token_get_chain (token);
  guint64 depth = dms_token_get_depth (token);

  if (depth > 0 && distance > depth)
    return DMS_CAPABILITY_FAULT_TOO_DEEP;
  if (is_revoked (token, revoked))
    return DMS_CAPABILITY_FAULT_REVOKED;
  return parent != NULL ? find_chain_fault (token, parent) : DMS_CAPABILITY_FAULT_NONE;
}

static DmsToken *
find_expired_link (DmsToken *token, guint64 now_ns)
{
  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    if (dms_token_get_expiry_ns (link) < now_ns)
      return link;
  return NULL;
}

/**
 * dms_token_rules_find_fault:
 * @link: (out) (optional) (nullable): the first link, from the leaf, that the fault is at
 *
 * capability.md, Verify, but for the signatures. Of a revocation only the expiry is looked at.
 */
DmsCapabilityFault
dms_token_rules_find_fault (DmsToken *token, guint64 now_ns, GHashTable *revoked, DmsToken **link)
{
  DmsToken *at = find_expired_link (token, now_ns);
  DmsCapabilityFault fault = at != NULL ? DMS_CAPABILITY_FAULT_EXPIRED : DMS_CAPABILITY_FAULT_NONE;
  guint distance = 0;

  if (fault == DMS_CAPABILITY_FAULT_NONE && dms_token_get_action (token) != DMS_TOKEN_ACTION_REVOKE)
    for (DmsToken *next = token; next != NULL && fault == DMS_CAPABILITY_FAULT_NONE;
         next = dms_token_get_chain (next))
      {
        at = next;
        fault = dms_token_rules_find_link_fault (at, distance++, revoked);
      }
  if (link != NULL)
    *link = fault != DMS_CAPABILITY_FAULT_NONE ? at : NULL;
  return fault;
}

static DmsErrorCode
get_error_code (DmsCapabilityFault fault)
{
  switch (fault)
    {
    case DMS_CAPABILITY_FAULT_EXPIRED:
      return DMS_ERROR_EXPIRED;
    case DMS_CAPABILITY_FAULT_REVOKED:
      return DMS_ERROR_REVOKED;
    case DMS_CAPABILITY_FAULT_BAD_SIGNATURE:
    case DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE:
      return DMS_ERROR_BAD_SIGNATURE;
    default:
      return DMS_ERROR_NOT_AUTHORIZED;
    }
}

void
dms_token_rules_set_error (GError **error, DmsCapabilityFault fault, DmsToken *link)
{
  if (error == NULL)
    return;
  g_set_error (error, DMS_ERROR, get_error_code (fault), "a token of “%s” is not valid: %s",
               dms_did_get_uri (dms_token_get_issuer (link)), dms_capability_fault_get_text (fault));
  dms_error_set_reason (*error, dms_capability_fault_get_nick (fault));
}

/**
 * dms_token_rules_check:
 *
 * dms_token_rules_find_fault() with an error: DMS_ERROR_EXPIRED, DMS_ERROR_REVOKED or
 * DMS_ERROR_NOT_AUTHORIZED, whose reason is the fault's nick.
 */
gboolean
dms_token_rules_check (DmsToken *token, guint64 now_ns, GHashTable *revoked, GError **error)
{
  DmsToken *link;
  DmsCapabilityFault fault = dms_token_rules_find_fault (token, now_ns, revoked, &link);

  if (fault == DMS_CAPABILITY_FAULT_NONE)
    return TRUE;
  dms_token_rules_set_error (error, fault, link);
  return FALSE;
}

/**
 * dms_token_rules_find_use_fault:
 *
 * capability.md, Require: whether this token by itself says what is asked.
 */
DmsCapabilityFault
dms_token_rules_find_use_fault (DmsToken *token, const DmsTokenUse *use)
{
  DmsDid *own = dms_token_get_audience (token);

  if (dms_token_get_action (token)
      != (use->topic != NULL ? DMS_TOKEN_ACTION_BROADCAST : DMS_TOKEN_ACTION_INVOKE))
    return DMS_CAPABILITY_FAULT_WRONG_ACTION;
  if (dms_did_is_empty (use->subject) || !dms_did_equal (dms_token_get_subject (token), use->subject))
    return DMS_CAPABILITY_FAULT_WRONG_SUBJECT;
  if (!dms_did_is_empty (own) && (use->audience == NULL || !dms_did_equal (own, use->audience)))
    return DMS_CAPABILITY_FAULT_WRONG_AUDIENCE;
  if (!dms_token_implies (token, use->capability))
    return DMS_CAPABILITY_FAULT_WRONG_CAPABILITY;
  if (use->topic != NULL && (*use->topic == '\0' || !dms_token_implies_topic (token, use->topic)))
    return DMS_CAPABILITY_FAULT_WRONG_TOPIC;
  return DMS_CAPABILITY_FAULT_NONE;
}

/**
 * dms_token_rules_find_anchor_fault:
 *
 * capability.md, Require: what keeps a require anchor from allowing a token. NOT_ANCHORED: the anchor is not
 * for the first issuer of the token's chain; the others as if the anchor were the token's parent.
 */
DmsCapabilityFault
dms_token_rules_find_anchor_fault (DmsToken *anchor, DmsToken *token)
{
  guint64 depth = dms_token_get_depth (anchor);
  DmsDid *first = dms_token_get_issuer (dms_token_get_anchor (token));

  if (dms_token_get_action (anchor) != DMS_TOKEN_ACTION_DELEGATE)
    return DMS_CAPABILITY_FAULT_PARENT_NOT_DELEGATE;
  if (dms_did_is_empty (first) || !dms_did_equal (first, dms_token_get_subject (anchor)))
    return DMS_CAPABILITY_FAULT_NOT_ANCHORED;
  if (dms_token_get_expiry_ns (anchor) < dms_token_get_expiry_ns (token))
    return DMS_CAPABILITY_FAULT_OUTLIVES_PARENT;
  if (depth > 0 && dms_token_get_links (token) > depth)
    return DMS_CAPABILITY_FAULT_TOO_DEEP;
  if (!audience_fits (anchor, dms_token_get_audience (token)))
    return DMS_CAPABILITY_FAULT_WIDENED_AUDIENCE;
  if (!all_capabilities_implied (anchor, dms_token_get_capabilities (token)))
    return DMS_CAPABILITY_FAULT_WIDENED_CAPABILITY;
  if (!all_topics_implied (anchor, dms_token_get_topics (token)))
    return DMS_CAPABILITY_FAULT_WIDENED_TOPIC;
  return DMS_CAPABILITY_FAULT_NONE;
}

gboolean
dms_token_rules_anchor_allows (DmsToken *anchor, DmsToken *token)
{
  return dms_token_rules_find_anchor_fault (anchor, token) == DMS_CAPABILITY_FAULT_NONE;
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
