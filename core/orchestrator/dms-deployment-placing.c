/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-placing.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "orchestrator/dms-deployment-private.h"
#include "placement/dms-placement.h"
#include "resources/dms-locator.h"

#include <math.h>
#include <string.h>

#define EDGE_BEHAVIOUR "/dms/deployment/constraint/edge"

enum
{
  /* VerifyEdgeConstraintTimeout (orchestration.md 1). */
  EDGE_SECONDS = 5,
  MAX_QUESTIONS = 32,
  /* What was measured is good for so long, for this deployment; that it could not be, for less. */
  LINK_SECONDS = 300,
  SILENCE_SECONDS = 30,
  /* Times that a choice is measured in one round. */
  MAX_MEASURINGS = 64,
  /* What fewer bids take does not hold up anybody. */
  BIDS_AT_ONCE = 2000,
  /* How long those who made an offer have for others, and how many of these are asked for. */
  FILL_MS = 1500,
  MAX_FILLERS = 256,
  /* Places that are looked up in the list of cities. */
  MAX_PLACES = 128,
  /* Rounds that end with the proof that it cannot be, before nobody is asked any more. */
  MAX_PROOFS = 3,
};

typedef struct
{
  DmsPlacementLink link;
  gint64 until_us;
} KnownLink;

struct _DeployPlacing
{
  DmsPlacement *placement;
  /* “peer peer” to KnownLink. */
  GHashTable *links;
  /* “country/city” to DmsCoordinates, or to NULL where they are not known. */
  GHashTable *places;
  /* What has to be measured now, and the next of it. */
  GArray *gaps;
  guint next_gap;
  guint n_open;
  guint n_measurings;
  guint n_measured;
  /* The step in which other offers are waited for, and whether that was done in this round. */
  guint filling_step;
  guint n_wanted;
  gint64 filled_round_us;
  guint n_proofs;
};

/* A question about an edge that is open. */
typedef struct
{
  DeployCall *call;
  char *source;
  char *target;
  guint rtt_ms;
  guint64 bandwidth;
  DmsHandle *other;
  /* The one end did not know, the other is asked. */
  gboolean turned;
} EdgeCall;

/* What a choice came to. It has the problem while that may be looked at in a thread. */
typedef struct
{
  DeployCall *call;
  DmsPlacement *placement;
  DmsPlacementVerdict verdict;
  char *why;
} Choice;

static void solve (DmsDeployment *self);

static DeployPlacing *
ensure_placing (DmsDeployment *self)
{
  if (self->placing == NULL)
    {
      self->placing = g_new0 (DeployPlacing, 1);
      self->placing->links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      self->placing->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    }
  return self->placing;
}

void
dms_deployment_placing_free (DeployPlacing *self)
{
  g_clear_pointer (&self->placement, dms_placement_free);
  g_clear_pointer (&self->gaps, g_array_unref);
  g_hash_table_unref (self->links);
  g_hash_table_unref (self->places);
  g_free (self);
}

static void
edge_call_free (EdgeCall *edge)
{
  dms_deployment_call_free (edge->call);
  dms_handle_unref (edge->other);
  g_free (edge->source);
  g_free (edge->target);
  g_free (edge);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeCall, edge_call_free)

static void
choice_free (gpointer data)
{
  Choice *choice = data;

  dms_deployment_call_free (choice->call);
  g_clear_pointer (&choice->placement, dms_placement_free);
  g_free (choice->why);
  g_free (choice);
}

/* Links */

static char *
make_pair (const char *a, const char *b)
{
  return strcmp (a, b) < 0 ? g_strconcat (a, " ", b, NULL) : g_strconcat (b, " ", a, NULL);
}

static void
keep_link (DmsDeployment *self, const char *a, const char *b, const DmsPlacementLink *link)
{
  g_autofree char *pair = make_pair (a, b);
  KnownLink *known = g_hash_table_lookup (self->placing->links, pair);
  gint64 seconds = link->reachable ? LINK_SECONDS : SILENCE_SECONDS;

  if (known == NULL)
    {
      known = g_new0 (KnownLink, 1);
      g_hash_table_insert (self->placing->links, g_steal_pointer (&pair), known);
    }
  known->link.reachable = link->reachable;
  if (link->rtt_us > 0)
    known->link.rtt_us = link->rtt_us;
  if (link->bandwidth > 0)
    known->link.bandwidth = link->bandwidth;
  known->until_us = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  dms_placement_set_link (self->placing->placement, a, b, link);
}

