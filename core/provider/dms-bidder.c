/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bidder.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-allocation-record.h"
#include "provider/dms-bid-refusal.h"
#include "provider/dms-bid-refuser.h"
#include "provider/dms-bid-sample.h"
#include "provider/dms-bid.h"
#include "provider/dms-job-consent.h"
#include "provider/dms-provider-private.h"
#include "resources/dms-comparator.h"
#include "resources/dms-fit.h"

#include <string.h>

enum
{
  BID_SECONDS = 5 * 60,
  PROBE_MS = 3000,
  MAX_REQUESTS = 1000,
  MAX_BIDS = 10000,
  MAX_ANSWERED = 1000,
  MAX_ANSWERED_IN_ALL = 20000,
  MAX_ITEMS = 1024,
  /* Requests whose turn comes in a moment; others are answered at once. */
  MAX_DELAYED = 256,
};

/* What we offered for one ensemble. */
typedef struct
{
  DmsDid *requester;
  gint64 expires_us;
  /* Of the newest request that was answered; -1: none. */
  gint64 nonce;
  GHashTable *answered;
  /* Allocation ID → nonce that its commit came with. */
  GHashTable *commits;
} Bids;

struct _DmsBidder
{
  GObject parent_instance;

  DmsProvider *provider;
  DmsLocation *location;
  GHashTable *ensembles;
  GHashTable *executors;
  GHashTable *refusals;
  /* Set of DelayedRequest. */
  GHashTable *delayed;
  DmsBidRefuser *refuser;
  DmsBidOffer *offer;
  guint n_answered;
  gboolean ready;
};

G_DEFINE_FINAL_TYPE (DmsBidder, dms_bidder, G_TYPE_OBJECT)

static void
bids_free (gpointer data)
{
  Bids *bids = data;

  g_hash_table_unref (bids->answered);
  g_hash_table_unref (bids->commits);
  dms_did_unref (bids->requester);
  g_free (bids);
}

/* A request that is answered in a moment. */
typedef struct
{
  DmsBidder *bidder;
  DmsMessage *message;
  /* (nullable): what is to be answered instead of looking at it. */
  DmsBidRefusal *refusal;
  guint timer;
} DelayedRequest;

static void
delayed_request_free (gpointer data)
{
  DelayedRequest *delayed = data;

  g_clear_handle_id (&delayed->timer, g_source_remove);
  dms_message_unref (delayed->message);
  g_clear_pointer (&delayed->refusal, dms_bid_refusal_unref);
  g_free (delayed);
}

static void
dms_bidder_finalize (GObject *object)
{
  DmsBidder *self = DMS_BIDDER (object);

  g_clear_pointer (&self->delayed, g_hash_table_unref);
  g_clear_pointer (&self->ensembles, g_hash_table_unref);
  g_clear_pointer (&self->executors, g_hash_table_unref);
  g_clear_pointer (&self->refusals, g_hash_table_unref);
  g_clear_pointer (&self->location, dms_location_unref);
  g_clear_pointer (&self->refuser, dms_bid_refuser_free);
  g_clear_pointer (&self->offer, dms_bid_offer_unref);

  G_OBJECT_CLASS (dms_bidder_parent_class)->finalize (object);
}

static void
dms_bidder_class_init (DmsBidderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_bidder_finalize;
}

static void
dms_bidder_init (DmsBidder *self)
{
  self->ensembles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, bids_free);
  self->executors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->refusals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->delayed = g_hash_table_new_full (NULL, NULL, delayed_request_free, NULL);
}

/**
 * dms_bidder_new:
 * @provider: whose machine it offers
 *
 * Returns: (transfer full): the bidder, not ready yet
 */
DmsBidder *
dms_bidder_new (DmsProvider *provider)
{
  DmsBidder *self = g_object_new (DMS_TYPE_BIDDER, NULL);
  DmsConfig *config = dms_provider_get_config (provider);

  self->provider = provider;
  self->location = dms_location_new (dms_config_get_string (config, "general.host_continent"),
                                     dms_config_get_string (config, "general.host_country"),
                                     dms_config_get_string (config, "general.host_city"),
                                     0,
                                     NULL);
  self->refuser = dms_bid_refuser_new (config);
  self->offer = dms_bid_offer_new_from_config (config);
  return self;
}

