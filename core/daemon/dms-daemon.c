/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "daemon/dms-daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/rest/dms-rest-server.h"
#include "config/dms-config-schema.h"
#include "identity/dms-network-key.h"

enum
{
  /* A daemon that was killed while it started a program leaves its lock, and its ports, with that program
   * until that has been executed: milliseconds, or a second on a machine that is busy. */
  MAX_LOCK_WAIT_MS = 3000,
  LOCK_PAUSE_MS = 10,
};

/* The transports this daemon knows, best first. */
static const char *const transports[] = { "libp2p", "memory", NULL };

struct _DmsDaemon
{
  GObject parent_instance;

  DmsConfig *config;
  char *context;
  char *capability_path;

  DmsLog *log;
  int lock_fd;
  DmsStore *store;
  DmsPluginManager *plugins;
  DmsTransport *transport;
  /* What people call the private network by. NULL in the open one. */
  char *network;
  DmsKey *key;
  DmsNode *node;
  DmsRestServer *rest;

  GMainLoop *loop;
  GCancellable *cancellable;
  guint signals[3];
  gboolean stopping;
  GError *error;
};

G_DEFINE_FINAL_TYPE (DmsDaemon, dms_daemon, G_TYPE_OBJECT)

static void
dms_daemon_finalize (GObject *object)
{
  DmsDaemon *self = DMS_DAEMON (object);

  for (guint i = 0; i < G_N_ELEMENTS (self->signals); i++)
    g_clear_handle_id (&self->signals[i], g_source_remove);

  g_clear_object (&self->rest);
  g_clear_object (&self->node);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->network, g_free);
  g_clear_object (&self->plugins);
  g_clear_object (&self->store);
  g_clear_object (&self->log);
  g_clear_object (&self->config);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->key, dms_key_unref);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->context, g_free);
  g_clear_pointer (&self->capability_path, g_free);
  g_clear_error (&self->error);
  if (self->lock_fd >= 0)
    close (self->lock_fd);

  G_OBJECT_CLASS (dms_daemon_parent_class)->finalize (object);
}

static void
dms_daemon_class_init (DmsDaemonClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_daemon_finalize;
}

static void
dms_daemon_init (DmsDaemon *self)
{
  self->lock_fd = -1;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();
}

DmsDaemon *
dms_daemon_new (DmsConfig *config, const char *context)
{
  DmsDaemon *self = g_object_new (DMS_TYPE_DAEMON, NULL);
  g_autofree char *file = g_strconcat (context, ".cap", NULL);

  self->config = g_object_ref (config);
  self->context = g_strdup (context);
  self->capability_path =
      g_build_filename (dms_config_get_string (config, "general.user_dir"), "cap", file, NULL);
  return self;
}

static gboolean
make_directory (const char *path, int mode, GError **error)
{
  if (g_mkdir_with_parents (path, mode) == 0)
    return TRUE;

  g_set_error (error,
               DMS_ERROR,
               errno == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
               _ ("cannot make the directory “%s”: %s"),
               path,
               g_strerror (errno));
  return FALSE;
}

static gboolean
open_log (DmsDaemon *self, GError **error)
{
  guint64 megabytes =
      (guint64) dms_config_get_int (self->config, "observability.logging.rotation.max_size_mb");
  g_autoptr (DmsLogFile) file = NULL;

  self->log = dms_log_new ();
  if (!dms_log_set_level (
          self->log, dms_config_get_string (self->config, "observability.logging.level"), error))
    return FALSE;
  if (dms_config_get_bool (self->config, "general.debug"))
    dms_log_set_level (self->log, "DEBUG", NULL);

  file = dms_log_file_open (
      dms_config_get_string (self->config, "observability.logging.file"),
      megabytes * 1024 * 1024,
      (guint) dms_config_get_int (self->config, "observability.logging.rotation.max_backups"),
      (guint) dms_config_get_int (self->config, "observability.logging.rotation.max_age_days"),
      error);
  if (file == NULL)
    return FALSE;

  dms_log_set_file (self->log, file);
  dms_log_install (self->log);
  return TRUE;
}

