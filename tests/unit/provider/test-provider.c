/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* A provider with the null executor, and an orchestrator on another node that speaks the protocol by hand. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include <libsoup/soup.h>

#include "common/dms-json-object.h"
#include "dms-test-node.h"
#include "provider/dms-bid.h"
#include "provider/dms-job-log.h"
#include "provider/dms-provider-private.h"

static const char ENSEMBLE[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

typedef struct
{
  char *folder;
  DmsStore *store;
  DmsPluginManager *plugins;
  DmsConfig *config;
  DmsTestNode *orchestrator;
  DmsTestNode *node;
  DmsProvider *provider;

  GPtrArray *bids;
  GPtrArray *ends;     /* JsonNode of task terminations */
  GPtrArray *statuses; /* utf8 */
  guint n_lives;
  guint n_asked;
  gboolean deaf;
  gboolean unwanted;
} Fixture;

static void
set_flag (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
is_set (gpointer user_data)
{
  return *(gpointer *) user_data != NULL;
}

static void
start_provider (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->folder, "data", "dms.db", NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsActor *root = dms_test_node_get_root (f->node);

  f->store = dms_store_open (path, &error);
  g_assert_no_error (error);
  f->provider = dms_provider_new (f->store, f->plugins, root, dms_test_node_get_key (f->node), f->config);
  dms_provider_install_behaviours (f->provider, root);
  dms_provider_start_async (f->provider, NULL, set_flag, &result);
  dms_test_wait (is_set, &result);
  g_assert_true (dms_provider_start_finish (f->provider, result, &error));
  g_assert_no_error (error);
}

/* As abrupt as a process can do it to itself: nothing more is stored. */
static void
stop_provider (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;
  gpointer provider = f->provider;

  dms_provider_stop_async (f->provider, NULL, set_flag, &result);
  dms_test_wait (is_set, &result);
  g_assert_true (dms_provider_stop_finish (f->provider, result, NULL));
  g_clear_object (&result);
  g_object_add_weak_pointer (provider, &provider);
  g_clear_object (&f->provider);
  dms_test_run (50);
  g_assert_null (provider);
  g_clear_object (&f->store);
}

static void
on_bid (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GError) error = NULL;
  DmsBid *bid = dms_bid_new_from_json (dms_message_get_payload (message), &error);

  g_assert_no_error (error);
  g_ptr_array_add (f->bids, bid);
}

static void
on_end (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *f = user_data;
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", TRUE);
  if (!f->deaf)
    {
      g_ptr_array_add (f->ends, json_node_copy (dms_message_get_payload (message)));
      dms_message_reply_object (message, reply);
    }
  else
    json_object_unref (reply);
}

static void
on_status (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *f = user_data;

  g_ptr_array_add (f->statuses,
                   g_strdup (dms_json_object_get_text (dms_message_get_object (message), "new_status")));
}

static void
on_liveness (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  ++((Fixture *) user_data)->n_lives;
}

static void
on_state (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Fixture *f = user_data;
  JsonObject *reply = json_object_new ();
  g_auto (GStrv) names = dms_json_object_dup_texts (dms_message_get_object (message), "AllocationNamess");

  g_assert_cmpuint (g_strv_length (names), ==, 1);
  f->n_asked++;
  json_object_set_boolean_member (reply, "OK", !f->unwanted);
  json_object_set_string_member (reply, "Error", f->unwanted ? "no such deployment" : "");
  dms_message_reply_object (message, reply);
}

static void
add_orchestrator (Fixture *f)
{
  g_autofree char *state = g_strdup_printf ("/dms/orchestrator/%s/deployment/state", ENSEMBLE);
  DmsActor *root = dms_test_node_get_root (f->orchestrator);
  g_autofree char *end = g_strdup_printf ("/dms/orchestrator/%s/task-termination", ENSEMBLE);
  g_autofree char *status = g_strdup_printf ("/dms/orchestrator/%s/allocation/status", ENSEMBLE);
  g_autofree char *liveness = g_strdup_printf ("/dms/orchestrator/%s/allocation/liveness", ENSEMBLE);

  dms_actor_add_behaviour (root, state, DMS_BEHAVIOUR_REQUIRE, on_state, f, NULL);
  dms_actor_add_behaviour (root, "/dms/deployment/bid", DMS_BEHAVIOUR_REQUIRE, on_bid, f, NULL);
  dms_actor_add_behaviour (root, end, DMS_BEHAVIOUR_REQUIRE, on_end, f, NULL);
  dms_actor_add_behaviour (root, status, DMS_BEHAVIOUR_REQUIRE, on_status, f, NULL);
  dms_actor_add_behaviour (root, liveness, DMS_BEHAVIOUR_REQUIRE, on_liveness, f, NULL);
  dms_test_node_allow (f->orchestrator, f->node, "/dms/orchestrator");
  dms_test_node_allow (f->node, f->orchestrator, "/dms/deployment");
}

static void
set_path (Fixture *f, const char *key, const char *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_config_set_override (f->config, key, path, &error));
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *plugins = g_build_filename (g_getenv ("DMS_BUILD_ROOT"), "plugins", "dummy", NULL);
  const char *const directories[] = { plugins, NULL };
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("dms-provider-XXXXXX", &error);
  g_assert_no_error (error);
  f->plugins = dms_plugin_manager_new (directories, NULL);
  dms_plugin_manager_load_all (f->plugins);
  g_assert_nonnull (dms_plugin_manager_get_executor (f->plugins, "null"));
  f->config = dms_config_new ();
  set_path (f, "general.work_dir", "work");
  set_path (f, "general.data_dir", "data");
  f->orchestrator = dms_test_node_new ("test-provider");
  f->node = dms_test_node_new ("test-provider");
  f->bids = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_bid_unref);
  f->ends = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  f->statuses = g_ptr_array_new_with_free_func (g_free);
  add_orchestrator (f);
  start_provider (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  stop_provider (f);
  g_ptr_array_unref (f->bids);
  g_ptr_array_unref (f->ends);
  g_ptr_array_unref (f->statuses);
  dms_test_node_free (f->node);
  dms_test_node_free (f->orchestrator);
  g_clear_object (&f->config);
  g_clear_object (&f->plugins);
  dms_job_log_remove (f->folder);
  g_free (f->folder);
}

