/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-autonat.h"

#include "autonat/dms-p2p-autonat-message.h"

/* go-libp2p, p2p/host/autonat: bootDelay, retryInterval, refreshInterval. */
enum
{
  DMS_P2P_AUTONAT_BOOT_MS = 15 * 1000,
  DMS_P2P_AUTONAT_RETRY_MS = 90 * 1000,
  DMS_P2P_AUTONAT_REFRESH_MS = 15 * 60 * 1000,
};

enum
{
  /* Peers that have to agree on where they see this host, when there are so many. */
  DMS_P2P_AUTONAT_MIN_OBSERVERS = 2,
  /* Addresses that are asked about; ours. */
  DMS_P2P_AUTONAT_MAX_CANDIDATES = 8,
};

struct _DmsP2pAutonat
{
  DmsP2pHost *host;
  DmsP2pIdentify *identify;
  DmsP2pAutonatClient *client;
  DmsP2pReachabilityScore score;
  GMainContext *context;
  GCancellable *cancellable;
  GSource *timer;
  /* 0 for the usual ones. */
  guint interval_ms;
  gboolean is_private_allowed;
  /* Whom was asked last; which address comes next. */
  DmsPeerId *last;
  guint turn;
  DmsP2pAutonatChanged changed;
  gpointer user_data;
};

/* One that is asked. */
typedef struct
{
  DmsP2pAutonat *owner;
  GCancellable *cancellable;
} DmsP2pAutonatRound;

static void dms_p2p_autonat_schedule (DmsP2pAutonat *self, guint ms);

static void
dms_p2p_autonat_stop (DmsP2pAutonat *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

DmsP2pReachability
dms_p2p_autonat_get_reachability (DmsP2pAutonat *self)
{
  return self->score.reachability;
}

static guint
dms_p2p_autonat_get_interval_ms (DmsP2pAutonat *self)
{
  if (self->interval_ms > 0)
    return self->interval_ms;
  return self->score.reachability == DMS_P2P_REACHABILITY_UNKNOWN ? DMS_P2P_AUTONAT_RETRY_MS
                                                                  : DMS_P2P_AUTONAT_REFRESH_MS;
}

static void
dms_p2p_autonat_round_free (DmsP2pAutonatRound *self)
{
  g_clear_object (&self->cancellable);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutonatRound, dms_p2p_autonat_round_free)

static void
dms_p2p_autonat_on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutonatRound) round = user_data;
  DmsP2pAutonat *self = round->owner;
  g_autoptr (GError) error = NULL;
  DmsP2pReachability said =
      dms_p2p_autonat_client_ask_finish (DMS_P2P_AUTONAT_CLIENT (source), result, &error);

  /* The owner has gone when it cancelled. */
  if (g_cancellable_is_cancelled (round->cancellable))
    return;
  dms_p2p_autonat_schedule (self, dms_p2p_autonat_get_interval_ms (self));
  if (error != NULL)
    g_debug ("a peer does not say whether this host can be reached: %s", error->message);
  if (said != DMS_P2P_REACHABILITY_UNKNOWN &&
      dms_p2p_reachability_score_note (&self->score, said == DMS_P2P_REACHABILITY_PUBLIC))
    self->changed (self->score.reachability, self->user_data);
}

static void
dms_p2p_autonat_add_candidates (DmsP2pAutonat *self, GPtrArray *from, GPtrArray *list)
{
  for (guint i = 0; i < from->len && list->len < DMS_P2P_AUTONAT_MAX_CANDIDATES; i++)
    {
      DmsMultiaddr *address = from->pdata[i];

      if (dms_p2p_reachability_may_dial (address, self->is_private_allowed) &&
          !g_ptr_array_find_with_equal_func (list, address, (GEqualFunc) dms_multiaddr_equal, NULL))
        g_ptr_array_add (list, dms_multiaddr_ref (address));
    }
}

static GPtrArray *
dms_p2p_autonat_list_candidates (DmsP2pAutonat *self)
{
  DmsP2pObserved *observed = dms_p2p_identify_get_observed (self->identify);
  g_autoptr (GPtrArray) agreed = dms_p2p_observed_dup_addresses (observed, DMS_P2P_AUTONAT_MIN_OBSERVERS);
  g_autoptr (GPtrArray) told = dms_p2p_observed_dup_addresses (observed, 1);
  g_autoptr (GPtrArray) listening = dms_p2p_swarm_dup_listen_addresses (dms_p2p_host_get_swarm (self->host));
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  dms_p2p_autonat_add_candidates (self, listening, list);
  dms_p2p_autonat_add_candidates (self, agreed, list);
  if (list->len == 0)
    dms_p2p_autonat_add_candidates (self, told, list);
  return list;
}

