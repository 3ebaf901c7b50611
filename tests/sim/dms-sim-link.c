/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-link.h"

#include "dms-sim-clock.h"
#include "dms-sim-network.h"
#include "dms-sim-peer.h"

/* One message on its way. */
typedef struct
{
  DmsSimLink *link;
  guint side;
  DmsSimKind kind;
  gsize size;
  DmsSimEventFunc func;
  gpointer data;
  GDestroyNotify destroy;
  gboolean is_received;
} Flight;

static void
flight_free (gpointer data)
{
  Flight *flight = data;

  if (flight->destroy != NULL)
    flight->destroy (flight->data);
  dms_sim_link_unref (flight->link);
  g_free (flight);
}

DmsSimLink *
dms_sim_link_new (DmsSimNetwork *network, DmsSimPeer *dialler, DmsSimPeer *other)
{
  DmsSimLink *self = g_new0 (DmsSimLink, 1);

  self->n_refs = 1;
  self->network = network;
  self->ends[0] = dialler;
  self->ends[1] = other;
  self->is_open = TRUE;
  self->opened_us = dms_sim_clock_get_us ();
  self->used_us = self->opened_us;
  g_queue_init (&self->stalled);
  return self;
}

DmsSimLink *
dms_sim_link_ref (DmsSimLink *self)
{
  self->n_refs++;
  return self;
}

void
dms_sim_link_unref (DmsSimLink *self)
{
  if (--self->n_refs == 0)
    g_free (self);
}

DmsSimPeer *
dms_sim_link_get_other (DmsSimLink *self, DmsSimPeer *end)
{
  return self->ends[0] == end ? self->ends[1] : self->ends[0];
}

static void on_flight (gpointer data);

/* The same flight, of which nothing is left in this one. */
static Flight *
take_over (Flight *flight)
{
  Flight *rest = g_new (Flight, 1);

  *rest = *flight;
  dms_sim_link_ref (rest->link);
  flight->destroy = NULL;
  return rest;
}

/* The line of the receiver is busy. */
static void
land_later (Flight *flight, gint64 at_us)
{
  DmsSimLink *link = flight->link;

  link->last_us[flight->side] = MAX (link->last_us[flight->side], at_us);
  dms_sim_agenda_add (link->network->agenda, at_us, on_flight, take_over (flight), flight_free);
}

static void
on_flight (gpointer data)
{
  Flight *flight = data;
  DmsSimLink *link = flight->link;
  DmsSimPeer *from = link->ends[flight->side];
  DmsSimPeer *to = link->ends[1 - flight->side];
  gint64 now_us = dms_sim_clock_get_us ();
  gint64 cost_us = 0;

  if (!link->is_open)
    return;
  if (link->is_dead)
    {
      g_queue_push_tail (&link->stalled, take_over (flight));
      return;
    }
  if (!flight->is_received)
    {
      /* The receiver's own line, which all that comes to it shares. */
      cost_us = (gint64) ((double) flight->size / link->network->bytes_per_us);
      to->line_in_us = MAX (to->line_in_us, now_us) + cost_us;
      flight->is_received = TRUE;
      if (to->line_in_us - now_us >= G_TIME_SPAN_MILLISECOND)
        {
          land_later (flight, to->line_in_us);
          return;
        }
    }
  link->used_us = now_us;
  dms_sim_network_note (link->network, from, to, flight->kind, flight->size);
  flight->func (flight->data);
}

/* In order with what went before. */
static void
plan (Flight *flight)
{
  DmsSimLink *link = flight->link;
  DmsSimPeer *from = link->ends[flight->side];
  DmsSimPeer *to = link->ends[1 - flight->side];
  gint64 at_us = dms_sim_clock_get_us () + dms_sim_network_travel_us (link->network, from, to, flight->size);

  at_us = MAX (at_us, link->last_us[flight->side]);
  link->last_us[flight->side] = at_us;
  dms_sim_agenda_add (link->network->agenda, at_us, on_flight, flight, flight_free);
}

static void
on_doubt (gpointer data)
{
  DmsSimLink *self = data;

  self->is_doubted = FALSE;
  if (!self->is_open ||
      (!self->is_dead && !dms_sim_network_is_cut (self->network, self->ends[0], self->ends[1])))
    return;
  dms_sim_link_break (self);
  dms_sim_peer_drop_link (self->ends[0], self);
  dms_sim_peer_drop_link (self->ends[1], self);
}

void
dms_sim_link_send (DmsSimLink *self,
                   DmsSimPeer *from,
                   DmsSimKind kind,
                   gsize size,
                   DmsSimEventFunc func,
                   gpointer data,
                   GDestroyNotify destroy)
{
  Flight *flight = g_new0 (Flight, 1);
  DmsSimPeer *to = dms_sim_link_get_other (self, from);

  *flight = (Flight){ dms_sim_link_ref (self),
                      self->ends[0] == from ? 0 : 1,
                      kind,
                      size + DMS_SIM_OVERHEAD,
                      func,
                      data,
                      destroy,
                      FALSE };
  self->bytes[flight->side] += flight->size;
  if (!self->is_open)
    flight_free (flight);
  else if (self->is_dead || dms_sim_network_is_cut (self->network, from, to))
    g_queue_push_tail (&self->stalled, flight);
  else
    plan (flight);
  /* A host that has come back does not know the connection, and says so. */
  if (self->is_open && self->is_dead && to->is_up)
    dms_sim_network_plan (self->network,
                          2 * dms_sim_network_get_latency_us (self->network, from, to),
                          on_doubt,
                          dms_sim_link_ref (self),
                          (GDestroyNotify) dms_sim_link_unref);
}

void
dms_sim_link_resume (DmsSimLink *self)
{
  Flight *flight = self->is_dead ? NULL : g_queue_pop_head (&self->stalled);

  while (flight != NULL)
    {
      plan (flight);
      flight = g_queue_pop_head (&self->stalled);
    }
}

void
dms_sim_link_break (DmsSimLink *self)
{
  self->is_open = FALSE;
  g_queue_clear_full (&self->stalled, flight_free);
}

void
dms_sim_link_kill (DmsSimLink *self)
{
  self->is_dead = TRUE;
  dms_sim_link_doubt (self);
}

void
dms_sim_link_doubt (DmsSimLink *self)
{
  gint64 wait_us = DMS_SIM_NOTICE_MIN_S * G_TIME_SPAN_SECOND +
                   dms_sim_random_below (&self->network->random,
                                         (DMS_SIM_NOTICE_MAX_S - DMS_SIM_NOTICE_MIN_S) * G_TIME_SPAN_SECOND);

  if (self->is_doubted)
    return;
  self->is_doubted = TRUE;
  dms_sim_network_plan (
      self->network, wait_us, on_doubt, dms_sim_link_ref (self), (GDestroyNotify) dms_sim_link_unref);
}
