/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-test-gossip-net.h"

#include <string.h>

/* One RPC on its way. When there is no RPC, a node's turn or its heartbeat. */
typedef struct
{
  gint64 when_us;
  guint64 order;
  guint from;
  guint to;
  guint64 to_run;
  GBytes *rpc;
  gboolean is_turn;
} Event;

struct _DmsTestGossipNet
{
  GPtrArray *nodes;
  gint64 now_us;
  guint32 state;
  guint64 n_events;
  GTree *events;
  /* "<a> <b>" of connections */
  GHashTable *links;
  DmsTestGossipTap tap;
  gpointer tap_data;
  guint trace;
};

static int
compare_events (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Event *first = a;
  const Event *second = b;

  if (first->when_us != second->when_us)
    return first->when_us < second->when_us ? -1 : 1;
  return first->order < second->order ? -1 : first->order > second->order ? 1 : 0;
}

static void
free_event (gpointer data)
{
  Event *event = data;

  g_clear_pointer (&event->rpc, g_bytes_unref);
  g_free (event);
}

/* xorshift32 (Marsaglia) */
guint32
dms_test_gossip_net_random (DmsTestGossipNet *self)
{
  self->state ^= self->state << 13;
  self->state ^= self->state >> 17;
  self->state ^= self->state << 5;
  return self->state;
}

gint64
dms_test_gossip_net_now (DmsTestGossipNet *self)
{
  return self->now_us;
}

DmsTestGossipNode *
dms_test_gossip_net_get (DmsTestGossipNet *self, guint i)
{
  return g_ptr_array_index (self->nodes, i);
}

static Event *
add_event (DmsTestGossipNet *self, guint from, guint to, GBytes *rpc, gint64 delay_us)
{
  Event *event = g_new0 (Event, 1);

  event->when_us = self->now_us + delay_us;
  event->order = self->n_events++;
  event->from = from;
  event->to = to;
  event->to_run = dms_test_gossip_net_get (self, to)->n_runs;
  event->rpc = rpc != NULL ? g_bytes_ref (rpc) : NULL;
  g_tree_insert (self->events, event, event);
  return event;
}

/* What the core asks for */

static gint64
on_now (gpointer user_data)
{
  return ((DmsTestGossipNode *) user_data)->net->now_us;
}

static guint32
on_random (gpointer user_data)
{
  return dms_test_gossip_net_random (((DmsTestGossipNode *) user_data)->net);
}

static DmsTestGossipNode *
find_node (DmsTestGossipNet *self, DmsPeerId *id)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (dms_peer_id_equal (dms_test_gossip_net_get (self, i)->id, id))
        return dms_test_gossip_net_get (self, i);
    }
  return NULL;
}

static GHashTable *by_id;

static DmsTestGossipNode *
look_up (DmsTestGossipNet *self, DmsPeerId *id)
{
  DmsTestGossipNode *node = g_hash_table_lookup (by_id, id);

  return node != NULL && node->net == self ? node : find_node (self, id);
}

static void
on_send (DmsPeerId *peer, GBytes *rpc, DmsP2pGossipUrgency urgency, gpointer user_data)
{
  DmsTestGossipNode *node = user_data;
  DmsTestGossipNet *self = node->net;
  DmsTestGossipNode *to = look_up (self, peer);

  self->trace = self->trace * 31 + g_bytes_hash (rpc) + (guint) self->now_us;
  if (to == NULL || to->side != node->side ||
      (self->tap != NULL && self->tap (node, to, rpc, self->tap_data)))
    return;
  /* Half a round trip over the wide area, 20 to 150 ms, and a little for each in one direction in order. */
  add_event (
      self, node->index, to->index, rpc, 20000 + ((node->index * 7919 + to->index * 104729) % 130) * 1000);
}

static DmsValidation
on_validate (const char *topic, DmsPeerId *from, GBytes *data, guint64 ticket, gpointer user_data)
{
  DmsTestGossipNode *node = user_data;

  node->n_judged++;
  if (node->verdict == DMS_VALIDATION_LATER)
    g_array_append_val (node->tickets, ticket);
  return node->verdict;
}

static void
on_deliver (const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data)
{
  DmsTestGossipNode *node = user_data;
  g_autofree char *text = g_strndup (g_bytes_get_data (data, NULL), MIN (g_bytes_get_size (data), 64));
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (node->delivered, text));

  g_hash_table_replace (node->delivered, g_steal_pointer (&text), GUINT_TO_POINTER (n + 1));
  node->last_delivery_us = node->net->now_us;
}

