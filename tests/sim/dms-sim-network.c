/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-network.h"

#include <string.h>

#include "dms-sim-clock.h"
#include "dms-sim-json.h"
#include "dms-sim-link.h"
#include "dms-sim-peer.h"
#include "dms-sim-timers.h"

enum
{
  /* A retransmission after a retransmission waits twice as long, up to so many times (RFC 6298). */
  MAX_BACK_OFFS = 5,
  /* Of the field's connection manager (swarm/dms-p2p-trimmer.c). */
  LOW_WATER = 100,
  HIGH_WATER = 400,
  GRACE_S = 20,
};

static const char *const kinds[DMS_SIM_N_KINDS] = {
  "handshake", "kad_request", "kad_answer", "gossip", "message", "receipt", "ping",
};

const char *
dms_sim_kind_to_text (DmsSimKind kind)
{
  return kinds[kind];
}

static gboolean
read_regions (DmsSimNetwork *self, JsonObject *params, GError **error)
{
  JsonArray *regions = json_object_get_array_member (params, "regions");

  self->n_regions = MIN (json_array_get_length (regions), DMS_SIM_MAX_REGIONS);
  for (guint i = 0; i < self->n_regions; i++)
    {
      JsonObject *region = json_array_get_object_element (regions, i);
      JsonArray *latencies = json_object_get_array_member (region, "latency_ms");

      if (json_array_get_length (latencies) != self->n_regions)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_ARGUMENT,
                       "a region must have one latency to each of the %u regions",
                       self->n_regions);
          return FALSE;
        }
      self->regions[i].name = g_strdup (dms_sim_json_get_text (region, "name", ""));
      self->regions[i].share = dms_sim_json_get_number (region, "share", 1);
      for (guint j = 0; j < self->n_regions; j++)
        self->regions[i].latency_us[j] = (gint64) (json_array_get_double_element (latencies, j) * 1000);
    }
  return TRUE;
}

