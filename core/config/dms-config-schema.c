/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config/dms-config-schema.h"

#include <dms.h>
#include <string.h>

#include "common/dms-json-text.h"

#define MAX_STRING 65536
#define MAX_ITEMS 1024

#define BOOTSTRAP "/dnsaddr/bootstrap.p2p.nunet.io/p2p/"

static const DmsConfigSchema schema[] = {
  { "general.env", DMS_CONFIG_STRING, "production", 0, 0, NULL,
    "name of the environment this node belongs to" },
  { "general.user_dir", DMS_CONFIG_PATH, "@home@/.nunet", 0, 0, NULL, "keys and capability contexts" },
  { "general.work_dir", DMS_CONFIG_PATH, "@home@/nunet", 0, 0, NULL, "logs, and the files of jobs" },
  { "general.data_dir", DMS_CONFIG_PATH, "@home@/nunet/data", 0, 0, NULL, "the database" },
  { "general.debug", DMS_CONFIG_BOOL, "false", 0, 0, NULL, "write debug messages to the log" },
  { "general.host_city", DMS_CONFIG_STRING, "", 0, 0, NULL, "where this machine is: city" },
  { "general.host_country", DMS_CONFIG_STRING, "", 0, 0, NULL, "where this machine is: country" },
  { "general.host_continent", DMS_CONFIG_STRING, "", 0, 0, NULL, "where this machine is: continent" },
  { "general.host_coordinates", DMS_CONFIG_STRING, "", 0, 0, NULL,
    "where this machine is: latitude and longitude in degrees, such as 52.52,13.40" },
  { "general.host_asn", DMS_CONFIG_INT, "0", 0, G_MAXUINT32, NULL,
    "number of the autonomous system this machine is in; 0 for what the database says" },
  { "general.host_isp", DMS_CONFIG_STRING, "", 0, 0, NULL, "its Internet service provider" },
  { "general.host_address", DMS_CONFIG_STRING, "", 0, 0, NULL,
    "its address on the Internet, to be looked up; empty to find out" },
  { "general.geoip_city_db", DMS_CONFIG_PATH, "", 0, 0, NULL,
    "MaxMind database of cities, to find out where this machine is" },
  { "general.geoip_asn_db", DMS_CONFIG_PATH, "", 0, 0, NULL,
    "MaxMind database of autonomous systems or Internet service providers" },
  { "general.port_available_range_from", DMS_CONFIG_INT, "16384", 1, 65536, NULL,
    "first public port that jobs may be given" },
  { "general.port_available_range_to", DMS_CONFIG_INT, "65536", 1, 65536, NULL,
    "end of the public ports that jobs may be given" },
  { "general.storage_mode", DMS_CONFIG_BOOL, "false", 0, 0, NULL, "serve volumes to other nodes" },
  { "general.storage_ca_directory", DMS_CONFIG_PATH, "@user_dir@/storage_ca_directory", 0, 0, NULL,
    "certificates of volume clients" },
  { "general.storage_bricks_dir", DMS_CONFIG_PATH, "@user_dir@/storage_bricks_dir", 0, 0, NULL,
    "where volumes are kept" },
  { "general.storage_glusterfs_hostname", DMS_CONFIG_STRING, "", 0, 0, NULL,
    "this machine's name in the volume cluster" },
  { "general.compute_gateway", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "forward deployments to the compute providers below" },
  { "general.providers", DMS_CONFIG_OBJECTS, NULL, 0, 0, NULL, "compute providers: name, type, config" },
  { "general.payment_provider.mode", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "validate payments for other nodes" },
  { "general.payment_provider.ethereum_rpc_url", DMS_CONFIG_STRING,
    "https://ethereum-sepolia-rpc.publicnode.com", 0, 0, NULL,
    "Ethereum node that is asked about transactions" },
  { "general.payment_provider.ethereum_rpc_token", DMS_CONFIG_STRING, "", 0, 0, NULL, "access token for it" },
  { "general.payment_provider.ntx_contract_address", DMS_CONFIG_STRING,
    "0xB37216b70a745129966E553cF8Ee2C51e1cB359A", 0, 0, NULL,
    "address of the token's contract" },
  { "general.payment_provider.block_frost_api_url", DMS_CONFIG_STRING, "", 0, 0, NULL, "Cardano API" },
  { "general.payment_provider.block_frost_api_key", DMS_CONFIG_STRING, "", 0, 0, NULL, "access key for it" },
  { "general.payment_provider.cardano_asset_name", DMS_CONFIG_STRING, "", 0, 0, NULL, "Cardano asset" },
  { "general.payment_provider.cardano_asset_policy_id", DMS_CONFIG_STRING, "", 0, 0, NULL, "its policy" },

  { "rest.addr", DMS_CONFIG_STRING, "127.0.0.1", 0, 0, NULL,
    "address on which the daemon serves the CLI and other programs" },
  { "rest.port", DMS_CONFIG_INT, "9999", 0, 65535, NULL, "its port; 0 takes any free one" },

  { "profiler.enabled", DMS_CONFIG_BOOL, "true", 0, 0, NULL, "serve profiling data" },
  { "profiler.addr", DMS_CONFIG_STRING, "127.0.0.1", 0, 0, NULL, "address for it" },
  { "profiler.port", DMS_CONFIG_INT, "6060", 0, 65535, NULL, "port for it" },

  { "p2p.listen_address", DMS_CONFIG_STRV, "/ip4/0.0.0.0/tcp/9000 /ip4/0.0.0.0/udp/9000/quic-v1", 0, 0, NULL,
    "addresses on which other nodes reach this one" },
  { "p2p.bootstrap_peers", DMS_CONFIG_STRV, BOOTSTRAP "12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3 "
    BOOTSTRAP "12D3KooWJMtMN1mTNRfgMqUygT7eSXamVzc9ihpSjeairm9PebmB "
    BOOTSTRAP "12D3KooWKjSodxxi7UfRHzuk7eGgUF49MoPUCJvtva9K12TqDDsi", 0, 0, NULL,
    "nodes to meet the network through" },
  { "p2p.private_network_key", DMS_CONFIG_PATH, "@user_dir@/swarm.key", 0, 0, NULL,
    "key of the private network this node is in, if the file is there" },
  { "p2p.mdns", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "look for nodes of the local network, and let them find this one" },
  { "p2p.port_mapping", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "ask the router of the local network to pass ports on to this node" },
  { "p2p.advertise", DMS_CONFIG_BOOL, "true", 0, 0, NULL,
    "let the network find this node by the kind of resources it lends" },
  { "p2p.dht_mode", DMS_CONFIG_CHOICE, "auto", 0, 0, NULL,
    "part in the network's distributed hash table: auto, server, client or off",
    "auto, server, client or off" },
  { "p2p.rendezvous", DMS_CONFIG_STRING, "nunet-test", 0, 0, NULL,
    "name under which the nodes of the network find each other; empty for none" },
  { "p2p.discovery_interval_s", DMS_CONFIG_INT, "900", 30, 86400, NULL,
    "seconds after which nodes of that name are looked for again" },
  { "p2p.reachability", DMS_CONFIG_CHOICE, "auto", 0, 0, NULL,
    "whether others can connect to this node: auto (find out), public or private",
    "auto, public or private" },
  { "p2p.relays", DMS_CONFIG_STRV, "", 0, 0, NULL,
    "the only relays this node takes when others cannot connect to it; none named: any it meets" },
  { "p2p.relay_service", DMS_CONFIG_BOOL, "true", 0, 0, NULL,
    "relay connections for nodes that cannot be reached, if this one can" },
  { "p2p.relay_circuit_s", DMS_CONFIG_INT, "300", 1, 86400, NULL,
    "seconds for which it relays one connection" },
  { "p2p.relay_circuit_kib", DMS_CONFIG_INT, "2048", 1, 1048576, NULL,
    "how much it relays of one connection each way, in KiB" },
  { "p2p.relay_reservations", DMS_CONFIG_INT, "128", 1, 65536, NULL,
    "nodes that may be reached through it" },
  { "p2p.relay_circuits", DMS_CONFIG_INT, "1024", 1, 65536, NULL,
    "connections that it relays at a time" },
  { "p2p.probe_delay_ms", DMS_CONFIG_INT, "15000", 1, 3600000, NULL,
    "when after its start this node has others try whether they can connect to it" },
  { "p2p.relay_delay_ms", DMS_CONFIG_INT, "60000", 1, 3600000, NULL,
    "how long after its start this node waits for better relays to come by" },
  { "p2p.memory", DMS_CONFIG_INT, "1024", 1, G_MAXINT32, NULL, "memory the network stack may use, in MiB" },
  { "p2p.fd", DMS_CONFIG_INT, "512", 1, G_MAXINT32, NULL, "file descriptors the network stack may use" },
  { "p2p.hello_delay_ms", DMS_CONFIG_INT, "10000", 0, 86400000, NULL,
    "least time after which a node that was met is greeted; the most is twice that" },

  { "job.allow_privileged_docker", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "let jobs ask for privileged containers" },
  { "job.allow_host_network", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "let jobs of others into the network of this machine, its loopback too" },
  { "job.allow_children", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "let jobs deploy ensembles themselves, within the budget of their own" },
  { "job.allow_standby", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "take over deployments of others that name this node as a standby orchestrator" },
  { "job.require_contracts_for_deployment", DMS_CONFIG_BOOL, "false", 0, 0, NULL,
    "run only what a contract covers" },
  { "job.refusals", DMS_CONFIG_CHOICE, "granted", 0, 0, NULL,
    "who is told why this node makes no offer, when asked: off, granted (those who may deploy here) or all "
    "(others that they may not)",
    "off, granted or all" },
  { "job.offer.price", DMS_CONFIG_STRING, "", 0, 0, NULL,
    "what an hour on this machine costs, such as 0.25 NTX; told with its bids" },
  { "job.offer.speed", DMS_CONFIG_INT, "0", 0, G_MAXINT32, NULL,
    "score of a benchmark of this machine, told with its bids; 0 tells none" },
  { "job.offer.watts", DMS_CONFIG_INT, "0", 0, G_MAXINT32, NULL,
    "power this machine draws under load, in watts, told with its bids; 0 tells none" },
  { "job.offer.time", DMS_CONFIG_STRING, "", 0, 0, NULL,
    "how long this machine is lent at least, such as 8h, or unlimited; told with its bids" },
  { "job.offer.libraries", DMS_CONFIG_STRV, "", 0, 0, NULL,
    "libraries jobs find here, each a name and a version, such as cuda=12.2; told to who asks for them" },
  { "job.offer.find_libraries", DMS_CONFIG_BOOL, "true", 0, 0, NULL,
    "look for libraries that jobs ask for among those of this system, too" },
  { "job.offer.kyc", DMS_CONFIG_STRV, "", 0, 0, NULL,
    "what is known of the owner, each a kind, or a kind and what it says, such as company=12345; told to who "
    "asks for it" },
  { "job.containerd.socket_path", DMS_CONFIG_STRING, "", 0, 0, NULL, "containerd: socket" },
  { "job.containerd.namespace", DMS_CONFIG_STRING, "", 0, 0, NULL, "containerd: namespace" },
  { "job.containerd.config_path", DMS_CONFIG_STRING, "", 0, 0, NULL, "containerd: configuration file" },
  { "job.containerd.cni_net_conf_dir", DMS_CONFIG_STRING, "", 0, 0, NULL,
    "containerd: network configurations" },
  { "job.containerd.cni_plugin_dir", DMS_CONFIG_STRING, "", 0, 0, NULL, "containerd: network plugins" },
  { "job.containerd.cni_network_name", DMS_CONFIG_STRING, "", 0, 0, NULL, "containerd: network" },
  { "job.containerd.cni_bridge_iface", DMS_CONFIG_STRING, "", 0, 0, NULL, "containerd: bridge" },
  { "job.containerd.netns_base_dir", DMS_CONFIG_STRING, "", 0, 0, NULL, "containerd: network name spaces" },

  { "observability.logging.level", DMS_CONFIG_LEVEL, "INFO", 0, 0, NULL,
    "least severe message that is logged" },
  { "observability.logging.file", DMS_CONFIG_PATH, "@work_dir@/logs/nunet-dms-logs.jsonl", 0, 0, NULL,
    "the log file" },
  { "observability.logging.rotation.max_size_mb", DMS_CONFIG_INT, "100", 1, 1048576, NULL,
    "size at which a new log file begins" },
  { "observability.logging.rotation.max_backups", DMS_CONFIG_INT, "3", 0, 10000, NULL,
    "how many old log files are kept" },
  { "observability.logging.rotation.max_age_days", DMS_CONFIG_INT, "28", 0, 36500, NULL,
    "for how many days they are kept" },
  { "observability.elastic.url", DMS_CONFIG_STRING, "https://telemetry.nunet.io", 0, 0, NULL,
    "where logs are sent" },
  { "observability.elastic.index", DMS_CONFIG_STRING, "nunet-dms", 0, 0, NULL, "index they are written to" },
  { "observability.elastic.flush_interval", DMS_CONFIG_INT, "5", 1, 86400, NULL,
    "seconds between two sendings" },
  { "observability.elastic.enabled", DMS_CONFIG_BOOL, "false", 0, 0, NULL, "send logs" },
  { "observability.elastic.api_key", DMS_CONFIG_STRING, "", 0, 0, NULL, "access key for it" },
  { "observability.elastic.insecure_skip_verify", DMS_CONFIG_BOOL, "true", 0, 0, NULL,
    "do not check the server's certificate" },
  { "observability.otel.enabled", DMS_CONFIG_BOOL, "false", 0, 0, NULL, "send traces" },
  { "observability.otel.endpoint", DMS_CONFIG_STRING, "", 0, 0, NULL, "where traces are sent" },
  { "observability.otel.insecure", DMS_CONFIG_BOOL, "false", 0, 0, NULL, "send them unencrypted" },

  { "apm.server_url", DMS_CONFIG_STRING, "https://apm.telemetry.nunet.io", 0, 0, NULL,
    "application performance server" },
  { "apm.service_name", DMS_CONFIG_STRING, "nunet-dms", 0, 0, NULL, "name of this service there" },
  { "apm.environment", DMS_CONFIG_STRING, "production", 0, 0, NULL, "environment there" },
  { "apm.api_key", DMS_CONFIG_STRING, "", 0, 0, NULL, "access key for it" },
  { "apm.secret_token", DMS_CONFIG_STRING, "", 0, 0, NULL, "secret token for it" },

  { "coinmarketcap.api_key", DMS_CONFIG_STRING, "", 0, 0, NULL, "access key for exchange rates" },
  { "coinmarketcap.base_url", DMS_CONFIG_STRING, "", 0, 0, NULL,
    "exchange rate service; empty for its public address" },
  { "coinmarketcap.endpoint_path", DMS_CONFIG_STRING, "", 0, 0, NULL,
    "path of the conversion; empty for the usual one" },
  { "coinmarketcap.cache_ttl", DMS_CONFIG_STRING, "", 0, 0, NULL, "how long a rate is kept, such as 5m" },
  { "coinmarketcap.quote_ttl", DMS_CONFIG_STRING, "", 0, 0, NULL, "how long a quote is valid, such as 2m" },

  { "limits.public_per_second", DMS_CONFIG_INT, "10", 0, 1000000, NULL,
    "public questions a second that one sender may ask; 0 is no limit" },
  { "limits.broadcasts_per_second", DMS_CONFIG_INT, "20", 0, 1000000, NULL,
    "broadcasts a second that one sender may make" },
  { "limits.topic_per_second", DMS_CONFIG_INT, "200", 0, 1000000, NULL,
    "broadcasts a second on one topic" },
  { "limits.messages_per_second", DMS_CONFIG_INT, "20000", 0, 1000000, NULL,
    "other messages a second that one sender may send" },
  { "limits.refused_per_second", DMS_CONFIG_INT, "50", 0, 1000000, NULL,
    "messages of one peer that are looked at in vain" },

  { "plugins.disabled", DMS_CONFIG_STRV, "", 0, 0, NULL, "modules that are not loaded" },
  { "plugins.paths", DMS_CONFIG_STRV, "", 0, 0, NULL, "further directories with plugins" },

  { "observability.log_level", DMS_CONFIG_LEVEL, NULL, 0, 0, "observability.logging.level", NULL },
  { "observability.log_file", DMS_CONFIG_PATH, NULL, 0, 0, "observability.logging.file", NULL },
  { "observability.max_size", DMS_CONFIG_INT, NULL, 1, 1048576, "observability.logging.rotation.max_size_mb",
    NULL },
  { "observability.max_backups", DMS_CONFIG_INT, NULL, 0, 10000, "observability.logging.rotation.max_backups",
    NULL },
  { "observability.max_age", DMS_CONFIG_INT, NULL, 0, 36500, "observability.logging.rotation.max_age_days",
    NULL },
  { "observability.elasticsearch_url", DMS_CONFIG_STRING, NULL, 0, 0, "observability.elastic.url", NULL },
  { "observability.elasticsearch_index", DMS_CONFIG_STRING, NULL, 0, 0, "observability.elastic.index", NULL },
  { "observability.flush_interval", DMS_CONFIG_INT, NULL, 1, 86400, "observability.elastic.flush_interval",
    NULL },
  { "observability.elasticsearch_enabled", DMS_CONFIG_BOOL, NULL, 0, 0, "observability.elastic.enabled",
    NULL },
  { "observability.elasticsearch_api_key", DMS_CONFIG_STRING, NULL, 0, 0, "observability.elastic.api_key",
    NULL },
  { "observability.insecure_skip_verify", DMS_CONFIG_BOOL, NULL, 0, 0,
    "observability.elastic.insecure_skip_verify", NULL },

  { NULL },
};

