/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-security-context.h"

#include "capability/dms-token-list.h"

/* A message may not live longer than this: what is seen must be remembered that long. */
#define MAX_LIFETIME_NS (G_GUINT64_CONSTANT (24) * 3600 * 1000000000)

struct _DmsSecurityContext
{
  GObject parent_instance;

  DmsKey *key;
  DmsDid *actor_did;
  char *actor_id;
  DmsCapabilityContext *capabilities;
};

G_DEFINE_FINAL_TYPE (DmsSecurityContext, dms_security_context, G_TYPE_OBJECT)

static void
dms_security_context_finalize (GObject *object)
{
  DmsSecurityContext *self = DMS_SECURITY_CONTEXT (object);

  g_clear_pointer (&self->key, dms_key_unref);
  g_clear_pointer (&self->actor_did, dms_did_unref);
  g_clear_pointer (&self->actor_id, g_free);
  g_clear_object (&self->capabilities);
  G_OBJECT_CLASS (dms_security_context_parent_class)->finalize (object);
}

static void
dms_security_context_class_init (DmsSecurityContextClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_security_context_finalize;
}

static void
dms_security_context_init (DmsSecurityContext *self)
{
}

DmsSecurityContext *
dms_security_context_new (DmsKey *key, DmsCapabilityContext *capabilities)
{
  DmsSecurityContext *self = g_object_new (DMS_TYPE_SECURITY_CONTEXT, NULL);

  self->key = dms_key_ref (key);
  self->actor_did = dms_key_dup_did (key);
  self->actor_id = dms_key_dup_id_pub (key);
  self->capabilities = g_object_ref (capabilities);
  return self;
}

DmsKey *
dms_security_context_get_key (DmsSecurityContext *self)
{
  return self->key;
}

DmsCapabilityContext *
dms_security_context_get_capabilities (DmsSecurityContext *self)
{
  return self->capabilities;
}

DmsDid *
dms_security_context_get_did (DmsSecurityContext *self)
{
  return dms_capability_context_get_did (self->capabilities);
}

DmsDid *
dms_security_context_get_actor_did (DmsSecurityContext *self)
{
  return self->actor_did;
}

const char *
dms_security_context_get_actor_id (DmsSecurityContext *self)
{
  return self->actor_id;
}

/* The tokens of a message: those that the context can offer, and those the caller adds. */
static GBytes *
make_tokens (DmsSecurityContext *self,
             guint64 question,
             DmsHandle *to,
             const char *behaviour,
             guint64 expiry_ns,
             const char *reply_capability,
             const char *topic,
             GBytes *extra_tokens,
             GError **error)
{
  const char *const capabilities[] = { behaviour, NULL };
  const char *const replies[] = { reply_capability, NULL };
  g_autoptr (GBytes) provided = NULL;
  g_autoptr (DmsTokenList) own = NULL;
  g_autoptr (DmsTokenList) extra = NULL;
  g_autoptr (DmsTokenList) all = NULL;
  g_autoptr (GBytes) joined = NULL;

  if (to == NULL)
    provided = dms_capability_context_provide_broadcast (self->capabilities, self->actor_id, topic, expiry_ns,
                                                         capabilities, error);
  else if (question != 0)
    provided = dms_capability_context_provide_answer (self->capabilities, question, self->actor_id,
                                                      dms_handle_get_id (to), dms_handle_get_did (to),
                                                      expiry_ns, behaviour, error);
  else
    provided = dms_capability_context_provide (self->capabilities, self->actor_id, dms_handle_get_id (to),
                                               dms_handle_get_did (to), expiry_ns, capabilities,
                                               reply_capability != NULL ? replies : NULL, error);
  if (provided == NULL)
    return NULL;
  if (extra_tokens == NULL)
    return g_steal_pointer (&provided);

  own = dms_token_list_new_from_bytes (provided, error);
  extra = own != NULL ? dms_token_list_new_from_bytes (extra_tokens, error) : NULL;
  if (extra == NULL)
    return NULL;
  all = dms_token_list_join (own, extra);
  joined = dms_token_list_to_bytes (all);
  if (g_bytes_get_size (joined) > DMS_TOKEN_MAX_LIST_SIZE)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE,
                   "cannot send “%s”: its tokens take %" G_GSIZE_FORMAT " bytes, %d are allowed", behaviour,
                   g_bytes_get_size (joined), DMS_TOKEN_MAX_LIST_SIZE);
      return NULL;
    }
  return g_steal_pointer (&joined);
}

