/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-capability-context-private.h"

#include <sodium.h>
#include <string.h>

#include "capability/dms-token-rules.h"
#include "identity/dms-key-signer.h"

#define MAX_ANCHORS 4096
#define CACHED_LINKS 4096
#define CACHED_LISTS 512
#define CACHED_LISTS_BYTES (2 * 1024 * 1024)
#define CACHED_OWNERS 512
#define CACHED_OWNERS_BYTES (256 * 1024)
#define ISSUED_TOKENS 2048
#define ISSUED_BYTES (4 * 1024 * 1024)

G_DEFINE_FINAL_TYPE (DmsCapabilityContext, dms_capability_context, G_TYPE_OBJECT)

static void
held_token_free (gpointer data)
{
  DmsHeldToken *held = data;

  g_free (held->owner);
  dms_token_unref (held->token);
  g_free (held);
}

GPtrArray *
dms_capability_context_new_array (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_token_unref);
}

void
dms_capability_context_free_interaction (DmsInteraction *interaction)
{
  g_ptr_array_unref (interaction->tokens);
  g_clear_pointer (&interaction->dropped, g_ptr_array_unref);
  g_clear_pointer (&interaction->unproven, dms_known_list_unref);
  g_free (interaction);
}

DmsKnownList *
dms_known_list_new (GBytes *bytes, const guint8 hash[DMS_LIST_HASH_SIZE], DmsTokenList *list)
{
  DmsKnownList *self = g_new0 (DmsKnownList, 1);

  g_ref_count_init (&self->references);
  self->bytes = g_bytes_ref (bytes);
  memcpy (self->hash, hash, sizeof self->hash);
  self->list = dms_token_list_ref (list);
  return self;
}

DmsKnownList *
dms_known_list_ref (DmsKnownList *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_known_list_unref (DmsKnownList *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_bytes_unref (self->bytes);
  dms_token_list_unref (self->list);
  g_free (self);
}

static void
dms_capability_context_finalize (GObject *object)
{
  DmsCapabilityContext *self = DMS_CAPABILITY_CONTEXT (object);

  g_clear_pointer (&self->did, dms_did_unref);
  g_clear_object (&self->signer);
  g_ptr_array_unref (self->roots);
  g_ptr_array_unref (self->require);
  g_ptr_array_unref (self->provide);
  g_ptr_array_unref (self->revoke);
  g_ptr_array_unref (self->held);
  g_ptr_array_unref (self->held_require);
  g_ptr_array_unref (self->withdrawn);
  g_hash_table_unref (self->interactions);
  g_hash_table_unref (self->delegations);
  g_hash_table_unref (self->revoked);
  dms_chain_cache_free (self->cache);
  dms_chain_texts_free (self->chains);
  dms_segmented_cache_free (self->lists);
  sodium_memzero (self->lists_secret, sizeof self->lists_secret);
  for (guint i = 0; i < DMS_READ_LISTS; i++)
    {
      g_clear_pointer (&self->read[i].bytes, g_bytes_unref);
      g_clear_pointer (&self->read[i].known, dms_known_list_unref);
      g_clear_pointer (&self->recent[i], dms_known_list_unref);
    }
  dms_segmented_cache_free (self->owners);
  dms_token_wallet_free (self->wallet);
  G_OBJECT_CLASS (dms_capability_context_parent_class)->finalize (object);
}

static void
dms_capability_context_class_init (DmsCapabilityContextClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_capability_context_finalize;
}

static void
dms_capability_context_init (DmsCapabilityContext *self)
{
  self->roots = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_did_unref);
  self->require = dms_capability_context_new_array ();
  self->provide = dms_capability_context_new_array ();
  self->revoke = dms_capability_context_new_array ();
  self->held = g_ptr_array_new_with_free_func (held_token_free);
  self->held_require = g_ptr_array_new_with_free_func (held_token_free);
  self->withdrawn = dms_capability_context_new_array ();
  self->interactions = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                              (GDestroyNotify) dms_capability_context_free_interaction);
  self->delegations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                             (GDestroyNotify) g_ptr_array_unref);
  self->revoked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_token_unref);
  self->next_expiry = G_MAXUINT64;
  self->cache = dms_chain_cache_new (CACHED_LINKS);
  self->chains = dms_chain_texts_new ();
  self->owners = dms_segmented_cache_new (CACHED_OWNERS, CACHED_OWNERS_BYTES, (GDestroyNotify) dms_did_unref);
  randombytes_buf (self->lists_secret, sizeof self->lists_secret);
  self->lists = dms_segmented_cache_new (CACHED_LISTS, CACHED_LISTS_BYTES,
                                         (GDestroyNotify) dms_known_list_unref);
}