/**
 * dms_config_schema_get_all:
 *
 * Returns: (transfer none): every known key, deprecated ones last, ended by one whose key is %NULL
 */
const DmsConfigSchema *
dms_config_schema_get_all (void)
{
  return schema;
}

/**
 * dms_config_schema_find:
 * @key: a dotted name
 *
 * Returns: (transfer none) (nullable): that key, whatever the case of its letters
 */
const DmsConfigSchema *
dms_config_schema_find (const char *key)
{
  const DmsConfigSchema *self;

  for (self = schema; self->key != NULL; self++)
    {
      if (g_ascii_strcasecmp (self->key, key) == 0)
        return self;
    }

  return NULL;
}

/**
 * dms_config_schema_is_section:
 * @name: a dotted name
 *
 * Returns: whether keys lie below it
 */
gboolean
dms_config_schema_is_section (const char *name)
{
  const DmsConfigSchema *self;
  gsize length = strlen (name);

  for (self = schema; self->key != NULL; self++)
    {
      if (g_ascii_strncasecmp (self->key, name, length) == 0 && self->key[length] == '.')
        return TRUE;
    }

  return FALSE;
}

/**
 * dms_config_schema_dup_variable:
 * @self: a key
 *
 * Returns: (transfer full): the environment variable that overrides it
 */