/* Lends a core and a little memory, with no regard to the machine's size. */
static void
onboard (Fixture *f)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (64 << 20, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (64 << 20);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_ledger_set_onboarded (dms_provider_get_ledger (f->provider), resources, &error));
  g_assert_no_error (error);
}

static gboolean
is_all_free (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) free = dms_ledger_dup_free (dms_provider_get_ledger (f->provider), &error);
  g_auto (GStrv) ports = dms_port_ledger_list_holders (dms_provider_get_ports (f->provider), &error);

  g_assert_no_error (error);
  return dms_cpu_get_cores (dms_resources_get_cpu (free)) == 1 &&
         dms_ram_get_size_bytes (dms_resources_get_ram (free)) == 64 << 20 && ports[0] == NULL;
}

static JsonObject *
ask (Fixture *f, DmsHandle *to, const char *behaviour, const char *json, DmsMessage **message)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (message, dms_message_unref);
  *message = dms_test_invoke (dms_test_node_get_root (f->orchestrator), to, behaviour, json, 10, &error);
  g_assert_no_error (error);
  g_assert_nonnull (*message);
  return dms_message_get_object (*message);
}

static char *
build_request (const char *nodes, const char *extra)
{
  g_auto (GStrv) names = g_strsplit (nodes, ",", -1);
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; names[i] != NULL; i++)
    g_string_append_printf (
        text,
        "%s{\"V1\":{\"NodeID\":\"%s\",\"Executors\":[\"null\"],\"Resources\":{\"cpu\":{\"cores\":0.5},"
        "\"ram\":{\"size\":1048576},\"disk\":{\"size\":1048576}},\"Location\":{},\"PublicPorts\":"
        "{\"Static\":[],\"Dynamic\":0}%s}}",
        i > 0 ? "," : "",
        names[i],
        extra);
  return g_strdup_printf ("{\"ID\":\"%s\",\"Nonce\":%u,\"Request\":[%s],\"PeerExclusion\":[]}",
                          ENSEMBLE,
                          g_random_int (),
                          text->str);
}

