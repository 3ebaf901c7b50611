/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The issuing side: what is attached to a message, granted, passed on and taken back. */

#include "capability/dms-capability-context-private.h"

#include <string.h>

#include "capability/dms-token-rules.h"

/* How a list begins, and more than it ends with. */
#define LIST_BEGIN "{\"tok\":["
#define LIST_END_SIZE 8
/* A token that serves more than one message lives as long again as the first has left, and at most so much
 * longer. Not more: an anchor of the other side stops allowing it when it would outlive the anchor. */
#define MAX_REUSE_NS (60 * G_GUINT64_CONSTANT (1000000000))
/* Answers to questions go to paths below this one. */
#define REPLY_PREFIX "/private/"

/* What a message's new tokens have in common; `terms.parent` is that of the one being made. */
typedef struct
{
  DmsCapabilityContext *context;
  DmsTokenTerms terms;
  guint64 expiry_ns;
  /* Where to look for tokens made before; NULL: nowhere. */
  DmsTokenWallet *wallet;
  GPtrArray *tokens;
  GPtrArray *parents;
  /* The list so far, with a comma after each token. */
  GString *text;
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

/* Keeps a token unless the list would get too large for a message. */
static void
keep_token (Issue *issue, DmsToken *token, const char *text)
{
  gsize size = strlen (text);

  if (issue->text->len + size + LIST_END_SIZE > DMS_TOKEN_MAX_LIST_SIZE)
    {
      g_debug ("a token is left out: the list would have more than %d bytes", DMS_TOKEN_MAX_LIST_SIZE);
      return;
    }
  g_string_append_len (issue->text, text, (gssize) size);
  g_string_append_c (issue->text, ',');
  g_ptr_array_add (issue->tokens, dms_token_ref (token));
}

static DmsToken *
sign_token (Issue *issue, guint64 expiry_ns)
{
  const DmsTokenTerms *terms = &issue->terms;

  return dms_token_new_by_signer (issue->context->signer, terms->action, terms->subject, terms->audience,
                                  terms->topics, terms->capabilities, expiry_ns, terms->depth, terms->parent,
                                  &issue->error);
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

static guint64
extend (guint64 expiry_ns, DmsToken *parent)
{
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  guint64 left_ns = expiry_ns > now_ns ? expiry_ns - now_ns : 0;
  guint64 longer_ns = expiry_ns + MIN (left_ns, MAX_REUSE_NS);

  return parent != NULL ? MIN (longer_ns, get_chain_expiry (parent)) : longer_ns;
}

/* Nothing more is issued after a failure: a person who refused one signature is not asked for the next. */
static void
issue_token (Issue *issue, DmsToken *parent, guint64 expiry_ns)
{
  g_autoptr (DmsToken) made = NULL;
  g_autofree char *made_text = NULL;
  const char *text = NULL;
  DmsToken *known;

  if (issue->error != NULL)
    return;
  issue->terms.parent = parent;
  known = issue->wallet != NULL
            ? dms_token_wallet_lookup (issue->wallet, &issue->terms, expiry_ns, &text)
            : NULL;
  if (known != NULL)
    {
      keep_token (issue, known, text);
      return;
    }
  if (issue->wallet != NULL)
    expiry_ns = extend (expiry_ns, parent);
  made = sign_token (issue, expiry_ns);
  if (made == NULL)
    return;
  made_text = dms_token_to_string (made);
  keep_token (issue, made, made_text);
  if (issue->wallet == NULL)
    return;
  /* Whoever is on this node need not check what was signed here. */
  dms_chain_cache_note (issue->context->cache, made, TRUE);
  dms_chain_cache_keep (issue->context->cache, made);
  dms_token_wallet_add (issue->wallet, &issue->terms, made, g_steal_pointer (&made_text));
}

static gboolean
has_parent (Issue *issue, DmsToken *parent)
{
  for (guint i = 0; i < issue->parents->len; i++)
    if (dms_token_equal (g_ptr_array_index (issue->parents, i), parent))
      return TRUE;
  return FALSE;
}

/* Chains a token on a parent that allows all of it, once. */
static void
chain_on (Issue *issue, DmsToken *parent, guint64 now_ns)
{
  guint room = issue->terms.action == DMS_TOKEN_ACTION_DELEGATE ? 1 : 0;
  guint64 expiry_ns = issue->expiry_ns != 0 ? issue->expiry_ns : get_chain_expiry (parent);

  if (has_parent (issue, parent)
      || !dms_token_rules_can_chain (parent, issue->context->did, issue->terms.audience, issue->terms.topics,
                                     issue->terms.capabilities, expiry_ns, room)
      || !dms_capability_context_verify (issue->context, parent, now_ns, NULL))
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

/* What the target itself delegated to us, in what is held or with messages that are being handled. */
static void
chain_on_consumed (Issue *issue, DmsDid *target, guint64 now_ns)
{
  GPtrArray *consumed = g_hash_table_lookup (issue->context->delegations, dms_did_get_uri (target));

  for (guint i = 0; i < issue->context->held->len; i++)
    {
      DmsHeldToken *held = g_ptr_array_index (issue->context->held, i);

      if (dms_did_equal (dms_token_get_issuer (held->token), target))
        chain_on (issue, held->token, now_ns);
    }
  for (guint i = 0; consumed != NULL && i < consumed->len; i++)
    chain_on (issue, g_ptr_array_index (consumed, i), now_ns);
}

static void
issue_init (Issue *issue, DmsCapabilityContext *context, guint64 expiry_ns)
{
  issue->context = context;
  issue->expiry_ns = expiry_ns;
  issue->tokens = dms_capability_context_new_array ();
  issue->parents = dms_capability_context_new_array ();
  issue->text = g_string_sized_new (2048);
  g_string_append (issue->text, LIST_BEGIN);
}

static void
issue_clear (Issue *issue)
{
  g_clear_pointer (&issue->tokens, g_ptr_array_unref);
  g_clear_pointer (&issue->parents, g_ptr_array_unref);
  if (issue->text != NULL)
    g_string_free (g_steal_pointer (&issue->text), TRUE);
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
  if (issue->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&issue->error));
      return NULL;
    }
  if (issue->tokens->len == 0)
    return g_bytes_new_static ("{}", 2);
  /* In place of the last comma. */
  g_string_truncate (issue->text, issue->text->len - 1);
  g_string_append (issue->text, "]}");
  return g_string_free_to_bytes (g_steal_pointer (&issue->text));
}

static DmsDid *
did_of_id (DmsCapabilityContext *self, const char *id, GError **error)
{
  DmsDid *did = dms_capability_context_dup_owner (self, id);

  if (did == NULL)
    g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "“%.64s” is not the ID of an actor", id);
  return did;
}

