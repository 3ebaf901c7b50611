/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fixture.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "provider/dms-bid.h"
#include "provider/dms-job-log.h"

void
fixture_set_flag (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

gboolean
fixture_is_set (gpointer user_data)
{
  return *(gpointer *) user_data != NULL;
}

void
fixture_begin_provider (Fixture *f, GAsyncResult **result)
{
  g_autofree char *path = g_build_filename (f->folder, "data", "dms.db", NULL);
  g_autoptr (GError) error = NULL;
  DmsActor *root = dms_test_node_get_root (f->node);

  f->store = dms_store_open (path, &error);
  g_assert_no_error (error);
  f->provider = dms_provider_new (f->store, f->plugins, root, dms_test_node_get_key (f->node), f->config);
  dms_provider_start_async (f->provider, NULL, fixture_set_flag, result);
}

void
fixture_start_provider (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fixture_begin_provider (f, &result);
  dms_test_wait (fixture_is_set, &result);
  g_assert_true (dms_provider_start_finish (f->provider, result, &error));
  g_assert_no_error (error);
}

/* As abrupt as a process can do it to itself: nothing more is stored. */
void
fixture_stop_provider (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;
  gpointer provider = f->provider;

  dms_provider_stop_async (f->provider, NULL, fixture_set_flag, &result);
  dms_test_wait (fixture_is_set, &result);
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

  gboolean unwanted = f->unwanted;

  for (guint i = 0; names[i] != NULL && f->unwanted_key != NULL; i++)
    unwanted = unwanted || g_str_has_suffix (names[i], f->unwanted_key);
  f->n_asked++;
  json_object_set_boolean_member (reply, "OK", !unwanted);
  json_object_set_string_member (reply, "Error", unwanted ? "no such deployment" : "");
  dms_message_reply_object (message, reply);
}

static void
add_orchestrator (Fixture *f)
{
  g_autofree char *state = g_strdup_printf ("/dms/orchestrator/%s/deployment/state", FIXTURE_ENSEMBLE);
  DmsActor *root = dms_test_node_get_root (f->orchestrator);
  g_autofree char *end = g_strdup_printf ("/dms/orchestrator/%s/task-termination", FIXTURE_ENSEMBLE);
  g_autofree char *status = g_strdup_printf ("/dms/orchestrator/%s/allocation/status", FIXTURE_ENSEMBLE);
  g_autofree char *liveness = g_strdup_printf ("/dms/orchestrator/%s/allocation/liveness", FIXTURE_ENSEMBLE);

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

void
fixture_set_up (Fixture *f, gconstpointer data)
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
  fixture_start_provider (f);
}

void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  fixture_stop_provider (f);
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
void
fixture_onboard (Fixture *f)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (64 << 20, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (64 << 20);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_ledger_set_onboarded (dms_provider_get_ledger (f->provider), resources, &error));
  g_assert_no_error (error);
}

gboolean
fixture_is_all_free (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) free = dms_ledger_dup_free (dms_provider_get_ledger (f->provider), &error);
  g_auto (GStrv) ports = dms_port_ledger_list_holders (dms_provider_get_ports (f->provider), &error);

  g_assert_no_error (error);
  return dms_cpu_get_cores (dms_resources_get_cpu (free)) == 1 &&
         dms_ram_get_size_bytes (dms_resources_get_ram (free)) == 64 << 20 && ports[0] == NULL;
}

JsonObject *
fixture_ask (Fixture *f, DmsHandle *to, const char *behaviour, const char *json, DmsMessage **message)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (message, dms_message_unref);
  *message = dms_test_invoke (dms_test_node_get_root (f->orchestrator), to, behaviour, json, 10, &error);
  g_assert_no_error (error);
  g_assert_nonnull (*message);
  return dms_message_get_object (*message);
}

char *
fixture_build_request (const char *nodes, const char *extra)
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
                          FIXTURE_ENSEMBLE,
                          g_random_int (),
                          text->str);
}