static void
request (Fixture *f, const char *json)
{
  g_autoptr (JsonNode) payload = dms_json_node_from_text (json, -1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (payload);
  g_assert_true (dms_actor_send (dms_test_node_get_root (f->orchestrator),
                                 dms_test_node_get_handle (f->node),
                                 "/dms/deployment/request",
                                 payload,
                                 dms_actor_expiry_in (30),
                                 "/dms/deployment/bid",
                                 &error));
  g_assert_no_error (error);
}

static gboolean
has_bid (gpointer user_data)
{
  return ((Fixture *) user_data)->bids->len > 0;
}

static void
get_bid (Fixture *f)
{
  g_autofree char *json = build_request ("n1", "");

  request (f, json);
  dms_test_wait (has_bid, f);
}

static void
assert_refused (Fixture *f, const char *json, const char *reason)
{
  guint64 before = dms_bidder_get_refusals (dms_provider_get_bidder (f->provider), reason);

  request (f, json);
  dms_test_run (50);
  if (dms_bidder_get_refusals (dms_provider_get_bidder (f->provider), reason) != before + 1)
    g_error ("not refused for %s: %s", reason, json);
  g_assert_cmpuint (f->bids->len, ==, 0);
}

static void
test_bids (Fixture *f, gconstpointer data)
{
  g_autofree char *one = build_request ("n1", "");
  g_autofree char *far = build_request ("n1", ",\"Location\":{\"accept\":[{\"continent\":\"AN\"}]}");
  g_autofree char *engine = build_request ("n1", ",\"Executors\":[\"null\",\"none-such\"]");
  g_autofree char *privileged = build_request ("n1", ",\"GeneralRequirements\":{\"PrivilegedDocker\":true}");
  g_autofree char *large = build_request ("n1",
                                          ",\"Resources\":{\"cpu\":{\"cores\":100000},\"ram\":{\"size\":1},"
                                          "\"disk\":{\"size\":1}}");
  g_autofree char *more = build_request ("n1",
                                         ",\"Resources\":{\"cpu\":{\"cores\":1},\"ram\":{\"size\":104857600},"
                                         "\"disk\":{\"size\":1}}");
  g_autofree char *low_port = build_request ("n1", ",\"PublicPorts\":{\"Static\":[80]}");
  g_autofree char *excluded = g_strdup_printf ("{\"ID\":\"%s\",\"PeerExclusion\":[\"%s\"]}",
                                               ENSEMBLE,
                                               dms_handle_get_host (dms_test_node_get_handle (f->node)));
  g_autofree char *three = build_request ("n1,n2,n3", "");
  g_autoptr (GError) error = NULL;
  DmsBid *bid;

  assert_refused (f, one, "node_not_onboarded_ignoring_bid_request");
  onboard (f);
  assert_refused (f, far, "bid_request_location_constraints_not_satisfied");
  assert_refused (f, engine, "executor_unavailable");
  assert_refused (f, privileged, "privileged_docker_not_allowed");
  assert_refused (f, large, "resource_not_better");
  assert_refused (f, more, "no_resource_availability_for_bid");
  assert_refused (f, low_port, "no_resource_availability_for_bid");
  assert_refused (f, excluded, "bid_request_excluded_peer");
  assert_refused (f, "{\"ID\":\"../../etc\"}", "bid_requirements_not_satisfied");
  assert_refused (f, "{\"ID\":7}", "bid_requirements_not_satisfied");
  dms_bidder_set_ready (dms_provider_get_bidder (f->provider), FALSE);
  assert_refused (f, one, "not_ready_for_bids");
  dms_bidder_set_ready (dms_provider_get_bidder (f->provider), TRUE);

  request (f, one);
  dms_test_wait (has_bid, f);
  bid = g_ptr_array_index (f->bids, 0);
  g_assert_true (dms_bid_verify (bid, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (dms_bid_get_node_id (bid), ==, "n1");
  g_assert_cmpstr (dms_bid_get_ensemble_id (bid), ==, ENSEMBLE);

  /* The same request again is not answered again. */
  request (f, one);
  dms_test_run (50);
  g_assert_cmpuint (f->bids->len, ==, 1);

  /* Two of three fit at the same time. */
  g_ptr_array_set_size (f->bids, 0);
  request (f, three);
  dms_test_run (100);
  g_assert_cmpuint (f->bids->len, ==, 2);
}

static void
test_bid_signature (void)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsLocation) location = dms_location_new ("EU", "DE", "Köln <&>", 3320, NULL);
  g_autoptr (DmsHandle) handle =
      dms_handle_new_for_key (key, dms_key_get_did (key), dms_key_get_peer_id (key), "root");
  g_autoptr (DmsBid) bid = dms_bid_new_signed (key, handle, ENSEMBLE, "n1", location);
  g_autoptr (JsonNode) node = dms_bid_to_json (bid);
  g_autoptr (DmsBid) copy = NULL;
  g_autoptr (DmsBid) changed = NULL;
  g_autoptr (JsonNode) bad = dms_json_node_from_text ("{\"V1\":{\"EnsembleID\":\"x\"}}", -1, NULL);
  g_autoptr (GError) error = NULL;

  copy = dms_bid_new_from_json (node, &error);
  g_assert_no_error (error);
  g_assert_true (dms_bid_verify (copy, &error));
  g_assert_no_error (error);

  json_object_set_string_member (
      json_object_get_object_member (json_node_get_object (node), "V1"), "NodeID", "n2");
  changed = dms_bid_new_from_json (node, &error);
  g_assert_no_error (error);
  g_assert_false (dms_bid_verify (changed, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
  g_clear_error (&error);
  g_assert_null (dms_bid_new_from_json (bad, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static char *
build_commit (const char *key, const char *ports, guint n_dynamic)
{
  return g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"AllocationName\":\"%s_%s\",\"NodeID\":\"n1\",\"Resources\":{\"cpu\":"
      "{\"cores\":0.5},\"ram\":{\"size\":1048576},\"disk\":{\"size\":1048576},\"allocationID\":\"x\"},"
      "\"PortMapping\":%s,\"NumDynamicPorts\":%u}",
      ENSEMBLE,
      ENSEMBLE,
      key,
      ports,
      n_dynamic);
}

static void
test_commit (Fixture *f, gconstpointer data)
{
  DmsHandle *node = dms_test_node_get_handle (f->node);
  g_autofree char *good = build_commit ("n1.main", "{}", 2);
  g_autofree char *second = build_commit ("n1.other", "{}", 0);
  g_autofree char *third = build_commit ("n1.third", "{}", 0);
  g_autofree char *port = build_commit ("n1.other", "{\"80\":80}", 0);
  g_autofree char *escape = build_commit ("../x", "{}", 0);
  g_autofree char *revert = g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\",\"%s_n1.other\",\"%s_n1.never\"]}",
      ENSEMBLE,
      ENSEMBLE,
      ENSEMBLE,
      ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;
  guint16 first;

  onboard (f);
  reply = ask (f, node, "/dms/deployment/commit", good, &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "no bid requests for ensemble id"));

  get_bid (f);
  reply = ask (f, node, "/dms/deployment/commit", escape, &message);
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "an allocation's ID must be"));
  reply = ask (f, node, "/dms/deployment/commit", good, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpuint (json_array_get_length (dms_json_object_get_list (reply, "DynamicPorts")), ==, 2);
  first = (guint16) json_array_get_int_element (dms_json_object_get_list (reply, "DynamicPorts"), 0);

  /* Whose answer was lost may ask again, and is told the same. */
  reply = ask (f, node, "/dms/deployment/commit", good, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpint (
      json_array_get_int_element (dms_json_object_get_list (reply, "DynamicPorts"), 0), ==, first);

  /* A port that cannot be had takes no resources either. */
  reply = ask (f, node, "/dms/deployment/commit", port, &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  reply = ask (f, node, "/dms/deployment/commit", second, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  reply = ask (f, node, "/dms/deployment/commit", third, &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (
      strstr (dms_json_object_get_text (reply, "Error"), "resources not available: no free resources"));

  reply = ask (f, node, "/dms/deployment/revert", revert, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_true (is_all_free (f));

  /* Commits of a daemon that died are given back. */
  get_bid (f);
  g_ptr_array_set_size (f->bids, 0);
  get_bid (f);
  reply = ask (f, node, "/dms/deployment/commit", good, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_false (is_all_free (f));
  stop_provider (f);
  start_provider (f);
  g_assert_true (is_all_free (f));
}

static DmsHandle *
allocate (Fixture *f, const char *type, const char *params, const char *extra)
{
  g_autofree char *commit = build_commit ("n1.main", "{}", 1);
  g_autofree char *json = g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"NodeID\":\"n1\",\"Allocations\":{\"%s_n1.main\":{\"Type\":\"%s\","
      "\"Executor\":\"null\",\"Execution\":{\"type\":\"null\",\"params\":%s}%s}}}",
      ENSEMBLE,
      ENSEMBLE,
      type,
      params,
      extra);
  g_autofree char *name = g_strdup_printf ("%s_n1.main", ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  DmsHandle *handle = NULL;
  JsonObject *reply;

  onboard (f);
  get_bid (f);
  reply = ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/commit", commit, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  reply = ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/allocate", json, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  handle = dms_handle_new_from_json (
      dms_json_object_get_member (dms_json_object_get_child (reply, "Allocations"), name), &error);
  g_assert_no_error (error);
  return handle;
}

static void
start (Fixture *f, DmsHandle *allocation, const char *problem)
{
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply = ask (f,
                           allocation,
                           "/dms/allocation/start",
                           "{\"SubnetIP\":\"\",\"GatewayIP\":\"\",\"PortMapping\":{}}",
                           &message);

  if (problem == NULL)
    g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  else if (strstr (dms_json_object_get_text (reply, "Error"), problem) == NULL)
    g_error ("“%s” lacks “%s”", dms_json_object_get_text (reply, "Error"), problem);
  g_assert_cmpint (dms_json_object_get_flag (reply, "OK"), ==, problem == NULL);
}

static gboolean
has_end (gpointer user_data)
{
  return ((Fixture *) user_data)->ends->len > 0;
}

static JsonObject *
wait_end (Fixture *f)
{
  dms_test_wait (has_end, f);
  return json_node_get_object (g_ptr_array_index (f->ends, 0));
}

static char *
read_log (Fixture *f, const char *stream, gint64 offset)
{
  g_autofree char *behaviour = g_strdup_printf ("/dms/ensemble/%s/allocation/logs", ENSEMBLE);
  g_autofree char *json =
      g_strdup_printf ("{\"AllocName\":\"n1.main\",\"Stream\":\"%s\",\"offset\":%d}", stream, (int) offset);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply = ask (f, dms_test_node_get_handle (f->node), behaviour, json, &message);
  g_autofree guint8 *data = NULL;
  gsize size;

  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  data = g_base64_decode (dms_json_object_get_text (reply, "data"), &size);
  return g_strndup ((const char *) data, size);
}

static void
assert_log (Fixture *f, const char *stream, gint64 offset, const char *expected)
{
  g_autofree char *text = read_log (f, stream, offset);

  g_assert_cmpstr (text, ==, expected);
}

static guint
count_listed (Fixture *f)
{
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;

  dms_test_node_allow (f->node, f->orchestrator, "/dms/node");
  reply = ask (f, dms_test_node_get_handle (f->node), "/dms/node/allocations/list", "{}", &message);
  return json_array_get_length (dms_json_object_get_list (reply, "allocations"));
}

static char *
dup_job_file (Fixture *f, const char *name)
{
  g_autofree char *id = g_strdup_printf ("%s_n1.main", ENSEMBLE);

  return g_build_filename (f->folder, "work", "jobs", id, name, NULL);
}

static void
test_task (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      allocate (f, "task", "{\"stdout\":\"hello\\n\",\"stderr\":\"oops\\n\",\"duration_ms\":200}", "");
  g_autofree char *path = dup_job_file (f, "stdout.log");
  g_autofree char *folder = dup_job_file (f, ".");
  g_autofree char *text = NULL;
  JsonObject *end;
  struct stat info;

  g_assert_false (is_all_free (f));
  start (f, allocation, NULL);
  g_assert_cmpuint (count_listed (f), ==, 1);
  /* Whose answer was lost may ask again. */
  start (f, allocation, NULL);
  assert_log (f, "stdout", 0, "hello\n");

  end = wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "completed");
  g_assert_cmpint (
      dms_json_object_get_whole (dms_json_object_get_child (end, "error"), "exit_code", -9, 999, -9), ==, 0);
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (end, "result"), "reason"), ==, "exited");
  g_assert_true (is_all_free (f));
  g_assert_cmpuint (count_listed (f), ==, 0);
  assert_log (f, "stdout", 0, "hello\n");
  assert_log (f, "stdout", 2, "llo\n");
  assert_log (f, "stderr", 0, "oops\n");
  assert_log (f, "stderr", 99, "");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "hello\n");
  g_assert_cmpint (stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  g_assert_cmpuint (f->statuses->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (f->statuses, 0), ==, "running");
  g_assert_cmpstr (g_ptr_array_index (f->statuses, 1), ==, "completed");

  /* It is over, and started again it stays so. */
  start (f, allocation, NULL);
  dms_test_run (100);
  g_assert_cmpuint (f->ends->len, ==, 1);
}

static void
test_failures (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "task", "{\"exit_code\":3,\"out_of_memory\":true}", "");
  JsonObject *end;

  start (f, allocation, NULL);
  end = wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "failed");
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (end, "result"), "reason"), ==, "out-of-memory");
  g_assert_true (dms_json_object_get_flag (dms_json_object_get_child (end, "error"), "killed"));
  g_assert_nonnull (
      strstr (dms_json_object_get_text (dms_json_object_get_child (end, "error"), "err"), "memory"));
  g_assert_true (is_all_free (f));
}

static void
test_launch_failure (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "task", "{\"fail_launch\":\"the engine says no\"}", "");

  start (f, allocation, "the engine says no");
  g_assert_true (is_all_free (f));
  g_assert_cmpuint (count_listed (f), ==, 0);
  /* Who asked knows already. */
  dms_test_run (100);
  g_assert_cmpuint (f->ends->len, ==, 0);
}

static void
test_foreign_volume (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (
      f, "task", "{}", ",\"Volume\":[{\"type\":\"local\",\"src\":\"/etc\",\"mount_destination\":\"/mnt\"}]");

  start (f, allocation, "which only its owner may mount");
  g_assert_true (is_all_free (f));
}

static void
test_named_volume (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (
      f, "task", "{}", ",\"Volume\":[{\"type\":\"local\",\"src\":\"data\",\"mount_destination\":\"/mnt\"}]");
  g_autofree char *volumes = g_build_filename (f->folder, "data", "volumes", NULL);
  g_autoptr (GDir) dir = NULL;
  const char *owner;
  g_autofree char *path = NULL;

  start (f, allocation, NULL);
  dir = g_dir_open (volumes, 0, NULL);
  g_assert_nonnull (dir);
  owner = g_dir_read_name (dir);
  g_assert_true (g_str_has_prefix (owner, "@"));
  path = g_build_filename (volumes, owner, "data", NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  wait_end (f);
}

static void
test_service (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation =
      allocate (f, "service", "{\"stdout\":\"up\\n\",\"duration_ms\":-1,\"exec_stdout\":\"PONG\\n\"}", "");
  g_autofree char *shutdown = g_strdup_printf ("/dms/ensemble/%s/allocation/shutdown", ENSEMBLE);
  g_autofree char *payload = g_strdup_printf ("{\"AllocationID\":\"%s_n1.main\"}", ENSEMBLE);
  g_autofree char *port_json = NULL;
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;

  start (f, allocation, NULL);
  dms_test_run (100);
  g_assert_cmpuint (f->n_lives, ==, 1);
  reply = ask (f, allocation, "/dms/allocation/stats", "{}", &message);
  g_assert_true (dms_json_object_get_flag (reply, "ok"));
  g_assert_nonnull (dms_json_object_get_child (reply, "stats"));
  reply = ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));

  reply = ask (f,
               allocation,
               "/dms/actor/healthcheck/register",
               "{\"EnsembleID\":\"x\",\"HealthCheck\":{\"type\":\"command\",\"exec\":[\"ping\"],\"response\":"
               "{\"type\":"
               "\"string\",\"value\":\"PONG\"},\"interval\":1000000000}}",
               &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  reply = ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  reply = ask (f,
               allocation,
               "/dms/actor/healthcheck/register",
               "{\"EnsembleID\":\"x\",\"HealthCheck\":{\"type\":\"command\",\"exec\":[\"ping\"],\"response\":"
               "{\"type\":"
               "\"string\",\"value\":\"PING\"},\"interval\":1000000000}}",
               &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  reply = ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "did not answer “PING”"));
  reply = ask (
      f,
      allocation,
      "/dms/actor/healthcheck/register",
      "{\"EnsembleID\":\"x\",\"HealthCheck\":{\"type\":\"http\",\"endpoint\":\"http://169.254.169.254/\","
      "\"response\":{\"type\":\"string\",\"value\":\"x\"},\"interval\":1000000000}}",
      &message);
  reply = ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_nonnull (
      strstr (dms_json_object_get_text (reply, "Error"), "must be an http address on localhost"));

  reply = ask (f, allocation, "/dms/allocation/subnet/add-peer", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));

  /* A new job with the old output before its own. */
  reply = ask (f, allocation, "/dms/allocation/restart", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  assert_log (f, "stdout", 0, "up\n");
  assert_log (f, "stdout", 3, "up\n");

  reply = ask (f, dms_test_node_get_handle (f->node), shutdown, payload, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_true (is_all_free (f));
  g_assert_cmpuint (count_listed (f), ==, 0);
  assert_log (f, "stdout", 0, "up\nup\n");
  reply = ask (f, dms_test_node_get_handle (f->node), shutdown, payload, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  g_assert_cmpuint (f->ends->len, ==, 0);
}

static void
serve (SoupServer *server,
       SoupServerMessage *message,
       const char *path,
       GHashTable *query,
       gpointer user_data)
{
  const char *body = user_data;

  if (g_str_equal (path, "/moved"))
    {
      soup_server_message_set_redirect (message, SOUP_STATUS_FOUND, "/");
      return;
    }
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, body, strlen (body));
}

static void
assert_health (Fixture *f,
               DmsHandle *allocation,
               const char *endpoint,
               const char *value,
               const char *problem)
{
  g_autofree char *json = g_strdup_printf (
      "{\"EnsembleID\":\"x\",\"HealthCheck\":{\"type\":\"http\",\"endpoint\":\"%s\",\"response\":"
      "{\"type\":\"string\",\"value\":\"%s\"},\"interval\":1000000000}}",
      endpoint,
      value);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply = ask (f, allocation, "/dms/actor/healthcheck/register", json, &message);

  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  reply = ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  if (problem == NULL)
    g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  else
    g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), problem));
}

