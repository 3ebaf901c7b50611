/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-fuzz-node.h"

#include <stdlib.h>

#include "dms-memory-transport.h"
#include "provider/dms-job-log.h"
#include "provider/dms-provider-private.h"

#define PING "/fuzz/ping"
#define USES 300
#define PATIENCE (20 * G_TIME_SPAN_SECOND)

struct _DmsFuzzNode
{
  char *folder;
  DmsConfig *config;
  DmsPluginManager *plugins;
  DmsKey *owner;
  DmsKey *key;
  DmsCapabilityContext *capabilities;
  DmsLog *log;
  DmsStore *store;
  DmsTransport *transport;
  DmsNode *node;
  guint uses;
};

/* What is wrong in the program must not be lost among what is wrong in the input. */
static GLogWriterOutput
drop_lesser (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) == 0)
    return G_LOG_WRITER_HANDLED;
  g_log_writer_standard_streams (level, fields, n_fields, user_data);
  abort ();
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
is_set (gpointer user_data)
{
  return *(gpointer *) user_data != NULL;
}

void
dms_fuzz_node_wait (DmsFuzzCondition condition, gpointer user_data)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  while (!condition (user_data))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (50);
    }
}

static void
on_ping (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_message_reply_object (message, json_object_new ());
}

static void
start_transport (DmsFuzzNode *self)
{
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (GBytes) seed = dms_key_dup_seed (self->key);
  g_autoptr (DmsTransportConfig) config = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  json_object_set_string_member (params, "hub", "fuzz");
  config = dms_transport_config_new (seed, NULL, NULL, NULL, params);
  self->transport = dms_memory_transport_new ();
  dms_transport_start_async (self->transport, config, NULL, keep_result, &result);
  dms_fuzz_node_wait (is_set, &result);
  g_assert_true (dms_transport_start_finish (self->transport, result, NULL));
}

static void
onboard (DmsFuzzNode *self)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (64 << 20, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (64 << 20);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);
  DmsProvider *provider = dms_node_get_provider (self->node);

  g_assert_true (dms_ledger_set_onboarded (dms_provider_get_ledger (provider), resources, NULL));
}

static void
start_node (DmsFuzzNode *self)
{
  g_autofree char *database = NULL;
  g_autofree char *capability_path = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  self->folder = g_dir_make_tmp ("dms-fuzz-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  database = g_build_filename (self->folder, "dms.db", NULL);
  capability_path = g_build_filename (self->folder, "dms.cap", NULL);
  self->config = dms_config_new ();
  g_assert_true (dms_config_set_override (self->config, "general.user_dir", self->folder, NULL));
  g_assert_true (dms_config_set_override (self->config, "general.work_dir", self->folder, NULL));
  g_assert_true (dms_config_set_override (self->config, "general.data_dir", self->folder, NULL));
  g_assert_true (dms_config_set_override (self->config, "job.allow_children", "true", NULL));
  self->key = dms_key_generate ();
  self->capabilities = dms_capability_context_new (dms_key_get_did (self->key), self->key);
  dms_capability_context_anchor_root (self->capabilities, dms_key_get_did (self->owner), NULL);
  self->log = dms_log_new ();
  self->store = dms_store_open (database, NULL);
  g_assert_nonnull (self->store);
  start_transport (self);
  self->node = dms_node_new (self->config, self->log, self->store, self->plugins, self->transport, self->key,
                             self->capabilities, capability_path);
  dms_node_start_async (self->node, NULL, keep_result, &result);
  dms_fuzz_node_wait (is_set, &result);
  g_assert_true (dms_node_start_finish (self->node, result, NULL));
  dms_actor_add_behaviour (dms_node_get_root (self->node), PING, DMS_BEHAVIOUR_OPEN, on_ping, NULL, NULL);
  onboard (self);
}

static void
stop_node (DmsFuzzNode *self)
{
  g_autoptr (GAsyncResult) node_result = NULL;
  g_autoptr (GAsyncResult) transport_result = NULL;

  dms_node_stop_async (self->node, NULL, keep_result, &node_result);
  dms_fuzz_node_wait (is_set, &node_result);
  g_assert_true (dms_node_stop_finish (self->node, node_result, NULL));
  dms_transport_stop_async (self->transport, NULL, keep_result, &transport_result);
  dms_fuzz_node_wait (is_set, &transport_result);
  g_assert_true (dms_transport_stop_finish (self->transport, transport_result, NULL));
  g_clear_object (&node_result);
  g_clear_object (&transport_result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&self->node);
  g_clear_object (&self->transport);
  dms_store_close (self->store);
  g_clear_object (&self->store);
  g_clear_object (&self->log);
  g_clear_object (&self->capabilities);
  g_clear_object (&self->config);
  g_clear_pointer (&self->key, dms_key_unref);
  dms_job_log_remove (self->folder);
  g_clear_pointer (&self->folder, g_free);
}

static DmsFuzzNode *
make_node (void)
{
  DmsFuzzNode *self = g_new0 (DmsFuzzNode, 1);
  g_autofree char *plugins = g_build_filename (g_getenv ("DMS_BUILD_ROOT"), "plugins", "dummy", NULL);
  const char *const directories[] = { plugins, NULL };

  g_log_set_writer_func (drop_lesser, NULL, NULL);
  self->plugins = dms_plugin_manager_new (directories, NULL);
  dms_plugin_manager_load_all (self->plugins);
  g_assert_nonnull (dms_plugin_manager_get_executor (self->plugins, "null"));
  self->owner = dms_key_generate ();
  return self;
}

static DmsFuzzNode **
get_instance (void)
{
  static DmsFuzzNode *instance;

  return &instance;
}

static void
remove_folder (void)
{
  DmsFuzzNode *self = *get_instance ();

  if (self->folder != NULL)
    dms_job_log_remove (self->folder);
}

DmsFuzzNode *
dms_fuzz_node_get (void)
{
  DmsFuzzNode **instance = get_instance ();

  if (*instance == NULL)
    {
      *instance = make_node ();
      atexit (remove_folder);
      start_node (*instance);
    }
  else if (++(*instance)->uses % USES == 0)
    {
      stop_node (*instance);
      start_node (*instance);
    }
  return *instance;
}

DmsNode *
dms_fuzz_node_get_node (DmsFuzzNode *self)
{
  return self->node;
}

DmsActor *
dms_fuzz_node_get_root (DmsFuzzNode *self)
{
  return dms_node_get_root (self->node);
}

DmsActorRegistry *
dms_fuzz_node_get_registry (DmsFuzzNode *self)
{
  return dms_node_get_registry (self->node);
}

DmsKey *
dms_fuzz_node_get_owner (DmsFuzzNode *self)
{
  return self->owner;
}

/* Messages of one sender are handled in order: when this one is answered, those before it are done. */
void
dms_fuzz_node_settle (DmsFuzzNode *self)
{
  DmsActor *root = dms_fuzz_node_get_root (self);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsMessage) message = NULL;

  dms_actor_invoke_async (root, dms_actor_get_handle (root), PING, NULL, dms_actor_expiry_in (60), NULL,
                          keep_result, &result);
  dms_fuzz_node_wait (is_set, &result);
  message = dms_actor_invoke_finish (root, result, NULL);
  g_assert_nonnull (message);
}
