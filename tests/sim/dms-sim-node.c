/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-node.h"

#include "dms-sim-json.h"

#define GIB ((guint64) 1 << 30)

struct _DmsSimNode
{
  DmsSimPeer *peer;
  char *folder;
  char *capability_path;
  DmsKey *key;
  double cores;

  /* NULL while it is down. */
  DmsConfig *config;
  DmsCapabilityContext *capabilities;
  DmsStore *store;
  DmsSimTransport *transport;
  DmsNode *node;
  gboolean is_ready;
  char *error;
};

/* What all have in common. */
static struct
{
  DmsPluginManager *plugins;
  DmsLog *log;
  DmsCapabilityContext *organisation;
  /* Key to value. */
  JsonObject *settings;
} shared;

/* What members of the organisation may do with each other: what users of the field grant (cap grant). */
static const char *const rights[] = { "/dms/deployment", "/broadcast", "/public", NULL };
static const char *const topics[] = { "/nunet", NULL };

gboolean
dms_sim_node_prepare (JsonObject *scenario, GError **error)
{
  const char *build = g_getenv ("DMS_BUILD_ROOT");
  g_autofree char *folder = g_build_filename (build != NULL ? build : "build", "plugins", "dummy", NULL);
  const char *const folders[] = { folder, NULL };
  g_autoptr (DmsKey) key = dms_key_generate ();

  shared.plugins = dms_plugin_manager_new (folders, NULL);
  dms_plugin_manager_load_all (shared.plugins);
  if (dms_plugin_manager_get_executor (shared.plugins, "null") == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   "the executor “null” is not in “%s”: DMS_BUILD_ROOT must name the folder of the build",
                   folder);
      return FALSE;
    }
  shared.log = dms_log_new ();
  shared.organisation = dms_capability_context_new (dms_key_get_did (key), key);
  shared.settings = dms_sim_json_get_object (scenario, "config");
  return TRUE;
}

DmsSimNode *
dms_sim_node_new (DmsSimPeer *peer, const char *folder)
{
  DmsSimNode *self = g_new0 (DmsSimNode, 1);
  g_autofree char *name = g_strdup_printf ("%u", peer->index);
  DmsSimRandom random;
  guint8 seed[DMS_KEY_SEED_SIZE];

  self->peer = peer;
  self->folder = g_build_filename (folder, name, NULL);
  self->capability_path = g_build_filename (self->folder, "dms.cap", NULL);
  /* The seed that dms_sim_peer_new() drew first. */
  dms_sim_random_init (&random, peer->network->seed, "peer", peer->index);
  dms_sim_random_fill (&random, seed, sizeof seed);
  self->key = dms_key_new_from_seed (seed);
  g_assert (dms_peer_id_equal (dms_key_get_peer_id (self->key), peer->id));
  return self;
}

static void
let_go (DmsSimNode *self)
{
  self->is_ready = FALSE;
  g_clear_object (&self->node);
  g_clear_object (&self->transport);
  if (self->store != NULL)
    dms_store_close (self->store);
  g_clear_object (&self->store);
  g_clear_object (&self->capabilities);
  g_clear_object (&self->config);
}

void
dms_sim_node_free (gpointer data)
{
  DmsSimNode *self = data;

  let_go (self);
  dms_key_unref (self->key);
  g_free (self->folder);
  g_free (self->capability_path);
  g_free (self->error);
  g_free (self);
}

static void
fail (DmsSimNode *self, const GError *error)
{
  g_free (self->error);
  self->error = g_strdup (error->message);
  g_warning ("node %u: %s", self->peer->index, error->message);
}

