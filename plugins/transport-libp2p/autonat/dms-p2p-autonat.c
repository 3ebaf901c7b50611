/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-autonat.h"

#include "autonat/dms-p2p-autonat-message.h"
#include "autonat/dms-p2p-candidates.h"

/* go-libp2p, p2p/host/autonat: retryInterval, refreshInterval; bootDelay is in the header. */
enum
{
  DMS_P2P_AUTONAT_RETRY_MS = 90 * 1000,
  DMS_P2P_AUTONAT_REFRESH_MS = 15 * 60 * 1000,
};

enum
{
  /* As long as something is to be found out: a server answers 3 questions a minute (version 1). Ours. */
  DMS_P2P_AUTONAT_AGAIN_MS = 5 * 1000,
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
  DmsP2pCandidates *candidates;
  DmsP2pReachability reachability;
  /* Where it can be reached, as it was told last. */
  GPtrArray *told;
  GMainContext *context;
  GCancellable *cancellable;
  GSource *timer;
  /* 0 for the usual ones. */
  guint interval_ms;
  gboolean is_private_allowed;
  /* Questions that are under way, and rounds of them that brought nothing. */
  guint n_asking;
  guint n_in_vain;
  gboolean has_answer;
  DmsP2pAutonatChanged changed;
  gpointer user_data;
};

/* One that is asked. */
typedef struct
{
  DmsP2pAutonat *owner;
  GCancellable *cancellable;
  /* All that it was asked about. */
  GPtrArray *addresses;
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
  return self->reachability;
}

GPtrArray *
dms_p2p_autonat_get_reachable (DmsP2pAutonat *self)
{
  return self->told;
}

static guint
dms_p2p_autonat_get_interval_ms (DmsP2pAutonat *self)
{
  if (self->interval_ms > 0)
    return self->interval_ms;
  if (dms_p2p_candidates_is_settled (self->candidates))
    return DMS_P2P_AUTONAT_REFRESH_MS;
  return MIN (DMS_P2P_AUTONAT_AGAIN_MS << MIN (self->n_in_vain, 5), DMS_P2P_AUTONAT_RETRY_MS);
}

static void
dms_p2p_autonat_round_free (DmsP2pAutonatRound *self)
{
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_clear_object (&self->cancellable);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutonatRound, dms_p2p_autonat_round_free)

static gboolean
dms_p2p_autonat_is_told (DmsP2pAutonat *self, GPtrArray *good)
{
  gboolean same = good->len == self->told->len;

  for (guint i = 0; same && i < good->len; i++)
    same = dms_multiaddr_equal (g_ptr_array_index (good, i), g_ptr_array_index (self->told, i));
  return same;
}

/* What is not known any more is still believed: an address may be new, and the same be true of it. */
static void
dms_p2p_autonat_conclude (DmsP2pAutonat *self)
{
  g_autoptr (GPtrArray) good = dms_p2p_candidates_dup_public (self->candidates);
  DmsP2pReachability verdict = dms_p2p_candidates_get_verdict (self->candidates);

  if (verdict == DMS_P2P_REACHABILITY_UNKNOWN)
    verdict = self->reachability;
  if (verdict == self->reachability && dms_p2p_autonat_is_told (self, good))
    return;
  self->reachability = verdict;
  g_ptr_array_unref (self->told);
  self->told = g_steal_pointer (&good);
  self->changed (self->reachability, self->user_data);
}

static void
dms_p2p_autonat_note (DmsP2pAutonat *self,
                      GPtrArray *addresses,
                      DmsMultiaddr *about,
                      DmsP2pReachability said)
{
  if (said == DMS_P2P_REACHABILITY_UNKNOWN)
    return;
  self->has_answer = TRUE;
  for (guint i = 0; i < addresses->len; i++)
    if (about == NULL || dms_multiaddr_equal (about, g_ptr_array_index (addresses, i)))
      dms_p2p_candidates_note (
          self->candidates, g_ptr_array_index (addresses, i), said == DMS_P2P_REACHABILITY_PUBLIC);
}

static void
dms_p2p_autonat_on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pAutonatRound) round = user_data;
  DmsP2pAutonat *self = round->owner;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) about = NULL;
  DmsP2pReachability said =
      dms_p2p_autonat_client_ask_finish (DMS_P2P_AUTONAT_CLIENT (source), result, &about, &error);

  /* The owner has gone when it cancelled. */
  if (g_cancellable_is_cancelled (round->cancellable))
    return;
  if (error != NULL)
    g_debug ("a peer does not say whether this host can be reached: %s", error->message);
  else
    g_debug ("a peer says that this host can%s be reached at %s",
             said == DMS_P2P_REACHABILITY_PUBLIC    ? ""
             : said == DMS_P2P_REACHABILITY_PRIVATE ? "not"
                                                    : " or cannot",
             about != NULL ? dms_multiaddr_get_text (about) : "any of its addresses");
  dms_p2p_autonat_note (self, round->addresses, about, said);
  if (--self->n_asking > 0)
    return;
  self->n_in_vain = self->has_answer ? 0 : self->n_in_vain + 1;
  dms_p2p_autonat_schedule (self, dms_p2p_autonat_get_interval_ms (self));
  dms_p2p_autonat_conclude (self);
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
  g_autoptr (GPtrArray) guesses = dms_p2p_identify_dup_guesses (self->identify);
  g_autoptr (GPtrArray) listening = dms_p2p_swarm_dup_listen_addresses (dms_p2p_host_get_swarm (self->host));
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  dms_p2p_autonat_add_candidates (self, listening, list);
  dms_p2p_autonat_add_candidates (self, agreed, list);
  if (list->len == 0)
    dms_p2p_autonat_add_candidates (self, told, list);
  dms_p2p_autonat_add_candidates (self, guesses, list);
  return list;
}