/* Anybody can put tokens in somebody else's name into a message: forged ones go before they get in the
 * way. */
static void
drop_forged (DmsCapabilityContext *self, DmsDid *issuer, guint64 now_ns)
{
  GPtrArray *consumed = g_hash_table_lookup (self->delegations, dms_did_get_uri (issuer));

  for (guint i = consumed != NULL ? consumed->len : 0; i > 0; i--)
    {
      g_autoptr (DmsToken) token = dms_token_ref (g_ptr_array_index (consumed, i - 1));

      if (!dms_capability_context_verify (self, token, now_ns, NULL))
        dms_capability_context_forget_delegation (self, token);
    }
}

static gboolean
can_answer_with (DmsCapabilityContext *self, DmsToken *token, const char *granted, DmsDid *audience,
                 guint64 expiry_ns)
{
  const char * const capabilities[] = { granted, NULL };

  return dms_token_rules_can_chain (token, self->did, audience, NULL, capabilities, expiry_ns, 0);
}

/* What of a delegation an answer to @asked uses: all of it when it is meant for more than one answer, so that
 * our tokens serve for more than one as well. NULL: it does not allow the answer. */
static const char *
get_answer_capability (DmsCapabilityContext *self, DmsToken *token, DmsDid *audience, const char *asked,
                       guint64 expiry_ns)
{
  const char * const *granted = dms_token_get_capabilities (token);

  for (guint i = 0; granted[i] != NULL; i++)
    {
      gboolean is_prefix = g_str_has_prefix (granted[i], REPLY_PREFIX)
                           && strlen (granted[i]) > strlen (REPLY_PREFIX);

      if (dms_capability_implies (granted[i], asked)
          && can_answer_with (self, token, is_prefix ? granted[i] : asked, audience, expiry_ns))
        return is_prefix ? granted[i] : asked;
    }
  return NULL;
}

/* The first delegation of the target that allows an answer; (nullable). @capability: (out): what to issue. */
static DmsToken *
find_answer_grant (Issue *issue, GPtrArray *tokens, DmsDid *target, const char *asked,
                   const char **capability)
{
  for (guint i = 0; tokens != NULL && i < tokens->len; i++)
    {
      DmsToken *token = g_ptr_array_index (tokens, i);

      if (!dms_did_equal (dms_token_get_issuer (token), target))
        continue;
      *capability = get_answer_capability (issue->context, token, issue->terms.audience, asked,
                                           issue->expiry_ns);
      if (*capability != NULL)
        return token;
    }
  return NULL;
}

