/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bidder-private.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-job-consent.h"
#include "resources/dms-comparator.h"
#include "resources/dms-fit.h"

#include <string.h>

/* What stands in the way of a bid. */

enum
{
  MAX_ITEMS = 1024,
};

gboolean
dms_bidder_refuse (DmsBidder *self, const char *ensemble_id, const char *reason, const char *detail)
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

const char *
dms_bidder_get_node_id (JsonObject *request)
{
  const char *node_id = dms_json_object_get_text (request, "NodeID");

  return node_id != NULL && node_id[0] != '\0' && strlen (node_id) <= 256 ? node_id : NULL;
}

/* Everything that stands in the way, not just what was come upon first. refusal: (nullable) */
static void
note_lacking (DmsBidder *self, DmsBidRefusal *refusal, JsonObject *request)
{
  g_auto (GStrv) executors = NULL;
  g_autoptr (DmsHardware) machine = NULL;
  g_autoptr (DmsResources) lent = NULL;

  if (refusal == NULL)
    return;
  executors = dms_bidder_dup_executors (self);
  machine = dms_inventory_dup_hardware (dms_provider_get_inventory (self->provider), NULL);
  lent = dms_ledger_dup_onboarded (dms_provider_get_ledger (self->provider), NULL);
  if (machine != NULL && lent != NULL)
    dms_bid_refuser_note_lacking (refusal,
                                  dms_bidder_get_node_id (request),
                                  request,
                                  (const char *const *) executors,
                                  lent,
                                  dms_hardware_get_total (machine));
  dms_bidder_note_wants (self, request, refusal);
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
  dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_LOCATION, dms_bidder_get_node_id (request), "location");
  return dms_bidder_refuse (self, id, "bid_request_location_constraints_not_satisfied", NULL);
}

static gboolean
check_executors (DmsBidder *self, const char *id, JsonObject *request, gboolean own, DmsBidRefusal *refusal)
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
      return dms_bidder_refuse (self, id, "executor_unavailable", executors[i]);
    }
  if (privileged && !dms_config_get_bool (config, "job.allow_privileged_docker"))
    why = "privileged_docker_not_allowed";
  else if (!dms_job_consent_check (needed, config, own, &error))
    why = "consent_not_given";
  if (why == NULL)
    return TRUE;
  dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_PRIVILEGED, dms_bidder_get_node_id (request), NULL);
  return dms_bidder_refuse (self, id, why, error != NULL ? error->message : NULL);
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
  dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_PORTS, dms_bidder_get_node_id (request), "ports");
  return dms_bidder_refuse (
      self, id, "no_resource_availability_for_bid", error != NULL ? error->message : "no valid ports");
}

static gboolean
check_resources (DmsBidder *self, const char *id, JsonObject *request, DmsBidRefusal *refusal)
{
  const char *node = dms_bidder_get_node_id (request);
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
      return dms_bidder_refuse (self, id, "bid_requirements_not_satisfied", error->message);
    }
  machine = dms_inventory_dup_hardware (dms_provider_get_inventory (self->provider), &error);
  if (machine == NULL)
    return dms_bidder_refuse (self, id, "bid_requirements_not_satisfied", error->message);
  /* The field wants more than is asked for; just enough is enough. */
  fit = dms_comparator_explain (dms_hardware_get_total (machine), required);
  text = dms_fit_describe (fit);
  if (!dms_fit_suffices (fit))
    {
      note_lacking (self, refusal, request);
      return dms_bidder_refuse (self, id, "resource_not_better", text);
    }
  if (!check_ports (self, id, request, refusal))
    return FALSE;
  assigned = dms_ledger_fit (dms_provider_get_ledger (self->provider), required, &error);
  if (assigned != NULL)
    return TRUE;
  note_lacking (self, refusal, request);
  return dms_bidder_refuse (self, id, "no_resource_availability_for_bid", error->message);
}

gboolean
dms_bidder_check_request (DmsBidder *self,
                          const char *id,
                          JsonObject *request,
                          gboolean own,
                          DmsBidRefusal *refusal)
{
  if (dms_bidder_get_node_id (request) == NULL)
    return dms_bidder_refuse (
        self, id, "bid_requirements_not_satisfied", "a request must have V1 with a NodeID");
  return check_location (self, id, request, refusal) && check_executors (self, id, request, own, refusal) &&
         check_resources (self, id, request, refusal) && dms_bidder_check_wants (self, id, request, refusal);
}

/* The whole message */

const char *
dms_bidder_get_own_host (DmsBidder *self)
{
  return dms_handle_get_host (dms_actor_get_handle (dms_provider_get_root (self->provider)));
}

gboolean
dms_bidder_check_message (DmsBidder *self,
                          DmsMessage *message,
                          const char *id,
                          JsonObject *payload,
                          gboolean own,
                          DmsBidRefusalCode *code)
{
  const char *host = dms_bidder_get_own_host (self);
  const char *from = dms_handle_get_host (dms_message_get_from (message));
  gboolean contracts =
      dms_config_get_bool (dms_provider_get_config (self->provider), "job.require_contracts_for_deployment");
  g_auto (GStrv) excluded = dms_json_object_dup_texts (payload, "PeerExclusion");

  *code = DMS_BID_REFUSAL_NOT_READY;
  if (!self->ready)
    return dms_bidder_refuse (self, id, "not_ready_for_bids", NULL);
  /* Of these two the asker knows. */
  *code = DMS_BID_REFUSAL_N_CODES;
  /* It comes directly as well. */
  if (dms_message_get_topic (message)[0] != '\0' && g_strcmp0 (host, from) == 0)
    return FALSE;
  if (excluded != NULL && g_strv_contains ((const char *const *) excluded, host))
    return dms_bidder_refuse (self, id, "bid_request_excluded_peer", NULL);
  *code = DMS_BID_REFUSAL_NOT_ONBOARDED;
  if (!dms_ledger_is_onboarded (dms_provider_get_ledger (self->provider)))
    return dms_bidder_refuse (self, id, "node_not_onboarded_ignoring_bid_request", NULL);
  *code = DMS_BID_REFUSAL_CONTRACT;
  if (contracts && !own)
    {
      JsonNode *given = dms_json_object_get_member (payload, "Contracts");
      if (given == NULL || JSON_NODE_HOLDS_NULL (given))
        return dms_bidder_refuse (self, id, "bid_request_missing_contracts_for_deployment", NULL);
      return dms_bidder_refuse (
          self, id, "contract_verification_error", "contracts cannot be verified by this release");
    }
  return TRUE;
}

gint64
dms_bidder_get_nonce (JsonObject *payload)
{
  return dms_json_object_get_whole (payload, "Nonce", 0, G_MAXINT64, -1);
}
