/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-clock.h"
#include "dms-sim-link.h"
#include "dms-sim-peer.h"

/* A request on its way, and its answer. Counted by who waits for it. */
typedef struct
{
  DmsSimPeer *from;
  DmsSimPeer *to;
  guint run;
  guint64 request;
  GBytes *message;
  GBytes *answer;
  gboolean wants_answer;
  gboolean has_arrived;
  gboolean is_back;
  DmsSimLink *link;
} Query;

static void
query_clear (gpointer data)
{
  Query *query = data;

  g_clear_pointer (&query->message, g_bytes_unref);
  g_clear_pointer (&query->answer, g_bytes_unref);
  g_clear_pointer (&query->link, dms_sim_link_unref);
}

static void
query_unref (gpointer data)
{
  g_rc_box_release_full (data, query_clear);
}

static gboolean
is_wanted (const Query *query)
{
  return query->from->kad != NULL && query->from->run == query->run;
}

static void
on_failed (gpointer data)
{
  Query *query = data;

  query->is_back = TRUE;
  if (!is_wanted (query))
    return;
  dms_p2p_kad_core_failed (query->from->kad, query->request);
  dms_sim_peer_arm_kad (query->from);
}

/* What was on its way when the connection broke: the host tells at once that its stream is gone. */
static void
request_done (gpointer data)
{
  Query *query = data;

  if (!query->has_arrived && !query->is_back)
    dms_sim_network_plan (query->from->network, 0, on_failed, g_rc_box_acquire (query), query_unref);
  query_unref (query);
}

static void
answer_done (gpointer data)
{
  Query *query = data;

  if (!query->is_back)
    dms_sim_network_plan (query->from->network, 0, on_failed, g_rc_box_acquire (query), query_unref);
  query_unref (query);
}

static void
on_answered (gpointer data)
{
  Query *query = data;

  query->is_back = TRUE;
  if (!is_wanted (query))
    return;
  dms_p2p_kad_core_answered (query->from->kad, query->request, query->answer, query->to->address);
  dms_sim_peer_arm_kad (query->from);
}

/* TRUE when it is not refused; the answer may be none. */
static gboolean
handle (Query *query)
{
  DmsSimPeer *to = query->to;

  if (to->respond != NULL)
    {
      g_autoptr (DmsP2pKadMessage) request = dms_p2p_kad_message_decode (query->message, NULL);

      query->answer = request != NULL ? to->respond (to, query->from, request) : NULL;
      return query->answer != NULL;
    }
  if (to->kad == NULL ||
      !dms_p2p_kad_core_handle (
          to->kad, query->from->id, query->from->address, query->message, &query->answer, NULL))
    return FALSE;
  dms_sim_peer_arm_kad (to);
  return TRUE;
}

static void
on_request (gpointer data)
{
  Query *query = data;
  gboolean is_good = handle (query);

  query->has_arrived = TRUE;
  /* A refusal is a reset of the stream. */
  if (!is_good || (query->wants_answer && query->answer != NULL))
    dms_sim_link_send (query->link,
                       query->to,
                       DMS_SIM_KAD_ANSWER,
                       query->answer != NULL ? g_bytes_get_size (query->answer) : 0,
                       is_good ? on_answered : on_failed,
                       g_rc_box_acquire (query),
                       answer_done);
}

static void
on_way (DmsSimPeer *self, DmsSimLink *link, gpointer user_data)
{
  Query *query = user_data;

  if (link == NULL)
    on_failed (query);
  else
    {
      query->link = dms_sim_link_ref (link);
      dms_sim_link_send (link,
                         self,
                         DMS_SIM_KAD_REQUEST,
                         g_bytes_get_size (query->message),
                         on_request,
                         g_rc_box_acquire (query),
                         request_done);
      /* What wants no answer has been answered when it is sent. */
      if (!query->wants_answer)
        on_answered (query);
    }
  query_unref (query);
}

static void
on_send (guint64 request, DmsP2pKadPeer *peer, GBytes *message, gboolean wants_answer, gpointer user_data)
{
  DmsSimPeer *self = user_data;
  DmsSimPeer *to = dms_sim_network_find (self->network, dms_p2p_kad_peer_get_id (peer));
  Query *query = g_rc_box_new0 (Query);

  query->from = self;
  query->to = to;
  query->run = self->run;
  query->request = request;
  query->message = g_bytes_ref (message);
  query->wants_answer = wants_answer;
  if (to != NULL)
    {
      dms_sim_peer_learn (self, to, dms_p2p_kad_peer_get_addresses (peer));
      dms_sim_peer_connect (self, to, on_way, query);
    }
  else
    dms_sim_network_plan (
        self->network, DMS_SIM_DIAL_TIMEOUT_S * G_TIME_SPAN_SECOND, on_failed, query, query_unref);
}

static void
on_give_up (guint64 request, gpointer user_data)
{
}

static gint64
on_now_us (gpointer user_data)
{
  return dms_sim_clock_get_us ();
}

static gint64
on_time_s (gpointer user_data)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static void
on_randomize (void *buffer, gsize size, gpointer user_data)
{
  dms_sim_random_fill (&((DmsSimPeer *) user_data)->random, buffer, size);
}

static GPtrArray *
on_dup_addresses (DmsPeerId *peer, gpointer user_data)
{
  DmsSimPeer *self = user_data;
  DmsSimPeer *other = dms_sim_network_find (self->network, peer);
  GPtrArray *addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  if (other != NULL && (other == self || dms_sim_peer_knows (self, other)))
    g_ptr_array_add (addresses, dms_multiaddr_ref (other->address));
  return addresses;
}

static void
on_wake (gpointer user_data)
{
  dms_sim_peer_arm_kad (user_data);
}

static void
on_timer (DmsSimPeer *self)
{
  if (self->kad == NULL || dms_sim_clock_get_us () < self->kad_wake_us)
    return;
  self->kad_wake_us = G_MAXINT64;
  dms_p2p_kad_core_poll (self->kad);
  dms_sim_peer_arm_kad (self);
}

void
dms_sim_peer_arm_kad (DmsSimPeer *self)
{
  gint64 at_us = self->kad != NULL ? dms_p2p_kad_core_get_deadline (self->kad) : G_MAXINT64;

  if (at_us >= self->kad_wake_us)
    return;
  self->kad_wake_us = MAX (at_us, dms_sim_clock_get_us ());
  dms_sim_peer_plan (self, self->kad_wake_us - dms_sim_clock_get_us (), on_timer);
}

void
dms_sim_peer_start_kad (DmsSimPeer *self)
{
  static const DmsP2pKadEnvironment environment = {
    .get_now_us = on_now_us,
    .get_time_s = on_time_s,
    .randomize = on_randomize,
    .send = on_send,
    .give_up = on_give_up,
    .dup_addresses = on_dup_addresses,
    .wake = on_wake,
  };

  self->kad_wake_us = G_MAXINT64;
  self->kad = dms_p2p_kad_core_new (self->id, &environment, self);
  dms_sim_peer_arm_kad (self);
}

void
dms_sim_peer_stop_kad (DmsSimPeer *self)
{
  g_clear_pointer (&self->kad, dms_p2p_kad_core_free);
  self->kad_wake_us = G_MAXINT64;
}
