/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-node.h"

#include "node/dms-capability-behaviours.h"
#include "node/dms-logger-behaviours.h"
#include "node/dms-network-behaviours.h"
#include "node/dms-peer-behaviours.h"
#include "node/dms-public-behaviours.h"
#include "node/dms-revocation-exchange.h"
#include "node/dms-status-behaviours.h"
#include "observability/dms-log.h"

/* The inbox of a node's root actor (types.md §1). */
#define ROOT_INBOX "root"
/* Below general.data_dir: the memory for replays. */
#define SEEN_FOLDER "seen"

struct _DmsNode
{
  GObject parent_instance;

  DmsConfig *config;
  DmsLog *log;
  DmsStore *store;
  DmsPluginManager *plugins;
  DmsTransport *transport;
  DmsKey *key;
  DmsCapabilityContext *capabilities;
  DmsCapabilityKeeper *keeper;

  DmsActorRegistry *registry;
  DmsActor *root;
  DmsProvider *provider;
  DmsOrchestrator *orchestrator;
  DmsRevocationExchange *revocations;
  DmsPeerHandshake *handshake;
};

G_DEFINE_FINAL_TYPE (DmsNode, dms_node, G_TYPE_OBJECT)

static void
dms_node_finalize (GObject *object)
{
  DmsNode *self = DMS_NODE (object);

  g_clear_object (&self->handshake);
  g_clear_object (&self->revocations);
  g_clear_object (&self->orchestrator);
  g_clear_object (&self->provider);
  g_clear_object (&self->root);
  g_clear_object (&self->registry);
  g_clear_object (&self->transport);
  g_clear_object (&self->plugins);
  g_clear_object (&self->store);
  g_clear_object (&self->log);
  g_clear_object (&self->config);
  g_clear_object (&self->keeper);
  g_clear_object (&self->capabilities);
  g_clear_pointer (&self->key, dms_key_unref);

  G_OBJECT_CLASS (dms_node_parent_class)->finalize (object);
}

static void
dms_node_class_init (DmsNodeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_node_finalize;
}

static void
dms_node_init (DmsNode *self)
{
}

DmsNode *
dms_node_new (DmsConfig *config,
              DmsLog *log,
              DmsStore *store,
              DmsPluginManager *plugins,
              DmsTransport *transport,
              DmsKey *key,
              DmsCapabilityContext *capabilities,
              const char *capability_path)
{
  DmsNode *self = g_object_new (DMS_TYPE_NODE, NULL);

  self->config = g_object_ref (config);
  self->log = g_object_ref (log);
  self->store = g_object_ref (store);
  self->plugins = g_object_ref (plugins);
  self->transport = g_object_ref (transport);
  self->key = dms_key_ref (key);
  self->capabilities = g_object_ref (capabilities);
  self->keeper = dms_capability_keeper_new (capabilities, capability_path);
  return self;
}

static void
on_orchestrator_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!dms_orchestrator_start_finish (DMS_ORCHESTRATOR (source), result, &error))
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* Who failed below, and whom nobody in between has dealt with. */
static void
on_actor_ended (DmsActor *root, DmsActor *below, const GError *error, gpointer user_data)
{
  if (error != NULL)
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "actor_failed",
                   "inbox",
                   dms_actor_get_inbox (below),
                   "error",
                   error->message,
                   NULL);
}