static void
on_connect (DmsPeerId *peer, GBytes *record, gpointer user_data)
{
  g_ptr_array_add (((DmsTestGossipNode *) user_data)->proposed, dms_peer_id_ref (peer));
}

static GBytes *
on_dup_record (DmsPeerId *peer, gpointer user_data)
{
  return NULL;
}

static void
on_wake (gpointer user_data)
{
  DmsTestGossipNode *node = user_data;

  add_event (node->net, node->index, node->index, NULL, 0)->is_turn = TRUE;
}

static void
on_drained (DmsPeerId *peer, gpointer user_data)
{
}

/* Nodes */

static void
start_core (DmsTestGossipNode *node)
{
  static const DmsP2pGossipFuncs funcs = { on_now,     on_random,     on_send, on_validate, on_deliver,
                                           on_connect, on_dup_record, on_wake, on_drained };
  DmsP2pGossipScoreParams params;

  dms_p2p_gossip_score_params_init (&params);
  node->n_runs++;
  node->core =
      dms_p2p_gossip_core_new (node->identity, (guint64) node->net->now_us + 1, &params, &funcs, node);
  add_event (node->net,
             node->index,
             node->index,
             NULL,
             dms_test_gossip_net_random (node->net) % (DMS_P2P_GOSSIP_HEARTBEAT_MS * 1000));
}

static DmsTestGossipNode *
make_node (DmsTestGossipNet *self, guint index)
{
  DmsTestGossipNode *node = g_new0 (DmsTestGossipNode, 1);
  guint8 seed[32] = { 0 };
  g_autoptr (GBytes) bytes = NULL;

  memcpy (seed, &index, sizeof index);
  seed[31] = 1;
  bytes = g_bytes_new (seed, sizeof seed);
  node->net = self;
  node->index = index;
  node->identity = dms_p2p_identity_new (bytes, NULL);
  node->id = dms_p2p_identity_get_peer_id (node->identity);
  node->delivered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  node->proposed = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);
  node->tickets = g_array_new (FALSE, FALSE, sizeof (guint64));
  node->verdict = DMS_VALIDATION_ACCEPT;
  return node;
}

static void
free_node (gpointer data)
{
  DmsTestGossipNode *node = data;

  g_hash_table_remove (by_id, node->id);
  g_clear_pointer (&node->core, dms_p2p_gossip_core_free);
  g_hash_table_unref (node->delivered);
  g_ptr_array_unref (node->proposed);
  g_array_unref (node->tickets);
  dms_p2p_identity_unref (node->identity);
  g_free (node);
}

DmsTestGossipNet *
dms_test_gossip_net_new (guint n, guint32 seed)
{
  DmsTestGossipNet *self = g_new0 (DmsTestGossipNet, 1);

  if (by_id == NULL)
    by_id = g_hash_table_new ((GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal);
  self->nodes = g_ptr_array_new_with_free_func (free_node);
  self->state = seed;
  self->now_us = G_USEC_PER_SEC;
  self->events = g_tree_new_full (compare_events, NULL, free_event, NULL);
  self->links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < n; i++)
    {
      DmsTestGossipNode *node = make_node (self, i);

      g_ptr_array_add (self->nodes, node);
      g_hash_table_insert (by_id, node->id, node);
      start_core (node);
    }
  return self;
}

void
dms_test_gossip_net_free (DmsTestGossipNet *self)
{
  g_ptr_array_unref (self->nodes);
  g_tree_unref (self->events);
  g_hash_table_unref (self->links);
  g_free (self);
}

void
dms_test_gossip_net_set_tap (DmsTestGossipNet *self, DmsTestGossipTap tap, gpointer user_data)
{
  self->tap = tap;
  self->tap_data = user_data;
}

void
dms_test_gossip_net_connect (DmsTestGossipNet *self, guint a, guint b)
{
  DmsTestGossipNode *first = dms_test_gossip_net_get (self, a);
  DmsTestGossipNode *second = dms_test_gossip_net_get (self, b);

  if (a == b || first->core == NULL || second->core == NULL ||
      dms_p2p_gossip_core_has_peer (first->core, second->id))
    return;
  dms_p2p_gossip_core_add_peer (first->core, second->id, DMS_P2P_GOSSIP_V1_2, TRUE, NULL);
  dms_p2p_gossip_core_add_peer (second->core, first->id, DMS_P2P_GOSSIP_V1_2, FALSE, NULL);
}

