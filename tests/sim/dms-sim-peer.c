/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-peer.h"

#include <string.h>

#include "dms-sim-clock.h"
#include "dms-sim-link.h"
#include "identify/dms-p2p-signed-record.h"

enum
{
  /* Whom a newcomer has to dial (dms-libp2p-bootstrap.c): after a failure, and how often it looks. */
  BOOTSTRAP_RETRY_S = 5,
  BOOTSTRAP_CHECK_S = 60,
  SEED_SIZE = 32,
  TRIM_EVERY_MS = 1000,
};

/* Life */

static char *
make_ip (DmsSimPeer *self)
{
  return g_strdup_printf (
      "%u.%u.%u.1", 20 + self->index / 256 % 80, self->index % 256, 1 + self->index / 20480);
}

static guint
choose_region (DmsSimPeer *self)
{
  DmsSimNetwork *network = self->network;
  double sum = 0;
  double point;

  for (guint i = 0; i < network->n_regions; i++)
    sum += network->regions[i].share;
  point = dms_sim_random_real (&self->random) * sum;
  for (guint i = 0; i < network->n_regions; i++)
    {
      point -= network->regions[i].share;
      if (point < 0)
        return i;
    }
  return network->n_regions - 1;
}

DmsSimPeer *
dms_sim_peer_new (DmsSimNetwork *network, const char *ip)
{
  DmsSimPeer *self = g_new0 (DmsSimPeer, 1);
  guint8 seed[SEED_SIZE];
  g_autoptr (GBytes) seed_bytes = NULL;
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  g_autofree char *text = NULL;

  self->network = network;
  self->index = network->peers->len;
  dms_sim_random_init (&self->random, network->seed, "peer", self->index);
  dms_sim_random_fill (&self->random, seed, sizeof seed);
  seed_bytes = g_bytes_new (seed, sizeof seed);
  self->identity = dms_p2p_identity_new (seed_bytes, NULL);
  self->id = dms_p2p_identity_get_peer_id (self->identity);
  self->region = choose_region (self);
  self->ip = ip != NULL ? g_strdup (ip) : make_ip (self);
  text = g_strdup_printf ("/ip4/%s/tcp/%u", self->ip, 4001 + self->index % 60000);
  self->address = dms_multiaddr_new (text, NULL);
  g_assert (self->address != NULL);
  g_ptr_array_add (addresses, self->address);
  self->record = dms_p2p_signed_record_seal (self->identity, 1, addresses);
  self->links = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) dms_sim_link_unref);
  self->dials = g_hash_table_new (NULL, NULL);
  self->known = g_hash_table_new (NULL, NULL);
  self->topics = g_ptr_array_new_with_free_func (g_free);
  self->kad_wake_us = G_MAXINT64;
  g_ptr_array_add (network->peers, self);
  g_hash_table_insert (network->by_id, self->id, self);
  return self;
}

void
dms_sim_peer_free (DmsSimPeer *self)
{
  self->funcs = NULL;
  self->is_up = FALSE;
  g_clear_pointer (&self->kad, dms_p2p_kad_core_free);
  g_clear_pointer (&self->gossip, dms_p2p_gossip_core_free);
  g_hash_table_unref (self->links);
  g_hash_table_unref (self->dials);
  g_hash_table_unref (self->known);
  g_ptr_array_unref (self->topics);
  g_bytes_unref (self->record);
  dms_multiaddr_unref (self->address);
  dms_p2p_identity_unref (self->identity);
  g_free (self->ip);
  g_free (self);
}

void
dms_sim_peer_set_funcs (DmsSimPeer *self, const DmsSimPeerFuncs *funcs, gpointer user_data)
{
  self->funcs = funcs;
  self->user_data = user_data;
}

typedef struct
{
  DmsSimPeer *peer;
  guint run;
  DmsSimPeerFunc func;
} Plan;