void
dms_bidder_set_ready (DmsBidder *self, gboolean ready)
{
  g_return_if_fail (DMS_IS_BIDDER (self));

  self->ready = ready;
  if (!ready)
    g_hash_table_remove_all (self->delayed);
}

/* Executors */

/* An engine that hangs does not hold up the node: it is not available, until it answers. */
typedef struct
{
  guint pending;
  GSource *timer;
  gboolean over;
} Probe;

static void
probe_free (gpointer data)
{
  Probe *probe = data;

  g_source_destroy (probe->timer);
  g_source_unref (probe->timer);
  g_free (probe);
}

static void
conclude_probe (GTask *task)
{
  Probe *probe = g_task_get_task_data (task);

  g_source_destroy (probe->timer);
  if (probe->over)
    return;
  probe->over = TRUE;
  g_task_return_boolean (task, TRUE);
}

static gboolean
probed_long_enough (gpointer user_data)
{
  conclude_probe (user_data);
  return G_SOURCE_REMOVE;
}

static void
executor_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsBidder *self = g_task_get_source_object (task);
  Probe *probe = g_task_get_task_data (task);
  const char *id = dms_executor_get_id (DMS_EXECUTOR (source));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecutorProbe) answer = dms_executor_probe_finish (DMS_EXECUTOR (source), result, &error);

  if (answer != NULL && dms_executor_probe_get_available (answer))
    g_hash_table_add (self->executors, g_strdup (id));
  else if (g_hash_table_remove (self->executors, id) || answer == NULL)
    dms_log_event (G_LOG_LEVEL_INFO,
                   "executor_unavailable",
                   "executor",
                   id,
                   "error",
                   answer != NULL ? dms_executor_probe_get_reason (answer) : error->message,
                   NULL);
  if (--probe->pending == 0)
    conclude_probe (task);
}

/**
 * dms_bidder_probe_async:
 * @self: a bidder
 * @cancellable: (nullable): a cancellable
 * @callback: called when all have answered
 * @user_data: for @callback
 *
 * Asks every executor whether jobs can run.
 */
void
dms_bidder_probe_async (DmsBidder *self,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GPtrArray) executors = NULL;
  g_autoptr (GTask) task = NULL;
  Probe *probe = NULL;

  g_return_if_fail (DMS_IS_BIDDER (self));

  executors = dms_plugin_manager_list_executors (dms_provider_get_plugins (self->provider));
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_bidder_probe_async);
  g_task_set_check_cancellable (task, FALSE);
  probe = g_new0 (Probe, 1);
  probe->pending = executors->len;
  probe->timer = g_timeout_source_new (PROBE_MS);
  g_source_set_callback (probe->timer, probed_long_enough, g_object_ref (task), g_object_unref);
  g_source_attach (probe->timer, g_task_get_context (task));
  g_task_set_task_data (task, probe, probe_free);
  if (executors->len == 0)
    conclude_probe (task);
  for (guint i = 0; i < executors->len; i++)
    dms_executor_probe_async (
        g_ptr_array_index (executors, i), cancellable, executor_probed, g_object_ref (task));
}

