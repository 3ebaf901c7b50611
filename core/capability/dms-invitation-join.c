/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What an invitation does to a context: joining an organisation, and leaving it. */

#include "capability/dms-invitation-private.h"

gboolean
dms_invitation_check_joiner (DmsInvitation *self, DmsDid *joiner, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (dms_did_equal (joiner, self->organisation))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "this context is the organisation that made the invitation; others join it");
      return FALSE;
    }
  if (dms_invitation_is_for (self, joiner))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_AUTHORIZED,
               "this invitation is for somebody else: it does not name “%s”; send that DID to the "
               "organisation and ask for an invitation",
               dms_did_get_uri (joiner));
  return FALSE;
}

/* The token that the organisation made for this joiner; NULL when it gives nothing. */
static DmsToken *
find_token (DmsInvitation *self, DmsDid *joiner)
{
  guint index = 0;

  if (dms_token_list_get_size (self->tokens) == 0)
    return NULL;
  if (self->joiners->len > 0 &&
      !g_ptr_array_find_with_equal_func (self->joiners, joiner, (GEqualFunc) dms_did_equal, &index))
    return NULL;
  return dms_token_list_get (self->tokens, index);
}

/* What the joiner will present: the organisation's token, or one that the invitation's own key chains on it
 * here and now, and never again: who has only this has no power over the invitation. */
static DmsTokenList *
make_provide (DmsInvitation *self, DmsToken *token, DmsDid *joiner)
{
  g_autoptr (DmsToken) own = NULL;

  if (self->key == NULL)
    return dms_token_list_new_single (token);
  own = dms_token_new_signed (self->key,
                              DMS_TOKEN_ACTION_DELEGATE,
                              joiner,
                              NULL,
                              dms_token_get_topics (token),
                              dms_token_get_capabilities (token),
                              self->until_ns,
                              1,
                              token);
  return dms_token_list_new_single (own);
}

static gboolean
has_provide (DmsInvitation *self, DmsCapabilityContext *context, DmsToken *token)
{
  g_autoptr (DmsTokenList) provide = dms_capability_context_dup_provide (context);
  guint64 now_ns = (guint64) g_get_real_time () * 1000;

  for (guint i = 0; i < dms_token_list_get_size (provide); i++)
    {
      DmsToken *anchor = dms_token_list_get (provide, i);

      if (dms_token_equal (dms_token_get_anchor (anchor), token) &&
          dms_capability_context_verify (context, anchor, now_ns, NULL))
        return TRUE;
    }
  return FALSE;
}

static gboolean
gives_all (DmsToken *grant, DmsInvitation *self)
{
  for (guint i = 0; self->ask_capabilities[i] != NULL; i++)
    if (!dms_token_implies (grant, self->ask_capabilities[i]))
      return FALSE;
  for (guint i = 0; self->ask_topics[i] != NULL; i++)
    if (!dms_token_implies_topic (grant, self->ask_topics[i]))
      return FALSE;
  return dms_token_get_expiry_ns (grant) >= self->until_ns &&
         (dms_token_get_depth (grant) == 0 || dms_token_get_depth (grant) >= DMS_INVITATION_GRANT_DEPTH) &&
         dms_did_is_empty (dms_token_get_audience (grant));
}

/* Whether a grant is this context's own, to the organisation itself. */
static gboolean
is_own_grant (DmsCapabilityContext *context, DmsToken *token, DmsDid *organisation)
{
  return dms_token_get_chain (token) == NULL &&
         dms_did_equal (dms_token_get_issuer (token), dms_capability_context_get_did (context)) &&
         dms_did_equal (dms_token_get_subject (token), organisation);
}

static gboolean
has_grant (DmsInvitation *self, DmsCapabilityContext *context)
{
  g_autoptr (DmsTokenList) require = dms_capability_context_dup_require (context);
  guint64 now_ns = (guint64) g_get_real_time () * 1000;

  for (guint i = 0; i < dms_token_list_get_size (require); i++)
    {
      DmsToken *grant = dms_token_list_get (require, i);

      if (is_own_grant (context, grant, self->organisation) && gives_all (grant, self) &&
          dms_capability_context_verify (context, grant, now_ns, NULL))
        return TRUE;
    }
  return FALSE;
}

