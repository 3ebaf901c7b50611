/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The receiving side: what comes with a message, and whether it is enough. */

#include "capability/dms-capability-context-private.h"
#include "capability/dms-token-rules.h"
#include "identity/dms-base32.h"

/* The owner of an actor ID; NULL when that is not an Ed25519 key. */
static DmsDid *
did_of_id (const char *id)
{
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];

  return dms_base32_decode_id (id, public_key) ? dms_did_new_for_ed25519 (public_key) : NULL;
}

/* Whether a token could matter here at all; only then is its signature worth computing. */
static gboolean
concerns_us (DmsCapabilityContext *self, DmsToken *token, DmsDid *sender, guint64 now_ns)
{
  if (dms_token_get_action (token) == DMS_TOKEN_ACTION_REVOKE)
    return FALSE;
  if (dms_token_rules_names_issuer (token, self->did)
      || (sender != NULL && dms_token_rules_names_issuer (token, sender)))
    return TRUE;
  for (guint i = 0; i < self->roots->len; i++)
    if (dms_token_rules_names_issuer (token, g_ptr_array_index (self->roots, i)))
      return TRUE;
  return dms_capability_context_is_allowed (self, token, now_ns);
}

/**
 * dms_capability_context_consume:
 * @sender_did: (nullable): the DID that the sender's handle names
 * @capability: (nullable): the token list of the message
 *
 * capability.md, Consuming what comes with a message.
 *
 * Returns: the number of the interaction, which holds until dms_capability_context_discard(); 0 with
 *   DMS_ERROR_INVALID_DATA or DMS_ERROR_TOO_LARGE for a list that cannot be read
 */
guint64
dms_capability_context_consume (DmsCapabilityContext *self, DmsDid *sender_did, GBytes *capability,
                                GError **error)
{
  guint64 now_ns = dms_capability_context_look (self);
  g_autoptr (GPtrArray) kept = NULL;
  g_autoptr (DmsTokenList) tokens = NULL;

  if (capability == NULL)
    return ++self->last_interaction;
  tokens = dms_token_list_new_from_bytes (capability, error);
  if (tokens == NULL)
    return 0;
  kept = dms_capability_context_new_array ();
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    {
      DmsToken *token = dms_token_list_get (tokens, i);

      if (!concerns_us (self, token, sender_did, now_ns)
          || !dms_capability_context_verify (self, token, now_ns, NULL))
        continue;
      g_ptr_array_add (kept, dms_token_ref (token));
      dms_capability_context_note_expiry (self, token);
    }
  self->last_interaction++;
  if (kept->len > 0)
    {
      gint64 number = (gint64) self->last_interaction;

      g_hash_table_insert (self->interactions, g_memdup2 (&number, sizeof number), g_steal_pointer (&kept));
    }
  return self->last_interaction;
}

void
dms_capability_context_discard (DmsCapabilityContext *self, guint64 interaction)
{
  gint64 number = (gint64) interaction;

  g_hash_table_remove (self->interactions, &number);
}

/* Whether a token's authority begins with somebody who has it here. */
static gboolean
is_anchored (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns)
{
  DmsDid *first = dms_token_get_issuer (dms_token_get_anchor (token));

  return dms_did_equal (first, self->did) || dms_capability_context_is_root (self, first)
         || dms_capability_context_is_allowed (self, token, now_ns);
}

/* @audience: NULL for a broadcast, which has none. @topic: NULL for an invocation. */
static gboolean
token_suffices (DmsToken *token, DmsDid *subject, DmsDid *audience, const char *topic, const char *capability)
{
  DmsDid *own = dms_token_get_audience (token);

  return dms_token_get_action (token)
           == (topic != NULL ? DMS_TOKEN_ACTION_BROADCAST : DMS_TOKEN_ACTION_INVOKE)
         && dms_did_equal (dms_token_get_subject (token), subject)
         && (dms_did_is_empty (own) || (audience != NULL && dms_did_equal (own, audience)))
         && dms_token_implies (token, capability)
         && (topic == NULL || dms_token_implies_topic (token, topic));
}

static gboolean
find_authority (DmsCapabilityContext *self, guint64 interaction, DmsDid *subject, DmsDid *audience,
                const char *topic, const char *capability)
{
  guint64 now_ns = dms_capability_context_look (self);
  gint64 number = (gint64) interaction;
  GPtrArray *tokens = g_hash_table_lookup (self->interactions, &number);

  for (guint i = 0; tokens != NULL && i < tokens->len; i++)
    {
      DmsToken *token = g_ptr_array_index (tokens, i);

      if (token_suffices (token, subject, audience, topic, capability)
          && dms_token_rules_check (token, now_ns, self->revoked, NULL)
          && is_anchored (self, token, now_ns))
        return TRUE;
    }
  return FALSE;
}

static gboolean
refuse (const char *id, const char *capability, GError **error)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED,
               "the actor “%.64s” may not use “%.256s” here: it presents no capability that allows it", id,
               capability);
  return FALSE;
}

gboolean
dms_capability_context_require (DmsCapabilityContext *self, guint64 interaction, const char *from_id,
                                const char *to_id, const char *capability, GError **error)
{
  g_autoptr (DmsDid) subject = did_of_id (from_id);
  g_autoptr (DmsDid) audience = did_of_id (to_id);

  if (subject == NULL || audience == NULL)
    return refuse (from_id, capability, error);
  if (dms_did_equal (subject, audience)
      || find_authority (self, interaction, subject, audience, NULL, capability))
    return TRUE;
  return refuse (from_id, capability, error);
}

gboolean
dms_capability_context_require_broadcast (DmsCapabilityContext *self, guint64 interaction,
                                          const char *from_id,
                                          const char *topic, const char *capability, GError **error)
{
  g_autoptr (DmsDid) subject = did_of_id (from_id);

  if (subject != NULL && *topic != '\0'
      && find_authority (self, interaction, subject, NULL, topic, capability))
    return TRUE;
  return refuse (from_id, capability, error);
}