static void
tell_links (DmsDeployment *self)
{
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer pair;
  gpointer value;

  g_hash_table_iter_init (&iter, self->placing->links);
  while (g_hash_table_iter_next (&iter, &pair, &value))
    {
      KnownLink *known = value;
      g_auto (GStrv) peers = g_strsplit (pair, " ", 2);

      if (known->until_us <= now)
        g_hash_table_iter_remove (&iter);
      else
        dms_placement_set_link (self->placing->placement, peers[0], peers[1], &known->link);
    }
}

/* The problem */

/* (nullable): the coordinates of the place that a location names. Each place is looked up in a file once. */
static const DmsCoordinates *
find_place (DeployPlacing *self, DmsLocation *location)
{
  const char *country = dms_location_get_country (location);
  const char *city = dms_location_get_city (location);
  g_autofree char *name = g_strdup_printf ("%s/%s", country != NULL ? country : "", city != NULL ? city : "");
  g_autofree DmsCoordinates *place = NULL;
  gpointer known;

  if (g_hash_table_lookup_extended (self->places, name, NULL, &known))
    return known;
  /* Nobody has us read for him without end: a machine without coordinates is measured. */
  if (city == NULL || g_hash_table_size (self->places) >= MAX_PLACES)
    return NULL;
  place = g_new0 (DmsCoordinates, 1);
  if (!dms_locator_find_coordinates (location, place))
    g_clear_pointer (&place, g_free);
  known = place;
  g_hash_table_insert (self->places, g_steal_pointer (&name), g_steal_pointer (&place));
  return known;
}

const DmsCoordinates *
dms_deployment_find_place (DmsDeployment *self, DmsBid *bid)
{
  return self->placing != NULL ? find_place (self->placing, dms_bid_get_location (bid)) : NULL;
}

/* (transfer full): where a machine is, with coordinates if these matter and can be known. */
static DmsLocation *
locate (DmsDeployment *self, DmsBid *bid)
{
  DmsLocation *location = dms_bid_get_location (bid);
  DmsCoordinates coordinates;
  const DmsCoordinates *place;

  if (dms_ensemble_get_edges (self->ensemble)->len == 0 ||
      dms_location_get_coordinates (location, &coordinates))
    return dms_location_ref (location);
  place = find_place (self->placing, location);
  return place != NULL ? dms_location_new_at (location, place) : dms_location_ref (location);
}

static gboolean
add_bid (DmsDeployment *self, guint number, DmsBid *bid, double cost, GError **error)
{
  g_autoptr (DmsLocation) location = locate (self, bid);

  return dms_placement_add_bid (
      self->placing->placement, number, dms_bid_get_peer (bid), location, cost, error);
}

/* A node that runs stays where it is, whatever its place is called by now. */

static gboolean
pose_node (DmsDeployment *self, DeployNode *node, GError **error)
{
  DmsPlacement *placement = self->placing->placement;
  guint number = dms_placement_add_node (placement, node->name);
  const char *pinned = dms_deployment_node_get_peer (node);
  g_autoptr (DmsBidRanking) ranking = NULL;

  if (pinned != NULL)
    dms_placement_pin (placement, number, pinned);
  if (!dms_deployment_node_is_open (node))
    return node->bid == NULL || add_bid (self, number, node->bid, 0, error);
  ranking = dms_deployment_rank_bids (self, node);
  dms_placement_set_location (placement,
                              number,
                              dms_node_config_get_accept (node->config),
                              dms_node_config_get_reject (node->config));
  for (guint i = 0; i < node->bids->len; i++)
    {
      if (!add_bid (self, number, node->bids->pdata[i], dms_bid_ranking_get_cost (ranking, i), error))
        return FALSE;
    }
  return TRUE;
}

static guint
find_number (DmsDeployment *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (strcmp (((DeployNode *) self->nodes->pdata[i])->name, name) == 0)
        return i;
    }
  return G_MAXUINT;
}

/* What runs already was measured when it began. */
static gboolean
is_settled (DmsDeployment *self, guint source, guint target)
{
  return source < self->nodes->len && target < self->nodes->len &&
         !dms_deployment_node_is_open (self->nodes->pdata[source]) &&
         !dms_deployment_node_is_open (self->nodes->pdata[target]);
}

