/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-adversary.h"

#include <sodium.h>
#include <string.h>

#include "capability/dms-token-private.h"
#include "identity/dms-base32.h"

#define HOUR (G_GUINT64_CONSTANT (3600) * 1000000000)
#define USUAL_ANCHOR "R d O /dms,/public,/broadcast t=/nunet x=4"
#define WITH_KEYS "NTROUABMV"

struct _DmsAdversary
{
  DmsKey *keys[128];
  DmsDid *dids[128];
  guint64 now_ns;
  guint64 last_nonce;
};

/* One link while it is read. */
typedef struct
{
  char issuer;
  char signer;
  DmsTokenAction action;
  char subject;
  char audience;
  GStrv capabilities;
  GStrv topics;
  guint64 expiry_ns;
  guint64 depth;
  const char *how;
} Link;

/* The did:key of an Ed25519 key that is none. */
static DmsDid *
make_point (guint8 first, guint8 rest, guint8 last)
{
  guint8 bytes[32];

  memset (bytes, rest, sizeof bytes);
  bytes[0] = first;
  bytes[31] = last;
  return dms_did_new_for_ed25519 (bytes);
}

static DmsDid *
read_did (const char *uri)
{
  g_autoptr (GError) error = NULL;
  DmsDid *did = dms_did_new (uri, &error);

  g_assert_no_error (error);
  return did;
}

DmsAdversary *
dms_adversary_new (void)
{
  DmsAdversary *self = g_new0 (DmsAdversary, 1);

  self->now_ns = (guint64) g_get_real_time () * 1000;
  for (const char *who = WITH_KEYS; *who != '\0'; who++)
    {
      guint8 seed[32] = { 0xad, (guint8) *who };

      self->keys[(guint8) *who] = dms_key_new_from_seed (seed);
      self->dids[(guint8) *who] = dms_key_dup_did (self->keys[(guint8) *who]);
    }
  self->dids['E'] = dms_did_new_empty ();
  self->dids['K'] = read_did ("did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme");
  self->dids['P'] = read_did ("did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169");
  self->dids['X'] =
      read_did ("did:key:z4MXj1wBzi9jUstyPMS4jQqB6KdJaiatPkAtVtGc6bQEQEEsKTic4G7Rou3iBf9vPmT5dbkm9qsZ");
  self->dids['W'] = read_did ("did:web:example.org");
  self->dids['Z'] = make_point (0, 0, 0);
  self->dids['I'] = make_point (1, 0, 0);
  /* y = p + 1, which is 1 in a longer form. */
  self->dids['C'] = make_point (0xee, 0xff, 0x7f);
  return self;
}

void
dms_adversary_free (DmsAdversary *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->keys); i++)
    {
      g_clear_pointer (&self->keys[i], dms_key_unref);
      g_clear_pointer (&self->dids[i], dms_did_unref);
    }
  g_free (self);
}

DmsDid *
dms_adversary_get_did (DmsAdversary *self, char who)
{
  g_assert_nonnull (self->dids[(guint8) who]);
  return self->dids[(guint8) who];
}

char *
dms_adversary_dup_actor_id (DmsAdversary *self, char who)
{
  static const guint8 secp256k1[] = { 0x08, 0x02, 0x12, 0x21 };
  guint8 bytes[37] = { 0 };

  if (self->keys[(guint8) who] != NULL)
    return dms_key_dup_id_pub (self->keys[(guint8) who]);
  memcpy (bytes, secp256k1, sizeof secp256k1);
  return dms_base32_encode (bytes, sizeof bytes);
}

guint64
dms_adversary_get_now (DmsAdversary *self)
{
  return self->now_ns;
}

/* Signing, well and badly. */

static GBytes *
sign_plainly (DmsAdversary *self, char who, GBytes *bytes)
{
  guint8 signature[DMS_KEY_SIGNATURE_SIZE] = { 0 };

  if (self->keys[(guint8) who] != NULL)
    dms_key_sign (self->keys[(guint8) who], g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                  signature);
  return g_bytes_new (signature, sizeof signature);
}

