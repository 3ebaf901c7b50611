/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What an adversary may try with messages: a line each, with the rule it breaks and the reason it is
 * refused for. What tokens may try is in tests/unit/capability/test-adversarial.c.
 *
 * A may use /dms on B's root actor and broadcast /broadcast on /nunet; C may nothing. A line says in words
 * what is different from a good message of A to B: `key=` who signs, `from.id=` `from.host=` `from.inbox=`
 * `from.did=` `to.id=` `to.host=` `to.inbox=` whose (a letter), or a text; `be=` behaviour, `exp=` seconds
 * from now, `cap=` whose tokens, `none`, `garbage` or `big`; `topic=` for a broadcast to nobody, `via=` the
 * topic it is published on, `at=` the inbox it is brought to, `peer=` who brings it; `cont=`; `twice`: it
 * is brought twice; `twice=space` the second time in other words. Then a text of the signed message may be
 * replaced by another. */

#include <string.h>

#include "dms-test-node.h"

#define NETWORK "adversarial"

typedef struct
{
  const char *name;
  const char *rule;
  const char *words;
  DmsRefusal refusal;
  /* How often B's handlers run: for what is brought twice, once. */
  guint handled;
  const char *from;
  const char *to;
} Case;

#define ALLOWED DMS_N_REFUSALS
#define MALFORMED DMS_REFUSAL_MALFORMED
#define BAD_SIGNATURE DMS_REFUSAL_BAD_SIGNATURE
#define NOT_AUTHORIZED DMS_REFUSAL_NOT_AUTHORIZED
#define WRONG_ADDRESS DMS_REFUSAL_WRONG_ADDRESS
#define NO_BEHAVIOUR DMS_REFUSAL_NO_BEHAVIOUR