char *
dms_config_schema_dup_variable (const DmsConfigSchema *self)
{
  g_autofree char *upper = g_ascii_strup (self->key, -1);

  return g_strconcat ("DMS_", g_strdelimit (upper, ".", '_'), NULL);
}

static JsonNode *
refuse (const DmsConfigSchema *self, const char *expected, GError **error)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "%s: must be %s", self->key, expected);
  return NULL;
}

/* Whether a list like “one, two or three” has the word. */
static gboolean
is_choice (const char *choices, const char *word)
{
  g_auto (GStrv) items = g_strsplit_set (choices, ", ", -1);

  return word[0] != '\0' && strcmp (word, "or") != 0 && g_strv_contains ((const char *const *) items, word);
}

static JsonNode *
check_string (const DmsConfigSchema *self, const char *text, GError **error)
{
  if (strlen (text) > MAX_STRING || !g_utf8_validate (text, -1, NULL))
    return refuse (self, "text of at most 64 KiB in UTF-8", error);

  if (self->type == DMS_CONFIG_PATH && (strcmp (text, "~") == 0 || g_str_has_prefix (text, "~/")))
    {
      g_autofree char *expanded = g_strconcat (g_get_home_dir (), text + 1, NULL);

      return json_node_init_string (json_node_alloc (), expanded);
    }

  if (self->type == DMS_CONFIG_LEVEL)
    {
      static const char *const levels[] = { "DEBUG", "INFO", "WARN", "ERROR", NULL };
      g_autofree char *upper = g_ascii_strup (text, -1);

      if (!g_strv_contains (levels, upper))
        return refuse (self, "DEBUG, INFO, WARN or ERROR", error);
      return json_node_init_string (json_node_alloc (), upper);
    }

  if (self->type == DMS_CONFIG_CHOICE)
    {
      g_autofree char *lower = g_ascii_strdown (text, -1);

      if (!is_choice (self->choices, lower))
        return refuse (self, self->choices, error);
      return json_node_init_string (json_node_alloc (), lower);
    }

  return json_node_init_string (json_node_alloc (), text);
}