static GBytes *
replace_prefix (GBytes *bytes, const char *prefix)
{
  gsize skip = strlen ("dms:token:");
  const char *text = g_bytes_get_data (bytes, NULL);
  g_autofree char *all = g_strdup_printf ("%s%.*s", prefix, (int) (g_bytes_get_size (bytes) - skip),
                                          text + skip);

  return g_bytes_new (all, strlen (all));
}

/* A signature with R = 1: S = H(R, A, M) · a. Lax verifiers take it. */
static void
make_small_r (DmsAdversary *self, char who, GBytes *bytes, guint8 signature[64])
{
  g_autoptr (GBytes) seed = dms_key_dup_seed (self->keys[(guint8) who]);
  guint8 public_key[32];
  guint8 secret[64];
  guint8 wide[64] = { 0 };
  guint8 scalar[32];
  guint8 hash[64];
  guint8 challenge[32];
  crypto_hash_sha512_state state;

  g_assert_true (dms_did_get_ed25519 (self->dids[(guint8) who], public_key));
  crypto_hash_sha512 (secret, g_bytes_get_data (seed, NULL), 32);
  secret[0] &= 248;
  secret[31] &= 127;
  secret[31] |= 64;
  memcpy (wide, secret, 32);
  crypto_core_ed25519_scalar_reduce (scalar, wide);
  memset (signature, 0, 64);
  signature[0] = 1;
  crypto_hash_sha512_init (&state);
  crypto_hash_sha512_update (&state, signature, 32);
  crypto_hash_sha512_update (&state, public_key, 32);
  crypto_hash_sha512_update (&state, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  crypto_hash_sha512_final (&state, hash);
  crypto_core_ed25519_scalar_reduce (challenge, hash);
  crypto_core_ed25519_scalar_mul (signature + 32, challenge, scalar);
}

static void
add_order (guint8 scalar[32])
{
  static const guint8 order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                    0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10 };
  guint carry = 0;

  for (guint i = 0; i < 32; i++)
    {
      carry += (guint) scalar[i] + order[i];
      scalar[i] = (guint8) carry;
      carry >>= 8;
    }
}

static GBytes *
spoil (DmsAdversary *self, const Link *link, GBytes *bytes, GBytes *good)
{
  gsize size = g_bytes_get_size (good);
  guint8 data[65] = { 0 };

  memcpy (data, g_bytes_get_data (good, NULL), size);
  if (g_str_equal (link->how, "zero"))
    memset (data, 0, sizeof data);
  else if (g_str_equal (link->how, "short"))
    size--;
  else if (g_str_equal (link->how, "long"))
    size++;
  else if (g_str_equal (link->how, "bit"))
    data[33] ^= 4;
  else if (g_str_equal (link->how, "scalar"))
    add_order (data + 32);
  else if (g_str_equal (link->how, "high"))
    data[63] |= 0xe0;
  else if (g_str_equal (link->how, "small-r"))
    make_small_r (self, link->signer, bytes, data);
  else if (g_str_equal (link->how, "identity"))
    {
      memset (data, 0, sizeof data);
      data[0] = 1;
    }
  else
    g_error ("there is no signature “%s”", link->how);
  return g_bytes_new (data, size);
}

static DmsToken *
make_bare (DmsAdversary *self, const Link *link, DmsToken *parent, GBytes *nonce)
{
  g_autofree char *uri = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsToken) token =
      dms_token_new_unsigned (dms_adversary_get_did (self, link->issuer), link->action,
                              dms_adversary_get_did (self, link->subject),
                              dms_adversary_get_did (self, link->audience),
                              (const char *const *) link->topics, (const char *const *) link->capabilities,
                              link->expiry_ns, link->depth, parent);
  g_autofree char *was = g_base64_encode (g_bytes_get_data (dms_token_get_nonce (token), NULL), 12);
  g_autofree char *is = g_base64_encode (g_bytes_get_data (nonce, NULL), 12);
  g_autoptr (GString) result = NULL;
  DmsToken *again;

  /* With the nonce of the line: what is signed and what is sent differ in nothing but what is meant. */
  text = dms_token_to_string (token);
  result = g_string_new (text);
  g_assert_cmpuint (g_string_replace (result, was, is, 0), ==, 1);
  again = dms_token_new_from_data (result->str, result->len, &error);
  g_assert_no_error (error);
  return again;
}

