/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-peer-handshake.h"

#include "actor/dms-actor-registry.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"

/* All of libp2p.md section 1, peer handshake and gossipsub. */
#define HELLO            "/public/hello"
#define ROOT_INBOX       "root"
#define DEFAULT_DELAY_MS 10000
#define MAX_TRIES        3
#define SECONDS_A_TRY    3.0
#define SCORE_NODE       1.0
#define SCORE_MUTUAL     5.0
/* More than a transport lets connect; a peer beyond it is not greeted. */
#define MAX_PEERS 4096

/* One peer while it is here. */
typedef struct
{
  DmsPeerHandshake *handshake;
  DmsPeerId *id;
  GCancellable *cancellable;
  guint wait;
  guint tries;
  gboolean is_node;
  gboolean answered;
  gboolean greeted_us;
  DmsDid *did;
} Peer;

struct _DmsPeerHandshake
{
  GObject parent_instance;

  DmsActor *root;
  DmsTransport *transport;
  guint delay_ms;
  gboolean started;
  /* DmsPeerId to Peer. */
  GHashTable *peers;
};

G_DEFINE_FINAL_TYPE (DmsPeerHandshake, dms_peer_handshake, G_TYPE_OBJECT)

static Peer *
peer_new (DmsPeerHandshake *self, DmsPeerId *id)
{
  Peer *peer = g_rc_box_new0 (Peer);

  peer->handshake = self;
  peer->id = dms_peer_id_ref (id);
  peer->cancellable = g_cancellable_new ();
  return peer;
}

static void
peer_clear (gpointer data)
{
  Peer *peer = data;

  dms_peer_id_unref (peer->id);
  g_object_unref (peer->cancellable);
  g_clear_pointer (&peer->did, dms_did_unref);
}

static void
peer_unref (Peer *peer)
{
  g_rc_box_release_full (peer, peer_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peer, peer_unref)

/* The peer is forgotten: nothing of it happens any more. */
static void
peer_forget (gpointer data)
{
  Peer *peer = data;

  peer->handshake = NULL;
  g_clear_handle_id (&peer->wait, g_source_remove);
  g_cancellable_cancel (peer->cancellable);
  peer_unref (peer);
}

static void
dms_peer_handshake_finalize (GObject *object)
{
  DmsPeerHandshake *self = DMS_PEER_HANDSHAKE (object);

  if (self->started)
    dms_peer_handshake_stop (self);
  g_clear_pointer (&self->peers, g_hash_table_unref);
  g_clear_object (&self->transport);
  g_clear_object (&self->root);

  G_OBJECT_CLASS (dms_peer_handshake_parent_class)->finalize (object);
}

static void
dms_peer_handshake_class_init (DmsPeerHandshakeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_peer_handshake_finalize;
}

static void
dms_peer_handshake_init (DmsPeerHandshake *self)
{
  self->delay_ms = DEFAULT_DELAY_MS;
  self->peers = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                       (GEqualFunc) dms_peer_id_equal,
                                       (GDestroyNotify) dms_peer_id_unref,
                                       peer_forget);
}

static void
tell_score (DmsPeerHandshake *self, Peer *peer)
{
  double score = peer->is_node ? SCORE_NODE : 0;

  if (peer->is_node && peer->answered && peer->greeted_us)
    score = SCORE_MUTUAL;
  dms_transport_set_peer_score (self->transport, peer->id, score);
}

/* What the answer says of itself counts only as far as the sender proved it. */
static gboolean
take_answer (Peer *peer, DmsMessage *message)
{
  JsonObject *claimed = dms_json_object_get_child (dms_message_get_object (message), "DID");
  const char *uri = dms_json_object_get_text (claimed, "uri");
  DmsDid *proven = dms_message_get_sender_did (message);

  if (uri == NULL || !g_str_equal (uri, dms_did_get_uri (proven)))
    {
      dms_log_event (G_LOG_LEVEL_INFO,
                     "peer_hello_error",
                     "peer",
                     dms_peer_id_get_text (peer->id),
                     "did",
                     dms_did_get_uri (proven),
                     "error",
                     "the answer to hello does not name its sender",
                     NULL);
      return FALSE;
    }
  g_clear_pointer (&peer->did, dms_did_unref);
  peer->did = dms_did_ref (proven);
  peer->answered = TRUE;
  dms_log_event (G_LOG_LEVEL_INFO,
                 "peer_greeted",
                 "peer",
                 dms_peer_id_get_text (peer->id),
                 "did",
                 dms_did_get_uri (proven),
                 NULL);
  return TRUE;
}