static void
on_plan (gpointer data)
{
  const Plan *plan = data;

  if (plan->peer->is_up && plan->peer->run == plan->run)
    plan->func (plan->peer);
}

void
dms_sim_peer_plan (DmsSimPeer *self, gint64 delay_us, DmsSimPeerFunc func)
{
  Plan *plan = g_new (Plan, 1);

  *plan = (Plan){ self, self->run, func };
  dms_sim_network_plan (self->network, delay_us, on_plan, plan, g_free);
}

static void on_bootstrap_check (DmsSimPeer *self);

static void
on_bootstrapped (DmsSimPeer *self, DmsSimLink *link, gpointer user_data)
{
  if (link == NULL && self->is_up && self->run == GPOINTER_TO_UINT (user_data))
    dms_sim_peer_plan (self, BOOTSTRAP_RETRY_S * G_TIME_SPAN_SECOND, on_bootstrap_check);
}

static void
dial_bootstrap (DmsSimPeer *self)
{
  GPtrArray *bootstrap = self->network->bootstrap;

  for (guint i = 0; i < bootstrap->len; i++)
    {
      DmsSimPeer *other = g_ptr_array_index (bootstrap, i);

      if (other == self || dms_sim_peer_get_link (self, other) != NULL)
        continue;
      g_hash_table_add (self->known, GUINT_TO_POINTER (other->index));
      dms_sim_peer_connect (self, other, on_bootstrapped, GUINT_TO_POINTER (self->run));
    }
}

/* Whoever has lost everybody asks again those it knew from the start. */
static void
on_bootstrap_check (DmsSimPeer *self)
{
  if (g_hash_table_size (self->links) == 0)
    dial_bootstrap (self);
}

static void
on_bootstrap_timer (DmsSimPeer *self)
{
  dial_bootstrap (self);
  dms_sim_peer_plan (self, BOOTSTRAP_CHECK_S * G_TIME_SPAN_SECOND, on_bootstrap_timer);
}

void
dms_sim_peer_start (DmsSimPeer *self)
{
  g_return_if_fail (!self->is_up);

  self->is_up = TRUE;
  self->run++;
  self->up_since_us = dms_sim_clock_get_us ();
  if (self->respond == NULL)
    dms_sim_peer_start_kad (self);
  if (self->heckle == NULL)
    dms_sim_peer_start_gossip (self);
  on_bootstrap_timer (self);
  if (self->kad != NULL)
    dms_sim_peer_start_discovery (self);
}

static GPtrArray *
list_links (DmsSimPeer *self)
{
  GPtrArray *links = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_sim_link_unref);
  GHashTableIter iter;
  gpointer link = NULL;

  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, NULL, &link))
    g_ptr_array_add (links, dms_sim_link_ref (link));
  return links;
}

void
dms_sim_peer_stop (DmsSimPeer *self)
{
  g_autoptr (GPtrArray) links = list_links (self);

  g_return_if_fail (self->is_up);

  self->is_up = FALSE;
  for (guint i = 0; i < links->len; i++)
    dms_sim_link_kill (g_ptr_array_index (links, i));
  g_hash_table_remove_all (self->links);
  g_hash_table_remove_all (self->dials);
  dms_sim_peer_stop_kad (self);
  dms_sim_peer_stop_gossip (self);
  self->n_proposed_dials = 0;
}

void
dms_sim_peer_join (DmsSimPeer *self, const char *topic)
{
  g_ptr_array_add (self->topics, g_strdup (topic));
  if (self->gossip != NULL)
    dms_p2p_gossip_core_join (self->gossip, topic, NULL);
}

/* What is known of others */

gboolean
dms_sim_peer_knows (DmsSimPeer *self, DmsSimPeer *other)
{
  return g_hash_table_contains (self->known, GUINT_TO_POINTER (other->index));
}