gboolean
dms_bidder_probe_finish (DmsBidder *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * dms_bidder_dup_executors:
 * @self: a bidder
 *
 * Returns: (transfer full): the IDs of the executors that could run jobs when they were asked last
 */
GStrv
dms_bidder_dup_executors (DmsBidder *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer id;

  g_return_val_if_fail (DMS_IS_BIDDER (self), NULL);

  g_hash_table_iter_init (&iter, self->executors);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (names, g_strdup (id));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_steal (names, NULL);
}

/* Refusals */

static gboolean
refuse (DmsBidder *self, const char *ensemble_id, const char *reason, const char *detail)
{
  guint64 *count = g_hash_table_lookup (self->refusals, reason);

  if (count == NULL)
    {
      count = g_new0 (guint64, 1);
      g_hash_table_insert (self->refusals, g_strdup (reason), count);
    }
  ++*count;
  dms_log_event (G_LOG_LEVEL_INFO, reason, "orchestratorID", ensemble_id, "error", detail, NULL);
  return FALSE;
}

guint64
dms_bidder_get_refusals (DmsBidder *self, const char *reason)
{
  const guint64 *count = NULL;

  g_return_val_if_fail (DMS_IS_BIDDER (self), 0);

  count = g_hash_table_lookup (self->refusals, reason);
  return count != NULL ? *count : 0;
}

static const char *
get_node_id (JsonObject *request)
{
  const char *node_id = dms_json_object_get_text (request, "NodeID");

  return node_id != NULL && node_id[0] != '\0' && strlen (node_id) <= 256 ? node_id : NULL;
}

/* What this machine can do with so much of it. */
static DmsProfile *
make_offered (DmsBidder *self, DmsResources *resources)
{
  g_auto (GStrv) executors = dms_bidder_dup_executors (self);
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  g_autoptr (DmsProfile) able = dms_profile_with_executors (empty, (const char *const *) executors);

  return dms_profile_with_resources (able, resources);
}

/* (nullable): NULL when it cannot be understood. */
static DmsProfile *
make_required (JsonObject *request)
{
  g_autoptr (DmsResources) resources =
      dms_resources_new_from_json (dms_json_object_get_member (request, "Resources"), NULL);
  g_auto (GStrv) executors = dms_json_object_dup_texts (request, "Executors");
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  g_autoptr (DmsProfile) able = dms_profile_with_executors (empty, (const char *const *) executors);

  return resources != NULL ? dms_profile_with_resources (able, resources) : NULL;
}

/* Everything that stands in the way, not just what was come upon first: whoever asks for less of one thing
 * should know whether that will do. refusal: (nullable) */
static void
note_lacking (DmsBidder *self, DmsBidRefusal *refusal, JsonObject *request)
{
  g_autoptr (DmsHardware) machine = NULL;
  g_autoptr (DmsResources) lent = NULL;
  g_autoptr (DmsProfile) required = NULL;
  g_autoptr (DmsProfile) in_all = NULL;
  g_autoptr (DmsProfile) offered = NULL;

  if (refusal == NULL)
    return;
  required = make_required (request);
  machine = dms_inventory_dup_hardware (dms_provider_get_inventory (self->provider), NULL);
  lent = dms_ledger_dup_onboarded (dms_provider_get_ledger (self->provider), NULL);
  if (required == NULL || machine == NULL || lent == NULL)
    {
      dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_BAD_REQUEST, get_node_id (request), NULL);
      return;
    }
  in_all = make_offered (self, dms_hardware_get_total (machine));
  offered = make_offered (self, lent);
  dms_bid_refuser_note_profiles (refusal, get_node_id (request), offered, in_all, required);
}

/* One request of a message */

static GPtrArray *
read_locations (JsonObject *location, const char *name)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_location_unref);
  JsonArray *list = dms_json_object_get_list (location, name);
  guint n = list != NULL ? MIN (json_array_get_length (list), MAX_ITEMS) : 0;

  for (guint i = 0; i < n; i++)
    {
      DmsLocation *item = dms_location_new_from_json (json_array_get_element (list, i), NULL);
      if (item == NULL)
        return NULL;
      g_ptr_array_add (found, item);
    }
  return g_steal_pointer (&found);
}

static gboolean
check_location (DmsBidder *self, const char *id, JsonObject *request, DmsBidRefusal *refusal)
{
  JsonObject *location = dms_json_object_get_child (request, "Location");
  g_autoptr (GPtrArray) accept = read_locations (location, "accept");
  g_autoptr (GPtrArray) reject = read_locations (location, "reject");

  if (accept != NULL && reject != NULL && dms_location_satisfies (self->location, accept, reject))
    return TRUE;
  dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_LOCATION, get_node_id (request), "location");
  return refuse (self, id, "bid_request_location_constraints_not_satisfied", NULL);
}

