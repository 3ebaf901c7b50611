/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-params.h"

#include <string.h>

#include "autonat/dms-p2p-autonat.h"
#include "relay/dms-p2p-auto-relay.h"
#include "relay/dms-p2p-relay-service.h"
#include "swarm/dms-p2p-trimmer.h"

enum
{
  /* The defaults of the daemon's configuration. */
  DMS_LIBP2P_MEMORY_MIB = 1024,
  DMS_LIBP2P_DESCRIPTORS = 512,
  /* What a relay of the nodes in the field lets through (spec, section 1): more than the 2 minutes and
   * 128 KiB that are usual elsewhere, so that a job and its log fit. */
  DMS_LIBP2P_RELAY_CIRCUIT_S = 5 * 60,
  DMS_LIBP2P_RELAY_CIRCUIT_KIB = 2 * 1024,
  /* The nodes in the field (spec, section 1). */
  DMS_LIBP2P_DISCOVERY_INTERVAL_S = 15 * 60,
  /* More given relays than this are a mistake. */
  DMS_LIBP2P_MAX_RELAYS = 16,
  /* Longer than any that is in use; a protocol may not be of more than 256 bytes. */
  DMS_LIBP2P_MAX_NAME = 128,
};

/* The rendezvous of the nodes in the field (spec, section 1). */
#define DMS_LIBP2P_RENDEZVOUS "nunet-test"

void
dms_libp2p_params_free (DmsLibp2pParams *self)
{
  g_free (self->peer_store);
  g_clear_pointer (&self->relays, g_ptr_array_unref);
  g_free (self->dht_prefix);
  g_free (self->rendezvous);
  g_free (self);
}

static gboolean
dms_libp2p_params_refuse (const char *name, const char *what, GError **error)
{
  g_set_error (
      error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the parameter “%s” of libp2p must be %s", name, what);
  return FALSE;
}

static gboolean
dms_libp2p_params_is (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

static gboolean
dms_libp2p_params_read_number (JsonObject *object, const char *name, guint *value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);
  gint64 number = 0;

  if (node == NULL)
    return TRUE;
  if (dms_libp2p_params_is (node, G_TYPE_INT64))
    number = json_node_get_int (node);
  if (number < 1 || number > G_MAXINT32)
    return dms_libp2p_params_refuse (name, "a positive number", error);
  *value = (guint) number;
  return TRUE;
}

static gboolean
dms_libp2p_params_read_path (JsonObject *object, const char *name, char **value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!dms_libp2p_params_is (node, G_TYPE_STRING))
    return dms_libp2p_params_refuse (name, "the path of a file", error);
  g_free (*value);
  *value = json_node_dup_string (node);
  return TRUE;
}

static gboolean
dms_libp2p_params_read_flag (JsonObject *object, const char *name, gboolean *value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL)
    return TRUE;
  if (!dms_libp2p_params_is (node, G_TYPE_BOOLEAN))
    return dms_libp2p_params_refuse (name, "true or false", error);
  *value = json_node_get_boolean (node);
  return TRUE;
}

static gboolean
dms_libp2p_params_read_reachability (JsonObject *object, DmsLibp2pReachability *value, GError **error)
{
  static const char *const names[] = { "auto", "public", "private" };
  JsonNode *node = json_object_get_member (object, "reachability");

  if (node == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (names) && dms_libp2p_params_is (node, G_TYPE_STRING); i++)
    if (g_str_equal (json_node_get_string (node), names[i]))
      {
        *value = (DmsLibp2pReachability) i;
        return TRUE;
      }
  return dms_libp2p_params_refuse ("reachability", "“auto”, “public” or “private”", error);
}

static gboolean
dms_libp2p_params_read_relay (JsonNode *node, GPtrArray *relays)
{
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (DmsPeerId) peer = NULL;

  if (dms_libp2p_params_is (node, G_TYPE_STRING))
    address = dms_multiaddr_new (json_node_get_string (node), NULL);
  peer = address != NULL ? dms_multiaddr_dup_peer_id (address) : NULL;
  if (peer == NULL)
    return FALSE;
  g_ptr_array_add (relays, g_steal_pointer (&address));
  return TRUE;
}

static gboolean
dms_libp2p_params_read_relays (JsonObject *object, GPtrArray *relays, GError **error)
{
  static const char what[] = "a list of at most 16 addresses, each ending in /p2p/ and the ID of the relay";
  JsonNode *node = json_object_get_member (object, "relays");
  JsonArray *array = NULL;

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return dms_libp2p_params_refuse ("relays", what, error);
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    if (i >= DMS_LIBP2P_MAX_RELAYS ||
        !dms_libp2p_params_read_relay (json_array_get_element (array, i), relays))
      return dms_libp2p_params_refuse ("relays", what, error);
  return TRUE;
}

static gboolean
dms_libp2p_params_read_nat (DmsLibp2pParams *self, JsonObject *object, GError **error)
{
  return dms_libp2p_params_read_reachability (object, &self->reachability, error) &&
         dms_libp2p_params_read_flag (object, "relay_service", &self->relay_service, error) &&
         dms_libp2p_params_read_number (object, "relay_reservations", &self->relay_reservations, error) &&
         dms_libp2p_params_read_number (object, "relay_circuits", &self->relay_circuits, error) &&
         dms_libp2p_params_read_number (object, "relay_circuit_s", &self->relay_circuit_s, error) &&
         dms_libp2p_params_read_number (object, "relay_circuit_kib", &self->relay_circuit_kib, error) &&
         dms_libp2p_params_read_number (object, "probe_delay_ms", &self->probe_delay_ms, error) &&
         dms_libp2p_params_read_number (object, "relay_delay_ms", &self->relay_delay_ms, error) &&
         dms_libp2p_params_read_relays (object, self->relays, error);
}