void
dms_test_gossip_net_disconnect (DmsTestGossipNet *self, guint a, guint b)
{
  DmsTestGossipNode *first = dms_test_gossip_net_get (self, a);
  DmsTestGossipNode *second = dms_test_gossip_net_get (self, b);

  if (first->core != NULL)
    dms_p2p_gossip_core_remove_peer (first->core, second->id);
  if (second->core != NULL)
    dms_p2p_gossip_core_remove_peer (second->core, first->id);
}

void
dms_test_gossip_net_connect_any (DmsTestGossipNet *self, guint n_dials)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      for (guint j = 0; j < n_dials; j++)
        dms_test_gossip_net_connect (self, i, dms_test_gossip_net_random (self) % self->nodes->len);
    }
}

void
dms_test_gossip_net_join_all (DmsTestGossipNet *self, const char *topic)
{
  for (guint i = 0; i < self->nodes->len; i++)
    g_assert_true (dms_p2p_gossip_core_join (dms_test_gossip_net_get (self, i)->core, topic, NULL));
}

void
dms_test_gossip_net_stop (DmsTestGossipNet *self, guint i)
{
  for (guint j = 0; j < self->nodes->len; j++)
    dms_test_gossip_net_disconnect (self, i, j);
  g_clear_pointer (&dms_test_gossip_net_get (self, i)->core, dms_p2p_gossip_core_free);
  g_hash_table_remove_all (dms_test_gossip_net_get (self, i)->delivered);
}

void
dms_test_gossip_net_restart (DmsTestGossipNet *self, guint i, const char *topic)
{
  start_core (dms_test_gossip_net_get (self, i));
  for (guint j = 0; j < 10; j++)
    dms_test_gossip_net_connect (self, i, dms_test_gossip_net_random (self) % self->nodes->len);
  g_assert_true (dms_p2p_gossip_core_join (dms_test_gossip_net_get (self, i)->core, topic, NULL));
}

static gboolean
receive (DmsTestGossipNode *node, DmsPeerId *peer, GBytes *rpc)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (rpc, &size);

  return dms_p2p_gossip_core_receive (node->core, peer, data, size, NULL);
}

static void
handle_event (DmsTestGossipNet *self, const Event *event)
{
  DmsTestGossipNode *to = dms_test_gossip_net_get (self, event->to);

  if (to->core == NULL || to->n_runs != event->to_run)
    return;
  if (event->is_turn)
    dms_p2p_gossip_core_work (to->core);
  else if (event->rpc == NULL)
    {
      dms_p2p_gossip_core_heartbeat (to->core);
      add_event (self, event->to, event->to, NULL, DMS_P2P_GOSSIP_HEARTBEAT_MS * 1000);
    }
  else
    receive (to, dms_test_gossip_net_get (self, event->from)->id, event->rpc);
}

void
dms_test_gossip_net_run (DmsTestGossipNet *self, gint64 ms)
{
  gint64 until_us = self->now_us + ms * 1000;
  GTreeNode *first = g_tree_node_first (self->events);

  while (first != NULL && ((Event *) g_tree_node_key (first))->when_us <= until_us)
    {
      Event *event = g_tree_node_key (first);

      g_tree_steal (self->events, event);
      self->now_us = event->when_us;
      handle_event (self, event);
      free_event (event);
      first = g_tree_node_first (self->events);
    }
  self->now_us = until_us;
}

static void
on_published (DmsValidation verdict, gpointer user_data)
{
}

void
dms_test_gossip_net_publish (DmsTestGossipNet *self, guint i, const char *topic, const char *text)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));

  dms_p2p_gossip_core_publish (dms_test_gossip_net_get (self, i)->core, topic, data, on_published, NULL);
}

guint
dms_test_gossip_node_get_delivered (DmsTestGossipNode *self, const char *text)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->delivered, text));
}

guint
dms_test_gossip_net_count (DmsTestGossipNet *self, const char *text)
{
  guint n = 0;

  for (guint i = 0; i < self->nodes->len; i++)
    n += dms_test_gossip_node_get_delivered (dms_test_gossip_net_get (self, i), text) > 0 ? 1 : 0;
  return n;
}

guint
dms_test_gossip_net_get_trace (DmsTestGossipNet *self)
{
  return self->trace;
}

gboolean
dms_test_gossip_node_feed (DmsTestGossipNode *self, DmsPeerId *peer, GBytes *rpc)
{
  gboolean is_good = receive (self, peer, rpc);

  while (dms_p2p_gossip_core_work (self->core))
    ;
  return is_good;
}
