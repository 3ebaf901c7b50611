/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-token.h"

#include <sodium.h>
#include <string.h>

#include "capability/dms-token-private.h"
#include "identity/dms-did-wire.h"
#include "identity/dms-key-signer.h"

#define NONCE_SIZE 12
/* What most links take at most when they are written. */
#define LINK_SIZE 768
/* More links than fit into a message's token list. */
#define MAX_LINKS 40
#define MAX_ITEMS 256
#define MAX_TOKEN_SIZE (64 * 1024)

struct _DmsToken
{
  DmsTokenAction action;
  DmsDid *issuer;
  DmsDid *subject;
  DmsDid *audience;
  char **topics;
  char **capabilities;
  GBytes *nonce;
  guint64 expiry_ns;
  guint64 depth;
  DmsToken *chain;
  GBytes *signature;
  guint links;
  /* Made when it is first asked for. */
  guint8 *digest;
  /* (nullable): as it is written, for what is written often; set once, atomic. */
  GBytes *text;
  /* Of the chain cache that looked at this object last; atomic. */
  gsize mark;
};

G_DEFINE_BOXED_TYPE (DmsToken, dms_token, dms_token_ref, dms_token_unref)

DmsToken *
dms_token_ref (DmsToken *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_token (gpointer data)
{
  DmsToken *self = data;

  g_clear_pointer (&self->issuer, dms_did_unref);
  g_clear_pointer (&self->subject, dms_did_unref);
  g_clear_pointer (&self->audience, dms_did_unref);
  g_clear_pointer (&self->topics, g_strfreev);
  g_clear_pointer (&self->capabilities, g_strfreev);
  g_clear_pointer (&self->nonce, g_bytes_unref);
  g_clear_pointer (&self->chain, dms_token_unref);
  g_clear_pointer (&self->signature, g_bytes_unref);
  g_clear_pointer (&self->digest, g_free);
  g_clear_pointer (&self->text, g_bytes_unref);
}

void
dms_token_unref (DmsToken *self)
{
  g_atomic_rc_box_release_full (self, clear_token);
}

static void
write_strv (DmsWireWriter *writer, const char *name, char **items)
{
  dms_wire_writer_begin_array (writer, name);
  for (guint i = 0; items[i] != NULL; i++)
    dms_wire_writer_add_string (writer, NULL, items[i]);
  dms_wire_writer_end_array (writer);
}

/* What is written of a token: all of it, what its signature covers, or itself with only the digest of its
 * chain. */
typedef enum
{
  TOKEN_PART_ALL,
  TOKEN_PART_SIGNED,
  TOKEN_PART_LINK,
} TokenPart;

/* The inner object, in the order and with the omissions of types.md section 2. */
static void
write_inner (DmsToken *self, DmsWireWriter *writer, const char *name, TokenPart part)
{
  dms_wire_writer_begin_object (writer, name);
  dms_wire_writer_add_string (writer, "act", dms_token_action_to_string (self->action));
  dms_did_wire_write (self->issuer, writer, "iss");
  dms_did_wire_write (self->subject, writer, "sub");
  dms_did_wire_write (self->audience, writer, "aud");
  if (self->topics != NULL && self->topics[0] != NULL)
    write_strv (writer, "topic", self->topics);
  if (self->capabilities != NULL)
    write_strv (writer, "cap", self->capabilities);
  else
    dms_wire_writer_add_null (writer, "cap");
  dms_wire_writer_add_bytes (writer, "nonce", self->nonce);
  dms_wire_writer_add_uint64 (writer, "exp", self->expiry_ns);
  if (self->depth > 0)
    dms_wire_writer_add_uint64 (writer, "depth", self->depth);
  if (self->chain != NULL && part == TOKEN_PART_LINK)
    {
      g_autoptr (GBytes) digest =
          g_bytes_new_static (dms_token_get_digest (self->chain), DMS_TOKEN_DIGEST_SIZE);

      dms_wire_writer_add_bytes (writer, "chain", digest);
    }
  else if (self->chain != NULL)
    dms_token_write (self->chain, writer, "chain");
  if (part != TOKEN_PART_SIGNED && self->signature != NULL && g_bytes_get_size (self->signature) > 0)
    dms_wire_writer_add_bytes (writer, "sig", self->signature);
  dms_wire_writer_end_object (writer);
}

void
dms_token_write (DmsToken *self, DmsWireWriter *writer, const char *name)
{
  GBytes *text = dms_token_get_text (self);

  if (text != NULL)
    {
      dms_wire_writer_add_json (writer, name, text);
      return;
    }
  dms_wire_writer_begin_object (writer, name);
  write_inner (self, writer, "dms", TOKEN_PART_ALL);
  dms_wire_writer_end_object (writer);
}

static void
read_action (DmsWireReader *reader, DmsToken *self)
{
  g_autofree char *word = dms_wire_reader_read_string (reader);

  if (!dms_token_action_from_string (word, &self->action))
    dms_wire_reader_fail (reader, "unknown action of a token");
}

static DmsToken *
read_known_chain (DmsWireReader *reader, DmsChainTexts *chains)
{
  gsize length;
  gsize size;
  const char *text = dms_wire_reader_get_rest (reader, &size);
  DmsToken *found = dms_chain_texts_find (chains, text, size, &length);

  if (found != NULL)
    dms_wire_reader_pass (reader, length);
  return found;
}

static void
read_chain (DmsWireReader *reader, DmsToken *self, DmsChainTexts *chains)
{
  if (dms_wire_reader_is_null (reader))
    {
      dms_wire_reader_skip (reader);
      return;
    }
  if (chains != NULL)
    self->chain = read_known_chain (reader, chains);
  if (self->chain == NULL)
    self->chain = dms_token_read (reader, chains);
  if (self->chain == NULL)
    {
      dms_wire_reader_fail (reader, "the chain of a token is of an unknown kind");
      return;
    }
  self->links = self->chain->links + 1;
  if (self->links > MAX_LINKS)
    dms_wire_reader_fail (reader, "a chain of more than %d tokens", MAX_LINKS);
}

static void
read_member (DmsWireReader *reader, DmsToken *self, int name, DmsChainTexts *chains)
{
  switch (name)
    {
    case 0:
      read_action (reader, self);
      break;
    case 1:
      self->issuer = dms_did_wire_read (reader);
      break;
    case 2:
      self->subject = dms_did_wire_read (reader);
      break;
    case 3:
      self->audience = dms_did_wire_read (reader);
      break;
    case 4:
      self->topics = dms_wire_reader_read_strv (reader, MAX_ITEMS);
      break;
    case 5:
      self->capabilities = dms_wire_reader_read_strv (reader, MAX_ITEMS);
      break;
    case 6:
      self->nonce = dms_wire_reader_read_bytes (reader);
      break;
    case 7:
      self->expiry_ns = dms_wire_reader_read_uint64 (reader);
      break;
    case 8:
      self->depth = dms_wire_reader_read_uint64 (reader);
      break;
    case 9:
      read_chain (reader, self, chains);
      break;
    default:
      self->signature = dms_wire_reader_read_bytes (reader);
      break;
    }
}

static void
fill_gaps (DmsToken *self)
{
  DmsDid **dids[] = { &self->issuer, &self->subject, &self->audience };

  for (guint i = 0; i < G_N_ELEMENTS (dids); i++)
    if (*dids[i] == NULL)
      *dids[i] = dms_did_new_empty ();
}

DmsToken *
dms_token_read_inner (DmsWireReader *reader, DmsChainTexts *chains)
{
  static const char * const names[] = { "act", "iss", "sub", "aud", "topic", "cap", "nonce", "exp", "depth",
                                        "chain", "sig", NULL };
  g_autoptr (DmsToken) self = NULL;
  gboolean has_action = FALSE;
  int name;

  if (!dms_wire_reader_enter_object (reader))
    {
      dms_wire_reader_fail (reader, "a token without content");
      return NULL;
    }
  self = g_atomic_rc_box_new0 (DmsToken);
  self->links = 1;
  while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
    {
      has_action = has_action || name == 0;
      read_member (reader, self, name, chains);
    }
  if (!has_action)
    dms_wire_reader_fail (reader, "a token without an action");
  fill_gaps (self);
  return dms_wire_reader_has_failed (reader) ? NULL : g_steal_pointer (&self);
}

DmsToken *
dms_token_read (DmsWireReader *reader, DmsChainTexts *chains)
{
  static const char * const names[] = { "dms", NULL };
  g_autoptr (DmsToken) self = NULL;

  if (!dms_wire_reader_enter_object (reader))
    return NULL;
  while (dms_wire_reader_next_member (reader, names) >= 0)
    self = dms_token_read_inner (reader, chains);
  return dms_wire_reader_has_failed (reader) ? NULL : g_steal_pointer (&self);
}

DmsToken *
dms_token_new_from_data (const char *data, gsize size, GError **error)
{
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (data, size, MAX_TOKEN_SIZE, "token");
  g_autoptr (DmsToken) self = dms_token_read (reader, NULL);

  if (self == NULL)
    dms_wire_reader_fail (reader, "there is no “dms” token");
  return dms_wire_reader_finish (reader, error) ? g_steal_pointer (&self) : NULL;
}

char *
dms_token_to_string (DmsToken *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();

  dms_token_write (self, writer, NULL);
  return dms_wire_writer_end_string (writer);
}

GBytes *
dms_token_get_text (DmsToken *self)
{
  return g_atomic_pointer_get (&self->text);
}

void
dms_token_keep_text (DmsToken *self)
{
  g_autoptr (DmsWireWriter) writer = NULL;
  GBytes *text;

  if (dms_token_get_text (self) != NULL)
    return;
  writer = dms_wire_writer_new ();
  dms_token_write (self, writer, NULL);
  text = dms_wire_writer_end (writer);
  if (!g_atomic_pointer_compare_and_exchange (&self->text, NULL, text))
    g_bytes_unref (text);
}

const guint8 *
dms_token_get_digest (DmsToken *self)
{
  guint8 *digest = g_atomic_pointer_get (&self->digest);
  g_autoptr (DmsWireWriter) writer = NULL;
  const char *text;
  gsize size;

  if (digest != NULL)
    return digest;
  /* Each link is written once, however long the chain. */
  writer = dms_wire_writer_new ();
  write_inner (self, writer, NULL, TOKEN_PART_LINK);
  text = dms_wire_writer_get_data (writer, &size);
  digest = g_malloc (DMS_TOKEN_DIGEST_SIZE);
  crypto_generichash (digest, DMS_TOKEN_DIGEST_SIZE, (const guint8 *) text, size, NULL, 0);
  if (g_atomic_pointer_compare_and_exchange (&self->digest, NULL, digest))
    return digest;
  /* Another thread was faster; both computed the same. */
  g_free (digest);
  return g_atomic_pointer_get (&self->digest);
}

GBytes *
dms_token_dup_signed_bytes (DmsToken *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new_sized (self->links * LINK_SIZE);

  dms_wire_writer_add_prefix (writer, "dms:token:");
  write_inner (self, writer, NULL, TOKEN_PART_SIGNED);
  return dms_wire_writer_end (writer);
}

gboolean
dms_token_equal (DmsToken *a, DmsToken *b)
{
  g_autofree char *text_a = NULL;
  g_autofree char *text_b = NULL;

  if (a == b)
    return TRUE;
  if (a->expiry_ns != b->expiry_ns || a->links != b->links)
    return FALSE;
  text_a = dms_token_to_string (a);
  text_b = dms_token_to_string (b);
  return strcmp (text_a, text_b) == 0;
}

DmsTokenAction
dms_token_get_action (DmsToken *self)
{
  return self->action;
}

DmsDid *
dms_token_get_issuer (DmsToken *self)
{
  return self->issuer;
}

DmsDid *
dms_token_get_subject (DmsToken *self)
{
  return self->subject;
}

DmsDid *
dms_token_get_audience (DmsToken *self)
{
  return self->audience;
}

static const char * const *
get_items (char **items)
{
  static const char * const none[] = { NULL };

  return items != NULL ? (const char * const *) items : none;
}

const char * const *
dms_token_get_topics (DmsToken *self)
{
  return get_items (self->topics);
}

const char * const *
dms_token_get_capabilities (DmsToken *self)
{
  return get_items (self->capabilities);
}

/**
 * dms_token_get_nonce:
 *
 * Returns: (nullable): the nonce; NULL when it is null in the token
 */
GBytes *
dms_token_get_nonce (DmsToken *self)
{
  return self->nonce;
}

guint64
dms_token_get_expiry_ns (DmsToken *self)
{
  return self->expiry_ns;
}

guint64
dms_token_get_depth (DmsToken *self)
{
  return self->depth;
}

DmsToken *
dms_token_get_chain (DmsToken *self)
{
  return self->chain;
}

DmsToken *
dms_token_get_anchor (DmsToken *self)
{
  while (self->chain != NULL)
    self = self->chain;
  return self;
}

guint
dms_token_get_links (DmsToken *self)
{
  return self->links;
}

/**
 * dms_token_get_signature:
 *
 * Returns: (nullable): the issuer's signature
 */
GBytes *
dms_token_get_signature (DmsToken *self)
{
  return self->signature;
}

gboolean
dms_token_is_expired (DmsToken *self, guint64 now_ns)
{
  for (DmsToken *link = self; link != NULL; link = link->chain)
    if (link->expiry_ns < now_ns)
      return TRUE;
  return FALSE;
}

gboolean
dms_capability_implies (const char *granted, const char *asked)
{
  gsize length = strlen (granted);

  if (length == 0)
    return FALSE;
  if (strcmp (granted, "/") == 0 || strcmp (granted, asked) == 0)
    return TRUE;
  return strncmp (granted, asked, length) == 0 && asked[length] == '/';
}

static gboolean
any_implies (char **granted, const char *asked)
{
  for (guint i = 0; granted != NULL && granted[i] != NULL; i++)
    if (dms_capability_implies (granted[i], asked))
      return TRUE;
  return FALSE;
}

gboolean
dms_token_implies (DmsToken *self, const char *capability)
{
  return any_implies (self->capabilities, capability);
}

gboolean
dms_token_implies_topic (DmsToken *self, const char *topic)
{
  return any_implies (self->topics, topic);
}

gboolean
dms_token_can_check_signature (DmsToken *self)
{
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];

  return dms_did_get_ed25519 (self->issuer, public_key);
}