DmsEnvelope *
dms_security_context_seal (DmsSecurityContext *self,
                           guint64 question,
                           DmsHandle *from,
                           DmsHandle *to,
                           const char *behaviour,
                           GBytes *payload,
                           guint64 expiry_ns,
                           const char *reply_behaviour,
                           const char *reply_capability,
                           const char *topic,
                           GBytes *extra_tokens,
                           GError **error)
{
  g_autoptr (DmsHandle) nobody = NULL;
  g_autoptr (GBytes) tokens = NULL;

  g_return_val_if_fail (to != NULL || topic != NULL, NULL);

  if (to == NULL)
    nobody = dms_handle_new_empty ();
  /* An actor that talks to itself needs its signature only. */
  if (to == NULL || !g_str_equal (dms_handle_get_id (to), self->actor_id))
    {
      tokens = make_tokens (self, question, to, behaviour, expiry_ns,
                            reply_capability != NULL ? reply_capability : reply_behaviour, topic,
                            extra_tokens, error);
      if (tokens == NULL)
        return NULL;
    }
  return dms_envelope_new_signed (self->key, to != NULL ? to : nobody, behaviour, from,
                                  dms_envelope_make_nonce (), expiry_ns, reply_behaviour, topic, payload,
                                  tokens);
}

DmsEnvelope *
dms_security_context_hand_over (DmsSecurityContext *self,
                                DmsHandle *from,
                                DmsHandle *to,
                                const char *behaviour,
                                GBytes *payload,
                                guint64 expiry_ns,
                                const char *reply_behaviour)
{
  return dms_envelope_new_own (G_OBJECT (self->capabilities), to, behaviour, from,
                               dms_envelope_make_nonce (), expiry_ns, reply_behaviour, payload);
}

gboolean
dms_security_context_is_own (DmsSecurityContext *self, DmsSecurityContext *other)
{
  return self->capabilities == other->capabilities;
}

/* The message was made in this process by an actor of our own node: what it says of its sender is true, and
 * the node allows its own actors everything, as it would by a token that it issues itself. */
static gboolean
is_from_own (DmsSecurityContext *self, DmsEnvelope *envelope)
{
  return dms_envelope_get_authority (envelope) == G_OBJECT (self->capabilities);
}

GPtrArray *
dms_security_context_dup_unchecked (DmsSecurityContext *self, DmsEnvelope *envelope, const char *capability)
{
  const char *from_id = dms_handle_get_id (dms_envelope_get_from (envelope));
  const char *topic = dms_envelope_is_broadcast (envelope) ? dms_envelope_get_topic (envelope) : NULL;

  return dms_capability_context_dup_unchecked (self->capabilities, dms_envelope_get_capability (envelope),
                                               from_id, self->actor_id, topic, capability);
}

guint64
dms_security_context_open (DmsSecurityContext *self, DmsEnvelope *envelope, GError **error)
{
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  guint64 expiry_ns = dms_envelope_get_expiry_ns (envelope);
  DmsHandle *from = dms_envelope_get_from (envelope);
  g_autoptr (DmsDid) sender = NULL;
  guint8 public_key[32];

  if (expiry_ns < now_ns)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_EXPIRED, "the message expired %" G_GUINT64_FORMAT " ms ago",
                   (now_ns - expiry_ns) / 1000000);
      return 0;
    }
  if (expiry_ns - now_ns > MAX_LIFETIME_NS)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_EXPIRED,
                           "the message expires more than 24 hours from now; clocks may differ");
      return 0;
    }
  if (is_from_own (self, envelope))
    return dms_capability_context_consume (self->capabilities, dms_handle_get_did (from), NULL, error);
  if (!dms_envelope_verify_signature (envelope))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE,
                           dms_handle_get_ed25519 (from, public_key)
                             ? "the signature of the message was not made by its sender"
                             : "the sender's ID is not an Ed25519 key");
      return 0;
    }
  /* What has a good signature has an ID that is a key. */
  sender = dms_did_is_empty (dms_handle_get_did (from))
             ? dms_capability_context_dup_owner (self->capabilities, dms_handle_get_id (from))
             : dms_did_ref (dms_handle_get_did (from));
  return dms_capability_context_consume (self->capabilities, sender, dms_envelope_get_capability (envelope),
                                         error);
}