static JsonNode *
check_int (const DmsConfigSchema *self, gint64 value, GError **error)
{
  if (value < self->minimum || value > self->maximum)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE,
                   "%s: must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT,
                   self->key, self->minimum, self->maximum, value);
      return NULL;
    }

  return json_node_init_int (json_node_alloc (), value);
}

static JsonNode *
parse_list (const char *text)
{
  g_auto (GStrv) items = g_strsplit_set (text, ", ", -1);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();
  guint i;

  for (i = 0; items[i] != NULL; i++)
    {
      if (items[i][0] != '\0')
        json_array_add_string_element (array, items[i]);
    }

  json_node_take_array (node, array);
  return node;
}

static JsonNode *
check_strv (const DmsConfigSchema *self, JsonNode *node, GError **error)
{
  JsonArray *array;
  guint i;

  if (JSON_NODE_HOLDS_NULL (node))
    return parse_list ("");
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return refuse (self, "a list of texts", error);

  array = json_node_get_array (node);
  if (json_array_get_length (array) > MAX_ITEMS)
    return refuse (self, "a list of at most 1024 texts", error);
  for (i = 0; i < json_array_get_length (array); i++)
    {
      if (json_node_get_value_type (json_array_get_element (array, i)) != G_TYPE_STRING)
        return refuse (self, "a list of texts", error);
    }

  return json_node_copy (node);
}