gboolean
dms_token_check_signature (DmsToken *self)
{
  g_autoptr (GBytes) bytes = NULL;

  if (self->signature == NULL)
    return FALSE;
  bytes = dms_token_dup_signed_bytes (self);
  return dms_signer_check (self->issuer, bytes, self->signature);
}

gsize
dms_token_get_mark (DmsToken *self)
{
  return g_atomic_pointer_get (&self->mark);
}

void
dms_token_set_mark (DmsToken *self, gsize mark)
{
  g_atomic_pointer_set (&self->mark, mark);
}

char *
dms_token_dup_revocation_id (DmsToken *self)
{
  gsize size = 0;
  const guint8 *nonce = self->nonce != NULL ? g_bytes_get_data (self->nonce, &size) : NULL;
  g_autofree char *text = size > 0 ? g_base64_encode (nonce, size) : g_strdup ("");

  return g_strconcat (dms_did_get_uri (self->issuer), "\n", dms_did_get_uri (self->subject), "\n", text,
                      NULL);
}

/* An unsigned token with a fresh nonce. */
static DmsToken *
new_unsigned (DmsDid *issuer, DmsTokenAction action, DmsDid *subject, guint64 expiry_ns)
{
  DmsToken *self = g_atomic_rc_box_new0 (DmsToken);
  guint8 nonce[NONCE_SIZE];

  randombytes_buf (nonce, sizeof nonce);
  self->action = action;
  self->issuer = dms_did_ref (issuer);
  self->subject = dms_did_ref (subject);
  self->expiry_ns = expiry_ns;
  self->nonce = g_bytes_new (nonce, sizeof nonce);
  self->links = 1;
  return self;
}