gboolean
dms_sim_peer_learn (DmsSimPeer *self, DmsSimPeer *other, GPtrArray *addresses)
{
  for (guint i = 0; i < addresses->len; i++)
    if (dms_multiaddr_equal (g_ptr_array_index (addresses, i), other->address))
      g_hash_table_add (self->known, GUINT_TO_POINTER (other->index));
  return dms_sim_peer_knows (self, other);
}

/* Links */

DmsSimLink *
dms_sim_peer_get_link (DmsSimPeer *self, DmsSimPeer *other)
{
  return g_hash_table_lookup (self->links, GUINT_TO_POINTER (other->index));
}

void
dms_sim_peer_drop_link (DmsSimPeer *self, DmsSimLink *link)
{
  DmsSimPeer *other = dms_sim_link_get_other (link, self);
  gboolean was_identified = link->is_identified;

  if (!self->is_up || dms_sim_peer_get_link (self, other) != link)
    return;
  g_hash_table_remove (self->links, GUINT_TO_POINTER (other->index));
  if (self->kad != NULL)
    {
      dms_p2p_kad_core_peer_left (self->kad, other->id);
      dms_sim_peer_arm_kad (self);
    }
  if (self->gossip != NULL)
    dms_p2p_gossip_core_remove_peer (self->gossip, other->id);
  if (was_identified && self->funcs != NULL && self->funcs->noticed != NULL)
    self->funcs->noticed (self, other, FALSE, self->user_data);
}

/* The connection manager of the swarm: the youngest go first, but not those that have only just come. */
static gint
compare_age (gconstpointer a, gconstpointer b)
{
  const DmsSimLink *left = *(DmsSimLink *const *) a;
  const DmsSimLink *right = *(DmsSimLink *const *) b;

  return left->opened_us > right->opened_us ? -1 : left->opened_us < right->opened_us;
}

typedef struct
{
  DmsSimPeer *peer;
  DmsSimLink *link;
} Parting;

static void
parting_free (gpointer data)
{
  dms_sim_link_unref (((Parting *) data)->link);
  g_free (data);
}

static void
on_parted (gpointer data)
{
  const Parting *parting = data;

  dms_sim_peer_drop_link (parting->peer, parting->link);
}

static void
part (DmsSimPeer *self, DmsSimLink *link)
{
  Parting *parting = g_new (Parting, 1);
  DmsSimPeer *other = dms_sim_link_get_other (link, self);

  *parting = (Parting){ other, dms_sim_link_ref (link) };
  dms_sim_link_break (link);
  dms_sim_peer_drop_link (self, link);
  dms_sim_network_plan (self->network,
                        dms_sim_network_get_latency_us (self->network, self, other),
                        on_parted,
                        parting,
                        parting_free);
}

void
dms_sim_peer_disconnect (DmsSimPeer *self, DmsSimPeer *other)
{
  DmsSimLink *link = dms_sim_peer_get_link (self, other);
  g_autoptr (DmsSimLink) kept = link != NULL ? dms_sim_link_ref (link) : NULL;

  if (kept != NULL)
    part (self, kept);
}

void
dms_sim_peer_trim (DmsSimPeer *self)
{
  DmsSimNetwork *network = self->network;
  guint n = g_hash_table_size (self->links);
  guint n_surplus = n > network->low_water ? n - network->low_water : 0;
  gint64 before_us = dms_sim_clock_get_us () - network->grace_s * G_TIME_SPAN_SECOND;
  g_autoptr (GPtrArray) links = NULL;

  if (n <= network->high_water || dms_sim_clock_get_us () < self->trim_us)
    return;
  self->trim_us = dms_sim_clock_get_us () + TRIM_EVERY_MS * G_TIME_SPAN_MILLISECOND;
  links = list_links (self);
  g_ptr_array_sort (links, compare_age);
  for (guint i = 0; i < links->len && n_surplus > 0; i++)
    {
      DmsSimLink *link = g_ptr_array_index (links, i);

      if (link->opened_us > before_us)
        continue;
      part (self, link);
      n_surplus--;
    }
}

