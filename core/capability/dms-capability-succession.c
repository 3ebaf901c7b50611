/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-capability-succession.h"

#include "capability/dms-token-rules.h"

static const char * const everything[] = { "/", NULL };

static guint64
find_end (DmsCapabilitySuccession *self)
{
  return (guint64) g_get_real_time () * 1000 + self->overlap_ns;
}

static guint64
find_expiry (DmsToken *token, guint64 end_ns)
{
  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    end_ns = MIN (end_ns, dms_token_get_expiry_ns (link));
  return end_ns;
}

static gboolean
anchor (DmsCapabilityContext *context, DmsToken *token,
        gboolean (*to) (DmsCapabilityContext *context, DmsTokenList *tokens, GError **error), GError **error)
{
  g_autoptr (DmsTokenList) list = dms_token_list_new_single (token);

  return to (context, list, error);
}

static gboolean
copy_roots (DmsCapabilitySuccession *self, DmsCapabilityContext *context, GError **error)
{
  g_autoptr (GPtrArray) roots = dms_capability_context_dup_roots (self->old);
  DmsDid *own = dms_key_get_did (self->old_key);

  for (guint i = 0; i < roots->len; i++)
    {
      DmsDid *root = g_ptr_array_index (roots, i);

      if (!dms_did_equal (root, own) && !dms_capability_context_anchor_root (context, root, error))
        return FALSE;
    }
  return TRUE;
}

/* A promise that the old key made by itself, made by the new one. Others stay as they are. */
static DmsToken *
renew (DmsCapabilitySuccession *self, DmsToken *token)
{
  if (!dms_did_equal (dms_token_get_issuer (token), dms_key_get_did (self->old_key))
      || dms_token_get_chain (token) != NULL)
    return dms_token_ref (token);
  self->renewed++;
  return dms_token_new_signed (self->new_key, dms_token_get_action (token), dms_token_get_subject (token),
                               dms_token_get_audience (token), dms_token_get_topics (token),
                               dms_token_get_capabilities (token), dms_token_get_expiry_ns (token),
                               dms_token_get_depth (token), NULL);
}

static gboolean
copy_require (DmsCapabilitySuccession *self, DmsCapabilityContext *context, GError **error)
{
  g_autoptr (DmsTokenList) tokens = dms_capability_context_dup_require (self->old);

  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    {
      g_autoptr (DmsToken) token = NULL;

      /* One that has been revoked stays behind. */
      if (!dms_capability_context_verify (self->old, dms_token_list_get (tokens, i),
                                          (guint64) g_get_real_time () * 1000, NULL))
        continue;
      token = renew (self, dms_token_list_get (tokens, i));
      if (!anchor (context, token, dms_capability_context_anchor_require, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_revoke (DmsCapabilitySuccession *self, DmsCapabilityContext *context, GError **error)
{
  g_autoptr (DmsTokenList) tokens = dms_capability_context_dup_revoke (self->old);

  return dms_token_list_get_size (tokens) == 0 || dms_capability_context_anchor_revoke (context, tokens,
                                                                                        error);
}

/* Lets the new key use what somebody gave the old one, if that may be passed on at all. */
static gboolean
hand_over (DmsCapabilitySuccession *self, DmsCapabilityContext *context, DmsToken *right, guint64 end_ns,
           GError **error)
{
  guint64 expiry_ns = find_expiry (right, end_ns);
  g_autoptr (DmsToken) token = NULL;

  if (!dms_token_rules_can_chain (right, dms_key_get_did (self->old_key), dms_token_get_audience (right),
                                  dms_token_get_topics (right), dms_token_get_capabilities (right),
                                  expiry_ns, 1)
      || !dms_capability_context_verify (self->old, right, (guint64) g_get_real_time () * 1000, NULL))
    {
      self->lost++;
      return TRUE;
    }
  token = dms_token_new_signed (self->old_key, DMS_TOKEN_ACTION_DELEGATE, dms_key_get_did (self->new_key),
                                dms_token_get_audience (right), dms_token_get_topics (right),
                                dms_token_get_capabilities (right), expiry_ns, 0, right);
  self->handed_over++;
  return anchor (context, token, dms_capability_context_anchor_provide, error);
}

static gboolean
hand_over_all (DmsCapabilitySuccession *self, DmsCapabilityContext *context, guint64 end_ns, GError **error)
{
  g_autoptr (DmsTokenList) rights = dms_capability_context_dup_provide (self->old);
  g_autoptr (DmsToken) own = NULL;
  g_autoptr (DmsToken) trusted = NULL;

  for (guint i = 0; i < dms_token_list_get_size (rights); i++)
    if (!hand_over (self, context, dms_token_list_get (rights, i), end_ns, error))
      return FALSE;
  own = dms_token_new_signed (self->old_key, DMS_TOKEN_ACTION_DELEGATE, dms_key_get_did (self->new_key), NULL,
                              everything, everything, end_ns, 0, NULL);
  trusted = dms_token_new_signed (self->new_key, DMS_TOKEN_ACTION_DELEGATE, dms_key_get_did (self->old_key),
                                  NULL, everything, everything, end_ns, 0, NULL);
  self->handed_over++;
  return anchor (context, own, dms_capability_context_anchor_provide, error)
         && anchor (context, trusted, dms_capability_context_anchor_require, error);
}

/**
 * dms_capability_succession_make:
 *
 * Returns: (transfer full): the context of the new key, in memory only
 */
DmsCapabilityContext *
dms_capability_succession_make (DmsCapabilitySuccession *self, GError **error)
{
  g_autoptr (DmsCapabilityContext) context
    = dms_capability_context_new (dms_key_get_did (self->new_key), self->new_key);

  self->handed_over = self->lost = self->renewed = 0;
  /* Without an overlap all that was given is lost. */
  if (self->overlap_ns == 0)
    {
      g_autoptr (DmsTokenList) rights = dms_capability_context_dup_provide (self->old);

      self->lost = dms_token_list_get_size (rights);
    }
  if (!copy_roots (self, context, error) || !copy_require (self, context, error)
      || !copy_revoke (self, context, error)
      || (self->overlap_ns > 0 && !hand_over_all (self, context, find_end (self), error)))
    return NULL;
  return g_steal_pointer (&context);
}