DmsToken *
dms_token_new_unsigned (DmsDid *issuer, DmsTokenAction action, DmsDid *subject, DmsDid *audience,
                        const char * const *topics, const char * const *capabilities,
                        guint64 expiry_ns, guint64 depth, DmsToken *chain)
{
  DmsToken *self = new_unsigned (issuer, action, subject, expiry_ns);

  self->audience = audience != NULL ? dms_did_ref (audience) : dms_did_new_empty ();
  self->topics = g_strdupv ((char **) topics);
  self->capabilities = g_strdupv ((char **) capabilities);
  self->depth = depth;
  if (chain != NULL)
    {
      self->chain = dms_token_ref (chain);
      self->links = chain->links + 1;
    }
  return self;
}

static gboolean
sign (DmsToken *self, DmsSigner *issuer, GError **error)
{
  g_autoptr (GBytes) bytes = dms_token_dup_signed_bytes (self);

  self->signature = dms_signer_sign (issuer, bytes, error);
  return self->signature != NULL;
}

DmsToken *
dms_token_new_signed (DmsKey *issuer, DmsTokenAction action, DmsDid *subject, DmsDid *audience,
                      const char * const *topics, const char * const *capabilities,
                      guint64 expiry_ns, guint64 depth, DmsToken *chain)
{
  DmsToken *self = dms_token_new_unsigned (dms_key_get_did (issuer), action, subject, audience, topics,
                                           capabilities, expiry_ns, depth, chain);
  g_autoptr (GBytes) bytes = dms_token_dup_signed_bytes (self);
  guint8 signature[DMS_KEY_SIGNATURE_SIZE];

  dms_key_sign (issuer, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), signature);
  self->signature = g_bytes_new (signature, sizeof signature);
  return self;
}