static JsonNode *
check_objects (const DmsConfigSchema *self, JsonNode *node, GError **error)
{
  JsonArray *array;
  guint i;

  if (JSON_NODE_HOLDS_NULL (node))
    return json_node_copy (node);
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return refuse (self, "null or a list of objects", error);

  array = json_node_get_array (node);
  for (i = 0; i < json_array_get_length (array); i++)
    {
      if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (array, i)))
        return refuse (self, "null or a list of objects", error);
    }

  return json_node_copy (node);
}

/**
 * dms_config_schema_check:
 * @self: a key
 * @node: the value a file has for it
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the value in its canonical form; %NULL with an error that names the
 *   key and says what was expected
 */
JsonNode *
dms_config_schema_check (const DmsConfigSchema *self, JsonNode *node, GError **error)
{
  GType type = json_node_get_value_type (node);

  switch (self->type)
    {
    case DMS_CONFIG_STRING:
    case DMS_CONFIG_PATH:
    case DMS_CONFIG_LEVEL:
    case DMS_CONFIG_CHOICE:
      if (type != G_TYPE_STRING)
        return refuse (self, "text in quotes", error);
      return check_string (self, json_node_get_string (node), error);

    case DMS_CONFIG_INT:
      if (type != G_TYPE_INT64)
        return refuse (self, "a whole number", error);
      return check_int (self, json_node_get_int (node), error);

    case DMS_CONFIG_BOOL:
      if (type != G_TYPE_BOOLEAN)
        return refuse (self, "true or false", error);
      return json_node_copy (node);

    case DMS_CONFIG_STRV:
      return check_strv (self, node, error);

    case DMS_CONFIG_OBJECTS:
    default:
      return check_objects (self, node, error);
    }
}