/* Each end knows now what the other one speaks. */
static void
meet (DmsSimPeer *self, DmsSimPeer *other, gboolean has_dialled)
{
  g_hash_table_add (self->known, GUINT_TO_POINTER (other->index));
  if (self->kad != NULL)
    {
      dms_p2p_kad_core_peer_serves (self->kad, other->id, other->address);
      dms_sim_peer_arm_kad (self);
    }
  if (self->gossip != NULL)
    dms_p2p_gossip_core_add_peer (self->gossip, other->id, DMS_P2P_GOSSIP_V1_2, has_dialled, other->ip);
  if (self->funcs != NULL && self->funcs->noticed != NULL)
    self->funcs->noticed (self, other, TRUE, self->user_data);
}

static void
on_identified (gpointer data)
{
  DmsSimLink *link = data;

  if (!link->is_open || link->is_dead || link->is_identified)
    return;
  link->is_identified = TRUE;
  meet (link->ends[0], link->ends[1], TRUE);
  meet (link->ends[1], link->ends[0], FALSE);
  dms_sim_peer_trim (link->ends[0]);
  dms_sim_peer_trim (link->ends[1]);
}

static void
put_link (DmsSimPeer *self, DmsSimLink *link)
{
  DmsSimPeer *other = dms_sim_link_get_other (link, self);

  g_hash_table_insert (self->links, GUINT_TO_POINTER (other->index), dms_sim_link_ref (link));
  self->n_peak_links = MAX (self->n_peak_links, g_hash_table_size (self->links));
}

/* What is left of one from before the other end vanished. */
static void
forget_dead_link (DmsSimPeer *self, DmsSimPeer *other)
{
  DmsSimLink *link = dms_sim_peer_get_link (self, other);
  g_autoptr (DmsSimLink) kept = link != NULL ? dms_sim_link_ref (link) : NULL;

  if (kept == NULL || !kept->is_dead)
    return;
  dms_sim_link_break (kept);
  dms_sim_peer_drop_link (self, kept);
}

static DmsSimLink *
establish (DmsSimPeer *self, DmsSimPeer *other)
{
  g_autoptr (DmsSimLink) link = NULL;

  forget_dead_link (self, other);
  forget_dead_link (other, self);
  if (dms_sim_peer_get_link (self, other) != NULL)
    return dms_sim_peer_get_link (self, other);
  /* The other end is about to hear that it was hung up. */
  if (dms_sim_peer_get_link (other, self) != NULL)
    dms_sim_peer_drop_link (other, dms_sim_peer_get_link (other, self));
  link = dms_sim_link_new (self->network, self, other);
  put_link (self, link);
  put_link (other, link);
  return link;
}

void
dms_sim_peer_tie (DmsSimPeer *self, DmsSimPeer *other)
{
  if (self != other)
    on_identified (establish (self, other));
}

/* Dialling */

typedef struct
{
  DmsSimConnected done;
  gpointer user_data;
} Waiter;

typedef struct
{
  DmsSimPeer *from;
  DmsSimPeer *to;
  guint from_run;
  guint to_run;
  gboolean is_possible;
  /* Waiter */
  GArray *waiters;
} Dial;

static void
dial_free (gpointer data)
{
  Dial *dial = data;

  g_array_unref (dial->waiters);
  g_free (dial);
}