gboolean
dms_invitation_is_joined (DmsInvitation *self, DmsCapabilityContext *context)
{
  DmsToken *token;

  g_return_val_if_fail (self != NULL, FALSE);

  token = find_token (self, dms_capability_context_get_did (context));
  return (token == NULL || has_provide (self, context, token)) &&
         (self->ask_capabilities[0] == NULL || has_grant (self, context));
}

static gboolean
anchor_grant (DmsInvitation *self, DmsCapabilityContext *context, GError **error)
{
  g_autoptr (DmsTokenList) grant = NULL;

  if (self->ask_capabilities[0] == NULL || has_grant (self, context))
    return TRUE;
  grant = dms_capability_context_grant (context,
                                        self->organisation,
                                        NULL,
                                        (const char *const *) self->ask_topics,
                                        (const char *const *) self->ask_capabilities,
                                        self->until_ns,
                                        DMS_INVITATION_GRANT_DEPTH,
                                        error);
  return grant != NULL && dms_capability_context_anchor_require (context, grant, error);
}

gboolean
dms_invitation_accept (DmsInvitation *self, DmsCapabilityContext *context, GError **error)
{
  g_autoptr (DmsTokenList) provide = NULL;
  DmsDid *joiner;
  DmsToken *token;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (DMS_IS_CAPABILITY_CONTEXT (context), FALSE);

  joiner = dms_capability_context_get_did (context);
  if (!dms_invitation_verify (self, (guint64) g_get_real_time () * 1000, error) ||
      !dms_invitation_check_joiner (self, joiner, error))
    return FALSE;
  token = find_token (self, joiner);
  if (token != NULL && !has_provide (self, context, token))
    {
      provide = make_provide (self, token, joiner);
      if (!dms_capability_context_anchor_provide (context, provide, error))
        return FALSE;
    }
  return anchor_grant (self, context, error);
}

static gboolean
drop_provide (DmsCapabilityContext *context, DmsDid *organisation, guint *count, GError **error)
{
  g_autoptr (DmsTokenList) provide = dms_capability_context_dup_provide (context);

  for (guint i = 0; i < dms_token_list_get_size (provide); i++)
    {
      DmsToken *token = dms_token_list_get (provide, i);

      if (!dms_did_equal (dms_token_get_issuer (dms_token_get_anchor (token)), organisation))
        continue;
      if (!dms_capability_context_remove_provide (context, token, error))
        return FALSE;
      (*count)++;
    }
  return TRUE;
}

/* The grant never left this machine unless somebody copied it; its revocation makes that harmless too. */
static gboolean
take_back (DmsCapabilityContext *context, DmsToken *grant, GError **error)
{
  g_autoptr (DmsToken) revocation = dms_capability_context_revoke (context, grant, error);
  g_autoptr (DmsTokenList) list = NULL;

  if (revocation == NULL)
    return FALSE;
  list = dms_token_list_new_single (revocation);
  return dms_capability_context_anchor_revoke (context, list, error) &&
         dms_capability_context_remove_require (context, grant, error);
}

gboolean
dms_invitation_leave (DmsCapabilityContext *context,
                      DmsDid *organisation,
                      guint *n_dropped,
                      guint *n_revoked,
                      GError **error)
{
  g_autoptr (DmsTokenList) require = NULL;

  g_return_val_if_fail (DMS_IS_CAPABILITY_CONTEXT (context), FALSE);

  *n_dropped = 0;
  *n_revoked = 0;
  if (!drop_provide (context, organisation, n_dropped, error))
    return FALSE;
  require = dms_capability_context_dup_require (context);
  for (guint i = 0; i < dms_token_list_get_size (require); i++)
    {
      DmsToken *grant = dms_token_list_get (require, i);

      if (!is_own_grant (context, grant, organisation))
        continue;
      if (!take_back (context, grant, error))
        return FALSE;
      (*n_revoked)++;
    }
  if (*n_dropped + *n_revoked > 0)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_FOUND,
               "there is nothing to leave: this context has no rights from “%s” and allows it nothing",
               dms_did_get_uri (organisation));
  return FALSE;
}