DmsCapabilityContext *
dms_capability_context_new (DmsDid *did, DmsKey *key)
{
  DmsCapabilityContext *self = g_object_new (DMS_TYPE_CAPABILITY_CONTEXT, NULL);

  self->did = dms_did_ref (did);
  self->signer = key != NULL ? dms_key_signer_new (key) : NULL;
  return self;
}

DmsCapabilityContext *
dms_capability_context_new_for_signer (DmsSigner *signer)
{
  DmsCapabilityContext *self = dms_capability_context_new (dms_signer_get_did (signer), NULL);

  self->signer = g_object_ref (signer);
  return self;
}

DmsDid *
dms_capability_context_get_did (DmsCapabilityContext *self)
{
  return self->did;
}

void
dms_capability_context_keep_issued (DmsCapabilityContext *self)
{
  if (self->wallet == NULL)
    self->wallet = dms_token_wallet_new (ISSUED_TOKENS, ISSUED_BYTES);
}

/**
 * dms_capability_context_get_signer:
 *
 * Returns: (nullable): what tokens are issued with
 */
DmsSigner *
dms_capability_context_get_signer (DmsCapabilityContext *self)
{
  return self->signer;
}

gboolean
dms_capability_context_set_signer (DmsCapabilityContext *self, DmsSigner *signer, GError **error)
{
  if (dms_did_equal (self->did, dms_signer_get_did (signer)))
    {
      g_set_object (&self->signer, signer);
      return TRUE;
    }
  g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE,
               "the capabilities belong to “%s” and not to the key of this context, “%s”; "
               "make new ones with: nunet cap new",
               dms_did_get_uri (self->did), dms_did_get_uri (dms_signer_get_did (signer)));
  return FALSE;
}

void
dms_capability_context_note_expiry (DmsCapabilityContext *self, DmsToken *token)
{
  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    self->next_expiry = MIN (self->next_expiry, dms_token_get_expiry_ns (link));
}

/* Drops the expired tokens of an array, and notes when the next one of it expires. */
static void
sweep_array (DmsCapabilityContext *self, GPtrArray *tokens, guint64 now_ns)
{
  for (guint i = tokens->len; i > 0; i--)
    {
      DmsToken *token = g_ptr_array_index (tokens, i - 1);

      if (dms_token_is_expired (token, now_ns))
        g_ptr_array_remove_index (tokens, i - 1);
      else
        dms_capability_context_note_expiry (self, token);
    }
}

static void
sweep_held (DmsCapabilityContext *self, GPtrArray *held, guint64 now_ns)
{
  for (guint i = held->len; i > 0; i--)
    {
      DmsHeldToken *item = g_ptr_array_index (held, i - 1);

      if (dms_token_is_expired (item->token, now_ns))
        g_ptr_array_remove_index (held, i - 1);
      else
        dms_capability_context_note_expiry (self, item->token);
    }
}

void
dms_capability_context_forget_delegation (DmsCapabilityContext *self, DmsToken *token)
{
  const char *issuer = dms_did_get_uri (dms_token_get_issuer (token));
  GPtrArray *tokens = g_hash_table_lookup (self->delegations, issuer);

  if (tokens != NULL && g_ptr_array_remove_fast (tokens, token) && tokens->len == 0)
    g_hash_table_remove (self->delegations, issuer);
}

static void
sweep (DmsCapabilityContext *self, guint64 now_ns)
{
  if (self->keeps_expired)
    {
      dms_capability_context_update_revoked (self);
      return;
    }
  /* What came with messages goes with them; nobody is told when it expires. */
  self->next_expiry = G_MAXUINT64;
  sweep_array (self, self->require, now_ns);
  sweep_array (self, self->provide, now_ns);
  sweep_array (self, self->revoke, now_ns);
  sweep_array (self, self->withdrawn, now_ns);
  sweep_held (self, self->held, now_ns);
  sweep_held (self, self->held_require, now_ns);
  dms_capability_context_update_revoked (self);
}