static DmsSimLink *
end_dial (Dial *dial)
{
  DmsSimPeer *from = dial->from;
  DmsSimPeer *to = dial->to;
  DmsSimLink *link = NULL;

  if (!from->is_up || from->run != dial->from_run)
    return NULL;
  g_hash_table_remove (from->dials, GUINT_TO_POINTER (to->index));
  if (!dial->is_possible || !to->is_up || to->run != dial->to_run ||
      dms_sim_network_is_cut (from->network, from, to))
    {
      from->network->n_failed_dials++;
      return NULL;
    }
  link = establish (from, to);
  dms_sim_network_note (from->network, from, to, DMS_SIM_HANDSHAKE, DMS_SIM_HANDSHAKE_SIZE);
  if (!link->is_identified)
    dms_sim_network_plan (from->network,
                          dms_sim_network_get_latency_us (from->network, from, to),
                          on_identified,
                          dms_sim_link_ref (link),
                          (GDestroyNotify) dms_sim_link_unref);
  return link;
}

static void
on_dialled (gpointer data)
{
  Dial *dial = data;
  DmsSimLink *link = end_dial (dial);
  g_autoptr (DmsSimLink) kept = link != NULL ? dms_sim_link_ref (link) : NULL;

  for (guint i = 0; i < dial->waiters->len; i++)
    {
      const Waiter *waiter = &g_array_index (dial->waiters, Waiter, i);

      waiter->done (dial->from, kept, waiter->user_data);
    }
}

/* Handshakes are as likely to lose packets as anything else. */
static gint64
draw_handshake_us (DmsSimPeer *self, DmsSimPeer *other)
{
  DmsSimNetwork *network = self->network;
  gint64 latency_us = dms_sim_network_get_latency_us (network, self, other);
  gint64 there_us = dms_sim_network_travel_us (network, self, other, DMS_SIM_HANDSHAKE_SIZE / 2);
  gint64 back_us = dms_sim_network_travel_us (network, other, self, DMS_SIM_HANDSHAKE_SIZE / 2);

  return there_us + back_us + (gint64) ((network->handshake_trips - 1) * 2 * (double) latency_us);
}

static void
dial (DmsSimPeer *self, DmsSimPeer *other, const Waiter *waiter)
{
  Dial *dial = g_hash_table_lookup (self->dials, GUINT_TO_POINTER (other->index));
  gint64 wait_us = DMS_SIM_DIAL_TIMEOUT_S * G_TIME_SPAN_SECOND;

  if (dial != NULL)
    {
      g_array_append_val (dial->waiters, *waiter);
      return;
    }
  dial = g_new0 (Dial, 1);
  dial->from = self;
  dial->to = other;
  dial->from_run = self->run;
  dial->to_run = other->run;
  dial->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  g_array_append_val (dial->waiters, *waiter);
  dial->is_possible = other->is_up && self != other && !dms_sim_network_is_cut (self->network, self, other) &&
                      dms_sim_peer_knows (self, other);
  if (dial->is_possible)
    wait_us = MIN (wait_us, draw_handshake_us (self, other));
  self->network->n_dials++;
  g_hash_table_insert (self->dials, GUINT_TO_POINTER (other->index), dial);
  dms_sim_network_plan (self->network, wait_us, on_dialled, dial, dial_free);
}

typedef struct
{
  DmsSimPeer *from;
  DmsSimPeer *to;
  guint run;
  Waiter waiter;
} Answer;

static void
on_answer (gpointer data)
{
  const Answer *answer = data;
  DmsSimPeer *from = answer->from;
  gboolean is_valid = from->is_up && from->run == answer->run;

  answer->waiter.done (
      from, is_valid ? dms_sim_peer_get_link (from, answer->to) : NULL, answer->waiter.user_data);
}

void
dms_sim_peer_connect (DmsSimPeer *self, DmsSimPeer *other, DmsSimConnected done, gpointer user_data)
{
  const Waiter waiter = { done, user_data };
  Answer *answer = NULL;

  if (dms_sim_peer_get_link (self, other) == NULL)
    {
      dial (self, other, &waiter);
      return;
    }
  answer = g_new (Answer, 1);
  *answer = (Answer){ self, other, self->run, waiter };
  dms_sim_network_plan (self->network, 0, on_answer, answer, g_free);
}