/* The tokens of an invocation, once the delegation for the answer is there. */
static void
issue_invocations (Issue *issue, DmsDid *target, const char * const *asked, guint64 now_ns)
{
  const char *reply[] = { NULL, NULL };
  gboolean is_answer = g_str_has_prefix (asked[0], REPLY_PREFIX) && asked[1] == NULL;

  if (target != NULL)
    drop_forged (issue->context, target, now_ns);
  if (target != NULL && is_answer)
    find_answer_grant (issue, g_hash_table_lookup (issue->context->delegations, dms_did_get_uri (target)),
                       target, asked[0], &reply[0]);
  issue->terms.capabilities = reply[0] != NULL ? reply : asked;
  issue_token (issue, NULL, issue->expiry_ns);
  if (target != NULL)
    chain_on_consumed (issue, target, now_ns);
  chain_on_provide (issue, now_ns);
  issue->terms.capabilities = asked;
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
  g_autoptr (DmsDid) own = did_of_id (self, from_id, error);
  g_autoptr (DmsDid) audience = own != NULL ? did_of_id (self, to_id, error) : NULL;
  g_auto (Issue) issue = { 0 };
  guint64 now_ns = dms_capability_context_look (self);
  gboolean known = to_did != NULL && !dms_did_is_empty (to_did);

  if (audience == NULL || !check_can_issue (self, own, capabilities, error))
    return NULL;
  issue_init (&issue, self, expiry_ns);
  issue.wallet = self->wallet;
  if (dms_did_equal (own, audience))
    return finish_bytes (&issue, error);
  if (known && reply_behaviours != NULL && reply_behaviours[0] != NULL)
    {
      issue.terms = (DmsTokenTerms) { DMS_TOKEN_ACTION_DELEGATE, to_did, own, NULL, reply_behaviours, 1,
                                     NULL };
      issue_token (&issue, NULL, expiry_ns);
    }
  issue.terms = (DmsTokenTerms) { DMS_TOKEN_ACTION_INVOKE, own, audience, NULL, capabilities, 0, NULL };
  issue_invocations (&issue, known ? to_did : NULL, capabilities, now_ns);
  return finish_bytes (&issue, error);
}

/**
 * dms_capability_context_provide_answer:
 * @interaction: of the message that is answered
 *
 * The same for an answer. The delegation that came with the message is taken at its word: if it is forged,
 * the one who brought it gets an answer that is refused, and no other message is concerned.
 */
GBytes *
dms_capability_context_provide_answer (DmsCapabilityContext *self, guint64 interaction, const char *from_id,
                                       const char *to_id, DmsDid *to_did, guint64 expiry_ns,
                                       const char *behaviour, GError **error)
{
  const char * const asked[] = { behaviour, NULL };
  const char *answer[] = { NULL, NULL };
  gint64 number = (gint64) interaction;
  DmsInteraction *found = g_hash_table_lookup (self->interactions, &number);
  g_autoptr (DmsDid) own = did_of_id (self, from_id, error);
  g_autoptr (DmsDid) audience = own != NULL ? did_of_id (self, to_id, error) : NULL;
  g_auto (Issue) issue = { 0 };
  DmsToken *grant = NULL;

  if (audience == NULL || !check_can_issue (self, own, asked, error))
    return NULL;
  issue_init (&issue, self, expiry_ns);
  issue.wallet = self->wallet;
  issue.terms = (DmsTokenTerms) { DMS_TOKEN_ACTION_INVOKE, own, audience, NULL, answer, 0, NULL };
  if (found != NULL && to_did != NULL && !dms_did_is_empty (to_did))
    grant = find_answer_grant (&issue, found->tokens, to_did, behaviour, &answer[0]);
  if (grant == NULL)
    return dms_capability_context_provide (self, from_id, to_id, to_did, expiry_ns, asked, NULL, error);
  issue_token (&issue, NULL, expiry_ns);
  issue_token (&issue, grant, expiry_ns);
  chain_on_provide (&issue, dms_capability_context_look (self));
  return finish_bytes (&issue, error);
}

GBytes *
dms_capability_context_provide_broadcast (DmsCapabilityContext *self, const char *from_id, const char *topic,
                                          guint64 expiry_ns, const char * const *capabilities, GError **error)
{
  const char *topics[] = { topic, NULL };
  g_autoptr (DmsDid) own = did_of_id (self, from_id, error);
  g_auto (Issue) issue = { 0 };
  guint64 now_ns = dms_capability_context_look (self);

  if (own == NULL || !check_can_issue (self, own, capabilities, error))
    return NULL;
  issue_init (&issue, self, expiry_ns);
  issue.wallet = self->wallet;
  issue.terms = (DmsTokenTerms) { DMS_TOKEN_ACTION_BROADCAST, own, NULL, topics, capabilities, 0, NULL };
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
  if (token == NULL)
    return NULL;
  /* Whoever is on this node need not check what was signed here. */
  dms_chain_cache_note (self->cache, token, TRUE);
  return dms_token_list_new_single (token);
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
  issue_init (&issue, self, expiry_ns);
  issue.terms = (DmsTokenTerms) { DMS_TOKEN_ACTION_DELEGATE, subject, audience, topics, capabilities, depth,
                                  NULL };
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