/* The empty name is none. */
static gboolean
dms_libp2p_params_read_name (JsonObject *object, const char *name, char **value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL)
    return TRUE;
  if (!dms_libp2p_params_is (node, G_TYPE_STRING) ||
      strlen (json_node_get_string (node)) > DMS_LIBP2P_MAX_NAME)
    return dms_libp2p_params_refuse (name, "a short text", error);
  g_free (*value);
  *value = json_node_get_string (node)[0] != '\0' ? json_node_dup_string (node) : NULL;
  return TRUE;
}

static gboolean
dms_libp2p_params_read_prefix (JsonObject *object, char **value, GError **error)
{
  if (!dms_libp2p_params_read_name (object, "dht_prefix", value, error))
    return FALSE;
  if (*value != NULL && (*value)[0] == '/')
    return TRUE;
  return dms_libp2p_params_refuse ("dht_prefix", "a name that begins with a slash, such as /nunet", error);
}

static gboolean
dms_libp2p_params_read_mode (JsonObject *object, DmsP2pDhtMode *value, GError **error)
{
  static const char *const modes[] = { [DMS_P2P_DHT_AUTO] = "auto",
                                       [DMS_P2P_DHT_SERVER] = "server",
                                       [DMS_P2P_DHT_CLIENT] = "client",
                                       [DMS_P2P_DHT_OFF] = "off" };
  g_autofree char *text = g_strdup (modes[*value]);

  if (!dms_libp2p_params_read_name (object, "dht_mode", &text, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    if (g_strcmp0 (text, modes[i]) == 0)
      {
        *value = (DmsP2pDhtMode) i;
        return TRUE;
      }
  return dms_libp2p_params_refuse ("dht_mode", "auto, server, client or off", error);
}

DmsLibp2pParams *
dms_libp2p_params_new (JsonObject *object, GError **error)
{
  g_autoptr (DmsLibp2pParams) self = g_new0 (DmsLibp2pParams, 1);

  *self = (DmsLibp2pParams){
    .memory_mib = DMS_LIBP2P_MEMORY_MIB,
    .descriptors = DMS_LIBP2P_DESCRIPTORS,
    .low_water = DMS_P2P_TRIMMER_LOW,
    .high_water = DMS_P2P_TRIMMER_HIGH,
    .grace_s = DMS_P2P_TRIMMER_GRACE_S,
    .relay_service = TRUE,
    .relay_reservations = DMS_P2P_RELAY_MAX_RESERVATIONS,
    .relay_circuits = DMS_P2P_RELAY_MAX_CIRCUITS,
    .relay_circuit_s = DMS_LIBP2P_RELAY_CIRCUIT_S,
    .relay_circuit_kib = DMS_LIBP2P_RELAY_CIRCUIT_KIB,
    .probe_delay_ms = DMS_P2P_AUTONAT_BOOT_MS,
    .relay_delay_ms = DMS_P2P_AUTO_RELAY_BOOT_S * 1000,
    .relays = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref),
    .dht_prefix = g_strdup (DMS_P2P_DHT_PREFIX),
    .dht_mode = DMS_P2P_DHT_AUTO,
    .rendezvous = g_strdup (DMS_LIBP2P_RENDEZVOUS),
    .discovery_interval_s = DMS_LIBP2P_DISCOVERY_INTERVAL_S,
  };
  if (object == NULL)
    return g_steal_pointer (&self);
  if (!dms_libp2p_params_read_number (object, "memory_mib", &self->memory_mib, error) ||
      !dms_libp2p_params_read_number (object, "descriptors", &self->descriptors, error) ||
      !dms_libp2p_params_read_path (object, "peer_store", &self->peer_store, error) ||
      !dms_libp2p_params_read_flag (object, "perf", &self->perf, error) ||
      !dms_libp2p_params_read_flag (object, "mdns", &self->mdns, error) ||
      !dms_libp2p_params_read_flag (object, "port_mapping", &self->port_mapping, error) ||
      !dms_libp2p_params_read_number (object, "low_water", &self->low_water, error) ||
      !dms_libp2p_params_read_number (object, "high_water", &self->high_water, error) ||
      !dms_libp2p_params_read_number (object, "grace_s", &self->grace_s, error) ||
      !dms_libp2p_params_read_nat (self, object, error) ||
      !dms_libp2p_params_read_prefix (object, &self->dht_prefix, error) ||
      !dms_libp2p_params_read_mode (object, &self->dht_mode, error) ||
      !dms_libp2p_params_read_name (object, "rendezvous", &self->rendezvous, error) ||
      !dms_libp2p_params_read_number (
          object, "discovery_interval_s", &self->discovery_interval_s, error))
    return NULL;
  if (self->low_water > self->high_water)
    {
      dms_libp2p_params_refuse ("low_water", "at most high_water", error);
      return NULL;
    }
  return g_steal_pointer (&self);
}
