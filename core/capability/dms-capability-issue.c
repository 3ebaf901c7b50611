/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The issuing side: what is attached to a message, granted, passed on and taken back. */

#include "capability/dms-capability-context-private.h"

#include <string.h>

#include "capability/dms-token-rules.h"
#include "identity/dms-base32.h"

/* Room for {"tok":[]}. */
#define LIST_OVERHEAD 16

/* What a message's new tokens have in common. */
typedef struct
{
  DmsCapabilityContext *context;
  DmsTokenAction action;
  DmsDid *subject;
  DmsDid *audience;
  const char * const *topics;
  const char * const *capabilities;
  guint64 expiry_ns;
  guint64 depth;
  GPtrArray *tokens;
  GPtrArray *parents;
  gsize size;
  GError *error;
} Issue;

static gboolean
check_can_issue (DmsCapabilityContext *self, DmsDid *subject, const char * const *capabilities,
                 GError **error)
{
  const char *fault = NULL;
  DmsErrorCode code = DMS_ERROR_INVALID_ARGUMENT;

  if (self->signer == NULL)
    {
      code = DMS_ERROR_WRONG_STATE;
      fault = "the key of this context is not open";
    }
  else if (subject == NULL || dms_did_is_empty (subject))
    fault = "no subject is given";
  else if (capabilities == NULL || capabilities[0] == NULL)
    fault = "no capability is given";
  if (fault == NULL)
    return TRUE;
  g_set_error (error, DMS_ERROR, code, "cannot issue a token: %s", fault);
  return FALSE;
}

/* Keeps a new token unless the list would get too large for a message. */
static void
keep_token (Issue *issue, DmsToken *token)
{
  g_autofree char *text = dms_token_to_string (token);
  gsize size = strlen (text) + 1;

  if (issue->size + size > DMS_TOKEN_MAX_LIST_SIZE)
    {
      g_debug ("a token is left out: the list would have more than %d bytes", DMS_TOKEN_MAX_LIST_SIZE);
      return;
    }
  issue->size += size;
  g_ptr_array_add (issue->tokens, dms_token_ref (token));
}

/* Nothing more is issued after a failure: a person who refused one signature is not asked for the next. */
static void
issue_token (Issue *issue, DmsToken *parent, guint64 expiry_ns)
{
  g_autoptr (DmsToken) token = NULL;

  if (issue->error != NULL)
    return;
  token = dms_token_new_by_signer (issue->context->signer, issue->action, issue->subject, issue->audience,
                                   issue->topics, issue->capabilities, expiry_ns, issue->depth, parent,
                                   &issue->error);
  if (token != NULL)
    keep_token (issue, token);
}

/* The first expiry in the chain, which a token that inherits it may not outlive. */
static guint64
get_chain_expiry (DmsToken *token)
{
  guint64 expiry_ns = dms_token_get_expiry_ns (token);

  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    expiry_ns = MIN (expiry_ns, dms_token_get_expiry_ns (link));
  return expiry_ns;
}

/* Chains a token on a parent that allows all of it, once. */
static void
chain_on (Issue *issue, DmsToken *parent, guint64 now_ns)
{
  guint room = issue->action == DMS_TOKEN_ACTION_DELEGATE ? 1 : 0;
  guint64 expiry_ns = issue->expiry_ns != 0 ? issue->expiry_ns : get_chain_expiry (parent);

  if (!dms_token_rules_can_chain (parent, issue->context->did, issue->audience, issue->topics,
                                  issue->capabilities, expiry_ns, room)
      || !dms_capability_context_verify (issue->context, parent, now_ns, NULL))
    return;
  for (guint i = 0; i < issue->parents->len; i++)
    if (dms_token_equal (g_ptr_array_index (issue->parents, i), parent))
      return;
  g_ptr_array_add (issue->parents, dms_token_ref (parent));
  issue_token (issue, parent, expiry_ns);
}