static const Case cases[] = {
  { "good/invocation", "", "", ALLOWED, 1 },
  { "good/broadcast", "", "be=/broadcast/x topic=/nunet/x", ALLOWED, 1 },
  { "good/unknown-member", "", "", ALLOWED, 1, "{\"to\"", "{\"x\":[1],\"to\"" },

  { "replay/same-bytes", "Replay", "twice", DMS_REFUSAL_REPLAYED, 1 },
  { "replay/other-white-space", "Replay", "twice=space", DMS_REFUSAL_REPLAYED, 1 },
  { "replay/by-another-peer", "Host", "twice=peer", DMS_REFUSAL_WRONG_HOST, 1 },
  { "replay/to-another-actor", "Address", "at=other", WRONG_ADDRESS, 0 },
  { "replay/broadcast", "Replay", "be=/broadcast/x topic=/nunet/x twice", DMS_REFUSAL_REPLAYED, 1 },

  { "address/another-key", "Address", "to.id=C", WRONG_ADDRESS, 0 },
  { "address/key-of-the-sender", "Address", "to.id=A", WRONG_ADDRESS, 0 },
  { "address/another-inbox", "Address", "to.inbox=other", WRONG_ADDRESS, 0 },
  { "address/another-host", "Address", "to.host=C", WRONG_ADDRESS, 0 },
  { "address/no-inbox", "Address", "to.inbox=", WRONG_ADDRESS, 0 },
  { "address/no-key", "Address", "to.id=nobody", WRONG_ADDRESS, 0 },
  { "address/inbox-that-is-not-there", "Address", "at=nothing", DMS_REFUSAL_NO_INBOX, 0 },
  { "address/reflected", "Address", "from.id=A key=A to.id=A to.host=A", WRONG_ADDRESS, 0 },

  { "sender/in-the-victims-name", "Signature", "from.id=B", BAD_SIGNATURE, 0 },
  { "sender/in-anothers-name", "Signature", "from.id=A key=C", BAD_SIGNATURE, 0 },
  { "sender/stolen-tokens", "Require", "from.id=C key=C cap=A", NOT_AUTHORIZED, 0 },
  { "sender/stolen-did", "Require", "from.id=C key=C from.did=A cap=C", NOT_AUTHORIZED, 0 },
  { "sender/victims-did", "Require", "from.id=C key=C from.did=B cap=C", NOT_AUTHORIZED, 0 },
  { "sender/no-did", "Require", "from.id=C key=C from.did= cap=C", NOT_AUTHORIZED, 0 },
  { "sender/stranger", "Require", "from.id=C key=C cap=C", NOT_AUTHORIZED, 0 },
  { "sender/no-tokens", "Require", "cap=none", NOT_AUTHORIZED, 0 },
  { "sender/id-is-no-key", "Key type", "from.id=AAAA", BAD_SIGNATURE, 0 },
  { "sender/id-in-small-letters", "Key type", "from.id=small", BAD_SIGNATURE, 0 },
  { "sender/id-secp256k1", "Key type", "from.id=secp256k1", BAD_SIGNATURE, 0 },
  { "sender/id-empty", "Key type", "from.id=", BAD_SIGNATURE, 0 },

  { "sender/on-a-victims-host", "Host", "from.host=C", DMS_REFUSAL_WRONG_HOST, 0 },
  { "sender/on-our-host", "Host", "from.host=B", DMS_REFUSAL_WRONG_HOST, 0 },
  { "sender/on-no-host", "Host", "from.host=", DMS_REFUSAL_WRONG_HOST, 0 },
  { "sender/host-is-no-peer", "Host", "from.host=nowhere", DMS_REFUSAL_WRONG_HOST, 0 },

  { "time/expired", "Expiry", "exp=-1", DMS_REFUSAL_EXPIRED, 0 },
  { "time/never-set", "Expiry", "exp=zero", DMS_REFUSAL_EXPIRED, 0 },
  { "time/more-than-a-day", "Lifetime", "exp=86460", DMS_REFUSAL_EXPIRED, 0 },
  { "time/for-ever", "Lifetime", "exp=max", DMS_REFUSAL_EXPIRED, 0 },

  { "behaviour/unknown", "Default deny", "be=/dms/nothing", NO_BEHAVIOUR, 0 },
  { "behaviour/without-the-right", "Require", "be=/public/x", NOT_AUTHORIZED, 0 },
  { "behaviour/right-is-no-prefix", "Implies", "be=/dmsx", NOT_AUTHORIZED, 0 },
  { "behaviour/slash-at-the-end", "Default deny", "be=/dms/x/", NO_BEHAVIOUR, 0 },
  { "behaviour/two-slashes", "Default deny", "be=//dms/x", NO_BEHAVIOUR, 0 },
  { "behaviour/dot-dot", "Default deny", "be=/dms/../public/x", NO_BEHAVIOUR, 0 },
  { "behaviour/letter-case", "Default deny", "be=/DMS/x", NO_BEHAVIOUR, 0 },
  { "behaviour/empty", "Default deny", "be=", NO_BEHAVIOUR, 0 },
  { "behaviour/answer-to-nothing", "Default deny", "be=/private/root/1", NO_BEHAVIOUR, 0 },

  { "broadcast/as-an-invocation", "Broadcast", "be=/broadcast/x", NO_BEHAVIOUR, 0 },
  { "broadcast/invocation-as-one", "Broadcast", "be=/dms/x topic=/nunet/x at=root", NO_BEHAVIOUR, 0 },
  { "broadcast/topic-of-another-behaviour", "Broadcast", "be=/broadcast/x topic=/nunet/y at=root",
    NO_BEHAVIOUR, 0 },
  { "broadcast/with-tokens-to-invoke", "Broadcast", "be=/broadcast/x topic=/nunet/x cap=A at=root",
    NOT_AUTHORIZED,
    0 },
  { "broadcast/by-a-stranger", "Broadcast", "be=/broadcast/x topic=/nunet/x from.id=C key=C cap=C at=root",
    NOT_AUTHORIZED, 0 },
  { "broadcast/topic-below", "Broadcast", "be=/broadcast/x topic=/nunet/x/y at=root", NO_BEHAVIOUR, 0 },

  { "bytes/signature-changed", "Signature", "", BAD_SIGNATURE, 0, "\"sig\":\"", "\"sig\":\"AAAA" },
  { "bytes/signature-missing", "Signature", "", BAD_SIGNATURE, 0, "\"sig\":", "\"x\":" },
  { "bytes/signature-null", "Signature", "", BAD_SIGNATURE, 0, "\"sig\":", "\"sig\":null,\"x\":" },
  { "bytes/payload-changed", "Signature", "", BAD_SIGNATURE, 0, "\"msg\":\"e30=\"", "\"msg\":\"W10=\"" },
  { "bytes/payload-missing", "Signature", "", BAD_SIGNATURE, 0, "\"msg\":", "\"x\":" },
  { "bytes/tokens-missing", "Signature", "", BAD_SIGNATURE, 0, "\"cap\":", "\"x\":" },
  { "bytes/nonce-changed", "Signature", "", BAD_SIGNATURE, 0, "\"nonce\":",
    "\"nonce\":1,\"x\":" },
  { "bytes/behaviour-changed", "Signature", "", BAD_SIGNATURE, 0, "\"be\":\"/dms/x\"", "\"be\":\"/dmsx\"" },
  { "bytes/answer-elsewhere", "Signature", "", BAD_SIGNATURE, 0, "\"opt\":{",
    "\"opt\":{\"cont\":\"/dms/x\"," },
  { "bytes/topic-added", "Signature", "", BAD_SIGNATURE, 0, "\"opt\":{", "\"opt\":{\"topic\":\"/nunet/x\"," },
  { "bytes/member-twice", "Strict reader", "", MALFORMED, 0, "\"be\":\"/dms/x\"",
    "\"be\":\"/x\",\"be\":\"/dms/x\"" },
  { "bytes/member-twice-other-case", "Strict reader", "", MALFORMED, 0, "\"be\":",
    "\"BE\":\"/public/x\",\"be\":" },
  { "bytes/member-with-long-s", "Strict reader", "", MALFORMED, 0, "\"sig\":",
    "\"\305\277ig\":\"\",\"sig\":" },
  { "bytes/sender-twice", "Strict reader", "", MALFORMED, 0, "\"from\":", "\"from\":{},\"From\":" },
  { "bytes/nonce-negative", "Strict reader", "", MALFORMED, 0, "\"nonce\":", "\"nonce\":-" },
  { "bytes/nonce-too-large", "Strict reader", "", MALFORMED, 0, "\"nonce\":",
    "\"nonce\":99999999999999999999,\"x\":" },
  { "bytes/expiry-exponent", "Strict reader", "", MALFORMED, 0, "\"exp\":", "\"exp\":1e19,\"x\":" },
  { "bytes/nul", "Strict reader", "", MALFORMED, 0, "/dms/x", "/dms/x\\u0000" },
  { "bytes/base64", "Strict reader", "", MALFORMED, 0, "\"msg\":\"e30=\"", "\"msg\":\"e30\"" },
  { "bytes/trailing", "Strict reader", "", MALFORMED, 0, "{\"to\"", "{}{\"to\"" },
  { "bytes/tokens-garbage", "List", "cap=garbage", MALFORMED, 0 },
  { "bytes/tokens-too-large", "List", "cap=big", DMS_REFUSAL_TOO_LARGE, 0 },
  { "bytes/token-as-message", "Domain prefix", "sign=token", BAD_SIGNATURE, 0 },
};

