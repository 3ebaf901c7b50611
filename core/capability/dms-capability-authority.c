/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The receiving side: what comes with a message, and whether it is enough. */

#include "capability/dms-capability-context-private.h"

#include <sodium.h>
#include <string.h>

#include "capability/dms-token-list-private.h"
#include "capability/dms-token-rules.h"
#include "identity/dms-base32.h"

/* What a list takes for each byte it was read from, and with them, about. */
#define KNOWN_FACTOR 4
/* How many delegations of one message may be used in answers. */
#define MAX_DELEGATIONS 8

/* Base 58 takes longer than most of what happens to a message, so it is done once. */
DmsDid *
dms_capability_context_dup_owner (DmsCapabilityContext *self, const char *id)
{
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];
  gsize size = strlen (id);
  gpointer found;
  DmsDid *did;

  if (dms_segmented_cache_use (self->owners, id, size, &found))
    return dms_did_ref (found);
  if (!dms_base32_decode_id (id, public_key))
    return NULL;
  did = dms_did_new_for_ed25519 (public_key);
  dms_segmented_cache_insert (self->owners, id, size, dms_did_ref (did), strlen (dms_did_get_uri (did)));
  return did;
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
dms_capability_context_find_arrival_fault (DmsCapabilityContext *self, DmsToken *token, DmsDid *sender,
                                           guint64 now_ns)
{
  if (!concerns_us (self, token, sender, now_ns))
    return DMS_CAPABILITY_FAULT_NOT_ANCHORED;
  return dms_token_rules_find_fault (token, now_ns, self->revoked, NULL);
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
note_dropped (DmsInteraction *interaction, DmsToken *token, DmsCapabilityFault fault)
{
  DmsDroppedToken *item = g_new0 (DmsDroppedToken, 1);

  if (interaction->dropped == NULL)
    interaction->dropped = g_ptr_array_new_with_free_func (dropped_token_free);
  item->token = dms_token_ref (token);
  item->fault = fault;
  g_ptr_array_add (interaction->dropped, item);
}

/* Where the list of these bytes is, if it was read a short while ago. Bytes of envelopes do not change: the
 * same object has the same content, and it cannot be another one at this address while it is kept here. */
static DmsReadList *
get_read (DmsCapabilityContext *self, GBytes *bytes)
{
  /* Neighbours in memory are some 40 bytes apart. */
  return &self->read[GPOINTER_TO_SIZE (bytes) / 16 % DMS_READ_LISTS];
}

/* Where a list with this content is, if it came a short while ago. So near the end there is a signature.
 * Whoever makes lists that meet others here makes the others be looked for in the cache. */
static DmsKnownList **
get_recent (DmsCapabilityContext *self, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  return &self->recent[size > 32 ? (data[size - 30] ^ data[size - 29] << 3) % DMS_READ_LISTS : 0];
}

static DmsTokenList *
parse_list (DmsCapabilityContext *self, GBytes *capability, GError **error)
{
  g_autoptr (GError) local = NULL;
  DmsTokenList *tokens = dms_token_list_new_knowing (capability, self->chains, &local);
  DmsCapabilityFault fault;

  if (tokens != NULL)
    return tokens;
  fault = g_error_matches (local, DMS_ERROR, DMS_ERROR_TOO_LARGE) ? DMS_CAPABILITY_FAULT_LIST_TOO_LARGE
                                                                  : DMS_CAPABILITY_FAULT_MALFORMED;
  dms_error_set_reason (local, dms_capability_fault_get_nick (fault));
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

/* The list with this content, from the cache or into it. (transfer full) */
static DmsKnownList *
find_known (DmsCapabilityContext *self, GBytes *capability, GError **error)
{
  g_autoptr (DmsTokenList) tokens = NULL;
  guint8 hash[DMS_LIST_HASH_SIZE];
  DmsKnownList *known;
  gpointer found;
  gsize size;
  const guint8 *data = g_bytes_get_data (capability, &size);

  crypto_shorthash_siphashx24 (hash, data, size, self->lists_secret);
  if (dms_segmented_cache_lookup (self->lists, hash, sizeof hash, &found)
      && g_bytes_equal (((DmsKnownList *) found)->bytes, capability))
    return dms_known_list_ref (found);
  tokens = parse_list (self, capability, error);
  if (tokens == NULL)
    return NULL;
  known = dms_known_list_new (capability, hash, tokens);
  dms_segmented_cache_insert (self->lists, hash, sizeof hash, dms_known_list_ref (known),
                              size * KNOWN_FACTOR);
  return known;
}

/* A list that cannot be read is refused as a whole. What is read is on probation in the cache until a message
 * is allowed because of it. Borrowed: it lives until the next list is read. */
static DmsKnownList *
read_list (DmsCapabilityContext *self, GBytes *capability, GError **error)
{
  DmsReadList *read = get_read (self, capability);
  DmsKnownList **recent = get_recent (self, capability);
  DmsKnownList *known;

  if (capability == read->bytes)
    return read->known;
  if (*recent != NULL && g_bytes_equal ((*recent)->bytes, capability))
    known = dms_known_list_ref (*recent);
  else
    known = find_known (self, capability, error);
  if (known == NULL)
    return NULL;
  g_clear_pointer (&read->bytes, g_bytes_unref);
  g_clear_pointer (&read->known, dms_known_list_unref);
  read->bytes = g_bytes_ref (capability);
  read->known = known;
  if (*recent != known)
    {
      g_clear_pointer (recent, dms_known_list_unref);
      *recent = dms_known_list_ref (known);
    }
  return known;
}

/* Only messages that are allowed get here, so nobody without a right pushes out what is in use. */
static void
keep_list (DmsCapabilityContext *self, DmsInteraction *interaction, DmsToken *token)
{
  g_autoptr (DmsKnownList) known = g_steal_pointer (&interaction->unproven);
  DmsToken *chain = dms_token_get_chain (token);

  if (known == NULL)
    return;
  dms_chain_cache_keep (self->cache, token);
  if (chain != NULL)
    dms_chain_texts_keep (self->chains, chain);
  dms_segmented_cache_keep (self->lists, known->hash, sizeof known->hash);
  known->proven = TRUE;
}

static gboolean
is_delegation_to_us (DmsCapabilityContext *self, DmsToken *token)
{
  return dms_token_get_action (token) == DMS_TOKEN_ACTION_DELEGATE
         && dms_did_equal (dms_token_get_subject (token), self->did);
}

static void
note_delegation (DmsCapabilityContext *self, DmsToken *token)
{
  const char *issuer = dms_did_get_uri (dms_token_get_issuer (token));
  GPtrArray *tokens = g_hash_table_lookup (self->delegations, issuer);

  if (tokens == NULL)
    {
      tokens = dms_capability_context_new_array ();
      g_hash_table_insert (self->delegations, g_strdup (issuer), tokens);
    }
  g_ptr_array_add (tokens, dms_token_ref (token));
}

DmsTokenList *
dms_capability_context_read_list (DmsCapabilityContext *self, GBytes *bytes, GError **error)
{
  DmsKnownList *known = read_list (self, bytes, error);

  return known != NULL ? dms_token_list_ref (known->list) : NULL;
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
  DmsTokenList *tokens;
  DmsKnownList *known;
  DmsInteraction *interaction;
  guint delegations = 0;

  if (capability == NULL)
    return ++self->last_interaction;
  known = read_list (self, capability, error);
  if (known == NULL)
    return 0;
  tokens = known->list;
  interaction = g_new0 (DmsInteraction, 1);
  interaction->tokens = dms_capability_context_new_array ();
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    {
      DmsToken *token = dms_token_list_get (tokens, i);
      DmsCapabilityFault fault = dms_capability_context_find_arrival_fault (self, token, sender_did, now_ns);

      if (fault != DMS_CAPABILITY_FAULT_NONE)
        {
          note_dropped (interaction, token, fault);
          continue;
        }
      g_ptr_array_add (interaction->tokens, dms_token_ref (token));
      if (is_delegation_to_us (self, token) && delegations++ < MAX_DELEGATIONS)
        note_delegation (self, token);
    }
  self->last_interaction++;
  if (dms_token_list_get_size (tokens) == 0)
    {
      dms_capability_context_free_interaction (interaction);
      return self->last_interaction;
    }
  if (!known->proven)
    interaction->unproven = dms_known_list_ref (known);
  g_hash_table_insert (self->interactions, g_memdup2 (&self->last_interaction, sizeof (gint64)), interaction);
  return self->last_interaction;
}

void
dms_capability_context_discard (DmsCapabilityContext *self, guint64 interaction)
{
  gint64 number = (gint64) interaction;
  DmsInteraction *found = g_hash_table_lookup (self->interactions, &number);

  for (guint i = 0; found != NULL && i < found->tokens->len; i++)
    if (is_delegation_to_us (self, g_ptr_array_index (found->tokens, i)))
      dms_capability_context_forget_delegation (self, g_ptr_array_index (found->tokens, i));
  g_hash_table_remove (self->interactions, &number);
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
dms_capability_context_find_kept_fault (DmsCapabilityContext *self, DmsToken *token, DmsToken *signed_part,
                                        const DmsTokenUse *use, guint64 now_ns)
{
  DmsCapabilityFault fault = dms_token_rules_find_use_fault (token, use);

  if (fault == DMS_CAPABILITY_FAULT_NONE)
    fault = dms_token_rules_find_fault (token, now_ns, self->revoked, NULL);
  if (fault == DMS_CAPABILITY_FAULT_NONE
      && dms_capability_context_find_authority (self, token, now_ns) == DMS_AUTHORITY_NONE)
    fault = DMS_CAPABILITY_FAULT_NOT_ANCHORED;
  /* Last, since it costs most. */
  if (fault == DMS_CAPABILITY_FAULT_NONE && signed_part != NULL)
    fault = dms_capability_context_find_signature_fault (self, signed_part, NULL);
  return fault;
}

/* NONE when some token of the interaction is enough; otherwise what is wrong with the one that comes
 * nearest. */
static DmsCapabilityFault
find_authority (DmsCapabilityContext *self, guint64 interaction, const DmsTokenUse *use)
{
  guint64 now_ns = dms_capability_context_look (self);
  gint64 number = (gint64) interaction;
  DmsInteraction *found = g_hash_table_lookup (self->interactions, &number);
  GPtrArray *dropped = found != NULL ? found->dropped : NULL;
  DmsCapabilityFault nearest = DMS_CAPABILITY_FAULT_NO_TOKEN;

  for (guint i = 0; found != NULL && i < found->tokens->len; i++)
    {
      DmsToken *token = g_ptr_array_index (found->tokens, i);
      DmsCapabilityFault fault = dms_capability_context_find_kept_fault (self, token, token, use, now_ns);

      if (fault == DMS_CAPABILITY_FAULT_NONE)
        {
          keep_list (self, found, token);
          return fault;
        }
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
  g_autoptr (DmsDid) subject = dms_capability_context_dup_owner (self, from_id);
  g_autoptr (DmsDid) audience = dms_capability_context_dup_owner (self, to_id);
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
  g_autoptr (DmsDid) subject = dms_capability_context_dup_owner (self, from_id);
  DmsTokenUse use = { subject, NULL, capability, topic };
  DmsCapabilityFault fault = DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE;

  if (subject != NULL)
    fault = find_authority (self, interaction, &use);
  return fault == DMS_CAPABILITY_FAULT_NONE || refuse (from_id, capability, fault, error);
}

/**
 * dms_capability_context_dup_unchecked:
 * @capability: (nullable): the token list of the message
 * @topic: (nullable): of a broadcast
 * @asked: the capability it needs
 *
 * A list has at most 16,384 bytes, so there are at most some forty links.
 *
 * Returns: (transfer full) (nullable): links whose signatures are to be computed before the message is
 *   judged; NULL when there are none, or hardly any: the message brings what another was allowed for
 */
GPtrArray *
dms_capability_context_dup_unchecked (DmsCapabilityContext *self, GBytes *capability, const char *from_id,
                                      const char *to_id, const char *topic, const char *asked)
{
  guint64 now_ns = dms_capability_context_look (self);
  DmsKnownList *known = capability != NULL ? read_list (self, capability, NULL) : NULL;
  g_autoptr (DmsDid) subject = NULL;
  g_autoptr (DmsDid) audience = NULL;
  g_autoptr (GPtrArray) links = NULL;
  DmsTokenList *tokens;
  DmsTokenUse use;

  if (known == NULL || known->proven)
    return NULL;
  tokens = known->list;
  subject = dms_capability_context_dup_owner (self, from_id);
  audience = topic == NULL ? dms_capability_context_dup_owner (self, to_id) : NULL;
  if (subject == NULL || (topic == NULL && audience == NULL))
    return NULL;
  use = (DmsTokenUse) { subject, audience, asked, topic };
  links = dms_capability_context_new_array ();
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    {
      DmsToken *token = dms_token_list_get (tokens, i);

      if (dms_capability_context_find_kept_fault (self, token, NULL, &use, now_ns)
          == DMS_CAPABILITY_FAULT_NONE)
        dms_chain_cache_list_unknown (self->cache, token, links);
    }
  return links->len > 0 ? g_steal_pointer (&links) : NULL;
}

void
dms_capability_context_note_checked (DmsCapabilityContext *self, DmsToken *link, gboolean is_good)
{
  dms_chain_cache_note (self->cache, link, is_good);
}

gboolean
dms_capability_context_knows (DmsCapabilityContext *self, DmsToken *token)
{
  return dms_chain_cache_knows (self->cache, token);
}