static void
chain_on_provide (Issue *issue, guint64 now_ns)
{
  GPtrArray *provide = issue->context->provide;

  for (guint i = 0; i < provide->len; i++)
    chain_on (issue, g_ptr_array_index (provide, i), now_ns);
}

/* What the target itself delegated to us, with messages that are being handled or in what is held. */
static void
chain_on_consumed (Issue *issue, DmsDid *target, guint64 now_ns)
{
  GHashTableIter iter;
  gpointer tokens;

  for (guint i = 0; i < issue->context->held->len; i++)
    {
      DmsHeldToken *held = g_ptr_array_index (issue->context->held, i);

      if (dms_did_equal (dms_token_get_issuer (held->token), target))
        chain_on (issue, held->token, now_ns);
    }
  g_hash_table_iter_init (&iter, issue->context->interactions);
  while (g_hash_table_iter_next (&iter, NULL, &tokens))
    for (guint i = 0; i < ((GPtrArray *) tokens)->len; i++)
      {
        DmsToken *token = g_ptr_array_index ((GPtrArray *) tokens, i);

        if (dms_did_equal (dms_token_get_issuer (token), target))
          chain_on (issue, token, now_ns);
      }
}

static void
issue_clear (Issue *issue)
{
  g_clear_pointer (&issue->tokens, g_ptr_array_unref);
  g_clear_pointer (&issue->parents, g_ptr_array_unref);
  g_clear_error (&issue->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Issue, issue_clear)

/* The list of what was issued; NULL with the error of the signer. */
static DmsTokenList *
finish (Issue *issue, GError **error)
{
  if (issue->error == NULL)
    return dms_token_list_new (issue->tokens);
  g_propagate_error (error, g_steal_pointer (&issue->error));
  return NULL;
}

static GBytes *
finish_bytes (Issue *issue, GError **error)
{
  g_autoptr (DmsTokenList) list = finish (issue, error);

  return list != NULL ? dms_token_list_to_bytes (list) : NULL;
}

static DmsDid *
did_of_id (const char *id, GError **error)
{
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];

  if (dms_base32_decode_id (id, public_key))
    return dms_did_new_for_ed25519 (public_key);
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "“%.64s” is not the ID of an actor", id);
  return NULL;
}

/**
 * dms_capability_context_provide:
 * @to_did: (nullable): the DID in the target's handle
 *
 * capability.md, Provide.
 *
 * Returns: (transfer full): the token list in JSON, at most 16,384 bytes
 */
GBytes *
dms_capability_context_provide (DmsCapabilityContext *self, const char *from_id, const char *to_id,
                                DmsDid *to_did, guint64 expiry_ns, const char * const *capabilities,
                                const char * const *reply_behaviours, GError **error)
{
  g_autoptr (DmsDid) own = did_of_id (from_id, error);
  g_autoptr (DmsDid) audience = own != NULL ? did_of_id (to_id, error) : NULL;
  g_auto (Issue) issue = { 0 };
  guint64 now_ns = dms_capability_context_look (self);
  gboolean known = to_did != NULL && !dms_did_is_empty (to_did);

  if (audience == NULL || !check_can_issue (self, own, capabilities, error))
    return NULL;
  issue = (Issue) { self, DMS_TOKEN_ACTION_DELEGATE, to_did, own, NULL, reply_behaviours, expiry_ns, 1,
                    dms_capability_context_new_array (), dms_capability_context_new_array (), LIST_OVERHEAD };
  if (!dms_did_equal (own, audience))
    {
      if (known && reply_behaviours != NULL && reply_behaviours[0] != NULL)
        issue_token (&issue, NULL, expiry_ns);
      issue.action = DMS_TOKEN_ACTION_INVOKE;
      issue.subject = own;
      issue.audience = audience;
      issue.capabilities = capabilities;
      issue.depth = 0;
      issue_token (&issue, NULL, expiry_ns);
      if (known)
        chain_on_consumed (&issue, to_did, now_ns);
      chain_on_provide (&issue, now_ns);
    }
  return finish_bytes (&issue, error);
}

