/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-revocation-exchange.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "common/dms-wire-writer.h"
#include "node/dms-peer-handshake.h"

/* Directly from the owner: spread what is revoked. As a broadcast on the topic: take what others revoked. */
#define REVOKE_BROADCAST "/dms/cap/revoke/broadcast"
#define REVOCATION_TOPIC "/nunet/revocation"
/* Our addition. It is public, like what it tells: whoever may say hello may ask. */
#define REVOCATIONS "/public/revocations"
#define ROOT_INBOX "root"

/* How many revocations one message carries, and how many answers one peer is heard for. */
#define PART_SIZE 128
#define MAX_PARTS 32
#define MAX_CURSOR 64
#define SECONDS_BETWEEN_LOOKS 5
/* A peer is asked when it connects, and from time to time while it stays; never more often than that. */
#define ASK_AGAIN_SECONDS 3600
#define ASK_RETURNED_SECONDS 60
#define MAX_ASKED 4096
#define MAX_AT_ONCE 4
/* What was learned is written at most that often. */
#define SECONDS_BETWEEN_WRITES 10
#define MAX_UNWRITTEN 4096

struct _DmsRevocationExchange
{
  GObject parent_instance;

  DmsNode *node;
  GCancellable *cancellable;
  guint look;

  /* When each peer was asked last, in seconds of the monotonic clock, by its text. */
  GHashTable *asked;
  guint at_once;

  /* What counts already but is not in the file yet. */
  GPtrArray *unwritten;
  gint64 written_at;
  guint write;
};

G_DEFINE_FINAL_TYPE (DmsRevocationExchange, dms_revocation_exchange, G_TYPE_OBJECT)

static gint64
now_seconds (void)
{
  return g_get_monotonic_time () / G_USEC_PER_SEC;
}

static void
dms_revocation_exchange_finalize (GObject *object)
{
  DmsRevocationExchange *self = DMS_REVOCATION_EXCHANGE (object);

  g_clear_handle_id (&self->look, g_source_remove);
  g_clear_handle_id (&self->write, g_source_remove);
  g_clear_object (&self->cancellable);
  g_hash_table_unref (self->asked);
  g_ptr_array_unref (self->unwritten);

  G_OBJECT_CLASS (dms_revocation_exchange_parent_class)->finalize (object);
}

static void
dms_revocation_exchange_class_init (DmsRevocationExchangeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_revocation_exchange_finalize;
}

static void
dms_revocation_exchange_init (DmsRevocationExchange *self)
{
  self->cancellable = g_cancellable_new ();
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->unwritten = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_token_unref);
}

/* Taking */

static gboolean
learn (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  dms_capability_context_learn_revocations (context, user_data);
  return TRUE;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!dms_capability_keeper_edit_finish (DMS_CAPABILITY_KEEPER (source), result, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "revocations_write_error", "error", error->message, NULL);
}

static void
write_now (DmsRevocationExchange *self)
{
  g_autoptr (DmsTokenList) tokens = dms_token_list_new (self->unwritten);

  self->written_at = now_seconds ();
  g_ptr_array_set_size (self->unwritten, 0);
  dms_capability_keeper_learn_async (dms_node_get_capability_keeper (self->node), learn,
                                     g_steal_pointer (&tokens), (GDestroyNotify) dms_token_list_unref,
                                     on_written, NULL);
}

static gboolean
on_write (gpointer user_data)
{
  DmsRevocationExchange *self = user_data;

  self->write = 0;
  write_now (self);
  return G_SOURCE_REMOVE;
}

/* Each revocation proves itself by its issuer's signature, whoever brings it. */
static void
take (DmsRevocationExchange *self, DmsTokenList *tokens, DmsMessage *message)
{
  DmsCapabilityContext *context = dms_node_get_capabilities (self->node);
  guint size = MIN (dms_token_list_get_size (tokens), PART_SIZE);
  g_autoptr (GPtrArray) some = g_ptr_array_new ();
  g_autoptr (DmsTokenList) part = NULL;
  g_autofree char *number = NULL;
  guint taken;

  for (guint i = 0; i < size; i++)
    g_ptr_array_add (some, dms_token_list_get (tokens, i));
  part = dms_token_list_new (some);
  taken = dms_capability_context_learn_revocations (context, part);
  if (taken == 0)
    return;

  number = g_strdup_printf ("%u", taken);
  dms_log_event (G_LOG_LEVEL_INFO, "revocations_learned", "count", number, "did",
                 dms_did_get_uri (dms_message_get_sender_did (message)), NULL);
  for (guint i = 0; i < size && self->unwritten->len < MAX_UNWRITTEN; i++)
    g_ptr_array_add (self->unwritten, dms_token_ref (g_ptr_array_index (some, i)));
  if (self->write == 0)
    {
      gint64 wait = self->written_at + SECONDS_BETWEEN_WRITES - now_seconds ();

      self->write = g_timeout_add_seconds (self->written_at == 0 ? 0 : (guint) CLAMP (wait, 0, 10), on_write,
                                           self);
    }
}