static void greet (Peer *peer);

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Peer) peer = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  DmsPeerHandshake *self = peer->handshake;

  if (self == NULL || !peer->is_node)
    return;
  if (message != NULL && take_answer (peer, message))
    tell_score (self, peer);
  else if (peer->tries < MAX_TRIES)
    greet (peer);
  else
    dms_log_event (G_LOG_LEVEL_DEBUG,
                   "peer_silent",
                   "peer",
                   dms_peer_id_get_text (peer->id),
                   "error",
                   error != NULL ? error->message : "its answers were no good",
                   NULL);
}

static void
greet (Peer *peer)
{
  DmsPeerHandshake *self = peer->handshake;
  g_autoptr (DmsHandle) root = dms_handle_new_for_peer (peer->id, ROOT_INBOX);
  g_autoptr (JsonNode) payload = NULL;
  g_autoptr (JsonObject) object = json_object_new ();

  /* Only Ed25519 keys sign messages here. */
  if (root == NULL)
    return;
  payload = json_node_init_object (json_node_alloc (), object);
  peer->tries++;
  dms_actor_invoke_async (self->root,
                          root,
                          HELLO,
                          payload,
                          dms_actor_expiry_in (SECONDS_A_TRY),
                          peer->cancellable,
                          on_answer,
                          g_rc_box_acquire (peer));
}

static gboolean
on_waited (gpointer user_data)
{
  Peer *peer = user_data;

  peer->wait = 0;
  greet (peer);
  return G_SOURCE_REMOVE;
}

static Peer *
find_or_add (DmsPeerHandshake *self, DmsPeerId *id)
{
  Peer *peer = g_hash_table_lookup (self->peers, id);

  if (peer != NULL || g_hash_table_size (self->peers) >= MAX_PEERS)
    return peer;
  peer = peer_new (self, id);
  g_hash_table_insert (self->peers, dms_peer_id_ref (id), peer);
  return peer;
}

/* The wait spreads what many nodes do that find each other at the same moment. */
static void
meet (DmsPeerHandshake *self, Peer *peer)
{
  guint delay_ms = self->delay_ms;

  if (delay_ms > 0)
    delay_ms += (guint) g_random_int_range (0, (gint32) delay_ms);
  peer->tries = 0;
  peer->wait = g_timeout_add (delay_ms, on_waited, peer);
}

static void
on_peer (DmsTransport *transport,
         DmsPeerId *id,
         gboolean identified,
         const char *const *protocols,
         gpointer user_data)
{
  DmsPeerHandshake *self = user_data;
  gboolean is_node = g_strv_contains (protocols, DMS_PEER_HANDSHAKE_PROTOCOL);
  Peer *peer = NULL;

  if (!identified)
    {
      g_hash_table_remove (self->peers, id);
      return;
    }
  peer = find_or_add (self, id);
  if (peer == NULL || peer->is_node == is_node)
    return;
  peer->is_node = is_node;
  tell_score (self, peer);
  /* What was said already need not be said again. */
  if (is_node && !peer->answered)
    meet (self, peer);
  else
    g_clear_handle_id (&peer->wait, g_source_remove);
}

DmsPeerHandshake *
dms_peer_handshake_new (DmsActor *root)
{
  DmsPeerHandshake *self = g_object_new (DMS_TYPE_PEER_HANDSHAKE, NULL);

  self->root = g_object_ref (root);
  self->transport = g_object_ref (dms_actor_registry_get_transport (dms_actor_get_registry (root)));
  return self;
}

void
dms_peer_handshake_set_delay (DmsPeerHandshake *self, guint delay_ms)
{
  g_return_if_fail (delay_ms <= G_MAXINT32 / 2);

  self->delay_ms = delay_ms;
}

void
dms_peer_handshake_start (DmsPeerHandshake *self)
{
  self->started = TRUE;
  dms_transport_set_peer_handler (self->transport, on_peer, self, NULL);
}

void
dms_peer_handshake_stop (DmsPeerHandshake *self)
{
  self->started = FALSE;
  dms_transport_set_peer_handler (self->transport, NULL, NULL, NULL);
  g_hash_table_remove_all (self->peers);
}

void
dms_peer_handshake_note_hello (DmsPeerHandshake *self, const char *host)
{
  g_autoptr (DmsPeerId) id = dms_peer_id_new (host, NULL);
  Peer *peer = id != NULL ? g_hash_table_lookup (self->peers, id) : NULL;

  if (peer == NULL || peer->greeted_us)
    return;
  peer->greeted_us = TRUE;
  tell_score (self, peer);
}

DmsDid *
dms_peer_handshake_get_did (DmsPeerHandshake *self, DmsPeerId *id)
{
  Peer *peer = g_hash_table_lookup (self->peers, id);

  return peer != NULL ? peer->did : NULL;
}