/* Somebody to ask; not the same one twice, when there are others. */
static DmsP2pConnection *
dms_p2p_autonat_choose_peer (DmsP2pAutonat *self)
{
  g_autoptr (GPtrArray) connections = dms_p2p_swarm_list (dms_p2p_host_get_swarm (self->host));
  g_autoptr (GPtrArray) good = g_ptr_array_new ();

  for (guint i = 0; i < connections->len; i++)
    if (!dms_p2p_connection_is_limited (connections->pdata[i]) &&
        dms_p2p_autonat_client_can_ask (self->client, dms_p2p_connection_get_peer_id (connections->pdata[i])))
      g_ptr_array_add (good, connections->pdata[i]);
  for (guint i = good->len; i > 0 && good->len > 1 && self->last != NULL; i--)
    if (dms_peer_id_equal (dms_p2p_connection_get_peer_id (good->pdata[i - 1]), self->last))
      g_ptr_array_remove_index_fast (good, i - 1);
  return good->len > 0 ? g_object_ref (good->pdata[g_random_int_range (0, (gint32) good->len)]) : NULL;
}

static gboolean
dms_p2p_autonat_on_timer (gpointer user_data)
{
  DmsP2pAutonat *self = user_data;
  g_autoptr (GPtrArray) candidates = dms_p2p_autonat_list_candidates (self);
  g_autoptr (DmsP2pConnection) connection = dms_p2p_autonat_choose_peer (self);
  DmsP2pAutonatRound *round = NULL;

  g_clear_pointer (&self->timer, g_source_unref);
  if (candidates->len == 0 || connection == NULL)
    {
      dms_p2p_autonat_schedule (self, self->interval_ms > 0 ? self->interval_ms : DMS_P2P_AUTONAT_BOOT_MS);
      return G_SOURCE_REMOVE;
    }
  g_clear_pointer (&self->last, dms_peer_id_unref);
  self->last = dms_peer_id_ref (dms_p2p_connection_get_peer_id (connection));
  /* Version 2 tries the first one that it can: each has its turn. */
  for (guint i = self->turn++ % candidates->len; i > 0; i--)
    g_ptr_array_add (candidates, g_ptr_array_steal_index (candidates, 0));
  round = g_new0 (DmsP2pAutonatRound, 1);
  round->owner = self;
  round->cancellable = g_object_ref (self->cancellable);
  dms_p2p_autonat_client_ask_async (
      self->client, connection, candidates, self->cancellable, dms_p2p_autonat_on_asked, round);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_autonat_schedule (DmsP2pAutonat *self, guint ms)
{
  dms_p2p_autonat_stop (self);
  self->timer = g_timeout_source_new (ms);
  g_source_set_static_name (self->timer, "dms-p2p-autonat");
  g_source_set_callback (self->timer, dms_p2p_autonat_on_timer, self, NULL);
  g_source_attach (self->timer, self->context);
}

void
dms_p2p_autonat_set_timing (DmsP2pAutonat *self, guint interval_ms, gboolean is_private_allowed)
{
  self->interval_ms = interval_ms;
  self->is_private_allowed = is_private_allowed;
  dms_p2p_autonat_schedule (self, interval_ms);
}

DmsP2pAutonat *
dms_p2p_autonat_new (DmsP2pHost *host,
                     DmsP2pIdentify *identify,
                     DmsP2pAutonatChanged changed,
                     gpointer user_data)
{
  DmsP2pAutonat *self = g_new0 (DmsP2pAutonat, 1);

  self->host = g_object_ref (host);
  self->identify = g_object_ref (identify);
  self->client = dms_p2p_autonat_client_new (host);
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  self->changed = changed;
  self->user_data = user_data;
  dms_p2p_autonat_schedule (self, DMS_P2P_AUTONAT_BOOT_MS);
  return self;
}

void
dms_p2p_autonat_free (DmsP2pAutonat *self)
{
  dms_p2p_autonat_stop (self);
  g_cancellable_cancel (self->cancellable);
  dms_p2p_host_set_handler (self->host, DMS_P2P_AUTONAT_BACK_PROTOCOL, NULL, NULL, NULL);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->client);
  g_clear_object (&self->identify);
  g_clear_object (&self->host);
  g_clear_pointer (&self->last, dms_peer_id_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self);
}