static gboolean
pose (DmsDeployment *self, GError **error)
{
  DeployPlacing *placing = ensure_placing (self);
  const char *const *excluded = dms_ensemble_get_exclude_peers (self->ensemble);
  GPtrArray *edges = dms_ensemble_get_edges (self->ensemble);

  g_clear_pointer (&placing->placement, dms_placement_free);
  /* Who was chosen in vain is not chosen for ever. */
  placing->placement = dms_placement_new (((guint64) g_str_hash (self->id) << 32) + self->n_attempts);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (!pose_node (self, self->nodes->pdata[i], error))
        return FALSE;
    }
  for (guint i = 0; excluded[i] != NULL; i++)
    dms_placement_exclude (placing->placement, excluded[i]);
  for (guint i = 0; i < edges->len; i++)
    {
      DmsEdge *edge = edges->pdata[i];
      guint source = find_number (self, dms_edge_get_source (edge));
      guint target = find_number (self, dms_edge_get_target (edge));

      if (is_settled (self, source, target))
        continue;
      if (!dms_placement_add_edge (placing->placement,
                                   source,
                                   target,
                                   dms_edge_get_rtt_ms (edge),
                                   dms_edge_get_bandwidth (edge),
                                   error))
        return FALSE;
    }
  tell_links (self);
  return TRUE;
}

/* Measuring */

static DmsBid *
get_choice (DmsDeployment *self, guint number)
{
  DeployNode *node = self->nodes->pdata[number];

  if (!dms_deployment_node_is_open (node))
    return node->bid;
  return node->bids->pdata[dms_placement_get_choice (self->placing->placement, number)];
}

static void ask_next (DmsDeployment *self);

static void
settle_edge (EdgeCall *edge, const DmsPlacementLink *link)
{
  DmsDeployment *self = edge->call->deployment;

  keep_link (self, edge->source, edge->target, link);
  self->placing->n_measured++;
  self->placing->n_open--;
  ask_next (self);
  if (self->placing->n_open == 0)
    solve (self);
}

/* FALSE when the machine could not say. */
static gboolean
read_link (EdgeCall *edge, JsonObject *reply, DmsPlacementLink *link)
{
  gboolean ok = dms_json_object_get_flag (reply, "OK");
  JsonNode *node = dms_json_object_get_member (reply, "RTT");
  double rtt_ms = node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_double (node) : 0;
  guint64 bandwidth = (guint64) dms_json_object_get_whole (reply, "BW", 0, G_MAXINT64, 0);

  *link = (DmsPlacementLink){ .reachable = TRUE };
  if (reply == NULL || (!ok && !(rtt_ms > 0)))
    return FALSE;
  if (isfinite (rtt_ms) && rtt_ms > 0 && rtt_ms < 1e6)
    link->rtt_us = MAX ((gint64) (rtt_ms * 1000), 1);
  else if (edge->rtt_ms > 0)
    link->rtt_us = (gint64) edge->rtt_ms * 1000;
  link->bandwidth = bandwidth > 0 || !ok ? bandwidth : edge->bandwidth;
  /* What it says must go with what it measured. */
  if (!ok && link->rtt_us <= (gint64) edge->rtt_ms * 1000 &&
      (edge->bandwidth == 0 || link->bandwidth >= edge->bandwidth))
    return FALSE;
  if (!ok && edge->bandwidth > 0 && link->bandwidth == 0)
    link->bandwidth = 1;
  return TRUE;
}

static void ask_edge (DmsDeployment *self, EdgeCall *edge, DmsHandle *to);

static void
on_edge (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EdgeCall) edge = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DmsDeployment *self = edge->call->deployment;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);
  const char *said = dms_json_object_get_text (reply, "Error");
  DmsPlacementLink link;

  if (!dms_deployment_call_is_current (edge->call))
    return;
  if (read_link (edge, reply, &link))
    {
      settle_edge (edge, &link);
      return;
    }
  dms_log_event (G_LOG_LEVEL_INFO,
                 "edge_not_measured",
                 "orchestratorID",
                 self->id,
                 "peer",
                 edge->turned ? edge->target : edge->source,
                 "error",
                 text != NULL ? text : said,
                 NULL);
  if (!edge->turned)
    {
      g_autoptr (DmsHandle) to = dms_handle_ref (edge->other);

      edge->turned = TRUE;
      ask_edge (self, g_steal_pointer (&edge), to);
      return;
    }
  link = (DmsPlacementLink){ .reachable = FALSE };
  settle_edge (edge, &link);
}