static gboolean
check_executors (
    DmsBidder *self, const char *id, JsonObject *request, gboolean own, DmsBidRefusal *refusal)
{
  DmsConfig *config = dms_provider_get_config (self->provider);
  g_auto (GStrv) executors = dms_json_object_dup_texts (request, "Executors");
  JsonObject *general = dms_json_object_get_child (request, "GeneralRequirements");
  gboolean privileged = dms_json_object_get_flag (general, "PrivilegedDocker");
  DmsJobConsent needed =
      (dms_json_object_get_flag (general, "HostNetwork") ? DMS_JOB_CONSENT_HOST_NETWORK : 0) |
      (dms_json_object_get_flag (general, "HostRootfs") ? DMS_JOB_CONSENT_HOST_ROOTFS : 0);
  g_autoptr (GError) error = NULL;
  const char *why = NULL;

  for (gsize i = 0; executors != NULL && executors[i] != NULL; i++)
    {
      if (g_hash_table_contains (self->executors, executors[i]))
        continue;
      note_lacking (self, refusal, request);
      return refuse (self, id, "executor_unavailable", executors[i]);
    }
  if (privileged && !dms_config_get_bool (config, "job.allow_privileged_docker"))
    why = "privileged_docker_not_allowed";
  else if (!dms_job_consent_check (needed, config, own, &error))
    why = "consent_not_given";
  if (why == NULL)
    return TRUE;
  dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_PRIVILEGED, get_node_id (request), NULL);
  return refuse (self, id, why, error != NULL ? error->message : NULL);
}

/* (array-length) ports of a request; NULL when they are no ports. */
static GArray *
read_ports (JsonObject *request, guint *n_dynamic)
{
  JsonObject *ports = dms_json_object_get_child (request, "PublicPorts");
  JsonArray *list = dms_json_object_get_list (ports, "Static");
  guint n = list != NULL ? json_array_get_length (list) : 0;
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (guint16));

  *n_dynamic = (guint) dms_json_object_get_whole (ports, "Dynamic", 0, MAX_ITEMS, 0);
  if (n > MAX_ITEMS)
    return NULL;
  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (list, i);
      gint64 number = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
                          ? json_node_get_int (node)
                          : 0;
      guint16 port = (guint16) number;
      if (number < 1 || number > 65535)
        return NULL;
      g_array_append_val (found, port);
    }
  return g_steal_pointer (&found);
}

static gboolean
check_ports (DmsBidder *self, const char *id, JsonObject *request, DmsBidRefusal *refusal)
{
  g_autoptr (GError) error = NULL;
  guint n_dynamic = 0;
  g_autoptr (GArray) ports = read_ports (request, &n_dynamic);

  if (ports != NULL && dms_port_ledger_check (dms_provider_get_ports (self->provider),
                                              (guint16 *) (void *) ports->data,
                                              ports->len,
                                              n_dynamic,
                                              &error))
    return TRUE;
  dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_PORTS, get_node_id (request), "ports");
  return refuse (
      self, id, "no_resource_availability_for_bid", error != NULL ? error->message : "no valid ports");
}

static gboolean
check_resources (DmsBidder *self, const char *id, JsonObject *request, DmsBidRefusal *refusal)
{
  const char *node = get_node_id (request);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) required =
      dms_resources_new_from_json (dms_json_object_get_member (request, "Resources"), &error);
  g_autoptr (DmsHardware) machine = NULL;
  g_autoptr (DmsResources) assigned = NULL;
  g_autoptr (DmsFit) fit = NULL;
  g_autofree char *text = NULL;

  if (required == NULL)
    {
      dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_BAD_REQUEST, node, "resources");
      return refuse (self, id, "bid_requirements_not_satisfied", error->message);
    }
  machine = dms_inventory_dup_hardware (dms_provider_get_inventory (self->provider), &error);
  if (machine == NULL)
    return refuse (self, id, "bid_requirements_not_satisfied", error->message);
  /* The field wants more than is asked for; just enough is enough. */
  fit = dms_comparator_explain (dms_hardware_get_total (machine), required);
  text = dms_fit_describe (fit);
  if (!dms_fit_suffices (fit))
    {
      note_lacking (self, refusal, request);
      return refuse (self, id, "resource_not_better", text);
    }
  if (!check_ports (self, id, request, refusal))
    return FALSE;
  assigned = dms_ledger_fit (dms_provider_get_ledger (self->provider), required, &error);
  if (assigned != NULL)
    return TRUE;
  note_lacking (self, refusal, request);
  return refuse (self, id, "no_resource_availability_for_bid", error->message);
}