guint64
dms_capability_context_look (DmsCapabilityContext *self)
{
  guint64 now_ns = (guint64) g_get_real_time () * 1000;

  if (now_ns > self->next_expiry)
    sweep (self, now_ns);
  return now_ns;
}

void
dms_capability_context_sweep (DmsCapabilityContext *self)
{
  sweep (self, (guint64) g_get_real_time () * 1000);
}

static void
note_revoked (DmsCapabilityContext *self, DmsToken *token)
{
  g_hash_table_replace (self->revoked, dms_token_dup_revocation_id (token), dms_token_ref (token));
}

/* A revocation counts only with its issuer's signature. */
void
dms_capability_context_update_revoked (DmsCapabilityContext *self)
{
  g_hash_table_remove_all (self->revoked);
  for (guint i = 0; i < self->revoke->len; i++)
    {
      DmsToken *token = g_ptr_array_index (self->revoke, i);

      if (dms_token_get_action (token) != DMS_TOKEN_ACTION_REVOKE
          || !dms_chain_cache_check (self->cache, token))
        continue;
      dms_chain_cache_keep (self->cache, token);
      note_revoked (self, token);
    }
  for (guint i = 0; i < self->withdrawn->len; i++)
    note_revoked (self, g_ptr_array_index (self->withdrawn, i));
}

/* NONE when every link is signed by its issuer. */
DmsCapabilityFault
dms_capability_context_find_signature_fault (DmsCapabilityContext *self, DmsToken *token, DmsToken **link)
{
  DmsToken *at = token;

  if (dms_chain_cache_check (self->cache, token))
    return DMS_CAPABILITY_FAULT_NONE;
  while (at != NULL && dms_token_can_check_signature (at))
    at = dms_token_get_chain (at);
  if (link != NULL)
    *link = at != NULL ? at : token;
  return at != NULL ? DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE : DMS_CAPABILITY_FAULT_BAD_SIGNATURE;
}

gboolean
dms_capability_context_verify (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns, GError **error)
{
  DmsToken *link;
  DmsCapabilityFault fault = dms_token_rules_find_fault (token, now_ns, self->revoked, &link);

  if (fault == DMS_CAPABILITY_FAULT_NONE)
    fault = dms_capability_context_find_signature_fault (self, token, &link);
  if (fault == DMS_CAPABILITY_FAULT_NONE)
    return TRUE;
  dms_token_rules_set_error (error, fault, link);
  return FALSE;
}

/**
 * dms_capability_context_dup_roots:
 *
 * Returns: (transfer full) (element-type DmsDid): the DIDs that are trusted without limit
 */
GPtrArray *
dms_capability_context_dup_roots (DmsCapabilityContext *self)
{
  GPtrArray *roots = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_did_unref);

  for (guint i = 0; i < self->roots->len; i++)
    g_ptr_array_add (roots, dms_did_ref (g_ptr_array_index (self->roots, i)));
  return roots;
}

DmsTokenList *
dms_capability_context_dup_require (DmsCapabilityContext *self)
{
  dms_capability_context_look (self);
  return dms_token_list_new (self->require);
}

DmsTokenList *
dms_capability_context_dup_provide (DmsCapabilityContext *self)
{
  dms_capability_context_look (self);
  return dms_token_list_new (self->provide);
}

DmsTokenList *
dms_capability_context_dup_revoke (DmsCapabilityContext *self)
{
  dms_capability_context_look (self);
  return dms_token_list_new (self->revoke);
}

gboolean
dms_capability_context_is_root (DmsCapabilityContext *self, DmsDid *did)
{
  for (guint i = 0; i < self->roots->len; i++)
    if (dms_did_equal (g_ptr_array_index (self->roots, i), did))
      return TRUE;
  return FALSE;
}

gboolean
dms_capability_context_is_allowed (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns)
{
  for (guint i = 0; i < self->require->len; i++)
    {
      DmsToken *anchor = g_ptr_array_index (self->require, i);

      if (dms_token_rules_anchor_allows (anchor, token)
          && dms_capability_context_verify (self, anchor, now_ns, NULL))
        return TRUE;
    }
  for (guint i = 0; i < self->held_require->len; i++)
    {
      DmsHeldToken *held = g_ptr_array_index (self->held_require, i);

      if (dms_token_rules_anchor_allows (held->token, token)
          && dms_capability_context_verify (self, held->token, now_ns, NULL))
        return TRUE;
    }
  return FALSE;
}