/* Takes the call. */
static void
ask_edge (DmsDeployment *self, EdgeCall *edge, DmsHandle *to)
{
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "EnsembleID", self->id);
  json_object_set_string_member (object, "S", edge->turned ? edge->target : edge->source);
  json_object_set_string_member (object, "T", edge->turned ? edge->source : edge->target);
  json_object_set_int_member (object, "RTT", edge->rtt_ms);
  json_object_set_int_member (object, "BW", (gint64) MIN (edge->bandwidth, (guint64) G_MAXINT64));
  json_node_take_object (payload, object);
  dms_actor_invoke_async (self->actor,
                          to,
                          EDGE_BEHAVIOUR,
                          payload,
                          dms_deployment_expiry_in (EDGE_SECONDS),
                          self->step_cancellable,
                          on_edge,
                          edge);
}

static void
ask_next (DmsDeployment *self)
{
  DeployPlacing *placing = self->placing;

  while (placing->n_open < MAX_QUESTIONS && placing->next_gap < placing->gaps->len)
    {
      const DmsPlacementGap *gap = &g_array_index (placing->gaps, DmsPlacementGap, placing->next_gap++);
      EdgeCall *edge = g_new0 (EdgeCall, 1);

      edge->call = dms_deployment_call_new (self, NULL, NULL);
      edge->source = g_strdup (gap->source_peer);
      edge->target = g_strdup (gap->target_peer);
      edge->rtt_ms = gap->rtt_ms;
      edge->bandwidth = gap->bandwidth;
      edge->other = dms_handle_ref (dms_bid_get_handle (get_choice (self, gap->target)));
      placing->n_open++;
      ask_edge (self, edge, dms_bid_get_handle (get_choice (self, gap->source)));
    }
}

/* Other offers */

gboolean
dms_deployment_is_filling (DmsDeployment *self)
{
  return self->placing != NULL && self->placing->filling_step == self->step && self->step > 0;
}

static gboolean
on_filled (gpointer user_data)
{
  DmsDeployment *self = user_data;

  self->timer = 0;
  self->placing->filling_step = 0;
  dms_deployment_place (self);
  return G_SOURCE_REMOVE;
}

static gboolean
has_bid_of (DeployNode *node, const char *peer)
{
  for (guint i = 0; i < node->bids->len; i++)
    {
      if (strcmp (dms_bid_get_peer (node->bids->pdata[i]), peer) == 0)
        return TRUE;
    }
  return FALSE;
}

static guint
ask_about_others (DmsDeployment *self, const char *peer, guint n_asked)
{
  for (guint i = 0; i < self->nodes->len && n_asked < MAX_FILLERS; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (!dms_deployment_node_is_open (node) || dms_deployment_node_get_peer (node) != NULL ||
          has_bid_of (node, peer))
        continue;
      dms_deployment_ask_about (self, node, peer);
      n_asked++;
    }
  return n_asked;
}

/* Each machine offered to run one node, of its own choice. Those that are there might do for others. FALSE
 * when there is nobody to ask. */
static gboolean
fill (DmsDeployment *self)
{
  DeployPlacing *placing = self->placing;
  g_autoptr (GHashTable) peers = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer peer;
  guint n_asked = 0;

  if (placing->filled_round_us == self->round_began_us)
    return FALSE;
  placing->filled_round_us = self->round_began_us;
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      for (guint j = 0; j < node->bids->len && dms_deployment_node_get_peer (node) == NULL; j++)
        g_hash_table_add (peers, (gpointer) dms_bid_get_peer (node->bids->pdata[j]));
    }
  dms_deployment_next_step (self);
  placing->filling_step = self->step;
  g_hash_table_iter_init (&iter, peers);
  while (g_hash_table_iter_next (&iter, &peer, NULL))
    n_asked = ask_about_others (self, peer, n_asked);
  if (n_asked > 0)
    self->timer = g_timeout_add (FILL_MS, on_filled, self);
  return n_asked > 0;
}

/* The answer */

static void
take_bid (DmsDeployment *self, DeployNode *node, guint number)
{
  g_autoptr (DmsBidRanking) ranking = dms_deployment_rank_bids (self, node);
  guint pick = dms_placement_get_choice (self->placing->placement, number);
  g_autofree char *terms = dms_bid_ranking_describe (ranking, pick);

  g_clear_pointer (&node->bid, dms_bid_unref);
  node->bid = dms_bid_ref (node->bids->pdata[pick]);
  dms_deployment_note_choice (self, node, dms_bid_ranking_get_cost (ranking, pick), terms);
}

