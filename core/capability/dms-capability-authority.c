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

DmsCapabilityFault
dms_capability_context_find_arrival_fault (DmsCapabilityContext *self, DmsToken *token,
                                           DmsToken *signed_part, DmsDid *sender, guint64 now_ns)
{
  DmsCapabilityFault fault;

  if (!concerns_us (self, token, sender, now_ns))
    return DMS_CAPABILITY_FAULT_NOT_ANCHORED;
  fault = dms_token_rules_find_fault (token, now_ns, self->revoked, NULL);
  if (fault == DMS_CAPABILITY_FAULT_NONE && signed_part != NULL)
    fault = dms_capability_context_find_signature_fault (self, signed_part, NULL);
  return fault;
}

static void
dropped_token_free (gpointer data)
{
  DmsDroppedToken *dropped = data;

  dms_token_unref (dropped->token);
  g_free (dropped);
}

/* Remembers why a token of the interaction that is being made is not kept. */
static void
note_dropped (DmsCapabilityContext *self, DmsToken *token, DmsCapabilityFault fault)
{
  gint64 number = (gint64) self->last_interaction;
  GPtrArray *tokens = g_hash_table_lookup (self->dropped, &number);
  DmsDroppedToken *item = g_new0 (DmsDroppedToken, 1);

  if (tokens == NULL)
    {
      tokens = g_ptr_array_new_with_free_func (dropped_token_free);
      g_hash_table_insert (self->dropped, g_memdup2 (&number, sizeof number), tokens);
    }
  item->token = dms_token_ref (token);
  item->fault = fault;
  g_ptr_array_add (tokens, item);
}

/* A list that cannot be read is refused as a whole. */
static DmsTokenList *
read_list (GBytes *capability, GError **error)
{
  g_autoptr (GError) local = NULL;
  DmsTokenList *tokens = dms_token_list_new_from_bytes (capability, &local);
  gboolean is_large = g_error_matches (local, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  DmsCapabilityFault fault = is_large ? DMS_CAPABILITY_FAULT_LIST_TOO_LARGE : DMS_CAPABILITY_FAULT_MALFORMED;

  if (tokens == NULL)
    {
      dms_error_set_reason (local, dms_capability_fault_get_nick (fault));
      g_propagate_error (error, g_steal_pointer (&local));
    }
  return tokens;
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
  tokens = read_list (capability, error);
  if (tokens == NULL)
    return 0;
  kept = dms_capability_context_new_array ();
  self->last_interaction++;
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    {
      DmsToken *token = dms_token_list_get (tokens, i);
      DmsCapabilityFault fault = dms_capability_context_find_arrival_fault (self, token, token, sender_did,
                                                                            now_ns);

      if (fault != DMS_CAPABILITY_FAULT_NONE)
        {
          note_dropped (self, token, fault);
          continue;
        }
      g_ptr_array_add (kept, dms_token_ref (token));
      dms_capability_context_note_expiry (self, token);
    }
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
  g_hash_table_remove (self->dropped, &number);
}

DmsAuthority
dms_capability_context_find_authority (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns)
{
  DmsDid *first = dms_token_get_issuer (dms_token_get_anchor (token));

  if (dms_did_equal (first, self->did))
    return DMS_AUTHORITY_OWN;
  if (dms_capability_context_is_root (self, first))
    return DMS_AUTHORITY_ROOT;
  return dms_capability_context_is_allowed (self, token, now_ns) ? DMS_AUTHORITY_ANCHOR : DMS_AUTHORITY_NONE;
}

DmsCapabilityFault
dms_capability_context_find_kept_fault (DmsCapabilityContext *self, DmsToken *token, const DmsTokenUse *use,
                                        guint64 now_ns)
{
  DmsCapabilityFault fault = dms_token_rules_find_use_fault (token, use);

  if (fault == DMS_CAPABILITY_FAULT_NONE)
    fault = dms_token_rules_find_fault (token, now_ns, self->revoked, NULL);
  if (fault == DMS_CAPABILITY_FAULT_NONE
      && dms_capability_context_find_authority (self, token, now_ns) == DMS_AUTHORITY_NONE)
    fault = DMS_CAPABILITY_FAULT_NOT_ANCHORED;
  return fault;
}

/* NONE when some token of the interaction is enough; otherwise what is wrong with the one that comes
 * nearest. */
static DmsCapabilityFault
find_authority (DmsCapabilityContext *self, guint64 interaction, const DmsTokenUse *use)
{
  guint64 now_ns = dms_capability_context_look (self);
  gint64 number = (gint64) interaction;
  GPtrArray *tokens = g_hash_table_lookup (self->interactions, &number);
  GPtrArray *dropped = g_hash_table_lookup (self->dropped, &number);
  DmsCapabilityFault nearest = DMS_CAPABILITY_FAULT_NO_TOKEN;

  for (guint i = 0; tokens != NULL && i < tokens->len; i++)
    {
      DmsToken *token = g_ptr_array_index (tokens, i);
      DmsCapabilityFault fault = dms_capability_context_find_kept_fault (self, token, use, now_ns);

      if (fault == DMS_CAPABILITY_FAULT_NONE)
        return fault;
      nearest = MAX (nearest, fault);
    }
  for (guint i = 0; dropped != NULL && i < dropped->len; i++)
    {
      DmsDroppedToken *item = g_ptr_array_index (dropped, i);
      DmsCapabilityFault fault = dms_token_rules_find_use_fault (item->token, use);

      nearest = MAX (nearest, fault != DMS_CAPABILITY_FAULT_NONE ? fault : item->fault);
    }
  return nearest;
}

static gboolean
refuse (const char *id, const char *capability, DmsCapabilityFault fault, GError **error)
{
  if (error == NULL)
    return FALSE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED,
               "the actor “%.64s” may not use “%.256s” here: no token that it presents allows it; "
               "of the one that comes nearest: %s",
               id, capability, dms_capability_fault_get_text (fault));
  dms_error_set_reason (*error, dms_capability_fault_get_nick (fault));
  return FALSE;
}

gboolean
dms_capability_context_require (DmsCapabilityContext *self, guint64 interaction, const char *from_id,
                                const char *to_id, const char *capability, GError **error)
{
  g_autoptr (DmsDid) subject = did_of_id (from_id);
  g_autoptr (DmsDid) audience = did_of_id (to_id);
  DmsTokenUse use = { subject, audience, capability, NULL };
  DmsCapabilityFault fault = DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE;

  if (subject != NULL && audience != NULL && dms_did_equal (subject, audience))
    return TRUE;
  if (subject != NULL && audience != NULL)
    fault = find_authority (self, interaction, &use);
  return fault == DMS_CAPABILITY_FAULT_NONE || refuse (from_id, capability, fault, error);
}

gboolean
dms_capability_context_require_broadcast (DmsCapabilityContext *self, guint64 interaction,
                                          const char *from_id,
                                          const char *topic, const char *capability, GError **error)
{
  g_autoptr (DmsDid) subject = did_of_id (from_id);
  DmsTokenUse use = { subject, NULL, capability, topic };
  DmsCapabilityFault fault = DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE;

  if (subject != NULL)
    fault = find_authority (self, interaction, &use);
  return fault == DMS_CAPABILITY_FAULT_NONE || refuse (from_id, capability, fault, error);
}