gboolean
dms_capability_context_anchor_root (DmsCapabilityContext *self, DmsDid *root, GError **error)
{
  if (dms_did_is_empty (root))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "cannot anchor an empty DID as a root");
      return FALSE;
    }
  if (self->roots->len >= MAX_ANCHORS)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "there are %d roots already; remove some",
                   MAX_ANCHORS);
      return FALSE;
    }
  if (!dms_capability_context_is_root (self, root))
    g_ptr_array_add (self->roots, dms_did_ref (root));
  return TRUE;
}

/* Adds an anchor unless a valid one subsumes it, in place of those that it subsumes. */
static void
add_anchor (DmsCapabilityContext *self, GPtrArray *anchors, DmsToken *token, guint64 now_ns)
{
  for (guint i = 0; i < anchors->len; i++)
    {
      DmsToken *other = g_ptr_array_index (anchors, i);

      if (dms_token_rules_subsumes (other, token) && dms_capability_context_verify (self, other, now_ns,
                                                                                    NULL))
        return;
    }
  for (guint i = anchors->len; i > 0; i--)
    if (dms_token_rules_subsumes (token, g_ptr_array_index (anchors, i - 1)))
      g_ptr_array_remove_index (anchors, i - 1);
  g_ptr_array_add (anchors, dms_token_ref (token));
  dms_capability_context_note_expiry (self, token);
}

static gboolean
check_anchor (DmsCapabilityContext *self, DmsToken *token, gboolean ours, guint64 now_ns, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (dms_token_get_action (token) != DMS_TOKEN_ACTION_DELEGATE)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot anchor a token of action “%s”: only delegations can be anchored",
                   dms_token_action_to_string (dms_token_get_action (token)));
      return FALSE;
    }
  if (ours && !dms_did_equal (dms_token_get_subject (token), self->did))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   "cannot anchor a token for “%s” as one to provide: this context is “%s”",
                   dms_did_get_uri (dms_token_get_subject (token)), dms_did_get_uri (self->did));
      return FALSE;
    }
  if (dms_capability_context_verify (self, token, now_ns, &local))
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&local), "cannot anchor this token: ");
  return FALSE;
}

static gboolean
anchor_all (DmsCapabilityContext *self, GPtrArray *anchors, DmsTokenList *tokens, gboolean ours,
            GError **error)
{
  guint64 now_ns = dms_capability_context_look (self);
  guint size = dms_token_list_get_size (tokens);

  if (size == 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "cannot anchor: the token list is empty");
      return FALSE;
    }
  if (anchors->len + size > MAX_ANCHORS)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "cannot anchor more than %d tokens; remove some",
                   MAX_ANCHORS);
      return FALSE;
    }
  for (guint i = 0; i < size; i++)
    if (!check_anchor (self, dms_token_list_get (tokens, i), ours, now_ns, error))
      return FALSE;
  for (guint i = 0; i < size; i++)
    add_anchor (self, anchors, dms_token_list_get (tokens, i), now_ns);
  return TRUE;
}

gboolean
dms_capability_context_anchor_require (DmsCapabilityContext *self, DmsTokenList *tokens, GError **error)
{
  return anchor_all (self, self->require, tokens, FALSE, error);
}

gboolean
dms_capability_context_anchor_provide (DmsCapabilityContext *self, DmsTokenList *tokens, GError **error)
{
  return anchor_all (self, self->provide, tokens, TRUE, error);
}

static gboolean
report_missing (const char *what, GError **error)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "cannot remove this %s: it is not anchored here", what);
  return FALSE;
}

gboolean
dms_capability_context_remove_root (DmsCapabilityContext *self, DmsDid *root, GError **error)
{
  for (guint i = 0; i < self->roots->len; i++)
    if (dms_did_equal (g_ptr_array_index (self->roots, i), root))
      {
        g_ptr_array_remove_index (self->roots, i);
        return TRUE;
      }
  return report_missing ("root", error);
}