DmsSimNetwork *
dms_sim_network_new (guint64 seed, JsonObject *params, GError **error)
{
  g_autoptr (DmsSimNetwork) self = g_new0 (DmsSimNetwork, 1);
  JsonObject *connections = dms_sim_json_get_object (params, "connections");

  self->agenda = dms_sim_agenda_new ();
  self->seed = seed;
  dms_sim_random_init (&self->random, seed, "network", 0);
  self->peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_sim_peer_free);
  self->by_id = g_hash_table_new ((GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal);
  self->bootstrap = g_ptr_array_new ();
  self->jitter_us = dms_sim_json_get_number (params, "jitter_ms", 0) * 1000;
  self->loss = dms_sim_json_get_number (params, "loss", 0);
  self->bytes_per_us = dms_sim_json_get_number (params, "rate_mbit", 100) / 8;
  self->handshake_trips = dms_sim_json_get_number (params, "handshake_trips", 2);
  self->low_water = dms_sim_json_get_count (connections, "low", LOW_WATER);
  self->high_water = dms_sim_json_get_count (connections, "high", HIGH_WATER);
  self->grace_s = dms_sim_json_get_count (connections, "grace_s", GRACE_S);
  if (!read_regions (self, params, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
dms_sim_network_free (DmsSimNetwork *self)
{
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      dms_sim_timers_give_back ();
    }
  g_clear_pointer (&self->source, g_source_unref);
  /* What is on its way knows the peers. */
  g_clear_pointer (&self->agenda, dms_sim_agenda_free);
  g_ptr_array_unref (self->peers);
  g_ptr_array_unref (self->bootstrap);
  g_hash_table_unref (self->by_id);
  for (guint i = 0; i < self->n_regions; i++)
    g_free (self->regions[i].name);
  g_free (self);
}

/* Time */

static gboolean
on_prepare (GSource *source, gint *timeout_ms)
{
  DmsSimNetwork *self = *(DmsSimNetwork **) (source + 1);

  *timeout_ms = -1;
  return dms_sim_agenda_get_next_us (self->agenda) <= dms_sim_clock_get_us ();
}

static gboolean
on_check (GSource *source)
{
  gint timeout_ms = 0;

  return on_prepare (source, &timeout_ms);
}

static gboolean
on_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  DmsSimNetwork *self = *(DmsSimNetwork **) (source + 1);
  gint64 now_us = dms_sim_clock_get_us ();

  while (dms_sim_agenda_get_next_us (self->agenda) <= now_us)
    dms_sim_agenda_run_one (self->agenda);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { on_prepare, on_check, on_dispatch, NULL, NULL, NULL };

static gint64
get_next_us (gpointer user_data)
{
  return dms_sim_agenda_get_next_us (((DmsSimNetwork *) user_data)->agenda);
}

void
dms_sim_network_take_main_loop (DmsSimNetwork *self)
{
  self->has_main_loop = TRUE;
  self->source = g_source_new (&source_funcs, sizeof (GSource) + sizeof self);
  *(DmsSimNetwork **) (self->source + 1) = self;
  g_source_set_static_name (self->source, "dms-sim-network");
  g_source_attach (self->source, NULL);
  dms_sim_clock_take_main_loop (get_next_us, self);
  dms_sim_timers_take (self->agenda);
}

gboolean
dms_sim_network_run (DmsSimNetwork *self, gint64 until_us, DmsSimCondition condition, gpointer user_data)
{
  gboolean holds = condition != NULL && condition (user_data);

  dms_sim_clock_set_limit_us (until_us);
  while (!holds && self->has_main_loop && dms_sim_clock_get_us () < until_us)
    {
      g_main_context_iteration (NULL, TRUE);
      holds = condition != NULL && condition (user_data);
    }
  while (!holds && !self->has_main_loop && dms_sim_agenda_get_next_us (self->agenda) <= until_us)
    {
      dms_sim_agenda_run_one (self->agenda);
      holds = condition != NULL && condition (user_data);
    }
  if (!holds)
    dms_sim_clock_set_us (until_us);
  return holds;
}

void
dms_sim_network_plan (DmsSimNetwork *self,
                      gint64 delay_us,
                      DmsSimEventFunc func,
                      gpointer data,
                      GDestroyNotify destroy)
{
  if (self->agenda != NULL)
    dms_sim_agenda_add (self->agenda, dms_sim_clock_get_us () + MAX (delay_us, 0), func, data, destroy);
  else if (destroy != NULL)
    destroy (data);
}

/* Space */

DmsSimPeer *
dms_sim_network_find (DmsSimNetwork *self, DmsPeerId *id)
{
  return g_hash_table_lookup (self->by_id, id);
}

gint64
dms_sim_network_get_latency_us (DmsSimNetwork *self, DmsSimPeer *from, DmsSimPeer *to)
{
  return self->regions[from->region].latency_us[to->region];
}

/* Each lost packet of the stream costs a retransmission, and one that is lost again twice as long. */
static gint64
draw_losses_us (DmsSimNetwork *self, guint n_packets, gint64 trip_us)
{
  gint64 total_us = 0;

  for (guint i = 0; i < n_packets; i++)
    {
      gint64 wait_us = MAX (DMS_SIM_RTO_MS * G_TIME_SPAN_MILLISECOND, 2 * trip_us);

      for (guint j = 0; j < MAX_BACK_OFFS && dms_sim_random_real (&self->random) < self->loss; j++)
        {
          self->n_lost++;
          total_us += wait_us;
          wait_us *= 2;
        }
    }
  return total_us;
}

gint64
dms_sim_network_travel_us (DmsSimNetwork *self, DmsSimPeer *from, DmsSimPeer *to, gsize size)
{
  gint64 now_us = dms_sim_clock_get_us ();
  gint64 latency_us = dms_sim_network_get_latency_us (self, from, to);

  from->line_out_us = MAX (from->line_out_us, now_us) + (gint64) ((double) size / self->bytes_per_us);
  latency_us += from->line_out_us - now_us;
  if (self->jitter_us > 0)
    latency_us += (gint64) dms_sim_random_exponential (&self->random, self->jitter_us);
  if (self->loss > 0)
    latency_us += draw_losses_us (
        self, 1 + (guint) (size / DMS_SIM_PACKET_SIZE), 2 * dms_sim_network_get_latency_us (self, from, to));
  return latency_us;
}

gboolean
dms_sim_network_is_cut (DmsSimNetwork *self, DmsSimPeer *a, DmsSimPeer *b)
{
  return a->side != b->side;
}

static void
mix (DmsSimNetwork *self, guint64 value)
{
  self->digest = (self->digest ^ value) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  self->digest ^= self->digest >> 29;
}

void
dms_sim_network_note (DmsSimNetwork *self, DmsSimPeer *from, DmsSimPeer *to, DmsSimKind kind, gsize size)
{
  gint64 now_us = dms_sim_clock_get_us ();

  self->traffic[kind].delivered++;
  self->traffic[kind].bytes += size;
  from->bytes_out += size;
  to->bytes_in += size;
  to->n_received[kind]++;
  mix (self, (guint64) now_us);
  mix (self, (guint64) from->index << 32 | to->index);
  mix (self, (guint64) size << 8 | kind);
  if (self->trace != NULL)
    fprintf (self->trace,
             "%" G_GINT64_FORMAT " %u %u %s %" G_GSIZE_FORMAT "\n",
             now_us,
             from->index,
             to->index,
             kinds[kind],
             size);
}

void
dms_sim_network_cut (DmsSimNetwork *self,
                     guint (*side_of) (DmsSimPeer *peer, gpointer user_data),
                     gpointer user_data)
{
  for (guint i = 0; i < self->peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (self->peers, i);

      peer->side = side_of (peer, user_data);
    }
  for (guint i = 0; i < self->peers->len; i++)
    dms_sim_peer_doubt_links (g_ptr_array_index (self->peers, i));
}

void
dms_sim_network_heal (DmsSimNetwork *self)
{
  for (guint i = 0; i < self->peers->len; i++)
    ((DmsSimPeer *) g_ptr_array_index (self->peers, i))->side = 0;
  for (guint i = 0; i < self->peers->len; i++)
    dms_sim_peer_resume_links (g_ptr_array_index (self->peers, i));
}