typedef struct
{
  DmsTestNode *nodes[3];
  guint handled;
} Fixture;

static void
on_handled (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  ((Fixture *) user_data)->handled++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const char *const paths[] = { "/dms/x", "/dmsx", "/public/x", NULL };
  DmsActor *root;

  for (guint i = 0; i < 3; i++)
    fixture->nodes[i] = dms_test_node_new (NETWORK);
  root = dms_test_node_get_root (fixture->nodes[1]);
  for (guint i = 0; paths[i] != NULL; i++)
    dms_actor_add_behaviour (root, paths[i], DMS_BEHAVIOUR_REQUIRE, on_handled, fixture, NULL);
  dms_actor_add_broadcast (root, "/broadcast/x", "/nunet/x", on_handled, fixture, NULL);
  dms_test_node_allow (fixture->nodes[1], fixture->nodes[0], "/dms");
  dms_test_node_allow_broadcast (fixture->nodes[1], fixture->nodes[0], "/broadcast", "/nunet");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    dms_test_node_free (fixture->nodes[i]);
}

static DmsTestNode *
get_node (Fixture *fixture, const char *letter)
{
  g_assert_true (letter[0] >= 'A' && letter[0] <= 'C' && letter[1] == '\0');
  return fixture->nodes[letter[0] - 'A'];
}