static void
test_http_health (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "service", "{\"duration_ms\":-1}", "");
  g_autoptr (SoupServer) server = g_object_new (SOUP_TYPE_SERVER, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *root = NULL;
  g_autofree char *moved = NULL;
  GSList *uris;

  soup_server_add_handler (server, NULL, serve, (gpointer) "fine", NULL);
  g_assert_true (soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error));
  g_assert_no_error (error);
  uris = soup_server_get_uris (server);
  root = g_uri_to_string (uris->data);
  moved = g_strconcat (root, "moved", NULL);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);

  start (f, allocation, NULL);
  assert_health (f, allocation, root, "fine", NULL);
  /* Equal, not contained; and not what lies behind a redirection. */
  assert_health (f, allocation, root, "fin", "did not answer “fin”");
  assert_health (f, allocation, moved, "fine", "did not answer “fine”");
  assert_health (f, allocation, "http://192.0.2.1/", "fine", "must be an http address on localhost");
  soup_server_disconnect (server);
  assert_health (f, allocation, root, "fine", "the health check's endpoint");
}

static void
test_ports (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "service", "{\"duration_ms\":-1}", "");
  g_autofree char *id = g_strdup_printf ("%s_n1.main", ENSEMBLE);
  g_autoptr (GArray) dynamic = dms_port_ledger_list_dynamic (dms_provider_get_ports (f->provider), id, NULL);
  g_autofree char *port = g_strdup_printf ("%u", g_array_index (dynamic, guint16, 0));
  g_autofree char *good = g_strdup_printf ("{\"PortMapping\":{\"%s\":8080}}", port);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;
  JsonObject *item;

  /* Only ports that were set aside for it, and only as ports. */
  reply = ask (f, allocation, "/dms/allocation/start", "{\"PortMapping\":{\"22\":22}}", &message);
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "does not hold port 22"));
  reply = ask (f, allocation, "/dms/allocation/start", "{\"PortMapping\":{\"x\":22}}", &message);
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "must map ports to ports"));
  reply = ask (f, allocation, "/dms/allocation/start", good, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");

  dms_test_node_allow (f->node, f->orchestrator, "/dms/node");
  reply = ask (f, dms_test_node_get_handle (f->node), "/dms/node/allocations/list", "{}", &message);
  item = json_array_get_object_element (dms_json_object_get_list (reply, "allocations"), 0);
  g_assert_cmpint (
      dms_json_object_get_whole (dms_json_object_get_child (item, "using_ports"), port, 0, 65535, -1),
      ==,
      8080);
  g_assert_cmpstr (dms_json_object_get_text (item, "status"), ==, "running");
  g_assert_cmpstr (dms_json_object_get_text (item, "id"), ==, id);
}

