/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "resources/dms-location.h"

/* A deployment that is a question only: who would get it, and why. It goes the way of every deployment up to
 * the choice of machines: there committing, trying again and failing end it instead. */

void
dms_deployment_set_planning (DmsDeployment *self)
{
  self->planning = TRUE;
}

JsonNode *
dms_deployment_get_plan (DmsDeployment *self)
{
  return self->plan;
}

static JsonObject *
describe_bid (DmsDeployment *self, DmsBid *bid)
{
  JsonObject *object = json_object_new ();
  DmsLocation *location = dms_bid_get_location (bid);

  json_object_set_string_member (object, "peer", dms_bid_get_peer (bid));
  if (location != NULL)
    json_object_set_member (object, "location", dms_location_to_json (location));
  json_object_set_string_member (
      object, "way", dms_deployment_way_to_string (dms_deployment_get_way (self, dms_bid_get_peer (bid))));
  return object;
}

static JsonObject *
describe_node (DmsDeployment *self, DeployNode *node)
{
  JsonObject *object = node->bid != NULL ? describe_bid (self, node->bid) : json_object_new ();
  JsonArray *allocations = json_array_new ();
  JsonArray *offers = json_array_new ();

  json_object_set_string_member (object, "name", node->name);
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      json_array_add_string_element (allocations, dms_allocation_config_get_name (allocation->config));
    }
  for (guint i = 0; i < node->bids->len; i++)
    json_array_add_object_element (offers, describe_bid (self, node->bids->pdata[i]));
  json_object_set_array_member (object, "allocations", allocations);
  json_object_set_array_member (object, "offers", offers);
  return object;
}

void
dms_deployment_end_plan (DmsDeployment *self, const char *why)
{
  g_autofree char *asked = dms_deployment_describe_asking (self);
  g_autofree char *problem = g_strdup (why);
  g_autoptr (JsonObject) plan = json_object_new ();
  JsonArray *nodes = json_array_new ();

  dms_deployment_next_step (self);
  dms_deployment_stop_asking (self);
  json_object_set_boolean_member (plan, "possible", problem == NULL);
  json_object_set_string_member (plan, "error", problem != NULL ? problem : "");
  json_object_set_string_member (plan, "asked", asked);
  for (guint i = 0; i < self->nodes->len; i++)
    json_array_add_object_element (nodes, describe_node (self, self->nodes->pdata[i]));
  json_object_set_array_member (plan, "nodes", nodes);
  json_object_set_member (plan, "why", dms_deployment_dup_why (self));
  g_clear_pointer (&self->plan, json_node_unref);
  self->plan = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (self->plan, plan);
  dms_deployment_finish (self, problem == NULL ? DMS_DEPLOYMENT_COMPLETED : DMS_DEPLOYMENT_FAILED);
}