static void
on_provider_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsNode *self = g_task_get_source_object (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  if (!dms_provider_start_finish (DMS_PROVIDER (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  dms_orchestrator_start_async (
      self->orchestrator, cancellable, on_orchestrator_started, g_steal_pointer (&task));
}

/* What may come from others, and what came already: also before this process was started. */
static gboolean
set_limits (DmsNode *self, GError **error)
{
  g_autofree char *folder =
      g_build_filename (dms_config_get_string (self->config, "general.data_dir"), SEEN_FOLDER, NULL);
  DmsReplayGuard *guard = dms_replay_guard_open (folder, (guint64) g_get_real_time () * 1000, error);
  DmsLimits limits;

  if (guard == NULL)
    return FALSE;
  dms_actor_registry_set_replay_guard (self->registry, guard);
  dms_limits_init_from_config (&limits, self->config);
  dms_actor_registry_set_limits (self->registry, &limits);
  return TRUE;
}

void
dms_node_start_async (DmsNode *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (DmsSecurityContext) security = NULL;
  GError *error = NULL;

  g_return_if_fail (DMS_IS_NODE (self));
  g_return_if_fail (self->root == NULL);

  g_task_set_source_tag (task, dms_node_start_async);

  security = dms_security_context_new (self->key, self->capabilities);
  self->registry = dms_actor_registry_new (self->transport);
  if (!set_limits (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  self->root = dms_actor_new (self->registry, ROOT_INBOX, security);
  dms_actor_observe (self->root, on_actor_ended, NULL);
  self->provider = dms_provider_new (self->store, self->plugins, self->root, self->key, self->config);
  self->orchestrator = dms_orchestrator_new (self->store, self->root, self->key, self->config);

  dms_capability_behaviours_install (self);
  dms_logger_behaviours_install (self);
  dms_network_behaviours_install (self);
  dms_peer_behaviours_install (self);
  dms_public_behaviours_install (self);
  dms_status_behaviours_install (self);
  self->revocations = dms_revocation_exchange_new (self);
  self->handshake = dms_peer_handshake_new (self->root);
  dms_peer_handshake_set_delay (self->handshake,
                                (guint) dms_config_get_int (self->config, "p2p.hello_delay_ms"));
  dms_orchestrator_install_behaviours (self->orchestrator, self->root);

  if (!dms_actor_start (self->root, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  dms_revocation_exchange_start (self->revocations);
  dms_peer_handshake_start (self->handshake);

  /* The provider first: what the orchestrator takes up again asks for the allocations. */
  dms_provider_start_async (self->provider, cancellable, on_provider_started, g_steal_pointer (&task));
}

gboolean
dms_node_start_finish (DmsNode *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_provider_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!dms_provider_stop_finish (DMS_PROVIDER (source), result, &error))
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_orchestrator_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsNode *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (!dms_orchestrator_stop_finish (DMS_ORCHESTRATOR (source), result, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "orchestrator_stop_error", "error", error->message, NULL);

  /* It lets go of what it has at once, and nobody may be told after that that there is nothing. */
  dms_provider_stop_async (self->provider, NULL, on_provider_stopped, g_steal_pointer (&task));
  dms_actor_registry_stop (self->registry);
}

void
dms_node_stop_async (DmsNode *self,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (DMS_IS_NODE (self));

  g_task_set_source_tag (task, dms_node_stop_async);
  if (self->root == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  dms_peer_handshake_stop (self->handshake);
  dms_revocation_exchange_stop (self->revocations);
  dms_orchestrator_stop_async (self->orchestrator, NULL, on_orchestrator_stopped, g_steal_pointer (&task));
}

gboolean
dms_node_stop_finish (DmsNode *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
dms_node_reload_capabilities (DmsNode *self, GError **error)
{
  g_return_val_if_fail (DMS_IS_NODE (self), FALSE);

  return dms_capability_keeper_reload (self->keeper, error);
}

char *
dms_node_dup_listen_text (DmsNode *self)
{
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  addresses = dms_transport_dup_listen_addresses (self->transport);
  for (guint i = 0; addresses != NULL && i < addresses->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", dms_multiaddr_get_text (addresses->pdata[i]));

  return g_string_free (g_steal_pointer (&text), FALSE);
}

DmsConfig *
dms_node_get_config (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->config;
}

DmsLog *
dms_node_get_log (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->log;
}

DmsTransport *
dms_node_get_transport (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->transport;
}

DmsCapabilityContext *
dms_node_get_capabilities (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->capabilities;
}

DmsCapabilityKeeper *
dms_node_get_capability_keeper (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->keeper;
}

DmsActorRegistry *
dms_node_get_registry (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->registry;
}

DmsActor *
dms_node_get_root (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->root;
}

DmsProvider *
dms_node_get_provider (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->provider;
}

DmsOrchestrator *
dms_node_get_orchestrator (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->orchestrator;
}

DmsPeerHandshake *
dms_node_get_peer_handshake (DmsNode *self)
{
  g_return_val_if_fail (DMS_IS_NODE (self), NULL);

  return self->handshake;
}