static void
test_service_dies (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "service", "{\"duration_ms\":100}", "");
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *end;
  JsonObject *reply;

  start (f, allocation, NULL);
  end = wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "failed");
  g_assert_cmpstr (dms_json_object_get_text (dms_json_object_get_child (end, "error"), "err"),
                   ==,
                   "the service ended by itself, with exit code 0");
  g_assert_true (is_all_free (f));

  /* It says so when asked, and can be had back. */
  reply = ask (f, allocation, "/dms/actor/healthcheck", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "Error"), "the service ended by itself"));
  reply = ask (f, allocation, "/dms/allocation/restart", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_false (is_all_free (f));
}

static void
test_release_while_starting (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "task", "{\"prepare_ms\":1000,\"duration_ms\":-1}", "");
  g_autoptr (JsonNode) payload = dms_json_node_from_text ("{}", -1, NULL);
  g_autofree char *revert =
      g_strdup_printf ("{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\"]}", ENSEMBLE, ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  gint64 began = g_get_monotonic_time ();
  JsonObject *reply;

  g_assert_true (dms_actor_send (dms_test_node_get_root (f->orchestrator),
                                 allocation,
                                 "/dms/allocation/start",
                                 payload,
                                 dms_actor_expiry_in (30),
                                 NULL,
                                 NULL));
  dms_test_run (100);
  reply = ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/revert", revert, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  g_assert_cmpint (g_get_monotonic_time () - began, <, 4 * G_USEC_PER_SEC);
  g_assert_true (is_all_free (f));
  g_assert_cmpuint (count_listed (f), ==, 0);
}