void
fixture_request (Fixture *f, const char *json)
{
  g_autoptr (JsonNode) payload = dms_json_node_from_text (json, -1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (payload);
  g_assert_true (dms_actor_send (dms_test_node_get_root (f->orchestrator),
                                 dms_test_node_get_handle (f->node),
                                 "/dms/deployment/request",
                                 payload,
                                 dms_test_expiry_in (30),
                                 "/dms/deployment/bid",
                                 &error));
  g_assert_no_error (error);
}

gboolean
fixture_has_bid (gpointer user_data)
{
  return ((Fixture *) user_data)->bids->len > 0;
}

void
fixture_get_bid (Fixture *f)
{
  g_autofree char *json = fixture_build_request ("n1", "");

  fixture_request (f, json);
  dms_test_wait (fixture_has_bid, f);
}

char *
fixture_build_commit (const char *key, const char *ports, guint n_dynamic)
{
  return g_strdup_printf (
      "{\"EnsembleID\":\"%s\",\"AllocationName\":\"%s_%s\",\"NodeID\":\"n1\",\"Resources\":{\"cpu\":"
      "{\"cores\":0.5},\"ram\":{\"size\":1048576},\"disk\":{\"size\":1048576},\"allocationID\":\"x\"},"
      "\"PortMapping\":%s,\"NumDynamicPorts\":%u}",
      FIXTURE_ENSEMBLE,
      FIXTURE_ENSEMBLE,
      key,
      ports,
      n_dynamic);
}

DmsHandle *
fixture_allocate_key (Fixture *f, const char *key, const char *type, const char *params, const char *extra)
{
  g_autofree char *commit = fixture_build_commit (key, "{}", 1);
  g_autofree char *name = g_strdup_printf ("%s_%s", FIXTURE_ENSEMBLE, key);
  g_autofree char *node = g_strndup (key, strcspn (key, "."));
  g_autofree char *json =
      g_strdup_printf ("{\"EnsembleID\":\"%s\",\"NodeID\":\"%s\",\"Allocations\":{\"%s\":{\"Type\":\"%s\","
                       "\"Executor\":\"null\",\"Execution\":{\"type\":\"null\",\"params\":%s}%s}}}",
                       FIXTURE_ENSEMBLE,
                       node,
                       name,
                       type,
                       params,
                       extra);
  g_autoptr (DmsMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  DmsHandle *handle = NULL;
  JsonObject *reply;

  fixture_onboard (f);
  fixture_get_bid (f);
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/commit", commit, &message);
  g_assert_true (dms_json_object_get_flag (reply, "OK"));
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), "/dms/deployment/allocate", json, &message);
  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  handle = dms_handle_new_from_json (
      dms_json_object_get_member (dms_json_object_get_child (reply, "Allocations"), name), &error);
  g_assert_no_error (error);
  return handle;
}

DmsHandle *
fixture_allocate (Fixture *f, const char *type, const char *params, const char *extra)
{
  return fixture_allocate_key (f, "n1.main", type, params, extra);
}

void
fixture_start (Fixture *f, DmsHandle *allocation, const char *problem)
{
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply = fixture_ask (f,
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

JsonObject *
fixture_wait_end (Fixture *f)
{
  dms_test_wait (has_end, f);
  return json_node_get_object (g_ptr_array_index (f->ends, 0));
}

static char *
read_log (Fixture *f, const char *stream, gint64 offset)
{
  g_autofree char *behaviour = g_strdup_printf ("/dms/ensemble/%s/allocation/logs", FIXTURE_ENSEMBLE);
  g_autofree char *json =
      g_strdup_printf ("{\"AllocName\":\"n1.main\",\"Stream\":\"%s\",\"offset\":%d}", stream, (int) offset);
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply = fixture_ask (f, dms_test_node_get_handle (f->node), behaviour, json, &message);
  g_autofree guint8 *data = NULL;
  gsize size;

  g_assert_cmpstr (dms_json_object_get_text (reply, "Error"), ==, "");
  data = g_base64_decode (dms_json_object_get_text (reply, "data"), &size);
  return g_strndup ((const char *) data, size);
}

void
fixture_assert_log (Fixture *f, const char *stream, gint64 offset, const char *expected)
{
  g_autofree char *text = read_log (f, stream, offset);

  g_assert_cmpstr (text, ==, expected);
}

guint
fixture_count_listed (Fixture *f)
{
  g_autoptr (DmsMessage) message = NULL;
  JsonObject *reply;

  dms_test_node_allow (f->node, f->orchestrator, "/dms/node");
  reply = fixture_ask (f, dms_test_node_get_handle (f->node), "/dms/node/allocations/list", "{}", &message);
  return json_array_get_length (dms_json_object_get_list (reply, "allocations"));
}