/* Each trusts the organisation for what members may do, and is trusted by it. */
static gboolean
make_capabilities (DmsSimNode *self, GError **error)
{
  DmsDid *organisation = dms_capability_context_get_did (shared.organisation);
  DmsDid *did = dms_key_get_did (self->key);
  guint64 expiry_ns = dms_actor_expiry_in (7 * 24 * 3600);
  g_autoptr (DmsTokenList) granted = NULL;
  g_autoptr (DmsTokenList) membership = NULL;

  self->capabilities = dms_capability_context_new (did, self->key);
  granted = dms_capability_context_grant (
      self->capabilities, organisation, NULL, topics, rights, expiry_ns, 0, error);
  membership =
      granted != NULL
          ? dms_capability_context_grant (shared.organisation, did, NULL, topics, rights, expiry_ns, 0, error)
          : NULL;
  return membership != NULL && dms_capability_context_anchor_require (self->capabilities, granted, error) &&
         dms_capability_context_anchor_provide (self->capabilities, membership, error);
}

static gboolean
make_config (DmsSimNode *self, GError **error)
{
  static const char *const folders[] = { "general.user_dir", "general.work_dir", "general.data_dir" };
  g_autoptr (GList) names = shared.settings != NULL ? json_object_get_members (shared.settings) : NULL;

  self->config = dms_config_new ();
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    if (!dms_config_set_override (self->config, folders[i], self->folder, error))
      return FALSE;
  for (GList *name = names; name != NULL; name = name->next)
    if (!dms_config_set_override (
            self->config, name->data, json_object_get_string_member (shared.settings, name->data), error))
      return FALSE;
  return TRUE;
}

static void
on_node_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsSimNode *self = user_data;
  g_autoptr (GError) error = NULL;

  if (self->node != DMS_NODE (source))
    return;
  self->is_ready = dms_node_start_finish (self->node, result, &error);
  if (!self->is_ready)
    fail (self, error);
  else
    dms_sim_node_lend (self, self->cores);
}

static void
on_transport_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsSimNode *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_transport_start_finish (DMS_TRANSPORT (source), result, &error) ||
      self->transport != DMS_SIM_TRANSPORT (source))
    return;
  self->node = dms_node_new (self->config,
                             shared.log,
                             self->store,
                             shared.plugins,
                             DMS_TRANSPORT (self->transport),
                             self->key,
                             self->capabilities,
                             self->capability_path);
  dms_node_start_async (self->node, NULL, on_node_started, self);
}

void
dms_sim_node_start (DmsSimNode *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) seed = dms_key_dup_seed (self->key);
  g_autoptr (DmsTransportConfig) config = dms_transport_config_new (seed, NULL, NULL, NULL, NULL);

  g_return_if_fail (self->transport == NULL);

  if (make_config (self, &error) && make_capabilities (self, &error))
    self->store = dms_store_open (":memory:", &error);
  if (self->store == NULL)
    {
      fail (self, error);
      return;
    }
  self->transport = dms_sim_transport_new (self->peer);
  dms_transport_start_async (DMS_TRANSPORT (self->transport), config, NULL, on_transport_started, self);
}

static void
on_node_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  dms_node_stop_finish (DMS_NODE (source), result, NULL);
}

void
dms_sim_node_kill (DmsSimNode *self)
{
  if (self->peer->is_up)
    dms_sim_peer_stop (self->peer);
  if (self->node != NULL)
    dms_node_stop_async (self->node, NULL, on_node_stopped, NULL);
  let_go (self);
}

gboolean
dms_sim_node_is_ready (DmsSimNode *self)
{
  return self->is_ready;
}

const char *
dms_sim_node_get_error (DmsSimNode *self)
{
  return self->error;
}

void
dms_sim_node_lend (DmsSimNode *self, double cores)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (MAX (cores, 1), 0);
  g_autoptr (DmsRam) ram = dms_ram_new (GIB / 2, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (GIB);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);
  g_autoptr (GError) error = NULL;

  self->cores = cores;
  if (!self->is_ready || cores <= 0)
    return;
  /* What the machine is made of plays no part here, so its owner is not asked to measure it. */
  if (!dms_ledger_set_onboarded (
          dms_provider_get_ledger (dms_node_get_provider (self->node)), resources, &error))
    fail (self, error);
}

DmsNode *
dms_sim_node_get_node (DmsSimNode *self)
{
  return self->node;
}

DmsSimPeer *
dms_sim_node_get_peer (DmsSimNode *self)
{
  return self->peer;
}