static void
answer (DmsBidder *self, DmsMessage *message, const char *ensemble_id, const char *node_id)
{
  g_autoptr (DmsBid) made = dms_bid_new_signed (dms_provider_get_key (self->provider),
                                                dms_actor_get_handle (dms_provider_get_root (self->provider)),
                                                ensemble_id,
                                                node_id,
                                                self->location);
  g_autoptr (DmsBid) bid = dms_bid_with_offer (made, self->offer);
  g_autoptr (JsonNode) payload = dms_bid_to_json (bid);
  g_autoptr (GError) error = NULL;

  if (dms_message_reply (message, payload, &error))
    dms_log_event (
        G_LOG_LEVEL_INFO, "sending_bid_response", "orchestratorID", ensemble_id, "node", node_id, NULL);
  else
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "bid_response_error",
                   "orchestratorID",
                   ensemble_id,
                   "error",
                   error->message,
                   NULL);
}

/* The whole message */

static const char *
get_own_host (DmsBidder *self)
{
  return dms_handle_get_host (dms_actor_get_handle (dms_provider_get_root (self->provider)));
}

static gboolean
check_message (DmsBidder *self,
               DmsMessage *message,
               const char *id,
               JsonObject *payload,
               gboolean own,
               DmsBidRefusalCode *code)
{
  const char *host = get_own_host (self);
  const char *from = dms_handle_get_host (dms_message_get_from (message));
  gboolean contracts =
      dms_config_get_bool (dms_provider_get_config (self->provider), "job.require_contracts_for_deployment");
  g_auto (GStrv) excluded = dms_json_object_dup_texts (payload, "PeerExclusion");

  *code = DMS_BID_REFUSAL_NOT_READY;
  if (!self->ready)
    return refuse (self, id, "not_ready_for_bids", NULL);
  /* Of these two the asker knows. */
  *code = DMS_BID_REFUSAL_N_CODES;
  /* It comes directly as well. */
  if (dms_message_get_topic (message)[0] != '\0' && g_strcmp0 (host, from) == 0)
    return FALSE;
  if (excluded != NULL && g_strv_contains ((const char *const *) excluded, host))
    return refuse (self, id, "bid_request_excluded_peer", NULL);
  *code = DMS_BID_REFUSAL_NOT_ONBOARDED;
  if (!dms_ledger_is_onboarded (dms_provider_get_ledger (self->provider)))
    return refuse (self, id, "node_not_onboarded_ignoring_bid_request", NULL);
  *code = DMS_BID_REFUSAL_CONTRACT;
  if (contracts && !own)
    {
      JsonNode *given = dms_json_object_get_member (payload, "Contracts");
      if (given == NULL || JSON_NODE_HOLDS_NULL (given))
        return refuse (self, id, "bid_request_missing_contracts_for_deployment", NULL);
      return refuse (self, id, "contract_verification_error", "contracts cannot be verified by this release");
    }
  return TRUE;
}

static Bids *
ensure_bids (DmsBidder *self, const char *ensemble_id, DmsDid *requester)
{
  Bids *bids = g_hash_table_lookup (self->ensembles, ensemble_id);

  /* Somebody else's ensemble of the same ID: whoever came first keeps it. */
  if (bids != NULL && !dms_did_equal (bids->requester, requester))
    return NULL;
  if (bids == NULL)
    {
      if (g_hash_table_size (self->ensembles) >= MAX_BIDS)
        return NULL;
      bids = g_new0 (Bids, 1);
      bids->requester = dms_did_ref (requester);
      bids->nonce = -1;
      bids->answered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      bids->commits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      g_hash_table_insert (self->ensembles, g_strdup (ensemble_id), bids);
    }
  bids->expires_us = g_get_real_time () + (gint64) BID_SECONDS * G_USEC_PER_SEC;
  return bids;
}

static gint64
get_nonce (JsonObject *payload)
{
  return dms_json_object_get_whole (payload, "Nonce", 0, G_MAXINT64, -1);
}

/* Names one request among those of an ensemble. */
static char *
make_answer_key (JsonObject *payload, JsonObject *request)
{
  const char *node_id = dms_json_object_get_text (request, "NodeID");

  return g_strdup_printf ("%" G_GINT64_FORMAT "/%.256s", get_nonce (payload), node_id != NULL ? node_id : "");
}

/* A request without a nonce is always a new one. */
static gboolean
was_answered (DmsBidder *self, const char *ensemble_id, JsonObject *payload, JsonObject *request)
{
  Bids *bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  g_autofree char *key = make_answer_key (payload, request);

  return bids != NULL && get_nonce (payload) >= 0 && g_hash_table_contains (bids->answered, key);
}