static DmsToken *
add_signature (DmsToken *bare, GBytes *signature)
{
  g_autofree char *text = dms_token_to_string (bare);
  g_autofree char *base64 = g_base64_encode (g_bytes_get_data (signature, NULL),
                                             g_bytes_get_size (signature));
  g_autoptr (GString) result = g_string_new_len (text, (gssize) strlen (text) - 2);
  g_autoptr (GError) error = NULL;
  DmsToken *token;

  g_string_append_printf (result, ",\"sig\":\"%s\"}}", base64);
  token = dms_token_new_from_data (result->str, result->len, &error);
  g_assert_no_error (error);
  return token;
}

/* Of what the signature is: the token, or something that only resembles it. */
static GBytes *
make_signed_bytes (DmsAdversary *self, const Link *link, DmsToken *parent, DmsToken *bare, GBytes *nonce)
{
  g_autoptr (GBytes) usual = dms_token_dup_signed_bytes (bare);
  g_autoptr (DmsToken) other = NULL;

  if (link->how != NULL && g_str_equal (link->how, "msg"))
    return replace_prefix (usual, "dms:msg:");
  if (link->how != NULL && g_str_equal (link->how, "bare"))
    return replace_prefix (usual, "");
  if (link->how != NULL && g_str_equal (link->how, "orphan"))
    other = make_bare (self, link, NULL, nonce);
  else if (link->how != NULL && g_str_equal (link->how, "swap"))
    {
      g_autoptr (DmsToken) elder =
          dms_token_new_signed (self->keys[(guint8) link->issuer], DMS_TOKEN_ACTION_DELEGATE,
                                dms_token_get_subject (parent), NULL, NULL,
                                dms_token_get_capabilities (parent),
                                dms_token_get_expiry_ns (parent), 0, NULL);

      other = make_bare (self, link, elder, nonce);
    }
  else if (link->how != NULL && g_str_equal (link->how, "signed"))
    {
      g_autoptr (GBytes) inner = sign_plainly (self, link->signer, usual);
      g_autoptr (DmsToken) whole = add_signature (bare, inner);
      g_autofree char *text = dms_token_to_string (whole);
      g_autofree char *all = g_strconcat ("dms:token:", text, NULL);

      return g_bytes_new (all, strlen (all));
    }
  return other != NULL ? dms_token_dup_signed_bytes (other) : g_bytes_ref (usual);
}

static gboolean
spoils_bytes (const char *how)
{
  static const char *const those[] = { "msg", "bare", "orphan", "swap", "signed", NULL };

  return g_strv_contains (those, how);
}

static DmsToken *
make_link (DmsAdversary *self, const Link *link, DmsToken *parent)
{
  guint8 number[12] = { 0 };
  g_autoptr (GBytes) nonce = NULL;
  g_autoptr (DmsToken) bare = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) signature = NULL;

  self->last_nonce++;
  memcpy (number, &self->last_nonce, sizeof self->last_nonce);
  nonce = g_bytes_new (number, sizeof number);
  bare = make_bare (self, link, parent, nonce);
  if (link->how != NULL && g_str_equal (link->how, "none"))
    return g_steal_pointer (&bare);
  bytes = make_signed_bytes (self, link, parent, bare, nonce);
  signature = sign_plainly (self, link->signer, bytes);
  if (link->how != NULL && !spoils_bytes (link->how))
    {
      g_autoptr (GBytes) bad = spoil (self, link, bytes, signature);

      return add_signature (bare, bad);
    }
  return add_signature (bare, signature);
}

/* Reading lines */

static GStrv
read_paths (const char *word)
{
  g_auto (GStrv) paths = NULL;

  if (g_str_equal (word, "-"))
    return g_new0 (char *, 1);
  paths = g_strsplit (word, ",", 0);
  for (guint i = 0; paths[i] != NULL; i++)
    if (g_str_equal (paths[i], "''"))
      *paths[i] = '\0';
  return g_steal_pointer (&paths);
}