char *
dms_daemon_dup_lock_path (DmsConfig *config)
{
  return g_build_filename (dms_config_get_string (config, "general.data_dir"), "lock", NULL);
}

/* Nothing runs yet that could be kept waiting. */
static gboolean
wait_for_lock (int fd)
{
  gint64 deadline = g_get_monotonic_time () + MAX_LOCK_WAIT_MS * G_TIME_SPAN_MILLISECOND;

  while (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if ((errno != EWOULDBLOCK && errno != EINTR) || g_get_monotonic_time () >= deadline)
        return FALSE;
      g_usleep (LOCK_PAUSE_MS * G_TIME_SPAN_MILLISECOND);
    }
  return TRUE;
}

/* Two daemons on one database would each undo what the other does. */
static gboolean
take_lock (DmsDaemon *self, const char *data_dir, GError **error)
{
  g_autofree char *path = dms_daemon_dup_lock_path (self->config);

  self->lock_fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock_fd < 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   errno == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
                   _ ("cannot open “%s”: %s"),
                   path,
                   g_strerror (errno));
      return FALSE;
    }
  if (wait_for_lock (self->lock_fd))
    return TRUE;

  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_ALREADY_EXISTS,
               _ ("another daemon uses “%s”; stop it, or give this one a data directory of its own "
                  "(general.data_dir)"),
               data_dir);
  return FALSE;
}

gboolean
dms_daemon_prepare (DmsDaemon *self, GError **error)
{
  const char *work_dir = dms_config_get_string (self->config, "general.work_dir");
  const char *data_dir = dms_config_get_string (self->config, "general.data_dir");
  const struct rlimit no_core = { 0, 0 };

  g_return_val_if_fail (DMS_IS_DAEMON (self), FALSE);

  /* Secrets must not reach a core file. */
  setrlimit (RLIMIT_CORE, &no_core);
  signal (SIGPIPE, SIG_IGN);

  if (!g_file_test (self->capability_path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   _ ("there is no capability context “%s”; make it with: nunet cap new %s"),
                   self->capability_path,
                   self->context);
      return FALSE;
    }

  return make_directory (work_dir, 0755, error) && make_directory (data_dir, 0700, error) &&
         open_log (self, error) && take_lock (self, data_dir, error);
}

static void
on_transport_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!dms_transport_stop_finish (DMS_TRANSPORT (source), result, &error))
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_node_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsDaemon *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (!dms_node_stop_finish (DMS_NODE (source), result, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "node_stop_error", "error", error->message, NULL);

  dms_transport_stop_async (self->transport, NULL, on_transport_stopped, g_steal_pointer (&task));
}