/* Peers that can be asked, in any order. */
static GPtrArray *
dms_p2p_autonat_list_servers (DmsP2pAutonat *self)
{
  g_autoptr (GPtrArray) connections = dms_p2p_swarm_list (dms_p2p_host_get_swarm (self->host));
  GPtrArray *good = g_ptr_array_new_with_free_func (g_object_unref);

  while (connections->len > 0)
    {
      guint i = (guint) g_random_int_range (0, (gint32) connections->len);
      DmsP2pConnection *connection = connections->pdata[i];
      gboolean is_good =
          !dms_p2p_connection_is_limited (connection) &&
          dms_p2p_autonat_client_can_ask (self->client, dms_p2p_connection_get_peer_id (connection));

      for (guint j = 0; is_good && j < good->len; j++)
        is_good = !dms_peer_id_equal (dms_p2p_connection_get_peer_id (good->pdata[j]),
                                      dms_p2p_connection_get_peer_id (connection));
      if (is_good)
        g_ptr_array_add (good, g_object_ref (connection));
      g_ptr_array_remove_index_fast (connections, i);
    }
  return good;
}

/* Whom to ask about an address; not the same one twice, when there are others. Takes it from @servers. */
static DmsP2pConnection *
dms_p2p_autonat_take_server (DmsP2pAutonat *self, DmsMultiaddr *address, GPtrArray *servers)
{
  DmsPeerId *before = dms_p2p_candidates_get_asked (self->candidates, address);

  for (guint i = 0; i < servers->len; i++)
    if (before == NULL ||
        !dms_peer_id_equal (dms_p2p_connection_get_peer_id (g_ptr_array_index (servers, i)), before))
      return g_ptr_array_steal_index (servers, i);
  return servers->len > 0 ? g_ptr_array_steal_index (servers, 0) : NULL;
}

static void
dms_p2p_autonat_ask (DmsP2pAutonat *self,
                     DmsP2pConnection *connection,
                     DmsMultiaddr *first,
                     GPtrArray *candidates)
{
  DmsP2pAutonatRound *round = g_new0 (DmsP2pAutonatRound, 1);

  round->owner = self;
  round->cancellable = g_object_ref (self->cancellable);
  round->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  /* Version 2 tries the first one that it can. */
  g_ptr_array_add (round->addresses, dms_multiaddr_ref (first));
  for (guint i = 0; i < candidates->len; i++)
    if (!dms_multiaddr_equal (g_ptr_array_index (candidates, i), first))
      g_ptr_array_add (round->addresses, dms_multiaddr_ref (g_ptr_array_index (candidates, i)));
  dms_p2p_candidates_note_asked (self->candidates, first, dms_p2p_connection_get_peer_id (connection));
  self->n_asking++;
  dms_p2p_autonat_client_ask_async (
      self->client, connection, round->addresses, self->cancellable, dms_p2p_autonat_on_asked, round);
}

/* One question of each kind of address at a time, each to another peer. */
static gboolean
dms_p2p_autonat_on_timer (gpointer user_data)
{
  DmsP2pAutonat *self = user_data;
  g_autoptr (GPtrArray) candidates = dms_p2p_autonat_list_candidates (self);
  g_autoptr (GPtrArray) servers = dms_p2p_autonat_list_servers (self);
  g_autoptr (GPtrArray) next = NULL;

  g_clear_pointer (&self->timer, g_source_unref);
  /* What is under way goes on when it is done. */
  if (self->n_asking > 0)
    return G_SOURCE_REMOVE;
  dms_p2p_candidates_set (self->candidates, candidates);
  next = dms_p2p_candidates_dup_next (self->candidates);
  self->has_answer = FALSE;
  for (guint i = 0; i < next->len; i++)
    {
      DmsMultiaddr *address = g_ptr_array_index (next, i);
      g_autoptr (DmsP2pConnection) connection = dms_p2p_autonat_take_server (self, address, servers);

      if (connection != NULL)
        dms_p2p_autonat_ask (self, connection, address, candidates);
    }
  if (self->n_asking == 0)
    dms_p2p_autonat_schedule (self, self->interval_ms > 0 ? self->interval_ms : DMS_P2P_AUTONAT_BOOT_MS);
  dms_p2p_autonat_conclude (self);
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
dms_p2p_autonat_set_boot_ms (DmsP2pAutonat *self, guint boot_ms)
{
  dms_p2p_autonat_schedule (self, boot_ms);
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
  self->candidates = dms_p2p_candidates_new ();
  self->told = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
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
  g_clear_pointer (&self->candidates, dms_p2p_candidates_free);
  g_clear_pointer (&self->told, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self);
}