static DmsTokenAction
read_action (char letter)
{
  switch (letter)
    {
    case 'd':
      return DMS_TOKEN_ACTION_DELEGATE;
    case 'i':
      return DMS_TOKEN_ACTION_INVOKE;
    case 'b':
      return DMS_TOKEN_ACTION_BROADCAST;
    case 'r':
      return DMS_TOKEN_ACTION_REVOKE;
    default:
      g_error ("there is no action “%c”", letter);
    }
}

static void
read_option (DmsAdversary *self, Link *link, const char *word)
{
  const char *value = strchr (word, '=');

  g_assert_nonnull (value);
  value++;
  if (g_str_has_prefix (word, "t="))
    link->topics = read_paths (value);
  else if (g_str_has_prefix (word, "a="))
    link->audience = *value;
  else if (g_str_has_prefix (word, "by="))
    link->signer = *value;
  else if (g_str_has_prefix (word, "sig="))
    link->how = value;
  else if (g_str_has_prefix (word, "d="))
    link->depth = g_ascii_strtoull (value, NULL, 10);
  else if (g_str_equal (word, "x=max"))
    link->expiry_ns = G_MAXUINT64;
  else if (g_str_equal (word, "x=zero"))
    link->expiry_ns = 0;
  else if (g_str_has_prefix (word, "x="))
    link->expiry_ns = self->now_ns + (guint64) (g_ascii_strtoll (value, NULL, 10) * (gint64) HOUR);
  else
    g_error ("there is no option “%s”", word);
}

static DmsToken *
read_link (DmsAdversary *self, const char *text, DmsToken *parent)
{
  g_autofree char *copy = g_strstrip (g_strdup (text));
  g_auto (GStrv) words = g_strsplit (copy, " ", 0);
  Link link = { .expiry_ns = self->now_ns + 2 * HOUR, .audience = 'E' };
  DmsToken *token;

  g_assert_cmpuint (g_strv_length (words), >=, 4);
  link.issuer = link.signer = words[0][0];
  link.action = read_action (words[1][0]);
  link.subject = words[2][0];
  link.capabilities = read_paths (words[3]);
  for (guint i = 4; words[i] != NULL; i++)
    read_option (self, &link, words[i]);
  token = make_link (self, &link, parent);
  g_strfreev (link.capabilities);
  g_strfreev (link.topics);
  return token;
}

static DmsToken *
read_chain (DmsAdversary *self, const char *text)
{
  g_auto (GStrv) links = g_strsplit (text, "|", 0);
  DmsToken *token = NULL;

  for (guint i = 0; links[i] != NULL; i++)
    {
      g_autoptr (DmsToken) parent = token;

      token = read_link (self, links[i], parent);
    }
  return token;
}

static DmsTokenList *
read_list (DmsAdversary *self, const char *line)
{
  g_auto (GStrv) chains = g_strsplit (line, "+", 0);
  g_autoptr (GPtrArray) tokens = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_token_unref);

  /* The same nonces for the same line, whoever reads it. */
  self->last_nonce = 0;
  for (guint i = 0; chains[i] != NULL; i++)
    g_ptr_array_add (tokens, read_chain (self, chains[i]));
  return dms_token_list_new (tokens);
}

char *
dms_adversary_make_list (DmsAdversary *self, const char *line)
{
  g_autoptr (DmsTokenList) list = read_list (self, line);

  return dms_token_list_to_string (list);
}

/* Contexts */

static DmsToken *
make_revocation (DmsAdversary *self, DmsToken *token, char signer, gboolean as_itself)
{
  g_autofree char *nonce = g_base64_encode (g_bytes_get_data (dms_token_get_nonce (token), NULL), 12);
  const char *issuer = dms_did_get_uri (dms_token_get_issuer (token));
  g_autofree char *text = NULL;
  g_autoptr (DmsToken) bare = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) signature = NULL;
  g_autoptr (GError) error = NULL;

  if (as_itself)
    issuer = dms_did_get_uri (self->dids[(guint8) signer]);
  for (const char *who = WITH_KEYS; signer == 0 && *who != '\0'; who++)
    if (g_str_equal (dms_did_get_uri (self->dids[(guint8) *who]), issuer))
      signer = *who;
  text = g_strdup_printf ("{\"dms\":{\"act\":\"revoke\",\"iss\":{\"uri\":\"%s\"},"
                          "\"sub\":{\"uri\":\"%s\"},\"aud\":{},"
                          "\"cap\":[\"/\"],\"nonce\":\"%s\",\"exp\":%" G_GUINT64_FORMAT "}}",
                          issuer, dms_did_get_uri (dms_token_get_subject (token)), nonce,
                          self->now_ns + 8 * HOUR);
  bare = dms_token_new_from_data (text, strlen (text), &error);
  g_assert_no_error (error);
  bytes = dms_token_dup_signed_bytes (bare);
  signature = sign_plainly (self, signer, bytes);
  return add_signature (bare, signature);
}

