/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <glib/gstdio.h>
#include <string.h>

#include "config/dms-config-schema.h"
#include "config/dms-config.h"

typedef struct {
  char *directory;
  char *path;
  DmsConfig *config;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("dms-config-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->directory, "dms_config.json", NULL);
  fixture->config = dms_config_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_rmdir (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->directory);
  g_object_unref (fixture->config);
}

static void
write_file (Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (fixture->path, text, -1, &error);
  g_assert_no_error (error);
}

static char *
read_file (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (fixture->path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
load (Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;

  write_file (fixture, text);
  dms_config_load (fixture->config, fixture->path, &error);
  g_assert_no_error (error);
}

/* The file must be refused, with all these words in the message. */
static void
refuse (Fixture *fixture, const char *text, const char *first, const char *second)
{
  g_autoptr (GError) error = NULL;

  write_file (fixture, text);
  g_assert_false (dms_config_load (fixture->config, fixture->path, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == DMS_ERROR);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, first));
  g_assert_nonnull (strstr (error->message, second));
}

static void
test_defaults (Fixture *fixture, gconstpointer data)
{
  const char *const *peers;

  load (fixture, "{}");
  g_assert_cmpint (dms_config_get_int (fixture->config, "rest.port"), ==, 9999);
  g_assert_cmpstr (dms_config_get_string (fixture->config, "rest.addr"), ==, "127.0.0.1");
  g_assert_true (dms_config_get_bool (fixture->config, "profiler.enabled"));
  g_assert_true (g_str_has_prefix (dms_config_get_string (fixture->config, "general.user_dir"),
                                   g_get_home_dir ()));
  g_assert_true (g_str_has_suffix (dms_config_get_string (fixture->config, "general.user_dir"), "/.nunet"));
  peers = dms_config_get_strv (fixture->config, "p2p.bootstrap_peers");
  g_assert_cmpuint (g_strv_length ((char **) peers), ==, 3);
  g_assert_true (g_str_has_suffix (peers[2], "/p2p/12D3KooWKjSodxxi7UfRHzuk7eGgUF49MoPUCJvtva9K12TqDDsi"));
}

static void
test_derived (Fixture *fixture, gconstpointer data)
{
  load (fixture, "{\"general\": {\"work_dir\": \"/w\", \"user_dir\": \"~/u\"}}");
  g_assert_cmpstr (dms_config_get_string (fixture->config, "observability.logging.file"), ==,
                   "/w/logs/nunet-dms-logs.jsonl");
  g_assert_true (g_str_has_suffix (dms_config_get_string (fixture->config, "general.user_dir"), "/u"));
  g_assert_true (g_str_has_suffix (dms_config_get_string (fixture->config, "general.storage_bricks_dir"),
                                   "/u/storage_bricks_dir"));
}

static void
test_precedence (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("DMS_REST_PORT", "1002", TRUE);
  g_setenv ("DMS_P2P_BOOTSTRAP_PEERS", "/ip4/1.2.3.4/tcp/1,/ip4/1.2.3.4/tcp/2", TRUE);
  load (fixture, "{\"rest\": {\"port\": 1001, \"addr\": \"127.0.0.2\"}}");
  g_assert_cmpint (dms_config_get_int (fixture->config, "rest.port"), ==, 1002);
  g_assert_cmpstr (dms_config_get_string (fixture->config, "rest.addr"), ==, "127.0.0.2");
  g_assert_cmpstr (dms_config_get_strv (fixture->config, "p2p.bootstrap_peers")[1], ==, "/ip4/1.2.3.4/tcp/2");

  g_assert_true (dms_config_set_override (fixture->config, "rest.port", "1003", &error));
  g_assert_no_error (error);
  g_assert_cmpint (dms_config_get_int (fixture->config, "rest.port"), ==, 1003);
  g_assert_false (dms_config_set_override (fixture->config, "rest.port", "nine", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, "rest.port: must be a whole number");

  dms_config_set_override (fixture->config, "rest.port", NULL, NULL);
  g_assert_cmpint (dms_config_get_int (fixture->config, "rest.port"), ==, 1002);
  g_unsetenv ("DMS_REST_PORT");
  g_unsetenv ("DMS_P2P_BOOTSTRAP_PEERS");
  load (fixture, "{\"rest\": {\"port\": 1001}}");
  g_assert_cmpint (dms_config_get_int (fixture->config, "rest.port"), ==, 1001);
}

static void
test_bad_environment (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("DMS_REST_PORT", "70000", TRUE);
  write_file (fixture, "{}");
  g_assert_false (dms_config_load (fixture->config, fixture->path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE);
  g_assert_cmpstr (error->message, ==,
                   "environment variable DMS_REST_PORT: rest.port: must be from 0 to 65535, not 70000");
  g_unsetenv ("DMS_REST_PORT");
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *deep = g_strnfill (100000, '[');

  refuse (fixture, "{\"rest\": {\"prot\": 1}}", "\"rest.prot\"", fixture->path);
  refuse (fixture, "{\"nothing\": {}}", "\"nothing\"", "unknown key");
  refuse (fixture, "{\"observability\": {\"logging\": {\"rotation\": {\"x\": 1}}}}",
          "\"observability.logging.rotation.x\"", "unknown key");
  refuse (fixture, "{\"rest\": {\"port\": \"80\"}}", "rest.port: must be a whole number", fixture->path);
  refuse (fixture, "{\"rest\": {\"port\": 1.5}}", "rest.port", "whole number");
  refuse (fixture, "{\"rest\": {\"port\": -1}}", "rest.port", "from 0 to 65535");
  refuse (fixture, "{\"rest\": {\"port\": null}}", "rest.port", "whole number");
  refuse (fixture, "{\"rest\": 7}", "rest", "must be an object");
  refuse (fixture, "{\"general\": {\"debug\": \"yes\"}}", "general.debug", "true or false");
  refuse (fixture, "{\"p2p\": {\"listen_address\": [1]}}", "p2p.listen_address", "list of texts");
  refuse (fixture, "{\"general\": {\"providers\": [1]}}", "general.providers", "objects");
  refuse (fixture, "{\"observability\": {\"logging\": {\"level\": \"LOUD\"}}}", "observability.logging.level",
          "WARN");
  refuse (fixture, "{\"p2p\": {\"dht_mode\": \"sometimes\"}}", "p2p.dht_mode",
          "auto, server, client or off");
  refuse (fixture, "{\"p2p\": {\"dht_mode\": \"or\"}}", "p2p.dht_mode", "must be auto");
  refuse (fixture, "{\"p2p\": {\"dht_mode\": \"\"}}", "p2p.dht_mode", "must be auto");
  refuse (fixture, "{\"p2p\": {\"reachability\": \"auto,\"}}", "p2p.reachability",
          "auto, public or private");
  refuse (fixture, "{\"p2p\": {\"reachability\": true}}", "p2p.reachability", "text");
  refuse (fixture, "{\"p2p\": {\"relay_circuits\": 0}}", "p2p.relay_circuits", "from 1 to 65536");
  refuse (fixture, "{\"rest\": {\"port\": 1}, \"REST\": {\"Port\": 2}}", "twice", "rest.Port");
  refuse (fixture, "[]", fixture->path, "object");
  refuse (fixture, "{\"rest\": {", fixture->path, "JSON");
  refuse (fixture, "", fixture->path, "JSON");
  refuse (fixture, deep, fixture->path, "deeper than 64");
  /* Nothing of a refused file counts. */
  g_assert_cmpint (dms_config_get_int (fixture->config, "rest.port"), ==, 9999);
}

/* Every choice has a default that it allows; words count in any case of letters. */
static void
test_choices (Fixture *fixture, gconstpointer data)
{
  guint n = 0;

  for (const DmsConfigSchema *schema = dms_config_schema_get_all (); schema->key != NULL; schema++)
    {
      g_autoptr (JsonNode) node = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true ((schema->choices != NULL) == (schema->type == DMS_CONFIG_CHOICE));
      if (schema->choices == NULL)
        continue;
      node = dms_config_schema_parse (schema, schema->fallback, &error);
      g_assert_no_error (error);
      n++;
    }
  g_assert_cmpuint (n, >=, 2);
  load (fixture, "{\"p2p\": {\"dht_mode\": \"Client\", \"reachability\": \"private\"}}");
  g_assert_cmpstr (dms_config_get_string (fixture->config, "p2p.dht_mode"), ==, "client");
  g_assert_cmpstr (dms_config_get_string (fixture->config, "p2p.reachability"), ==, "private");
}

static void
test_missing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_config_load (fixture->config, fixture->path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, fixture->path));
}

static void
test_deprecated (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonNode) node = NULL;

  load (fixture,
        "{\"observability\": {\"log_level\": \"warn\", \"elasticsearch_url\": \"http://old\", \"max_age\": 3,"
                 " \"elastic\": {\"url\": \"http://new\"}}}");
  g_assert_cmpstr (dms_config_get_string (fixture->config, "observability.logging.level"), ==, "WARN");
  g_assert_cmpint (dms_config_get_int (fixture->config, "observability.logging.rotation.max_age_days"), ==,
                   3);
  g_assert_cmpstr (dms_config_get_string (fixture->config, "observability.elastic.url"), ==, "http://new");
  node = dms_config_dup_json (fixture->config, "observability.max_age");
  g_assert_cmpint (json_node_get_int (node), ==, 3);
}

static void
test_letters (Fixture *fixture, gconstpointer data)
{
  load (fixture, "{\"Rest\": {\"PORT\": 77}}");
  g_assert_cmpint (dms_config_get_int (fixture->config, "rest.port"), ==, 77);
}

static void
test_write_key (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *kept = NULL;
  g_autofree char *before = NULL;
  g_autofree char *temporary = g_strconcat (fixture->path, ".tmp.json", NULL);
  GStatBuf status;

  g_assert_true (dms_config_write_key (fixture->path, "REST.port", "81", &error));
  g_assert_no_error (error);
  text = read_file (fixture);
  g_assert_cmpstr (text, ==, "{\n    \"rest\": {\n        \"port\": 81\n    }\n}\n");
  g_assert_cmpint (g_stat (fixture->path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);

  /* What is there stays, in its spelling. */
  write_file (fixture, "{\"Rest\": {\"addr\": \"127.0.0.9\", \"Port\": 1}}");
  g_assert_true (dms_config_write_key (fixture->path, "rest.port", "82", &error));
  g_assert_true (dms_config_write_key (fixture->path, "observability.elasticsearch_enabled", "true", &error));
  g_assert_true (dms_config_write_key (fixture->path, "p2p.bootstrap_peers", "[\"/a\"]", &error));
  g_assert_no_error (error);
  kept = read_file (fixture);
  g_assert_cmpstr (kept, ==,
                   "{\n    \"Rest\": {\n        \"addr\": \"127.0.0.9\",\n        \"Port\": 82\n    },\n"
                   "    \"observability\": {\n        \"elastic\": {\n            \"enabled\": true\n       "
                   " }\n    },\n"
                   "    \"p2p\": {\n        \"bootstrap_peers\": [\n            \"/a\"\n        ]\n   "
                   " }\n}\n");

  g_assert_false (dms_config_write_key (fixture->path, "rest.prot", "1", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "key \"rest.prot\" not found");
  g_clear_error (&error);
  g_assert_false (dms_config_write_key (fixture->path, "rest", "1", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (dms_config_write_key (fixture->path, "rest.port", "x", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  before = read_file (fixture);
  g_assert_cmpstr (before, ==, kept);
  g_assert_false (g_file_test (temporary, G_FILE_TEST_EXISTS));
}

static void
test_write_key_to_bad_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  write_file (fixture, "{\"unknown\": 1}");
  g_assert_false (dms_config_write_key (fixture->path, "rest.port", "81", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  text = read_file (fixture);
  g_assert_cmpstr (text, ==, "{\"unknown\": 1}");
}

static void
test_write_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsConfig) again = dms_config_new ();
  const DmsConfigSchema *schema;
  g_autofree char *text = NULL;

  load (fixture, "{\"rest\": {\"port\": 1001}}");
  g_assert_true (dms_config_write_all (fixture->config, fixture->path, &error));
  g_assert_no_error (error);
  text = read_file (fixture);
  g_assert_nonnull (strstr (text, "\n        \"port\": 1001"));
  g_assert_null (strstr (text, "elasticsearch_url"));
  g_assert_nonnull (strstr (text, "\"providers\": null"));

  /* What is written can be read, and means the same. */
  g_assert_true (dms_config_load (again, fixture->path, &error));
  g_assert_no_error (error);
  for (schema = dms_config_schema_get_all (); schema->key != NULL; schema++)
    {
      g_autoptr (JsonNode) a = dms_config_dup_json (fixture->config, schema->key);
      g_autoptr (JsonNode) b = dms_config_dup_json (again, schema->key);

      g_assert_true (json_node_equal (a, b));
    }
}

static void
test_dup_json (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonNode) section = NULL;
  g_autoptr (JsonNode) nothing = NULL;
  g_autofree char *text = NULL;

  load (fixture, "{}");
  section = dms_config_dup_json (fixture->config, "rest");
  text = dms_config_json_to_text (section);
  g_assert_cmpstr (text, ==, "{\n    \"addr\": \"127.0.0.1\",\n    \"port\": 9999\n}");
  nothing = dms_config_dup_json (fixture->config, "rest.nothing");
  g_assert_null (nothing);
}

/* The members that the field's own client installs. */
static void
test_field_file (Fixture *fixture, gconstpointer data)
{
  load (fixture,
        "{\"general\": {\"env\": \"production\", \"user_dir\": \"/u\", \"work_dir\": \"/w\", \"data_dir\":"
        " \"/d\","
        " \"debug\": true, \"host_city\": \"\", \"host_country\": \"\", \"host_continent\": \"\","
        " \"port_available_range_from\": 1024, \"port_available_range_to\": 32768, \"storage_mode\": false,"
        " \"storage_ca_directory\": \"/c\", \"storage_bricks_dir\": \"/b\", \"storage_glusterfs_hostname\":"
        " \"\","
        " \"compute_gateway\": false, \"providers\": null, \"payment_provider\": {\"mode\": false,"
        " \"ethereum_rpc_url\": \"\", \"ethereum_rpc_token\": \"\", \"ntx_contract_address\": \"\","
        " \"block_frost_api_url\": \"\", \"block_frost_api_key\": \"\", \"cardano_asset_name\": \"\","
        " \"cardano_asset_policy_id\": \"\"}},"
        "\"rest\": {\"addr\": \"127.0.0.1\", \"port\": 9999}, \"profiler\": {\"enabled\": true,"
        " \"addr\": \"127.0.0.1\", \"port\": 6060}, \"p2p\": {\"listen_address\":"
        " [\"/ip4/0.0.0.0/tcp/9000\"],"
        " \"bootstrap_peers\": [], \"memory\": 1024, \"fd\": 512},"
        "\"job\": {\"allow_privileged_docker\": false, \"require_contracts_for_deployment\": true},"
        "\"observability\": {\"logging\": {\"level\": \"INFO\", \"file\": \"/l\", \"rotation\":"
        " {\"max_size_mb\": 100,"
        " \"max_backups\": 3, \"max_age_days\": 28}}, \"elastic\": {\"url\": \"x\", \"index\": \"x\","
        " \"flush_interval\": 5, \"enabled\": false, \"api_key\": \"\", \"insecure_skip_verify\": true},"
        " \"otel\": {\"enabled\": true, \"endpoint\": \"otel.nunet.network:4317\", \"insecure\": true}},"
        "\"apm\": {\"server_url\": \"x\", \"service_name\": \"x\", \"environment\": \"x\", \"api_key\": \"\","
        " \"secret_token\": \"\"}, \"coinmarketcap\": {\"api_key\": \"\", \"base_url\": \"\","
        " \"endpoint_path\": \"\","
        " \"cache_ttl\": \"\", \"quote_ttl\": \"\"}}");
  g_assert_cmpint (dms_config_get_int (fixture->config, "general.port_available_range_to"), ==, 32768);
  g_assert_true (dms_config_get_bool (fixture->config, "job.require_contracts_for_deployment"));
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *name;
    void (*func) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/config/defaults", test_defaults },
    { "/config/derived", test_derived },
    { "/config/precedence", test_precedence },
    { "/config/bad-environment", test_bad_environment },
    { "/config/refused", test_refused },
    { "/config/choices", test_choices },
    { "/config/missing", test_missing },
    { "/config/deprecated", test_deprecated },
    { "/config/letters", test_letters },
    { "/config/write-key", test_write_key },
    { "/config/write-key-to-bad-file", test_write_key_to_bad_file },
    { "/config/write-all", test_write_all },
    { "/config/dup-json", test_dup_json },
    { "/config/field-file", test_field_file },
  };
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].func, tear_down);

  return g_test_run ();
}