/* An orchestrator that failed elsewhere tries again with the same names. */
static void
test_second_attempt (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) first = allocate (f, "task", "{\"stdout\":\"first\",\"duration_ms\":-1}", "");
  g_autoptr (DmsHandle) second = NULL;
  g_autofree char *revert =
      g_strdup_printf ("{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\"]}", ENSEMBLE, ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;
  JsonObject *end;

  start (f, first, NULL);
  reply = ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/revert", revert, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  start (f, first, "was released");

  g_ptr_array_set_size (f->bids, 0);
  second = allocate (f, "task", "{\"stdout\":\"second\"}", "");
  g_assert_true (dms_handle_equal (first, second));
  start (f, second, NULL);
  end = wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "completed");
  assert_log (f, "stdout", 0, "second");
  g_assert_true (is_all_free (f));
}

static void
test_strangers (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "service", "{\"duration_ms\":-1}", "");
  DmsTestNode *stranger = dms_test_node_new ("test-provider");
  g_autofree char *revert =
      g_strdup_printf ("{\"EnsembleID\":\"%s\",\"AllocsByName\":[\"%s_n1.main\"]}", ENSEMBLE, ENSEMBLE);
  g_autofree char *logs = g_strdup_printf ("/dms/ensemble/%s/allocation/logs", ENSEMBLE);
  g_autoptr (DmsMessage) message = NULL;
  g_autoptr (DmsMessage) none = NULL;
  g_autoptr (GError) error = NULL;

  start (f, allocation, NULL);
  dms_test_node_allow (f->node, stranger, "/dms/deployment");
  none = dms_test_invoke (
      dms_test_node_get_root (stranger), allocation, "/dms/allocation/stats", "{}", 0.2, &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_clear_error (&error);
  none = dms_test_invoke (dms_test_node_get_root (stranger),
                          dms_test_node_get_handle (f->node),
                          logs,
                          "{\"AllocName\":\"n1.main\",\"Stream\":\"stdout\"}",
                          0.2,
                          &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_clear_error (&error);

  /* May deploy here, but not end what is another's. */
  message = dms_test_invoke (dms_test_node_get_root (stranger),
                             dms_test_node_get_handle (f->node),
                             "/dms/deployment/revert",
                             revert,
                             5,
                             &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_listed (f), ==, 1);
  g_clear_pointer (&message, dms_message_unref);
  dms_test_node_free (stranger);
}

static void
test_restart_of_daemon (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (
      f, "task", "{\"stdout\":\"before\\n\",\"stdout_at_end\":\"after\\n\",\"duration_ms\":700}", "");
  JsonObject *end;

  start (f, allocation, NULL);
  stop_provider (f);
  start_provider (f);
  g_assert_cmpuint (count_listed (f), ==, 1);
  end = wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "completed");
  assert_log (f, "stdout", 0, "before\nafter\n");
  g_assert_true (is_all_free (f));

  /* Logs outlast another restart. */
  stop_provider (f);
  start_provider (f);
  assert_log (f, "stdout", 0, "before\nafter\n");
  g_assert_cmpuint (f->ends->len, ==, 1);
}

