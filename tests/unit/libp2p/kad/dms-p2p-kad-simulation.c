/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-kad-simulation.h"

enum
{
  /* One way, as between two places on one continent. */
  LATENCY_MIN_MS = 10,
  LATENCY_MAX_MS = 80,
  /* Until all are at rest after the last has come. */
  SETTLE_S = 120,
  JOIN_EVERY_MS = 50,
  CONTACTS = 3,
  PATIENCE_S = 600,
};

/* When the simulated world begins: 2026-01-01. */
static const gint64 start_s = 1767225600;

typedef enum
{
  EVENT_WAKE,
  EVENT_REQUEST,
  EVENT_ANSWER,
} EventKind;

typedef struct
{
  gint64 at_us;
  guint64 number;
  EventKind kind;
  DmsKadNode *node;
  DmsKadNode *from;
  guint64 request;
  gboolean wants_answer;
  GBytes *bytes;
} Event;

/* The heap */

static gboolean
is_before (const Event *a, const Event *b)
{
  return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static void
swap (GArray *heap, guint i, guint j)
{
  Event event = g_array_index (heap, Event, i);

  g_array_index (heap, Event, i) = g_array_index (heap, Event, j);
  g_array_index (heap, Event, j) = event;
}

static void
push (DmsKadSimulation *self, Event event)
{
  guint i = self->heap->len;

  event.number = ++self->last_event;
  g_array_append_val (self->heap, event);
  while (i > 0 &&
         is_before (&g_array_index (self->heap, Event, i), &g_array_index (self->heap, Event, (i - 1) / 2)))
    {
      swap (self->heap, i, (i - 1) / 2);
      i = (i - 1) / 2;
    }
}

static Event
pop (DmsKadSimulation *self)
{
  Event first = g_array_index (self->heap, Event, 0);
  guint n = self->heap->len - 1;
  guint i = 0;
  guint least = 0;

  swap (self->heap, 0, n);
  g_array_set_size (self->heap, n);
  do
    {
      i = least;
      for (guint child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
        if (is_before (&g_array_index (self->heap, Event, child), &g_array_index (self->heap, Event, least)))
          least = child;
      if (least != i)
        swap (self->heap, i, least);
    }
  while (least != i);
  return first;
}

static gint64
later (DmsKadSimulation *self)
{
  return self->now_us +
         g_rand_int_range (self->rand, LATENCY_MIN_MS, LATENCY_MAX_MS) * G_TIME_SPAN_MILLISECOND;
}

/* What a core needs of the world */

static gint64
get_now_us (gpointer user_data)
{
  return ((DmsKadNode *) user_data)->simulation->now_us;
}

static gint64
get_time_s (gpointer user_data)
{
  return start_s + ((DmsKadNode *) user_data)->simulation->now_us / G_USEC_PER_SEC;
}

static void
randomize (void *buffer, gsize size, gpointer user_data)
{
  const DmsKadNode *node = user_data;

  for (gsize i = 0; i < size; i++)
    ((guint8 *) buffer)[i] = (guint8) g_rand_int (node->simulation->rand);
}

static void
schedule (DmsKadNode *node)
{
  gint64 at_us = node->core != NULL ? dms_p2p_kad_core_get_deadline (node->core) : G_MAXINT64;

  if (at_us >= node->wake_us)
    return;
  node->wake_us = MAX (at_us, node->simulation->now_us);
  push (node->simulation, (Event){ .at_us = node->wake_us, .kind = EVENT_WAKE, .node = node });
}

static void
wake (gpointer user_data)
{
  DmsKadNode *node = user_data;

  if (node->core != NULL)
    schedule (node);
}

/* Only those that are where they are said to be can be reached. */
static DmsKadNode *
find_reachable (DmsKadSimulation *self, DmsP2pKadPeer *peer)
{
  DmsKadNode *node = dms_kad_simulation_find (self, dms_p2p_kad_peer_get_id (peer));

  return node != NULL && !node->is_down ? node : NULL;
}

static void
send_request (guint64 request,
              DmsP2pKadPeer *peer,
              GBytes *message,
              gboolean wants_answer,
              gpointer user_data)
{
  DmsKadNode *node = user_data;
  DmsKadSimulation *self = node->simulation;
  DmsKadNode *to = find_reachable (self, peer);

  self->n_messages++;
  self->n_bytes += g_bytes_get_size (message);
  /* A packet to nobody: the time runs out. */
  if (to == NULL)
    return;
  push (self,
        (Event){ .at_us = later (self),
                 .kind = EVENT_REQUEST,
                 .node = to,
                 .from = node,
                 .request = request,
                 .wants_answer = wants_answer,
                 .bytes = g_bytes_ref (message) });
}

static void
give_up (guint64 request, gpointer user_data)
{
}

static GPtrArray *
dup_addresses (DmsPeerId *peer, gpointer user_data)
{
  const DmsKadNode *node = user_data;
  DmsKadNode *found = dms_kad_simulation_find (node->simulation, peer);
  GPtrArray *addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  if (found != NULL)
    g_ptr_array_add (addresses, dms_multiaddr_ref (found->address));
  return addresses;
}

static const DmsP2pKadEnvironment environment = {
  .get_now_us = get_now_us,
  .get_time_s = get_time_s,
  .randomize = randomize,
  .send = send_request,
  .give_up = give_up,
  .dup_addresses = dup_addresses,
  .wake = wake,
};

/* Nodes */

static void
node_free (gpointer data)
{
  DmsKadNode *node = data;

  g_clear_pointer (&node->core, dms_p2p_kad_core_free);
  g_clear_pointer (&node->identity, dms_p2p_identity_unref);
  g_clear_pointer (&node->address, dms_multiaddr_unref);
  g_clear_pointer (&node->met, g_hash_table_unref);
  g_free (node);
}

DmsKadSimulation *
dms_kad_simulation_new (guint32 seed)
{
  DmsKadSimulation *self = g_new0 (DmsKadSimulation, 1);

  self->nodes = g_ptr_array_new_with_free_func (node_free);
  self->rand = g_rand_new_with_seed (seed);
  self->by_id = g_hash_table_new ((GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal);
  self->heap = g_array_new (FALSE, FALSE, sizeof (Event));
  return self;
}

void
dms_kad_simulation_free (DmsKadSimulation *self)
{
  while (self->heap->len > 0)
    {
      Event event = pop (self);

      g_clear_pointer (&event.bytes, g_bytes_unref);
    }
  g_ptr_array_unref (self->nodes);
  while (self->heap->len > 0)
    pop (self);
  g_hash_table_unref (self->by_id);
  g_array_unref (self->heap);
  g_rand_free (self->rand);
  g_free (self);
}

DmsKadNode *
dms_kad_simulation_add_as (DmsKadSimulation *self,
                           const guint8 seed[32],
                           const char *ip,
                           DmsKadRespond respond)
{
  DmsKadNode *node = g_new0 (DmsKadNode, 1);
  g_autoptr (GBytes) seed_bytes = g_bytes_new (seed, 32);
  g_autoptr (GBytes) id_bytes = NULL;
  g_autofree char *text = NULL;

  node->simulation = self;
  node->number = self->nodes->len;
  node->identity = dms_p2p_identity_new (seed_bytes, NULL);
  node->id = dms_p2p_identity_get_peer_id (node->identity);
  id_bytes = dms_peer_id_dup_bytes (node->id);
  dms_p2p_kad_key_init_bytes (&node->key, id_bytes);
  /* Each in a /16 of its own. */
  text = ip != NULL
             ? g_strdup_printf ("/ip4/%s/tcp/%u", ip, 1000 + node->number % 60000)
             : g_strdup_printf ("/ip4/%u.%u.1.1/tcp/4001", 20 + node->number / 256 % 80, node->number % 256);
  node->address = dms_multiaddr_new (text, NULL);
  g_assert_nonnull (node->address);
  node->respond = respond;
  node->wake_us = G_MAXINT64;
  node->met = g_hash_table_new (NULL, NULL);
  g_ptr_array_add (self->nodes, node);
  g_hash_table_insert (self->by_id, node->id, node);
  if (respond == NULL)
    {
      node->core = dms_p2p_kad_core_new (node->id, &environment, node);
      schedule (node);
    }
  return node;
}

DmsKadNode *
dms_kad_simulation_add (DmsKadSimulation *self, const char *ip, DmsKadRespond respond)
{
  guint8 seed[32];

  for (guint i = 0; i < sizeof seed; i++)
    seed[i] = (guint8) g_rand_int (self->rand);
  return dms_kad_simulation_add_as (self, seed, ip, respond);
}

static void
meet (DmsKadNode *node, DmsKadNode *other)
{
  if (node->core == NULL || !g_hash_table_add (node->met, other))
    return;
  dms_p2p_kad_core_peer_serves (node->core, other->id, other->address);
  schedule (node);
}

void
dms_kad_simulation_connect (DmsKadSimulation *self, DmsKadNode *a, DmsKadNode *b)
{
  meet (a, b);
  meet (b, a);
}

DmsKadNode *
dms_kad_simulation_pick (DmsKadSimulation *self)
{
  DmsKadNode *node = NULL;

  do
    node = g_ptr_array_index (self->nodes, g_rand_int_range (self->rand, 0, (gint32) self->nodes->len));
  while (node->is_down || node->core == NULL);
  return node;
}

void
dms_kad_simulation_grow (DmsKadSimulation *self, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      guint n_there = self->nodes->len;
      DmsKadNode *node = dms_kad_simulation_add (self, NULL, NULL);

      for (guint j = 0; j < CONTACTS && n_there > 0; j++)
        dms_kad_simulation_connect (
            self, node, g_ptr_array_index (self->nodes, g_rand_int_range (self->rand, 0, (gint32) n_there)));
      dms_kad_simulation_run (self, JOIN_EVERY_MS * G_TIME_SPAN_MILLISECOND);
    }
  dms_kad_simulation_run (self, SETTLE_S * G_TIME_SPAN_SECOND);
}

DmsKadNode *
dms_kad_simulation_find (DmsKadSimulation *self, DmsPeerId *id)
{
  return g_hash_table_lookup (self->by_id, id);
}

/* Time */

static void
answer (DmsKadSimulation *self, const Event *event, GBytes *bytes)
{
  self->n_messages++;
  self->n_bytes += g_bytes_get_size (bytes);
  push (self,
        (Event){ .at_us = later (self),
                 .kind = EVENT_ANSWER,
                 .node = event->from,
                 .from = event->node,
                 .request = event->request,
                 .bytes = g_bytes_ref (bytes) });
}

static void
on_request (DmsKadSimulation *self, const Event *event)
{
  DmsKadNode *node = event->node;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  node->n_handled++;
  meet (node, event->from);
  if (node->respond != NULL)
    {
      g_autoptr (DmsP2pKadMessage) request = dms_p2p_kad_message_decode (event->bytes, &error);

      g_assert_no_error (error);
      bytes = node->respond (self, node, request);
    }
  else if (!dms_p2p_kad_core_handle (
               node->core, event->from->id, event->from->address, event->bytes, &bytes, &error))
    {
      if (event->from->core != NULL && !event->from->is_down)
        dms_p2p_kad_core_failed (event->from->core, event->request);
      return;
    }
  if (!event->wants_answer && event->from->core != NULL && !event->from->is_down)
    dms_p2p_kad_core_answered (event->from->core, event->request, NULL, node->address);
  else if (bytes != NULL)
    answer (self, event, bytes);
}

static void
dispatch (DmsKadSimulation *self, const Event *event)
{
  DmsKadNode *node = event->node;

  if (event->kind == EVENT_WAKE && event->at_us == node->wake_us)
    node->wake_us = G_MAXINT64;
  if (node->is_down)
    return;
  self->trace = self->trace * 31 + (guint64) event->at_us + node->number * 7 + event->kind +
                (event->bytes != NULL ? g_bytes_hash (event->bytes) : 0);
  if (event->kind == EVENT_WAKE)
    dms_p2p_kad_core_poll (node->core);
  else if (event->kind == EVENT_REQUEST)
    on_request (self, event);
  else
    dms_p2p_kad_core_answered (node->core, event->request, event->bytes, event->from->address);
  if (event->from != NULL && event->from->core != NULL && !event->from->is_down)
    schedule (event->from);
  schedule (node);
}

static gboolean
run_one (DmsKadSimulation *self, gint64 until_us)
{
  Event event;

  if (self->heap->len == 0 || g_array_index (self->heap, Event, 0).at_us > until_us)
    return FALSE;
  event = pop (self);
  self->now_us = MAX (self->now_us, event.at_us);
  dispatch (self, &event);
  g_clear_pointer (&event.bytes, g_bytes_unref);
  return TRUE;
}

void
dms_kad_simulation_run (DmsKadSimulation *self, gint64 duration_us)
{
  gint64 until_us = self->now_us + duration_us;

  while (run_one (self, until_us))
    continue;
  self->now_us = until_us;
}

void
dms_kad_simulation_until (DmsKadSimulation *self, const guint *condition)
{
  gint64 until_us = self->now_us + (gint64) PATIENCE_S * G_USEC_PER_SEC;

  while (*condition == 0)
    g_assert_true (run_one (self, until_us));
}

static gint
compare_distance (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return dms_p2p_kad_key_compare (
      user_data, &(*(DmsKadNode *const *) a)->key, &(*(DmsKadNode *const *) b)->key);
}

GPtrArray *
dms_kad_simulation_list_closest (DmsKadSimulation *self, const DmsP2pKadKey *key, guint n, DmsKadNode *but)
{
  GPtrArray *nodes = g_ptr_array_new ();
  DmsP2pKadKey target = *key;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DmsKadNode *node = g_ptr_array_index (self->nodes, i);

      if (node != but && !node->is_down)
        g_ptr_array_add (nodes, node);
    }
  g_ptr_array_sort_with_data (nodes, compare_distance, &target);
  g_ptr_array_set_size (nodes, (gint) MIN (n, nodes->len));
  return nodes;
}

/* Outcomes */

void
dms_kad_on_done (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  DmsKadOutcome *self = user_data;

  g_assert_cmpuint (self->done, ==, 0);
  self->done = 1;
  self->error = result->error != NULL ? g_error_copy (result->error) : NULL;
  self->peers = g_ptr_array_ref (result->peers);
  self->value = result->value != NULL ? g_bytes_ref (result->value) : NULL;
  self->n_stored = result->n_stored;
  self->n_requests = result->n_requests;
  self->hops = result->hops;
}

void
dms_kad_outcome_clear (DmsKadOutcome *self)
{
  g_clear_error (&self->error);
  g_clear_pointer (&self->peers, g_ptr_array_unref);
  g_clear_pointer (&self->value, g_bytes_unref);
  self->done = 0;
}