/* The value of a word; NULL when the line has none. "" for a word without one. */
static char *
find_word (const char *words, const char *name)
{
  g_auto (GStrv) list = g_strsplit (words, " ", 0);

  for (guint i = 0; list[i] != NULL; i++)
    {
      gsize length = strlen (name);

      if (strncmp (list[i], name, length) == 0 && (list[i][length] == '=' || list[i][length] == '\0'))
        return g_strdup (list[i][length] == '=' ? list[i] + length + 1 : "");
    }
  return NULL;
}

static gboolean
is_letter (const char *text)
{
  return text[0] >= 'A' && text[0] <= 'C' && text[1] == '\0';
}

static char *
make_id (Fixture *fixture, const char *word, const char *usual)
{
  const char *own = dms_handle_get_id (dms_test_node_get_handle (fixture->nodes[0]));

  if (word == NULL)
    word = usual;
  if (is_letter (word))
    return g_strdup (dms_handle_get_id (dms_test_node_get_handle (get_node (fixture, word))));
  if (g_str_equal (word, "small"))
    return g_ascii_strdown (own, -1);
  if (g_str_equal (word, "secp256k1"))
    return g_strdup ("BABBEIIBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA====");
  return g_strdup (word);
}

static DmsHandle *
make_handle (Fixture *fixture, const char *words, const char *side, const char *usual)
{
  g_autofree char *id_name = g_strconcat (side, ".id", NULL);
  g_autofree char *did_name = g_strconcat (side, ".did", NULL);
  g_autofree char *host_name = g_strconcat (side, ".host", NULL);
  g_autofree char *inbox_name = g_strconcat (side, ".inbox", NULL);
  g_autofree char *id_word = find_word (words, id_name);
  g_autofree char *did_word = find_word (words, did_name);
  g_autofree char *host_word = find_word (words, host_name);
  g_autofree char *inbox = find_word (words, inbox_name);
  g_autofree char *id = make_id (fixture, id_word, usual);
  const char *owner = did_word != NULL ? did_word : id_word != NULL && is_letter (id_word) ? id_word : usual;
  const char *host = host_word != NULL ? host_word : usual;
  g_autoptr (DmsDid) nobody = dms_did_new_empty ();

  return dms_handle_new (
      id, is_letter (owner) ? dms_test_node_get_did (get_node (fixture, owner)) : nobody,
      is_letter (host) ? dms_handle_get_host (dms_test_node_get_handle (get_node (fixture, host))) : host,
      inbox != NULL ? inbox : "root");
}

static guint64
read_expiry (const char *word)
{
  gint64 seconds;

  if (word == NULL)
    return dms_test_expiry_in (30);
  if (g_str_equal (word, "max"))
    return G_MAXUINT64;
  if (g_str_equal (word, "zero"))
    return 0;
  seconds = g_ascii_strtoll (word, NULL, 10);
  return (guint64) ((g_get_real_time () + seconds * G_TIME_SPAN_SECOND) * 1000);
}

