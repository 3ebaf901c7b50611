/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "common/dms-json-object.h"
#include "identity/dms-base32.h"
#include "jobs/dms-port-config.h"
#include "provider/dms-bid-requirement.h"
#include "provider/dms-job-consent.h"

#include <string.h>

enum
{
  /* Peers that have bid and need not do so again. */
  MAX_EXCLUDED = 256,
};

/* What a node of the ensemble needs, as a machine is asked for it (orchestration.md 3.1), and as its answer
 * is judged. Where a part of the node runs already, only what is added is asked for. */

DmsResources *
dms_deployment_sum_resources (DeployNode *node)
{
  g_autoptr (DmsResources) sum = dms_resources_new_empty ();
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  double clock = 0;
  const char *architecture = NULL;
  DmsCpu *cpu;
  g_autoptr (DmsCpu) full = NULL;

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];
      DmsResources *wanted = dms_allocation_config_get_resources (allocation->config);
      DmsResources *added;

      if (allocation->settled)
        continue;
      added = dms_resources_add (sum, wanted);
      clock = MAX (clock, dms_cpu_get_clock_hz (dms_resources_get_cpu (wanted)));
      if (dms_cpu_get_architecture (dms_resources_get_cpu (wanted)) != NULL)
        architecture = dms_cpu_get_architecture (dms_resources_get_cpu (wanted));
      dms_resources_unref (sum);
      sum = added;
      /* Each asks for a GPU of its own, also where several leave the index open. */
      for (guint j = 0; j < dms_resources_get_gpus (wanted)->len; j++)
        g_ptr_array_add (gpus, dms_gpu_ref (dms_resources_get_gpus (wanted)->pdata[j]));
    }
  cpu = dms_resources_get_cpu (sum);
  full = dms_cpu_new_full (dms_cpu_get_cores (cpu), clock, NULL, NULL, architecture, 0, 0);
  return dms_resources_new (full, dms_resources_get_ram (sum), dms_resources_get_disk (sum), gpus);
}

static gboolean
is_privileged (DeployNode *node)
{
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (!allocation->settled &&
          dms_json_object_get_flag (dms_allocation_config_get_params (allocation->config), "privileged"))
        return TRUE;
    }
  return FALSE;
}

static DmsJobConsent
get_consent (DeployNode *node)
{
  DmsJobConsent consent = DMS_JOB_CONSENT_NONE;

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (!allocation->settled)
        consent |= dms_job_consent_of_params (dms_allocation_config_get_params (allocation->config));
    }
  return consent;
}

GStrv
dms_deployment_list_executors (DeployNode *node)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];
      const char *executor = dms_allocation_config_get_executor (allocation->config);

      if (!allocation->settled && !g_ptr_array_find_with_equal_func (names, executor, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (executor));
    }
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_steal (names, NULL);
}

static JsonArray *
write_executors (DeployNode *node)
{
  g_auto (GStrv) names = dms_deployment_list_executors (node);
  JsonArray *executors = json_array_new ();

  for (guint i = 0; names[i] != NULL; i++)
    json_array_add_string_element (executors, names[i]);
  return executors;
}

/* Its ports are taken already. */
static gboolean
is_settled (DeployNode *node, const char *name)
{
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (strcmp (dms_allocation_config_get_name (allocation->config), name) == 0)
        return allocation->settled;
    }
  return FALSE;
}

static JsonObject *
write_ports (DeployNode *node)
{
  GPtrArray *ports = dms_node_config_get_ports (node->config);
  JsonObject *object = json_object_new ();
  JsonArray *static_ports = json_array_new ();
  guint n_dynamic = 0;

  for (guint i = 0; i < ports->len; i++)
    {
      guint16 port = dms_port_config_get_public (ports->pdata[i]);

      if (is_settled (node, dms_port_config_get_allocation (ports->pdata[i])))
        continue;
      if (port == 0)
        n_dynamic++;
      else
        json_array_add_int_element (static_ports, port);
    }
  json_object_set_array_member (object, "Static", static_ports);
  json_object_set_int_member (object, "Dynamic", n_dynamic);
  return object;
}

DmsProfile *
dms_deployment_sum_required (DeployNode *node)
{
  g_autoptr (DmsProfile) all =
      dms_requirement_tighten (dms_node_config_get_required (node->config), NULL, NULL);

  for (guint i = 0; all != NULL && i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];
      DmsProfile *both;

      if (allocation->settled)
        continue;
      both = dms_requirement_tighten (all, dms_allocation_config_get_required (allocation->config), NULL);
      dms_profile_unref (all);
      all = both;
    }
  return g_steal_pointer (&all);
}

