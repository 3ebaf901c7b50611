/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-status-behaviours.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>

/* Members of the configuration that nobody else may read. */
static const char *const secrets[] = {
  "api_key", "secret_token", "ethereum_rpc_token", "block_frost_api_key", "elasticsearch_api_key", NULL,
};

static void hide_secrets (JsonObject *object);

static void
hide_secrets_in_member (JsonObject *object, const char *name, JsonNode *node, gpointer user_data)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    hide_secrets (json_node_get_object (node));
}

static void
hide_secrets (JsonObject *object)
{
  for (guint i = 0; secrets[i] != NULL; i++)
    if (json_object_has_member (object, secrets[i]))
      json_object_set_string_member (object, secrets[i], "");

  json_object_foreach_member (object, hide_secrets_in_member, NULL);
}

static JsonObject *
interface_named (GHashTable *seen, JsonArray *interfaces, const char *name)
{
  JsonObject *object = g_hash_table_lookup (seen, name);

  if (object != NULL)
    return object;

  object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_array_member (object, "ip", json_array_new ());
  json_object_set_string_member (object, "mac_address", "");
  json_array_add_object_element (interfaces, object);
  g_hash_table_insert (seen, g_strdup (name), object);
  return object;
}

static void
add_mac_address (JsonObject *object, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/sys/class/net/%s/address", name);
  g_autofree char *text = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    json_object_set_string_member (object, "mac_address", g_strstrip (text));
}

static JsonArray *
list_interfaces (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  JsonArray *interfaces = json_array_new ();
  struct ifaddrs *addresses = NULL;

  if (getifaddrs (&addresses) < 0)
    return interfaces;

  for (struct ifaddrs *each = addresses; each != NULL; each = each->ifa_next)
    {
      JsonObject *object = interface_named (seen, interfaces, each->ifa_name);
      char text[NI_MAXHOST];
      socklen_t size;

      if (each->ifa_addr == NULL)
        continue;
      size =
          each->ifa_addr->sa_family == AF_INET ? sizeof (struct sockaddr_in) : sizeof (struct sockaddr_in6);
      if (each->ifa_addr->sa_family != AF_INET && each->ifa_addr->sa_family != AF_INET6)
        add_mac_address (object, each->ifa_name);
      else if (getnameinfo (each->ifa_addr, size, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
        json_array_add_string_element (json_object_get_array_member (object, "ip"), text);
    }

  freeifaddrs (addresses);
  return interfaces;
}

/* What failed goes into "errors"; the member then shows nothing, and the rest of the status stays. */
static void
set_resources (JsonObject *object,
               const char *name,
               DmsResources *resources,
               GError *error,
               JsonArray *errors)
{
  g_autoptr (DmsResources) nothing = dms_resources_new_empty ();

  if (error != NULL && !g_error_matches (error, DMS_ERROR, DMS_ERROR_WRONG_STATE))
    json_array_add_string_element (errors, error->message);
  json_object_set_member (object, name, dms_resources_to_json (resources != NULL ? resources : nothing));
}

static JsonObject *
build_resources (DmsNode *node, JsonArray *errors)
{
  DmsLedger *ledger = dms_provider_get_ledger (dms_node_get_provider (node));
  DmsInventory *inventory = dms_provider_get_inventory (dms_node_get_provider (node));
  JsonObject *object = json_object_new ();
  g_autoptr (GError) hardware_error = NULL;
  g_autoptr (GError) onboarded_error = NULL;
  g_autoptr (GError) allocated_error = NULL;
  g_autoptr (GError) free_error = NULL;
  g_autoptr (DmsHardware) hardware = dms_inventory_dup_hardware (inventory, &hardware_error);
  g_autoptr (DmsResources) onboarded = dms_ledger_dup_onboarded (ledger, &onboarded_error);
  g_autoptr (DmsResources) allocated = dms_ledger_dup_allocated (ledger, &allocated_error);
  g_autoptr (DmsResources) left = dms_ledger_dup_free (ledger, &free_error);

  set_resources (
      object, "total", hardware != NULL ? dms_hardware_get_total (hardware) : NULL, hardware_error, errors);
  set_resources (object, "onboarded", onboarded, onboarded_error, errors);
  set_resources (object, "allocated", allocated, allocated_error, errors);
  set_resources (object, "free", left, free_error, errors);
  return object;
}

static JsonObject *
build_status (DmsNode *node)
{
  DmsTransport *transport = dms_node_get_transport (node);
  g_autoptr (JsonNode) config = dms_config_dup_json (dms_node_get_config (node), NULL);
  g_autofree char *addresses = dms_node_dup_listen_text (node);
  g_autoptr (DmsPeerId) peer = dms_transport_dup_peer_id (transport);
  JsonArray *errors = json_array_new ();
  JsonObject *status = json_object_new ();
  JsonObject *network = json_object_new ();
  JsonObject *p2p = json_object_new ();

  hide_secrets (json_node_get_object (config));

  json_object_set_string_member (p2p, "id", dms_peer_id_get_text (peer));
  json_object_set_string_member (p2p, "listen_addr", addresses);
  json_object_set_array_member (network, "interfaces", list_interfaces ());
  json_object_set_object_member (network, "p2p", p2p);

  json_object_set_string_member (status, "hostname", g_get_host_name ());
  json_object_set_string_member (
      status, "did", dms_did_get_uri (dms_capability_context_get_did (dms_node_get_capabilities (node))));
  json_object_set_object_member (status, "network", network);
  json_object_set_boolean_member (
      status, "onboarded", dms_ledger_is_onboarded (dms_provider_get_ledger (dms_node_get_provider (node))));
  json_object_set_object_member (status, "resources", build_resources (node, errors));
  json_object_set_member (status, "config", g_steal_pointer (&config));
  json_object_set_array_member (status, "errors", errors);
  return status;
}

static void
on_status (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsNode *node = user_data;
  DmsActorRegistry *registry = dms_node_get_registry (node);
  JsonObject *reply = json_object_new ();
  JsonObject *status = build_status (node);

  /* An addition of ours, for the owner: whom we refuse and why is not for everybody on a topic. */
  if (*dms_message_get_topic (message) == '\0')
    json_object_set_object_member (
        status, "refusals", dms_refusals_to_json (dms_actor_registry_get_refusal_log (registry)));
  json_object_set_object_member (reply, dms_actor_registry_get_host (registry), status);
  dms_message_reply_object (message, reply);
}

void
dms_status_behaviours_install (DmsNode *node)
{
  DmsActor *root = dms_node_get_root (node);

  dms_actor_add_behaviour (root, "/dms/node/status", DMS_BEHAVIOUR_REQUIRE, on_status, node, NULL);
  dms_actor_add_broadcast (root, "/broadcast/dms/status", "/nunet/status", on_status, node, NULL);
}