/* The tokens of somebody for this message; of A unless a line says else. */
static GBytes *
make_tokens (Fixture *fixture, const char *word, const char *behaviour, const char *topic)
{
  const char *const capabilities[] = { behaviour, NULL };
  DmsTestNode *owner = get_node (fixture, word != NULL && is_letter (word) ? word : "A");
  DmsCapabilityContext *context = dms_test_node_get_capabilities (owner);
  const char *id = dms_handle_get_id (dms_test_node_get_handle (owner));
  DmsHandle *to = dms_test_node_get_handle (fixture->nodes[1]);
  g_autoptr (GError) error = NULL;
  GBytes *tokens;

  if (g_strcmp0 (word, "none") == 0)
    return NULL;
  if (g_strcmp0 (word, "garbage") == 0)
    return g_bytes_new_static ("{\"tok\":", 7);
  if (g_strcmp0 (word, "big") == 0)
    return g_bytes_new_take (g_strnfill (DMS_TOKEN_MAX_LIST_SIZE + 1, ' '), DMS_TOKEN_MAX_LIST_SIZE + 1);
  if (topic != NULL && word == NULL)
    tokens = dms_capability_context_provide_broadcast (context, id, topic, dms_test_expiry_in (60),
                                                       capabilities,
                                                       &error);
  else
    tokens = dms_capability_context_provide (context, id, dms_handle_get_id (to), dms_handle_get_did (to),
                                             dms_test_expiry_in (60), capabilities, NULL, &error);
  g_assert_no_error (error);
  return tokens;
}

/* Signed as a token is, over what a message says. */
static char *
sign_as_token (DmsEnvelope *envelope, DmsKey *key)
{
  g_autoptr (GBytes) bytes = dms_envelope_dup_signed_bytes (envelope);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *all = g_strconcat ("dms:token:", text + strlen ("dms:msg:"), NULL);
  guint8 signature[DMS_KEY_SIGNATURE_SIZE];
  g_autofree char *base64 = NULL;

  dms_key_sign (key, (const guint8 *) all, strlen (all), signature);
  base64 = g_base64_encode (signature, sizeof signature);
  text[strlen (text) - 1] = '\0';
  return g_strdup_printf ("%s,\"sig\":\"%s\"}", text + strlen ("dms:msg:"), base64);
}

static char *
make_message (Fixture *fixture, const Case *row)
{
  g_autofree char *behaviour = find_word (row->words, "be");
  g_autofree char *topic = find_word (row->words, "topic");
  g_autofree char *expiry = find_word (row->words, "exp");
  g_autofree char *signer = find_word (row->words, "key");
  g_autofree char *capability = find_word (row->words, "cap");
  g_autofree char *sign = find_word (row->words, "sign");
  const char *path = behaviour != NULL ? behaviour : "/dms/x";
  DmsKey *key = dms_test_node_get_key (get_node (fixture, signer != NULL ? signer : "A"));
  g_autoptr (DmsHandle) from = make_handle (fixture, row->words, "from", "A");
  g_autoptr (DmsHandle) to =
      topic != NULL ? dms_handle_new_empty () : make_handle (fixture, row->words, "to", "B");
  g_autoptr (GBytes) tokens = make_tokens (fixture, capability, path, topic);
  g_autoptr (GBytes) payload = g_bytes_new_static ("{}", 2);
  g_autoptr (DmsEnvelope) envelope =
      dms_envelope_new_signed (key, to, path, from, dms_envelope_make_nonce (), read_expiry (expiry), NULL,
                               topic, payload, tokens);
  g_autofree char *text = sign != NULL ? sign_as_token (envelope, key) : dms_envelope_to_string (envelope);
  g_autoptr (GString) message = g_string_new (text);

  if (row->from != NULL)
    g_assert_cmpuint (g_string_replace (message, row->from, row->to, 1), ==, 1);
  return g_string_free (g_steal_pointer (&message), FALSE);
}