JsonObject *
dms_deployment_make_request (DeployNode *node)
{
  g_autoptr (DmsResources) resources = dms_deployment_sum_resources (node);
  g_autoptr (DmsProfile) required = dms_deployment_sum_required (node);
  JsonObject *request = json_object_new ();
  JsonObject *body = json_object_new ();
  JsonObject *general = json_object_new ();
  DmsJobConsent consent = get_consent (node);

  json_object_set_boolean_member (general, "PrivilegedDocker", is_privileged (node));
  if ((consent & DMS_JOB_CONSENT_HOST_NETWORK) != 0)
    json_object_set_boolean_member (general, "HostNetwork", TRUE);
  if ((consent & DMS_JOB_CONSENT_HOST_ROOTFS) != 0)
    json_object_set_boolean_member (general, "HostRootfs", TRUE);
  json_object_set_string_member (body, "NodeID", node->name);
  json_object_set_array_member (body, "Executors", write_executors (node));
  json_object_set_member (body, "Resources", dms_resources_to_json (resources));
  json_object_set_member (body, "Location", dms_node_config_location_to_json (node->config));
  json_object_set_object_member (body, "PublicPorts", write_ports (node));
  json_object_set_object_member (body, "GeneralRequirements", general);
  dms_bid_requirement_write (required, body);
  json_object_set_object_member (request, "V1", body);
  return request;
}

DmsRefusalNeed *
dms_deployment_make_need (DeployNode *node)
{
  g_autoptr (DmsResources) resources = dms_deployment_sum_resources (node);
  g_autoptr (DmsProfile) required = dms_deployment_sum_required (node);
  DmsRefusalNeed *need = dms_refusal_need_new (node->name, resources);

  need->located =
      dms_node_config_get_accept (node->config)->len + dms_node_config_get_reject (node->config)->len > 0;
  need->privileged = is_privileged (node);
  need->n_ports = dms_node_config_get_ports (node->config)->len;
  dms_refusal_need_set_required (need, required);
  return need;
}

gboolean
dms_deployment_node_is_missing (DeployNode *node)
{
  return dms_deployment_node_is_open (node) && node->bids->len == 0 &&
         dms_deployment_node_get_peer (node) == NULL;
}

/* Excluded by the ensemble, and those whose offers are kept. */
static JsonArray *
make_exclusion (DmsDeployment *self)
{
  const char *const *excluded = dms_ensemble_get_exclude_peers (self->ensemble);
  JsonArray *exclusion = json_array_new ();

  for (guint i = 0; excluded[i] != NULL; i++)
    json_array_add_string_element (exclusion, excluded[i]);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      GPtrArray *bids = node->bids;

      if (!dms_deployment_node_is_open (node) && node->bid != NULL)
        json_array_add_string_element (exclusion, dms_bid_get_peer (node->bid));
      for (guint j = 0; j < bids->len && json_array_get_length (exclusion) < MAX_EXCLUDED; j++)
        json_array_add_string_element (exclusion, dms_bid_get_peer (bids->pdata[j]));
    }
  return exclusion;
}

JsonNode *
dms_deployment_make_ensemble_request (DmsDeployment *self, DeployNode *only)
{
  JsonNode *payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *requests = json_array_new ();

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (only == NULL ? dms_deployment_node_is_missing (node) : node == only)
        json_array_add_object_element (requests, dms_deployment_make_request (node));
    }
  json_object_set_string_member (object, "ID", self->id);
  json_object_set_int_member (object, "Nonce", (gint64) ++self->round);
  json_object_set_array_member (object, "PeerExclusion", make_exclusion (self));
  json_object_set_array_member (object, "Request", requests);
  json_node_take_object (payload, object);
  return payload;
}

DmsHandle *
dms_deployment_make_root_handle (DmsDeployment *self, const char *peer)
{
  g_autoptr (DmsPeerId) peer_id = NULL;
  g_autoptr (DmsDid) did = NULL;
  g_autofree char *id = NULL;
  guint8 key[32];

  if (strcmp (peer, dms_handle_get_host (dms_actor_get_handle (self->root))) == 0)
    return dms_handle_ref (dms_actor_get_handle (self->root));
  peer_id = dms_peer_id_new (peer, NULL);
  if (peer_id == NULL || !dms_peer_id_get_ed25519 (peer_id, key))
    return NULL;
  did = dms_did_new_for_ed25519 (key);
  id = dms_base32_encode_id (key);
  return dms_handle_new (id, did, peer, "root");
}