/* Whether it was answered. */
static gboolean
consider (DmsBidder *self,
          DmsMessage *message,
          const char *ensemble_id,
          JsonObject *payload,
          JsonObject *request,
          DmsBidRefusal *refusal)
{
  const char *node_id = get_node_id (request);
  g_autofree char *key = make_answer_key (payload, request);
  gboolean own = dms_provider_is_owner (self->provider, dms_message_get_sender_did (message));
  Bids *bids = NULL;

  if (node_id == NULL)
    return refuse (
        self, ensemble_id, "bid_requirements_not_satisfied", "a request must have V1 with a NodeID");
  if (!check_location (self, ensemble_id, request, refusal) ||
      !check_executors (self, ensemble_id, request, own, refusal) ||
      !check_resources (self, ensemble_id, request, refusal))
    return FALSE;

  bids = ensure_bids (self, ensemble_id, dms_message_get_sender_did (message));
  if (bids == NULL || g_hash_table_size (bids->answered) >= MAX_ANSWERED ||
      self->n_answered >= MAX_ANSWERED_IN_ALL)
    {
      dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_BUSY, node_id, NULL);
      return refuse (self, ensemble_id, "no_resource_availability_for_bid", "too many bids are open");
    }
  if (g_hash_table_add (bids->answered, g_steal_pointer (&key)))
    self->n_answered++;
  bids->nonce = MAX (bids->nonce, get_nonce (payload));
  answer (self, message, ensemble_id, node_id);
  return TRUE;
}

/* Fisher and Yates: nobody gets a node of an ensemble more often for being named first. */
static GPtrArray *
shuffle (JsonArray *requests)
{
  GPtrArray *order = g_ptr_array_new ();
  guint n = requests != NULL ? MIN (json_array_get_length (requests), MAX_REQUESTS) : 0;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (order, dms_json_node_get_child (json_array_get_element (requests, i)));
  for (guint i = n; i > 1; i--)
    {
      guint j = (guint) g_random_int_range (0, (gint32) i);
      gpointer other = order->pdata[j];
      order->pdata[j] = order->pdata[i - 1];
      order->pdata[i - 1] = other;
    }
  return order;
}

static JsonObject *
get_request (GPtrArray *order, guint i)
{
  return dms_json_object_get_child (g_ptr_array_index (order, i), "V1");
}

/* A machine serves one node of an ensemble, so it offers itself once. The same message may come by more than
 * one way: what it was answered with counts. */
static void
consider_all (DmsBidder *self, DmsMessage *message, const char *ensemble_id, JsonObject *payload)
{
  g_autoptr (GPtrArray) order = shuffle (dms_json_object_get_list (payload, "Request"));
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refuser_begin (self->refuser, message, ensemble_id);
  guint i = 0;

  for (i = 0; i < order->len; i++)
    {
      if (was_answered (self, ensemble_id, payload, get_request (order, i)))
        return;
    }
  for (i = 0; i < order->len; i++)
    {
      if (consider (self, message, ensemble_id, payload, get_request (order, i), refusal))
        return;
    }
  if (refusal != NULL)
    dms_bid_refuser_tell (self->refuser, message, refusal);
}

static gboolean
answer_delayed (gpointer user_data)
{
  DelayedRequest *delayed = user_data;
  JsonObject *payload = dms_message_get_object (delayed->message);

  delayed->timer = 0;
  if (dms_message_get_expiry_ns (delayed->message) <= dms_actor_expiry_in (0))
    dms_log_event (G_LOG_LEVEL_DEBUG,
                   "bid_request_expired",
                   "orchestratorID",
                   dms_json_object_get_text (payload, "ID"),
                   NULL);
  else if (delayed->refusal != NULL)
    dms_bid_refuser_tell (delayed->bidder->refuser, delayed->message, delayed->refusal);
  else
    consider_all (delayed->bidder, delayed->message, dms_json_object_get_text (payload, "ID"), payload);
  g_hash_table_remove (delayed->bidder->delayed, delayed);
  return G_SOURCE_REMOVE;
}