GBytes *
dms_capability_context_provide_broadcast (DmsCapabilityContext *self, const char *from_id, const char *topic,
                                          guint64 expiry_ns, const char * const *capabilities, GError **error)
{
  const char *topics[] = { topic, NULL };
  g_autoptr (DmsDid) own = did_of_id (from_id, error);
  g_auto (Issue) issue = { 0 };
  guint64 now_ns = dms_capability_context_look (self);

  if (own == NULL || !check_can_issue (self, own, capabilities, error))
    return NULL;
  issue = (Issue) { self, DMS_TOKEN_ACTION_BROADCAST, own, NULL, topics, capabilities, expiry_ns, 0,
                    dms_capability_context_new_array (), dms_capability_context_new_array (), LIST_OVERHEAD };
  issue_token (&issue, NULL, expiry_ns);
  chain_on_provide (&issue, now_ns);
  return finish_bytes (&issue, error);
}

DmsTokenList *
dms_capability_context_grant (DmsCapabilityContext *self, DmsDid *subject, DmsDid *audience,
                              const char * const *topics, const char * const *capabilities, guint64 expiry_ns,
                              guint64 depth, GError **error)
{
  g_autoptr (DmsToken) token = NULL;

  if (!check_can_issue (self, subject, capabilities, error))
    return NULL;
  if (expiry_ns <= dms_capability_context_look (self))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot issue a token: its expiry is in the past");
      return NULL;
    }
  token = dms_token_new_by_signer (self->signer, DMS_TOKEN_ACTION_DELEGATE, subject, audience, topics,
                                   capabilities, expiry_ns, depth, NULL, error);
  return token != NULL ? dms_token_list_new_single (token) : NULL;
}

static gboolean
check_expiry (guint64 expiry_ns, guint64 now_ns, DmsSelfSign self_sign, GError **error)
{
  if (expiry_ns == 0 && self_sign != DMS_SELF_SIGN_NO)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot issue a token: a self-signed one has no expiry to inherit");
      return FALSE;
    }
  if (expiry_ns != 0 && expiry_ns <= now_ns)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot issue a token: its expiry is in the past");
      return FALSE;
    }
  return TRUE;
}

DmsTokenList *
dms_capability_context_delegate (DmsCapabilityContext *self, DmsDid *subject, DmsDid *audience,
                                 const char * const *topics, const char * const *capabilities,
                                 guint64 expiry_ns, guint64 depth, DmsSelfSign self_sign, GError **error)
{
  guint64 now_ns = dms_capability_context_look (self);
  g_auto (Issue) issue = { 0 };

  if (!check_can_issue (self, subject, capabilities, error)
      || !check_expiry (expiry_ns, now_ns, self_sign, error))
    return NULL;
  issue = (Issue) { self, DMS_TOKEN_ACTION_DELEGATE, subject, audience, topics, capabilities, expiry_ns,
                    depth,
                    dms_capability_context_new_array (), dms_capability_context_new_array (), LIST_OVERHEAD };
  if (self_sign != DMS_SELF_SIGN_ONLY)
    chain_on_provide (&issue, now_ns);
  if (self_sign != DMS_SELF_SIGN_NO)
    issue_token (&issue, NULL, expiry_ns);
  if (issue.error == NULL && issue.tokens->len == 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED,
                   "cannot delegate: no provide anchor of this context allows all of that for so long");
      return NULL;
    }
  return finish (&issue, error);
}

/**
 * dms_capability_context_revoke:
 *
 * Returns: (transfer full): the revocation; NULL with DMS_ERROR_NOT_AUTHORIZED when somebody else issued the
 *   token
 */
DmsToken *
dms_capability_context_revoke (DmsCapabilityContext *self, DmsToken *token, GError **error)
{
  if (self->signer == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE,
                   "cannot revoke a token: the key of this context is not open");
      return NULL;
    }
  return dms_token_new_revocation_by_signer (self->signer, token, error);
}