static void
on_received (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  GBytes *payload = dms_envelope_get_payload (dms_message_get_envelope (message));
  g_autoptr (DmsTokenList) tokens = dms_token_list_new_from_member (payload, "Token", NULL);

  if (tokens != NULL)
    take (user_data, tokens, message);
}

/* Telling */

static GBytes *
end_object (DmsWireWriter *writer)
{
  dms_wire_writer_end_object (writer);
  return dms_wire_writer_end (writer);
}

static gboolean
broadcast_part (DmsActor *actor, DmsTokenList *part, GError **error)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autoptr (GBytes) payload = NULL;

  dms_wire_writer_begin_object (writer, NULL);
  dms_token_list_write (part, writer, "Token");
  payload = end_object (writer);
  return dms_actor_broadcast_bytes (actor, REVOCATION_TOPIC, REVOKE_BROADCAST, payload, 0, NULL, error);
}

static void
on_broadcast (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsRevocationExchange *self = user_data;
  DmsCapabilityContext *context = dms_node_get_capabilities (self->node);
  g_autofree char *next = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *reply = json_object_new ();

  do
    {
      g_autofree char *after = g_steal_pointer (&next);
      g_autoptr (DmsTokenList) part =
          dms_capability_context_list_revocations (context, after, PART_SIZE, &next);

      if (dms_token_list_get_size (part) > 0)
        broadcast_part (actor, part, &error);
    }
  while (next != NULL && error == NULL);
  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error->message : "");
  dms_message_reply_object (message, reply);
}

static void
on_revocations (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsRevocationExchange *self = user_data;
  const char *after = dms_json_object_get_text (dms_message_get_object (message), "After");
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autoptr (DmsTokenList) part = NULL;
  g_autoptr (GBytes) payload = NULL;
  g_autofree char *next = NULL;

  part = dms_capability_context_list_revocations (dms_node_get_capabilities (self->node), after, PART_SIZE,
                                                  &next);
  dms_wire_writer_begin_object (writer, NULL);
  dms_wire_writer_add_boolean (writer, "OK", TRUE);
  dms_wire_writer_add_string (writer, "Error", "");
  dms_token_list_write (part, writer, "Revoke");
  dms_wire_writer_add_string (writer, "Next", next != NULL ? next : "");
  payload = end_object (writer);
  dms_message_reply_bytes (message, payload);
}

/* Asking */

/* One peer while it is asked. */
typedef struct
{
  DmsRevocationExchange *exchange;
  DmsHandle *peer;
  char *after;
  guint parts;
} Asking;

static void
asking_free (Asking *asking)
{
  asking->exchange->at_once--;
  g_object_unref (asking->exchange);
  dms_handle_unref (asking->peer);
  g_free (asking->after);
  g_free (asking);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asking, asking_free)

static void on_answer (GObject *source, GAsyncResult *result, gpointer user_data);

static void
ask (Asking *asking)
{
  DmsRevocationExchange *self = asking->exchange;
  g_autoptr (JsonNode) payload = NULL;
  JsonObject *object = json_object_new ();

  if (asking->after != NULL)
    json_object_set_string_member (object, "After", asking->after);
  payload = json_node_init_object (json_node_alloc (), object);
  json_object_unref (object);
  dms_actor_invoke_async (dms_node_get_root (self->node), asking->peer, REVOCATIONS, payload, 0,
                          self->cancellable, on_answer, asking);
}

/* The cursor must grow, so that an answer cannot lead round in a circle. */
static gboolean
take_cursor (Asking *asking, const char *next)
{
  if (next == NULL || *next == '\0' || strlen (next) > MAX_CURSOR || ++asking->parts >= MAX_PARTS
      || (asking->after != NULL && strcmp (next, asking->after) <= 0))
    return FALSE;
  g_free (asking->after);
  asking->after = g_strdup (next);
  return TRUE;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Asking) asking = user_data;
  DmsRevocationExchange *self = asking->exchange;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, NULL);
  g_autoptr (DmsTokenList) tokens = NULL;

  /* Silence: it does not let us ask, or is no node of ours. */
  if (message == NULL || g_cancellable_is_cancelled (self->cancellable))
    return;
  tokens = dms_token_list_new_from_member (dms_envelope_get_payload (dms_message_get_envelope (message)),
                                           "Revoke", NULL);
  if (tokens == NULL)
    return;
  take (self, tokens, message);
  if (dms_token_list_get_size (tokens) > 0
      && take_cursor (asking, dms_json_object_get_text (dms_message_get_object (message), "Next")))
    ask (g_steal_pointer (&asking));
}