static void
take (DmsDeployment *self)
{
  dms_deployment_begin_choice (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (dms_deployment_node_is_open (node))
        take_bid (self, node, i);
    }
  dms_log_event (G_LOG_LEVEL_INFO, "candidate_chosen", "orchestratorID", self->id, NULL);
  self->placing->n_proofs = 0;
  dms_deployment_commit (self);
}

static void
give_up (DmsDeployment *self, const Choice *choice)
{
  g_autofree char *text = g_strdup_printf ("candidate not found: %s", choice->why);

  if (choice->verdict == DMS_PLACEMENT_IMPOSSIBLE && fill (self))
    {
      dms_deployment_log (self, G_LOG_LEVEL_INFO, "other_bids_wanted", NULL, choice->why);
      return;
    }
  self->placing->n_proofs += choice->verdict == DMS_PLACEMENT_IMPOSSIBLE;
  if (self->placing->n_proofs >= MAX_PROOFS)
    {
      g_autofree char *failure =
          self->change != NULL ? g_strdup (text) : g_strdup_printf ("failed to create deployment: %s", text);

      self->placing->n_proofs = 0;
      dms_deployment_fail (self, failure);
      return;
    }
  dms_deployment_retry (self, text);
}

static void
use (DmsDeployment *self, const Choice *choice)
{
  DeployPlacing *placing = self->placing;

  if (choice->verdict != DMS_PLACEMENT_POSSIBLE)
    {
      give_up (self, choice);
      return;
    }
  g_clear_pointer (&placing->gaps, g_array_unref);
  placing->gaps = dms_placement_list_gaps (placing->placement);
  placing->next_gap = 0;
  if (placing->gaps->len == 0)
    take (self);
  else if (placing->n_measurings++ >= MAX_MEASURINGS)
    dms_deployment_retry (self, "candidate not found: there are too many ways to measure");
  else
    ask_next (self);
}

static void
choose (Choice *choice)
{
  g_autoptr (GError) error = NULL;

  if (!dms_placement_solve (choice->placement, DMS_PLACEMENT_WORK, &choice->verdict, &error))
    {
      choice->verdict = DMS_PLACEMENT_UNKNOWN;
      choice->why = g_strdup (error->message);
    }
  else if (choice->verdict == DMS_PLACEMENT_IMPOSSIBLE)
    choice->why = dms_placement_explain (choice->placement);
  else if (choice->verdict == DMS_PLACEMENT_UNKNOWN)
    choice->why = g_strdup ("no choice of machines was found in the time there was");
}

static void
choose_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  choose (data);
  g_task_return_boolean (task, TRUE);
}

static void
on_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Choice *choice = g_task_get_task_data (G_TASK (result));
  DmsDeployment *self = choice->call->deployment;

  if (!dms_deployment_call_is_current (choice->call))
    return;
  self->placing->placement = g_steal_pointer (&choice->placement);
  use (self, choice);
}

/* What is small is done at once. */
static void
solve (DmsDeployment *self)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_chosen, NULL);
  Choice *choice = g_new0 (Choice, 1);
  guint n_bids = 0;

  for (guint i = 0; i < self->nodes->len; i++)
    n_bids += ((DeployNode *) self->nodes->pdata[i])->bids->len;
  choice->call = dms_deployment_call_new (self, NULL, NULL);
  choice->placement = g_steal_pointer (&self->placing->placement);
  g_task_set_source_tag (task, solve);
  g_task_set_task_data (task, choice, choice_free);
  if (n_bids > BIDS_AT_ONCE)
    {
      g_task_run_in_thread (task, choose_in_thread);
      return;
    }
  choose (choice);
  self->placing->placement = g_steal_pointer (&choice->placement);
  use (self, choice);
}

void
dms_deployment_place (DmsDeployment *self)
{
  g_autoptr (DmsDeployment) kept = g_object_ref (self);
  g_autoptr (GError) error = NULL;

  dms_deployment_next_step (self);
  if (!pose (self, &error))
    {
      g_autofree char *text = g_strdup_printf ("candidate not found: %s", error->message);

      dms_deployment_retry (self, text);
      return;
    }
  self->placing->n_open = 0;
  self->placing->n_measurings = 0;
  solve (self);
}