/* FALSE when there are enough that wait, or none of it is wanted. refusal: (nullable) */
static gboolean
delay (DmsBidder *self, DmsMessage *message, guint spread_ms, DmsBidRefusal *refusal)
{
  DelayedRequest *delayed;

  if (spread_ms == 0 || g_hash_table_size (self->delayed) >= MAX_DELAYED)
    return FALSE;
  delayed = g_new0 (DelayedRequest, 1);
  delayed->bidder = self;
  delayed->message = dms_message_ref (message);
  delayed->refusal = refusal != NULL ? dms_bid_refusal_ref (refusal) : NULL;
  delayed->timer =
      g_timeout_add ((guint) g_random_int_range (0, (gint32) spread_ms), answer_delayed, delayed);
  g_hash_table_add (self->delayed, delayed);
  return TRUE;
}

/* What stands in the way of all nodes of the ensemble. */
static void
refuse_all (DmsBidder *self, DmsMessage *message, const char *ensemble_id, DmsBidRefusalCode code)
{
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refuser_begin (self->refuser, message, ensemble_id);
  DmsBidSample sample = { 0 };

  if (refusal == NULL || code == DMS_BID_REFUSAL_N_CODES)
    return;
  dms_bid_refuser_note (refusal, code, "", NULL);
  if (dms_message_get_topic (message)[0] == '\0')
    dms_bid_refuser_tell (self->refuser, message, refusal);
  else if (dms_bid_sample_read (&sample, dms_message_get_object (message)) &&
           dms_bid_sample_has (
               &sample, ensemble_id, get_nonce (dms_message_get_object (message)), get_own_host (self)) &&
           !delay (self, message, sample.spread_ms, refusal))
    dms_bid_refuser_tell (self->refuser, message, refusal);
}

/**
 * dms_bidder_handle_request:
 * @self: a bidder
 * @message: a request for bids
 *
 * Answers with a bid for one node of the ensemble that this machine could run, any of them. What it cannot
 * run is dropped in silence, as the protocol wants it, unless the request asks for the reason.
 */
void
dms_bidder_handle_request (DmsBidder *self, DmsMessage *message)
{
  JsonObject *payload = dms_message_get_object (message);
  const char *ensemble_id = dms_json_object_get_text (payload, "ID");
  g_autofree char *any_id = ensemble_id != NULL ? g_strdup_printf ("%.128s_x", ensemble_id) : NULL;
  DmsBidRefusalCode code;
  gboolean own;
  DmsBidSample sample;

  g_return_if_fail (DMS_IS_BIDDER (self));

  if (!dms_allocation_record_check_id (any_id, ensemble_id, NULL))
    {
      refuse (self, NULL, "bid_requirements_not_satisfied", "a request must have an ensemble's ID");
      return;
    }
  dms_log_event (G_LOG_LEVEL_DEBUG, "bid_request", "orchestratorID", ensemble_id, NULL);
  own = dms_provider_is_owner (self->provider, dms_message_get_sender_did (message));
  if (!check_message (self, message, ensemble_id, payload, own, &code))
    {
      refuse_all (self, message, ensemble_id, code);
      return;
    }

  if (dms_message_get_topic (message)[0] == '\0' || !dms_bid_sample_read (&sample, payload))
    {
      consider_all (self, message, ensemble_id, payload);
      return;
    }
  if (!dms_bid_sample_has (&sample, ensemble_id, get_nonce (payload), get_own_host (self)))
    {
      refuse (self, ensemble_id, "bid_request_not_in_sample", NULL);
      return;
    }
  if (!delay (self, message, sample.spread_ms, NULL))
    consider_all (self, message, ensemble_id, payload);
}

void
dms_bidder_handle_denied (DmsBidder *self, DmsMessage *message)
{
  const char *ensemble_id = dms_json_object_get_text (dms_message_get_object (message), "ID");
  g_autofree char *any_id = ensemble_id != NULL ? g_strdup_printf ("%.128s_x", ensemble_id) : NULL;

  g_return_if_fail (DMS_IS_BIDDER (self));

  if (self->ready && dms_bid_refuser_tells_strangers (self->refuser) &&
      dms_allocation_record_check_id (any_id, ensemble_id, NULL))
    refuse_all (self, message, ensemble_id, DMS_BID_REFUSAL_NOT_GRANTED);
}