static JsonNode *
parse_bool (const DmsConfigSchema *self, const char *text, GError **error)
{
  static const char *const yes[] = { "true", "1", "t", NULL };
  static const char *const no[] = { "false", "0", "f", NULL };
  g_autofree char *lower = g_ascii_strdown (text, -1);

  if (g_strv_contains (yes, lower))
    return json_node_init_boolean (json_node_alloc (), TRUE);
  if (g_strv_contains (no, lower))
    return json_node_init_boolean (json_node_alloc (), FALSE);

  return refuse (self, "true or false", error);
}

static JsonNode *
parse_json (const DmsConfigSchema *self, const char *text, GError **error)
{
  g_autoptr (JsonNode) node = NULL;

  if (strlen (text) > MAX_STRING)
    return refuse (self, "at most 64 KiB", error);

  if (dms_json_text_check (text, strlen (text), NULL))
    node = json_from_string (text, NULL);
  if (node == NULL)
    return refuse (self,
                   self->type == DMS_CONFIG_STRV ? "a list of texts" : "null or a list of objects",
                   error);

  return dms_config_schema_check (self, node, error);
}

/**
 * dms_config_schema_parse:
 * @self: a key
 * @text: its value as a flag, a variable or a command has it; a list as JSON, or separated by commas
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the value, or %NULL with an error that names the key
 */
JsonNode *
dms_config_schema_parse (const DmsConfigSchema *self, const char *text, GError **error)
{
  gint64 number;

  switch (self->type)
    {
    case DMS_CONFIG_STRING:
    case DMS_CONFIG_PATH:
    case DMS_CONFIG_LEVEL:
    case DMS_CONFIG_CHOICE:
      return check_string (self, text, error);

    case DMS_CONFIG_INT:
      if (!g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &number, NULL))
        return refuse (self, "a whole number", error);
      return check_int (self, number, error);

    case DMS_CONFIG_BOOL:
      return parse_bool (self, text, error);

    case DMS_CONFIG_STRV:
      if (!g_utf8_validate (text, -1, NULL))
        return refuse (self, "text in UTF-8", error);
      return text[0] == '[' ? parse_json (self, text, error) : parse_list (text);

    case DMS_CONFIG_OBJECTS:
    default:
      return parse_json (self, text, error);
    }
}