void
dms_sim_peer_doubt_links (DmsSimPeer *self)
{
  g_autoptr (GPtrArray) links = list_links (self);

  for (guint i = 0; i < links->len; i++)
    {
      DmsSimLink *link = g_ptr_array_index (links, i);

      if (dms_sim_network_is_cut (self->network, link->ends[0], link->ends[1]))
        dms_sim_link_doubt (link);
    }
}

void
dms_sim_peer_resume_links (DmsSimPeer *self)
{
  g_autoptr (GPtrArray) links = list_links (self);

  for (guint i = 0; i < links->len; i++)
    dms_sim_link_resume (g_ptr_array_index (links, i));
}

/* Messages */

typedef struct
{
  DmsSimPeer *from;
  DmsSimPeer *to;
  guint run;
  char *inbox;
  GBytes *bytes;
  DmsSimSent sent;
  gpointer user_data;
  DmsSimLink *link;
  gboolean has_arrived;
  gboolean is_taken;
  gboolean is_over;
} Message;

static void
message_clear (gpointer data)
{
  Message *message = data;

  g_free (message->inbox);
  g_bytes_unref (message->bytes);
  g_clear_pointer (&message->link, dms_sim_link_unref);
}

static void
message_unref (gpointer data)
{
  g_rc_box_release_full (data, message_clear);
}

static void
end_message (Message *message, int code, const char *why)
{
  g_autoptr (GError) error = why != NULL ? g_error_new_literal (DMS_ERROR, code, why) : NULL;

  if (message->is_over)
    return;
  message->is_over = TRUE;
  message->sent (message->from, error, message->user_data);
}

/* A message that gets lost on the way ends its sending too. */
static void
message_lost (gpointer data)
{
  end_message (data, DMS_ERROR_UNAVAILABLE, "the connection to the peer broke");
  message_unref (data);
}

static void
message_done (gpointer data)
{
  if (((Message *) data)->has_arrived)
    message_unref (data);
  else
    message_lost (data);
}

static void
on_receipt (gpointer data)
{
  Message *message = data;

  if (message->is_taken)
    end_message (message, 0, NULL);
  else
    end_message (message, DMS_ERROR_BUSY, "the peer has no room for the message now");
}

static void
on_message (gpointer data)
{
  Message *message = data;
  DmsSimPeer *to = message->to;

  message->has_arrived = TRUE;
  if (to->funcs != NULL && to->funcs->message != NULL)
    message->is_taken = to->funcs->message (to, message->from, message->inbox, message->bytes, to->user_data);
  dms_sim_link_send (
      message->link, to, DMS_SIM_RECEIPT, 0, on_receipt, g_rc_box_acquire (message), message_lost);
}

static void
on_message_way (DmsSimPeer *self, DmsSimLink *link, gpointer user_data)
{
  Message *message = user_data;

  if (link != NULL)
    {
      message->link = dms_sim_link_ref (link);
      /* The protocol, which names the inbox, is negotiated on the stream of each message. */
      dms_sim_link_send (link,
                         self,
                         DMS_SIM_MESSAGE,
                         g_bytes_get_size (message->bytes) + strlen (message->inbox) + 32,
                         on_message,
                         g_rc_box_acquire (message),
                         message_done);
    }
  else
    end_message (message, DMS_ERROR_UNAVAILABLE, "the peer cannot be reached");
  message_unref (message);
}

void
dms_sim_peer_send_message (DmsSimPeer *self,
                           DmsSimPeer *to,
                           const char *inbox,
                           GBytes *bytes,
                           DmsSimSent sent,
                           gpointer user_data)
{
  Message *message = g_rc_box_new0 (Message);

  message->from = self;
  message->to = to;
  message->run = self->run;
  message->inbox = g_strdup (inbox);
  message->bytes = g_bytes_ref (bytes);
  message->sent = sent;
  message->user_data = user_data;
  dms_sim_peer_connect (self, to, on_message_way, message);
}