static void
on_brought (GObject *source, GAsyncResult *result, gpointer user_data)
{
  dms_transport_send_message_finish (DMS_TRANSPORT (source), result, NULL);
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  dms_transport_publish_finish (DMS_TRANSPORT (source), result, NULL);
}

/* Straight to an inbox of B, or published on the topic. */
static void
bring (Fixture *fixture, const Case *row, const char *peer, const char *text)
{
  DmsTransport *transport = dms_test_node_get_transport (get_node (fixture, peer));
  g_autoptr (DmsPeerId) b = dms_transport_dup_peer_id (dms_test_node_get_transport (fixture->nodes[1]));
  g_autofree char *topic = find_word (row->words, "topic");
  g_autofree char *at = find_word (row->words, "at");
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  if (topic != NULL && at == NULL)
    dms_transport_publish_async (transport, topic, bytes, NULL, on_published, NULL);
  else
    dms_transport_send_message_async (transport, b, at != NULL ? at : "root", bytes, NULL, on_brought, NULL);
}

static guint64
count_all (Fixture *fixture)
{
  guint64 all = fixture->handled;

  for (guint i = 0; i < DMS_N_REFUSALS; i++)
    all += dms_actor_registry_get_refusals (dms_test_node_get_registry (fixture->nodes[1]), (DmsRefusal) i);
  return all;
}

typedef struct
{
  Fixture *fixture;
  guint64 count;
} Expected;

static gboolean
has_happened (gpointer user_data)
{
  Expected *expected = user_data;

  return count_all (expected->fixture) >= expected->count;
}

static void
assert_outcome (Fixture *fixture, const Case *row)
{
  DmsActorRegistry *registry = dms_test_node_get_registry (fixture->nodes[1]);

  for (guint i = 0; i < DMS_N_REFUSALS; i++)
    if (i != (guint) row->refusal && dms_actor_registry_get_refusals (registry, (DmsRefusal) i) != 0)
      g_error ("refused as %s", dms_refusal_get_nick ((DmsRefusal) i));
  if (row->refusal != ALLOWED)
    g_assert_cmpuint (dms_actor_registry_get_refusals (registry, row->refusal), ==, 1);
  g_assert_cmpuint (fixture->handled, ==, row->handled);
}

static void
test_case (Fixture *fixture, gconstpointer data)
{
  const Case *row = data;
  g_autofree char *text = make_message (fixture, row);
  g_autofree char *twice = find_word (row->words, "twice");
  g_autofree char *second = twice != NULL && g_str_equal (twice, "space") ? g_strconcat (" ", text,
                                                                                         NULL) : NULL;
  g_autofree char *at = find_word (row->words, "at");
  g_autoptr (DmsActor) other = NULL;
  g_autoptr (GError) error = NULL;
  Expected expected = { fixture, 1 };

  if (g_strcmp0 (at, "other") == 0)
    {
      g_autoptr (DmsKey) key = dms_key_generate ();

      other = dms_actor_new_child (dms_test_node_get_root (fixture->nodes[1]), "other", key, NULL);
      g_assert_true (dms_actor_start (other, &error));
    }
  bring (fixture, row, "A", text);
  dms_test_wait (has_happened, &expected);
  if (twice != NULL)
    {
      bring (fixture, row, g_str_equal (twice, "peer") ? "C" : "A", second != NULL ? second : text);
      expected.count = 2;
      dms_test_wait (has_happened, &expected);
    }
  assert_outcome (fixture, row);
  if (other != NULL)
    dms_actor_stop (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/adversarial/messages/", cases[i].name, NULL);

      g_test_add (path, Fixture, &cases[i], set_up, test_case, tear_down);
    }
  return g_test_run ();
}