/**
 * dms_bidder_check:
 * @self: a bidder
 * @ensemble_id: an ensemble
 * @requester: who asks for what was offered
 * @nonce: that of the newest request when it was asked; -1 where the requester does not say
 * @error: return location
 *
 * What belongs to an earlier attempt than the newest one that was answered came late: its requester has taken
 * it back already.
 *
 * Returns: when the offer ends, in microseconds since the epoch; 0 when there is none
 */
gint64
dms_bidder_check (DmsBidder *self, const char *ensemble_id, DmsDid *requester, gint64 nonce, GError **error)
{
  Bids *bids = NULL;

  g_return_val_if_fail (DMS_IS_BIDDER (self), 0);

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  if (bids == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "no bid requests for ensemble id %s", ensemble_id);
      return 0;
    }
  if (!dms_did_equal (bids->requester, requester))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_AUTHORIZED,
                   "the bid for ensemble id %s was made to somebody else",
                   ensemble_id);
      return 0;
    }
  if (bids->expires_us <= g_get_real_time ())
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_EXPIRED, "the bid for ensemble id %s has expired", ensemble_id);
      return 0;
    }
  if (nonce >= 0 && nonce < bids->nonce)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_WRONG_STATE,
                   "this belongs to an earlier attempt of ensemble %s, which has asked anew since",
                   ensemble_id);
      return 0;
    }
  return bids->expires_us;
}

/**
 * dms_bidder_note_commit:
 * @self: a bidder
 * @ensemble_id: an ensemble that was offered something
 * @allocation_id: what was committed for
 * @nonce: what the commit said
 *
 * Keeps which attempt a commit belongs to, as long as the offer lasts.
 */
void
dms_bidder_note_commit (DmsBidder *self, const char *ensemble_id, const char *allocation_id, gint64 nonce)
{
  Bids *bids = NULL;

  g_return_if_fail (DMS_IS_BIDDER (self));

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  if (bids != NULL)
    g_hash_table_replace (bids->commits, g_strdup (allocation_id), g_memdup2 (&nonce, sizeof nonce));
}

/**
 * dms_bidder_get_commit:
 * @self: a bidder
 * @ensemble_id: an ensemble
 * @allocation_id: what was committed for
 *
 * Returns: what the commit said about its attempt; -1 if it did not, or is not known
 */
gint64
dms_bidder_get_commit (DmsBidder *self, const char *ensemble_id, const char *allocation_id)
{
  Bids *bids = NULL;
  const gint64 *nonce = NULL;

  g_return_val_if_fail (DMS_IS_BIDDER (self), -1);

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  nonce = bids != NULL ? g_hash_table_lookup (bids->commits, allocation_id) : NULL;
  return nonce != NULL ? *nonce : -1;
}

/* (nullable) */
static void
forget_bids (DmsBidder *self, Bids *bids)
{
  if (bids != NULL)
    self->n_answered -= g_hash_table_size (bids->answered);
}

/**
 * dms_bidder_forget:
 * @self: a bidder
 * @ensemble_id: an ensemble
 * @nonce: offers that answer newer requests stay; -1: none does
 *
 * Takes back what was offered.
 */
void
dms_bidder_forget (DmsBidder *self, const char *ensemble_id, gint64 nonce)
{
  Bids *bids = NULL;

  g_return_if_fail (DMS_IS_BIDDER (self));

  bids = g_hash_table_lookup (self->ensembles, ensemble_id);
  if (bids != NULL && nonce >= 0 && bids->nonce > nonce)
    return;
  forget_bids (self, bids);
  g_hash_table_remove (self->ensembles, ensemble_id);
}

gint64
dms_bidder_get_longest_us (void)
{
  return (gint64) BID_SECONDS * G_USEC_PER_SEC;
}

void
dms_bidder_sweep (DmsBidder *self)
{
  gint64 now = g_get_real_time ();
  GHashTableIter iter;
  gpointer bids;

  g_return_if_fail (DMS_IS_BIDDER (self));

  g_hash_table_iter_init (&iter, self->ensembles);
  while (g_hash_table_iter_next (&iter, NULL, &bids))
    {
      /* Nor do offers last longer where the clock was put back. */
      ((Bids *) bids)->expires_us = MIN (((Bids *) bids)->expires_us, now + dms_bidder_get_longest_us ());
      if (((Bids *) bids)->expires_us > now)
        continue;
      forget_bids (self, bids);
      g_hash_table_iter_remove (&iter);
    }
}