static gboolean
remove_anchor (DmsCapabilityContext *self, GPtrArray *anchors, DmsToken *token, GError **error)
{
  dms_capability_context_look (self);
  for (guint i = 0; i < anchors->len; i++)
    if (dms_token_equal (g_ptr_array_index (anchors, i), token))
      {
        g_ptr_array_remove_index (anchors, i);
        dms_capability_context_update_revoked (self);
        return TRUE;
      }
  return report_missing ("token", error);
}

gboolean
dms_capability_context_remove_require (DmsCapabilityContext *self, DmsToken *token, GError **error)
{
  return remove_anchor (self, self->require, token, error);
}

gboolean
dms_capability_context_remove_provide (DmsCapabilityContext *self, DmsToken *token, GError **error)
{
  return remove_anchor (self, self->provide, token, error);
}

gboolean
dms_capability_context_remove_revoke (DmsCapabilityContext *self, DmsToken *token, GError **error)
{
  return remove_anchor (self, self->revoke, token, error);
}

static void
add_held (DmsCapabilityContext *self, GPtrArray *held, DmsToken *token, const char *owner)
{
  DmsHeldToken *item = g_new0 (DmsHeldToken, 1);

  item->owner = g_strdup (owner);
  item->token = dms_token_ref (token);
  g_ptr_array_add (held, item);
  dms_capability_context_note_expiry (self, token);
}

/* Drops what this owner holds that a new token makes superfluous. */
static void
drop_subsumed (GPtrArray *held, DmsToken *token, const char *owner)
{
  for (guint i = held->len; i > 0; i--)
    {
      DmsHeldToken *item = g_ptr_array_index (held, i - 1);

      if (g_str_equal (item->owner, owner) && dms_token_rules_subsumes (token, item->token))
        g_ptr_array_remove_index (held, i - 1);
    }
}

void
dms_capability_context_hold (DmsCapabilityContext *self, guint64 interaction, const char *owner)
{
  gint64 number = (gint64) interaction;
  guint64 now_ns = dms_capability_context_look (self);
  DmsInteraction *found = g_hash_table_lookup (self->interactions, &number);

  for (guint i = 0; found != NULL && i < found->tokens->len && self->held->len < MAX_ANCHORS; i++)
    {
      DmsToken *token = g_ptr_array_index (found->tokens, i);

      if (dms_token_get_action (token) != DMS_TOKEN_ACTION_DELEGATE
          || !dms_did_equal (dms_token_get_subject (token), self->did)
          || !dms_capability_context_verify (self, token, now_ns, NULL))
        continue;
      drop_subsumed (self->held, token, owner);
      add_held (self, self->held, token, owner);
    }
}

gboolean
dms_capability_context_hold_require (DmsCapabilityContext *self, DmsTokenList *tokens, const char *owner,
                                     GError **error)
{
  guint64 now_ns = dms_capability_context_look (self);
  guint size = dms_token_list_get_size (tokens);

  if (self->held_require->len + size > MAX_ANCHORS)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_BUSY, "more than %d grants are held in memory", MAX_ANCHORS);
      return FALSE;
    }
  for (guint i = 0; i < size; i++)
    if (!check_anchor (self, dms_token_list_get (tokens, i), FALSE, now_ns, error))
      return FALSE;
  for (guint i = 0; i < size; i++)
    add_held (self, self->held_require, dms_token_list_get (tokens, i), owner);
  return TRUE;
}

/**
 * dms_capability_context_release:
 *
 * Forgets what is held for an owner. What this node had granted under it is taken back: those tokens count as
 * revoked here from now on.
 */
void
dms_capability_context_release (DmsCapabilityContext *self, const char *owner)
{
  for (guint i = self->held->len; i > 0; i--)
    if (g_str_equal (((DmsHeldToken *) g_ptr_array_index (self->held, i - 1))->owner, owner))
      g_ptr_array_remove_index (self->held, i - 1);
  for (guint i = self->held_require->len; i > 0; i--)
    {
      DmsHeldToken *item = g_ptr_array_index (self->held_require, i - 1);

      if (!g_str_equal (item->owner, owner))
        continue;
      if (dms_did_equal (dms_token_get_issuer (item->token), self->did))
        {
          note_revoked (self, item->token);
          g_ptr_array_add (self->withdrawn, dms_token_ref (item->token));
        }
      g_ptr_array_remove_index (self->held_require, i - 1);
    }
}