void
dms_daemon_stop_async (DmsDaemon *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (DMS_IS_DAEMON (self));

  g_task_set_source_tag (task, dms_daemon_stop_async);
  self->stopping = TRUE;
  dms_log_event (G_LOG_LEVEL_INFO, "daemon_stopping", NULL, NULL);
  g_cancellable_cancel (self->cancellable);
  if (self->rest != NULL)
    dms_rest_server_stop (self->rest);
  if (self->node != NULL)
    dms_node_stop_async (self->node, NULL, on_node_stopped, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

gboolean
dms_daemon_stop_finish (DmsDaemon *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

DmsNode *
dms_daemon_get_node (DmsDaemon *self)
{
  g_return_val_if_fail (DMS_IS_DAEMON (self), NULL);

  return self->node;
}

/* Who asked for the reload sees by the lock that it is done. The file system's own clock would tick too
 * coarsely: two reloads in one tick would look like one. */
static void
note_reload (DmsDaemon *self)
{
  struct timespec times[2];

  clock_gettime (CLOCK_REALTIME, &times[0]);
  times[1] = times[0];
  if (self->lock_fd >= 0 && futimens (self->lock_fd, times) < 0)
    dms_log_event (G_LOG_LEVEL_WARNING, "reload_note_error", "error", g_strerror (errno), NULL);
}

void
dms_daemon_reload (DmsDaemon *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (DMS_IS_DAEMON (self));

  if (self->node == NULL)
    return;

  if (dms_node_reload_capabilities (self->node, &error))
    dms_log_event (G_LOG_LEVEL_INFO, "capabilities_reloaded", NULL, NULL);
  else
    dms_log_event (G_LOG_LEVEL_WARNING, "capabilities_reload_error", "error", error->message, NULL);
  note_reload (self);
}

static void
on_node_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsDaemon *self = g_task_get_source_object (task);
  DmsNode *node = DMS_NODE (source);
  const char *address = dms_config_get_string (self->config, "rest.addr");
  guint16 port = (guint16) dms_config_get_int (self->config, "rest.port");
  g_autofree char *where = g_strdup_printf ("http://%s:%u", address, port);
  g_autofree char *listening = NULL;
  GError *error = NULL;

  if (!dms_node_start_finish (node, result, &error) ||
      g_cancellable_set_error_if_cancelled (self->cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  listening = dms_node_dup_listen_text (node);
  self->rest = dms_rest_server_new (address, port, dms_node_get_registry (node), dms_node_get_root (node));
  if (!dms_rest_server_start (self->rest, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  dms_log_event (G_LOG_LEVEL_INFO,
                 "daemon_ready",
                 "url",
                 where,
                 "did",
                 dms_did_get_uri (dms_key_get_did (self->key)),
                 "peer",
                 dms_peer_id_get_text (dms_key_get_peer_id (self->key)),
                 "transport",
                 dms_transport_get_id (self->transport),
                 "listening",
                 listening,
                 NULL);
  g_task_return_boolean (task, TRUE);
}

/* Says where the addresses are that cannot be listened on. */
static void
explain_transport_error (DmsDaemon *self, GError *error)
{
  g_autofree char *cause = error->message;

  error->message = g_strdup_printf (_ ("cannot start the network (%s): %s. Where it listens is set by "
                                       "p2p.listen_address; port 0 takes any free one"),
                                    dms_transport_get_id (self->transport),
                                    cause);
}

static void
on_transport_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsDaemon *self = g_task_get_source_object (task);
  g_autoptr (DmsCapabilityContext) capabilities = NULL;
  GError *error = NULL;

  if (!dms_transport_start_finish (DMS_TRANSPORT (source), result, &error))
    {
      explain_transport_error (self, error);
      g_task_return_error (task, error);
      return;
    }

  capabilities = dms_capability_context_load (self->capability_path, self->key, &error);
  if (capabilities == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self->node = dms_node_new (self->config,
                             self->log,
                             self->store,
                             self->plugins,
                             self->transport,
                             self->key,
                             capabilities,
                             self->capability_path);
  dms_node_start_async (self->node, self->cancellable, on_node_started, g_steal_pointer (&task));
}

/* Who disabled the network knows; who did not must learn that nobody can reach this node. */
static void
warn_if_alone (DmsDaemon *self)
{
  const char *const *disabled = dms_config_get_strv (self->config, "plugins.disabled");

  if (!g_str_equal (dms_transport_get_id (self->transport), "memory"))
    return;
  dms_log_event (g_strv_contains (disabled, "transport-libp2p") ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
                 "transport_local",
                 "error",
                 "the transport libp2p is not loaded, so this node meets only those in its own process",
                 NULL);
}

/* A plugin that does not load is no reason not to start; that there is no transport is. */
static gboolean
find_transport (DmsDaemon *self, GError **error)
{
  for (guint i = 0; transports[i] != NULL && self->transport == NULL; i++)
    {
      DmsTransport *found = dms_plugin_manager_get_transport (self->plugins, transports[i]);

      if (found != NULL)
        self->transport = g_object_ref (found);
    }

  if (self->transport != NULL)
    {
      warn_if_alone (self);
      return TRUE;
    }

  g_set_error (
      error,
      DMS_ERROR,
      DMS_ERROR_UNAVAILABLE,
      _ ("no transport plugin is loaded; “nunet plugin list” shows what was found and why it did not load"));
  return FALSE;
}

static void
add_nat_params (DmsDaemon *self, JsonObject *params)
{
  static const char *const numbers[] = {
    "relay_circuit_s", "relay_circuit_kib", "relay_reservations", "relay_circuits",
    "probe_delay_ms",  "relay_delay_ms",    "discovery_interval_s", NULL
  };
  const char *const *relays = dms_config_get_strv (self->config, "p2p.relays");
  JsonArray *array = json_array_new ();

  for (guint i = 0; relays[i] != NULL; i++)
    json_array_add_string_element (array, relays[i]);
  json_object_set_array_member (params, "relays", array);
  json_object_set_string_member (
      params, "reachability", dms_config_get_string (self->config, "p2p.reachability"));
  json_object_set_boolean_member (
      params, "relay_service", dms_config_get_bool (self->config, "p2p.relay_service"));
  for (guint i = 0; numbers[i] != NULL; i++)
    {
      g_autofree char *key = g_strconcat ("p2p.", numbers[i], NULL);

      json_object_set_int_member (params, numbers[i], dms_config_get_int (self->config, key));
    }
}

/* What transports may need besides: see dms_transport_config_get_params(). */
static JsonObject *
make_transport_params (DmsDaemon *self)
{
  JsonObject *params = json_object_new ();
  /* The peers of one network are not to be asked for in another. */
  g_autofree char *name =
      self->network != NULL ? g_strdup_printf ("peers-%s.json", self->network) : g_strdup ("peers.json");
  g_autofree char *path =
      g_build_filename (dms_config_get_string (self->config, "general.data_dir"), name, NULL);

  json_object_set_int_member (params, "memory_mib", dms_config_get_int (self->config, "p2p.memory"));
  json_object_set_int_member (params, "descriptors", dms_config_get_int (self->config, "p2p.fd"));
  json_object_set_string_member (params, "peer_store", path);
  json_object_set_boolean_member (
      params, "port_mapping", dms_config_get_bool (self->config, "p2p.port_mapping"));
  json_object_set_boolean_member (params, "mdns", dms_config_get_bool (self->config, "p2p.mdns"));
  json_object_set_string_member (params, "dht_mode", dms_config_get_string (self->config, "p2p.dht_mode"));
  json_object_set_string_member (
      params, "rendezvous", dms_config_get_string (self->config, "p2p.rendezvous"));
  add_nat_params (self, params);
  return params;
}

/* A key that is there but cannot be used must not put the node into the open network instead, nor must one
 * that somebody asked for by name and that is not there. */
static gboolean
read_network_key (DmsDaemon *self, GBytes **key, GError **error)
{
  const char *path = dms_config_get_string (self->config, "p2p.private_network_key");
  g_autofree char *usual =
      g_build_filename (dms_config_get_string (self->config, "general.user_dir"), "swarm.key", NULL);
  g_autoptr (GError) local = NULL;

  if (path[0] == '\0')
    return TRUE;
  *key = dms_network_key_read (path, &local);
  if (*key == NULL && g_error_matches (local, DMS_ERROR, DMS_ERROR_NOT_FOUND) && g_str_equal (path, usual))
    return TRUE;
  if (*key == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   local->code,
                   _ ("cannot join the private network: %s. p2p.private_network_key says where its key is; "
                      "without a key the node would be in the open network"),
                   local->message);
      return FALSE;
    }
  self->network = dms_network_key_dup_fingerprint (*key);
  dms_log_event (G_LOG_LEVEL_INFO, "private_network", "fingerprint", self->network, "key_file", path, NULL);
  return TRUE;
}

/* The nodes of the open network cannot answer a private one, and need not know of it. */
static GStrv
dup_bootstrap_peers (DmsDaemon *self, gboolean is_private)
{
  const char *const *peers = dms_config_get_strv (self->config, "p2p.bootstrap_peers");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *usual = dms_config_schema_find ("p2p.bootstrap_peers")->fallback;
  g_auto (GStrv) open = g_strsplit (usual, " ", -1);

  for (guint i = 0; peers[i] != NULL; i++)
    if (!is_private || !g_strv_contains ((const char *const *) open, peers[i]))
      g_strv_builder_add (builder, peers[i]);
  return g_strv_builder_end (builder);
}

static gboolean
build (DmsDaemon *self, GError **error)
{
  g_autofree char *path =
      g_build_filename (dms_config_get_string (self->config, "general.data_dir"), "dms.db", NULL);

  self->store = dms_store_open (path, error);
  if (self->store == NULL)
    return FALSE;

  self->plugins = dms_plugin_manager_new_for_config (self->config);
  dms_plugin_manager_load_all (self->plugins);

  return find_transport (self, error);
}

void
dms_daemon_start_async (DmsDaemon *self,
                        DmsKey *key,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GBytes) seed = NULL;
  g_autoptr (GBytes) network_key = NULL;
  g_auto (GStrv) bootstrap = NULL;
  g_autoptr (DmsTransportConfig) config = NULL;
  g_autoptr (JsonObject) params = NULL;
  GError *error = NULL;

  g_return_if_fail (DMS_IS_DAEMON (self));
  g_return_if_fail (key != NULL);
  g_return_if_fail (self->key == NULL);

  g_task_set_source_tag (task, dms_daemon_start_async);
  self->key = dms_key_ref (key);
  if (!read_network_key (self, &network_key, &error) || !build (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  seed = dms_key_dup_seed (self->key);
  params = make_transport_params (self);
  bootstrap = dup_bootstrap_peers (self, network_key != NULL);
  config = dms_transport_config_new (seed,
                                     dms_config_get_strv (self->config, "p2p.listen_address"),
                                     (const char *const *) bootstrap,
                                     network_key,
                                     params);
  dms_transport_start_async (
      self->transport, config, self->cancellable, on_transport_started, g_steal_pointer (&task));
}

gboolean
dms_daemon_start_finish (DmsDaemon *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsDaemon) self = DMS_DAEMON (g_object_ref (source));
  GError *error = NULL;

  if (dms_daemon_start_finish (self, result, &error))
    return;

  /* What a stop interrupts is no failure; the loop ends when the stop is done. */
  if (self->stopping)
    {
      g_error_free (error);
      return;
    }
  self->error = error;
  g_main_loop_quit (self->loop);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsDaemon *self = DMS_DAEMON (source);
  g_autoptr (GError) error = NULL;

  if (!dms_daemon_stop_finish (self, result, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "daemon_stop_error", "error", error->message, NULL);

  g_main_loop_quit (self->loop);
}

static gboolean
on_stop_signal (gpointer user_data)
{
  DmsDaemon *self = user_data;

  if (!self->stopping)
    dms_daemon_stop_async (self, NULL, on_stopped, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload_signal (gpointer user_data)
{
  dms_daemon_reload (user_data);
  return G_SOURCE_CONTINUE;
}

gboolean
dms_daemon_run (DmsDaemon *self, DmsKey *key, GError **error)
{
  g_return_val_if_fail (DMS_IS_DAEMON (self), FALSE);
  g_return_val_if_fail (key != NULL, FALSE);

  self->signals[0] = g_unix_signal_add (SIGINT, on_stop_signal, self);
  self->signals[1] = g_unix_signal_add (SIGTERM, on_stop_signal, self);
  self->signals[2] = g_unix_signal_add (SIGUSR1, on_reload_signal, self);

  dms_daemon_start_async (self, key, NULL, on_started, NULL);
  g_main_loop_run (self->loop);

  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return FALSE;
    }

  dms_log_event (G_LOG_LEVEL_INFO, "daemon_stopped", NULL, NULL);
  return TRUE;
}