/**
 * dms_token_new_by_signer:
 *
 * Returns: (transfer full): the token, or NULL with the error of dms_signer_sign()
 */
DmsToken *
dms_token_new_by_signer (DmsSigner *issuer, DmsTokenAction action, DmsDid *subject, DmsDid *audience,
                         const char * const *topics, const char * const *capabilities,
                         guint64 expiry_ns, guint64 depth, DmsToken *chain, GError **error)
{
  g_autoptr (DmsToken) self = dms_token_new_unsigned (dms_signer_get_did (issuer), action, subject, audience,
                                                      topics, capabilities, expiry_ns, depth, chain);

  return sign (self, issuer, error) ? g_steal_pointer (&self) : NULL;
}

DmsToken *
dms_token_new_revocation (DmsKey *issuer, DmsToken *token, GError **error)
{
  g_autoptr (DmsSigner) signer = dms_key_signer_new (issuer);

  return dms_token_new_revocation_by_signer (signer, token, error);
}

/**
 * dms_token_new_revocation_by_signer:
 *
 * Returns: (transfer full): the revocation; NULL with DMS_ERROR_NOT_AUTHORIZED when the signer is not the
 *   token's issuer, or with the error of dms_signer_sign()
 */
DmsToken *
dms_token_new_revocation_by_signer (DmsSigner *issuer, DmsToken *token, GError **error)
{
  DmsDid *did = dms_signer_get_did (issuer);
  g_autoptr (DmsToken) self = NULL;

  if (!dms_did_equal (did, token->issuer))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED,
                   "cannot revoke a token of “%s”: only its issuer can, and this is “%s”",
                   dms_did_get_uri (token->issuer), dms_did_get_uri (did));
      return NULL;
    }
  self = new_unsigned (did, DMS_TOKEN_ACTION_REVOKE, token->subject, token->expiry_ns);
  self->audience = dms_did_new_empty ();
  self->capabilities = g_strdupv (token->capabilities);
  g_clear_pointer (&self->nonce, g_bytes_unref);
  self->nonce = token->nonce != NULL ? g_bytes_ref (token->nonce) : NULL;
  return sign (self, issuer, error) ? g_steal_pointer (&self) : NULL;
}