/* The end of a job reaches an orchestrator that does not hear at first, even after a restart. */
static void
test_end_is_repeated (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "task", "{\"exit_code\":7}", "");
  JsonObject *end;

  f->deaf = TRUE;
  start (f, allocation, NULL);
  dms_test_run (300);
  stop_provider (f);
  f->deaf = FALSE;
  start_provider (f);
  end = wait_end (f);
  g_assert_cmpint (
      dms_json_object_get_whole (dms_json_object_get_child (end, "error"), "exit_code", -9, 999, -9), ==, 7);
  dms_test_run (100);
  g_assert_cmpuint (f->ends->len, ==, 1);
  g_assert_true (is_all_free (f));
}

static void
remove_behind_back (Fixture *f)
{
  DmsExecutor *executor = dms_plugin_manager_get_executor (f->plugins, "null");
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GAsyncResult) adopted = NULL;
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) handles = NULL;
  gsize i = 0;

  dms_executor_list_async (executor, NULL, set_flag, &listed);
  dms_test_wait (is_set, &listed);
  handles = dms_executor_list_finish (executor, listed, &error);
  g_assert_no_error (error);
  /* The engine of this process also has what earlier tests left running. */
  while (handles[i] != NULL && strstr (handles[i], f->folder) == NULL)
    i++;
  g_assert_nonnull (handles[i]);
  dms_executor_adopt_async (executor, handles[i], NULL, set_flag, &adopted);
  dms_test_wait (is_set, &adopted);
  execution = dms_executor_adopt_finish (executor, adopted, &error);
  g_assert_no_error (error);
  dms_execution_remove_async (execution, NULL, set_flag, &removed);
  dms_test_wait (is_set, &removed);
  g_assert_true (dms_execution_remove_finish (execution, removed, &error));
}