gboolean
dms_security_context_require (DmsSecurityContext *self,
                              guint64 interaction,
                              DmsEnvelope *envelope,
                              const char *capability,
                              GError **error)
{
  const char *from_id = dms_handle_get_id (dms_envelope_get_from (envelope));

  if (is_from_own (self, envelope))
    return TRUE;
  if (dms_envelope_is_broadcast (envelope))
    return dms_capability_context_require_broadcast (self->capabilities, interaction, from_id,
                                                     dms_envelope_get_topic (envelope), capability, error);
  return dms_capability_context_require (self->capabilities, interaction, from_id, self->actor_id, capability,
                                         error);
}

void
dms_security_context_discard (DmsSecurityContext *self, guint64 interaction)
{
  if (interaction != 0)
    dms_capability_context_discard (self->capabilities, interaction);
}

/* A token proves that its issuer lets the sender's key act for it when it names this key as its subject.
 * @known: only tokens whose signatures were computed before. */
static gboolean
vouches (DmsSecurityContext *self,
         DmsToken *token,
         DmsDid *issuer,
         DmsDid *subject,
         gboolean known,
         guint64 now_ns)
{
  DmsTokenAction action = dms_token_get_action (token);
  DmsDid *audience = dms_token_get_audience (token);

  if (action != DMS_TOKEN_ACTION_INVOKE && action != DMS_TOKEN_ACTION_BROADCAST)
    return FALSE;
  if (!dms_did_equal (dms_token_get_issuer (token), issuer)
      || !dms_did_equal (dms_token_get_subject (token), subject))
    return FALSE;
  if (!dms_did_is_empty (audience) && !dms_did_equal (audience, self->actor_did))
    return FALSE;
  return (!known || dms_capability_context_knows (self->capabilities, token))
         && dms_capability_context_verify (self->capabilities, token, now_ns, NULL);
}

static gboolean
any_vouches (DmsSecurityContext *self,
             DmsTokenList *tokens,
             DmsDid *issuer,
             DmsDid *subject,
             gboolean known,
             guint64 now_ns)
{
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    if (vouches (self, dms_token_list_get (tokens, i), issuer, subject, known, now_ns))
      return TRUE;
  return FALSE;
}

DmsDid *
dms_security_context_dup_sender_did (DmsSecurityContext *self, DmsEnvelope *envelope)
{
  DmsHandle *from = dms_envelope_get_from (envelope);
  DmsDid *claimed = dms_handle_get_did (from);
  GBytes *capability = dms_envelope_get_capability (envelope);
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (DmsDid) actor = NULL;

  actor = dms_capability_context_dup_owner (self->capabilities, dms_handle_get_id (from));
  if (actor == NULL)
    return dms_did_new_empty ();
  if (dms_did_is_empty (claimed) || dms_did_equal (claimed, actor))
    return g_steal_pointer (&actor);
  if (is_from_own (self, envelope))
    return dms_did_ref (claimed);
  /* Our own children carry our DID and need no token to talk to themselves. */
  if (dms_did_equal (claimed, dms_security_context_get_did (self)) && dms_did_equal (actor, self->actor_did))
    return dms_did_ref (claimed);

  if (capability != NULL)
    tokens = dms_capability_context_read_list (self->capabilities, capability, NULL);
  /* The token that the message was allowed for says it as well as any, and costs nothing any more. */
  if (tokens != NULL
      && (any_vouches (self, tokens, claimed, actor, TRUE, now_ns)
          || any_vouches (self, tokens, claimed, actor, FALSE, now_ns)))
    return dms_did_ref (claimed);
  return g_steal_pointer (&actor);
}

GBytes *
dms_security_context_grant (DmsSecurityContext *self,
                            const char *owner,
                            DmsDid *subject,
                            DmsDid *audience,
                            const char *const *capabilities,
                            guint64 expiry_ns,
                            GError **error)
{
  g_autoptr (DmsTokenList) tokens = NULL;

  /* Depth 1: the subject's own actors may use it, nobody further. */
  tokens = dms_capability_context_grant (self->capabilities, subject, audience, NULL, capabilities, expiry_ns,
                                         1, error);
  if (tokens == NULL)
    return NULL;
  if (!dms_capability_context_hold_require (self->capabilities, tokens, owner, error))
    return NULL;
  return dms_token_list_to_bytes (tokens);
}

void
dms_security_context_withdraw (DmsSecurityContext *self, const char *owner)
{
  dms_capability_context_release (self->capabilities, owner);
}
