/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>
#include <stdio.h>

#include "dms-sim-agenda.h"
#include "dms-sim-random.h"
#include "dms-sim-types.h"

G_BEGIN_DECLS

/* The network under all peers: how far they are from each other, how fast, what gets lost, who is cut off
 * from whom. Everything that gets from peer to peer gets there by it. The same seed gives the same run. */

enum
{
  DMS_SIM_MAX_REGIONS = 16,
};

typedef struct
{
  char *name;
  double share;
  /* To each region, one way. */
  gint64 latency_us[DMS_SIM_MAX_REGIONS];
} DmsSimRegion;

typedef struct
{
  guint64 delivered;
  guint64 bytes;
} DmsSimTraffic;

struct _DmsSimNetwork
{
  DmsSimAgenda *agenda;
  guint64 seed;
  DmsSimRandom random;

  DmsSimRegion regions[DMS_SIM_MAX_REGIONS];
  guint n_regions;
  double jitter_us;
  double loss;
  /* Of each peer's own line, either way. */
  double bytes_per_us;
  /* Round trips until a connection stands. */
  double handshake_trips;
  /* The connection manager. */
  guint low_water;
  guint high_water;
  guint grace_s;

  /* DmsSimPeer */
  GPtrArray *peers;
  GHashTable *by_id;
  /* DmsSimPeer: whom newcomers dial. Borrowed. */
  GPtrArray *bootstrap;

  DmsSimTraffic traffic[DMS_SIM_N_KINDS];
  guint64 n_lost;
  guint64 n_dials;
  guint64 n_failed_dials;
  /* In one number, all that was ever delivered: when, from whom, to whom, how much, what. */
  guint64 digest;
  FILE *trace;
  /* Nodes with a main loop of their own live on it. */
  gboolean has_main_loop;
  GSource *source;
};

/* @params: what a scenario says of its network. */
DmsSimNetwork *dms_sim_network_new (guint64 seed, JsonObject *params, GError **error);
void dms_sim_network_free (DmsSimNetwork *self);

/* Makes GLib's main loop go by this network's time. */
void dms_sim_network_take_main_loop (DmsSimNetwork *self);

typedef gboolean (*DmsSimCondition) (gpointer user_data);

/* Until then, or until @condition (nullable) holds: TRUE when it does. */
gboolean
dms_sim_network_run (DmsSimNetwork *self, gint64 until_us, DmsSimCondition condition, gpointer user_data);

void dms_sim_network_plan (DmsSimNetwork *self,
                           gint64 delay_us,
                           DmsSimEventFunc func,
                           gpointer data,
                           GDestroyNotify destroy);

/* (nullable) */
DmsSimPeer *dms_sim_network_find (DmsSimNetwork *self, DmsPeerId *id);

/* How far it is, one way, without what depends on chance. */
gint64 dms_sim_network_get_latency_us (DmsSimNetwork *self, DmsSimPeer *from, DmsSimPeer *to);
/* How long a message takes from its first byte, chance included. Takes its time on the sender's line. */
gint64 dms_sim_network_travel_us (DmsSimNetwork *self, DmsSimPeer *from, DmsSimPeer *to, gsize size);
gboolean dms_sim_network_is_cut (DmsSimNetwork *self, DmsSimPeer *a, DmsSimPeer *b);
void
dms_sim_network_note (DmsSimNetwork *self, DmsSimPeer *from, DmsSimPeer *to, DmsSimKind kind, gsize size);

/* Peers go to the side that @side_of says; what goes between sides waits, and breaks when it waits too long.
 */
void dms_sim_network_cut (DmsSimNetwork *self,
                          guint (*side_of) (DmsSimPeer *peer, gpointer user_data),
                          gpointer user_data);
void dms_sim_network_heal (DmsSimNetwork *self);

const char *dms_sim_kind_to_text (DmsSimKind kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsSimNetwork, dms_sim_network_free)

G_END_DECLS