/* Whether it is not known to be something else than a node. */
static gboolean
may_be_node (DmsRevocationExchange *self, DmsPeerId *peer)
{
  g_auto (GStrv) protocols = dms_transport_dup_peer_protocols (dms_node_get_transport (self->node), peer);

  return protocols == NULL || g_strv_contains ((const char *const *) protocols, DMS_PEER_HANDSHAKE_PROTOCOL);
}

static void
meet (DmsRevocationExchange *self, DmsPeerId *peer)
{
  const char *text = dms_peer_id_get_text (peer);
  gint64 now = now_seconds ();
  gint64 *asked = g_hash_table_lookup (self->asked, text);
  g_autoptr (DmsHandle) root = NULL;
  Asking *asking;

  if ((asked != NULL && now - *asked < ASK_AGAIN_SECONDS) || g_hash_table_size (self->asked) >= MAX_ASKED)
    return;
  if (!may_be_node (self, peer))
    return;
  g_hash_table_replace (self->asked, g_strdup (text), g_memdup2 (&now, sizeof now));
  root = dms_handle_new_for_peer (peer, ROOT_INBOX);
  if (root == NULL)
    return;
  asking = g_new0 (Asking, 1);
  asking->exchange = g_object_ref (self);
  asking->peer = g_steal_pointer (&root);
  self->at_once++;
  ask (asking);
}

/* Forgets peers that went away, so that they are asked when they come back, but not those that only just
 * did. */
static void
forget_absent (DmsRevocationExchange *self, GPtrArray *peers)
{
  g_autoptr (GHashTable) present = g_hash_table_new (g_str_hash, g_str_equal);
  gint64 now = now_seconds ();
  GHashTableIter iter;
  gpointer peer;
  gpointer asked;

  for (guint i = 0; i < peers->len; i++)
    g_hash_table_add (present, (gpointer) dms_peer_id_get_text (dms_peer_info_get_id (peers->pdata[i])));
  g_hash_table_iter_init (&iter, self->asked);
  while (g_hash_table_iter_next (&iter, &peer, &asked))
    if (!g_hash_table_contains (present, peer) && now - *(gint64 *) asked >= ASK_RETURNED_SECONDS)
      g_hash_table_iter_remove (&iter);
}

static gboolean
on_look (gpointer user_data)
{
  DmsRevocationExchange *self = user_data;
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (dms_node_get_transport (self->node));

  if (peers == NULL)
    return G_SOURCE_CONTINUE;
  forget_absent (self, peers);
  for (guint i = 0; i < peers->len && self->at_once < MAX_AT_ONCE; i++)
    meet (self, dms_peer_info_get_id (peers->pdata[i]));
  return G_SOURCE_CONTINUE;
}

DmsRevocationExchange *
dms_revocation_exchange_new (DmsNode *node)
{
  DmsRevocationExchange *self = g_object_new (DMS_TYPE_REVOCATION_EXCHANGE, NULL);
  DmsActor *root = dms_node_get_root (node);

  self->node = node;
  dms_actor_add_behaviour (root, REVOKE_BROADCAST, DMS_BEHAVIOUR_REQUIRE, on_broadcast, self, NULL);
  dms_actor_add_behaviour (root, REVOCATIONS, DMS_BEHAVIOUR_REQUIRE, on_revocations, self, NULL);
  dms_actor_add_broadcast (root, REVOKE_BROADCAST, REVOCATION_TOPIC, on_received, self, NULL);
  return self;
}

void
dms_revocation_exchange_start (DmsRevocationExchange *self)
{
  if (self->look == 0)
    self->look = g_timeout_add_seconds (SECONDS_BETWEEN_LOOKS, on_look, self);
}

void
dms_revocation_exchange_stop (DmsRevocationExchange *self)
{
  g_clear_handle_id (&self->look, g_source_remove);
  if (self->write != 0)
    {
      g_clear_handle_id (&self->write, g_source_remove);
      write_now (self);
    }
  g_cancellable_cancel (self->cancellable);
}