static DmsToken *
get_link (DmsToken *leaf, guint number)
{
  guint above = dms_token_get_links (leaf) - 1 - number;

  g_assert_cmpuint (number, <, dms_token_get_links (leaf));
  while (above-- > 0)
    leaf = dms_token_get_chain (leaf);
  return leaf;
}

static void
add_revocation (DmsAdversary *self, GPtrArray *revoked, const char *word, DmsTokenList *list,
                DmsToken *anchor)
{
  guint number = (guint) g_ascii_digit_value (word[strlen (word) - 1]);

  if (g_str_equal (word, "anchor=revoke"))
    g_ptr_array_add (revoked, make_revocation (self, anchor, 0, FALSE));
  else if (g_str_has_prefix (word, "revoke="))
    g_ptr_array_add (revoked, make_revocation (self, get_link (dms_token_list_get (list, 0), number), 0,
                                               FALSE));
  else if (g_str_has_prefix (word, "forged="))
    g_ptr_array_add (revoked, make_revocation (self, get_link (dms_token_list_get (list, 0), number), 'M',
                                               FALSE));
  else if (g_str_has_prefix (word, "strange="))
    g_ptr_array_add (revoked, make_revocation (self, get_link (dms_token_list_get (list, 0), number), 'M',
                                               TRUE));
  else
    g_error ("there is no word “%s”", word);
}

DmsCapabilityContext *
dms_adversary_make_context (DmsAdversary *self, const char *words, const char *anchor, const char *line)
{
  g_auto (GStrv) list = g_strsplit (words != NULL ? words : "", " ", 0);
  g_autoptr (DmsTokenList) sent = read_list (self, line);
  g_autoptr (DmsToken) require = NULL;
  g_autoptr (GPtrArray) revoked = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_token_unref);
  g_autoptr (DmsTokenList) requires = NULL;
  g_autoptr (DmsTokenList) revokes = NULL;
  g_autoptr (GString) roots = g_string_new (NULL);
  g_autofree char *require_text = NULL;
  g_autofree char *revoke_text = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  DmsCapabilityContext *context;
  const char *root_letters = "R";

  if (anchor == NULL || *anchor != '\0')
    require = read_chain (self, anchor != NULL ? anchor : USUAL_ANCHOR);
  requires = require != NULL ? dms_token_list_new_single (require) : dms_token_list_new_empty ();
  for (guint i = 0; list[i] != NULL; i++)
    {
      if (g_str_has_prefix (list[i], "roots="))
        root_letters = list[i] + strlen ("roots=");
      else
        add_revocation (self, revoked, list[i], sent, require);
    }
  for (const char *who = root_letters; *who != '\0'; who++)
    g_string_append_printf (roots, "%s{\"uri\":\"%s\"}", roots->len > 0 ? "," : "",
                            dms_did_get_uri (dms_adversary_get_did (self, *who)));
  revokes = dms_token_list_new (revoked);
  require_text = dms_token_list_to_string (requires);
  revoke_text = dms_token_list_to_string (revokes);
  text = g_strdup_printf ("{\"did\":{\"uri\":\"%s\"},\"roots\":[%s],"
                          "\"require\":%s,\"provide\":{},\"revoke\":%s}",
                          dms_did_get_uri (self->dids['N']), roots->str, require_text, revoke_text);
  context = dms_capability_context_new_from_data (text, strlen (text), "adversary", self->keys['N'], &error);
  g_assert_no_error (error);
  return context;
}

DmsCapabilityContext *
dms_adversary_make_owner (DmsAdversary *self, char who)
{
  return dms_capability_context_new (dms_adversary_get_did (self, who), self->keys[(guint8) who]);
}