/* The engine lost the job while the daemon was away. */
static void
test_lost (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "service", "{\"duration_ms\":-1}", "");
  JsonObject *end;

  start (f, allocation, NULL);
  stop_provider (f);
  remove_behind_back (f);
  start_provider (f);
  end = wait_end (f);
  g_assert_cmpstr (dms_json_object_get_text (end, "status"), ==, "failed");
  g_assert_cmpstr (
      dms_json_object_get_text (dms_json_object_get_child (end, "result"), "reason"), ==, "lost");
  g_assert_true (is_all_free (f));
}

static gboolean
is_free_again (gpointer user_data)
{
  return is_all_free (user_data);
}

/* After a restart the orchestrator is asked, and what it has given up is released. */
static void
test_unwanted (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "service", "{\"duration_ms\":-1}", "");

  start (f, allocation, NULL);
  stop_provider (f);
  start_provider (f);
  dms_test_run (200);
  g_assert_cmpuint (f->n_asked, ==, 1);
  g_assert_false (is_all_free (f));

  f->unwanted = TRUE;
  stop_provider (f);
  start_provider (f);
  dms_test_wait (is_free_again, f);
  g_assert_cmpuint (f->n_asked, ==, 2);
  g_assert_cmpuint (count_listed (f), ==, 0);
}

/* Allocated and not started: still there, and can be started. */
static void
test_pending_after_restart (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsHandle) allocation = allocate (f, "task", "{}", "");

  stop_provider (f);
  start_provider (f);
  g_assert_false (is_all_free (f));
  start (f, allocation, NULL);
  wait_end (f);
  g_assert_true (is_all_free (f));
}

static void
test_reading_behaviours (Fixture *f, gconstpointer data)
{
  static const char *const PATHS[] = {
    "/dms/node/resources/onboarded", "/dms/node/resources/free", "/dms/node/resources/allocated",
    "/dms/node/hardware/spec",       "/dms/node/hardware/usage",
  };
  DmsHandle *node = dms_test_node_get_handle (f->node);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;

  dms_test_node_allow (f->node, f->orchestrator, "/dms/node");
  reply = ask (f, node, "/dms/node/resources/free", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "OK"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "error"), "not onboarded"));
  reply = ask (f, node, "/dms/node/onboarding/status", "{}", &message);
  g_assert_false (dms_json_object_get_flag (reply, "onboarded"));
  reply = ask (
      f,
      node,
      "/dms/node/onboarding/onboard",
      "{\"NoGPU\":true,\"GPUs\":\"\",\"Config\":{\"onboarded_resources\":{\"cpu\":{\"cores\":100000},\"ram\":"
      "{\"size\":1},\"disk\":{\"size\":1}}}}",
      &message);
  g_assert_false (dms_json_object_get_flag (reply, "success"));
  g_assert_nonnull (strstr (dms_json_object_get_text (reply, "error"), "CPU is out of range"));
  reply = ask (f, node, "/dms/node/onboarding/onboard", "[]", &message);
  g_assert_false (dms_json_object_get_flag (reply, "success"));

  onboard (f);
  for (gsize i = 0; i < G_N_ELEMENTS (PATHS); i++)
    {
      reply = ask (f, node, PATHS[i], "{}", &message);
      g_assert_true (dms_json_object_get_flag (reply, "OK"));
      g_assert_nonnull (dms_json_object_get_child (dms_json_object_get_child (reply, "Resources"), "cpu"));
    }
  reply = ask (f, node, "/dms/node/onboarding/offboard", "{}", &message);
  g_assert_true (dms_json_object_get_flag (reply, "success"));
  reply = ask (f, node, "/dms/node/onboarding/offboard", "{}", &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "error"), ==, "machine is not onboarded");
}

static void
add (const char *path, void (*test) (Fixture *f, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/provider/bid-signature", test_bid_signature);
  add ("/provider/bids", test_bids);
  add ("/provider/commit", test_commit);
  add ("/provider/task", test_task);
  add ("/provider/failures", test_failures);
  add ("/provider/launch-failure", test_launch_failure);
  add ("/provider/foreign-volume", test_foreign_volume);
  add ("/provider/named-volume", test_named_volume);
  add ("/provider/service", test_service);
  add ("/provider/http-health", test_http_health);
  add ("/provider/ports", test_ports);
  add ("/provider/service-dies", test_service_dies);
  add ("/provider/release-while-starting", test_release_while_starting);
  add ("/provider/second-attempt", test_second_attempt);
  add ("/provider/strangers", test_strangers);
  add ("/provider/restart-of-daemon", test_restart_of_daemon);
  add ("/provider/end-is-repeated", test_end_is_repeated);
  add ("/provider/unwanted", test_unwanted);
  add ("/provider/lost", test_lost);
  add ("/provider/pending-after-restart", test_pending_after_restart);
  add ("/provider/reading-behaviours", test_reading_behaviours);
  return g_test_run ();
}
