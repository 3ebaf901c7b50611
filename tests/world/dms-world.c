/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Several complete nodes in one process, each the daemon that `nunet run` starts: they meet on the transport
 * in memory, and each has its own directories, identity and REST port.
 *
 *   dms-world CONFIGURATION...
 *
 * The context of each is `dms`, its passphrase is in DMS_PASSPHRASE. Prints `ready CONFIGURATION` for each.
 * Lines on standard input: `start CONFIGURATION`; `stop CONFIGURATION`, answered by `stopped …`; `behaviours
 * CONFIGURATION`, answered by `behaviours …: PATH PATH…` with all that its root actor answers to. What
 * cannot be done is answered by `failed CONFIGURATION: why`. SIGUSR1 reads every capability file again,
 * SIGTERM and the end of standard input stop all. */

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/dms-config.h"
#include "daemon/dms-daemon.h"
#include "identity/dms-keystore.h"

#define CONTEXT "dms"

typedef struct
{
  /* Configuration file → DmsDaemon. */
  GHashTable *daemons;
  GDataInputStream *commands;
  GMainLoop *loop;
  guint stopping;
  gboolean ending;
  gboolean failed;
} World;

typedef struct
{
  World *world;
  char *path;
} Step;

static Step *
step_new (World *world, const char *path)
{
  Step *step = g_new0 (Step, 1);

  step->world = world;
  step->path = g_strdup (path);
  return step;
}

static void
step_free (Step *step)
{
  g_free (step->path);
  g_free (step);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Step, step_free)

static void
say (const char *what, const char *path, const char *why)
{
  g_print ("%s %s%s%s\n", what, path, why != NULL ? ": " : "", why != NULL ? why : "");
}

static void
fail (World *world, const char *path, const char *why)
{
  say ("failed", path, why);
  world->failed = TRUE;
}

static DmsKey *
load_key (DmsConfig *config, GError **error)
{
  g_autofree char *directory =
      g_build_filename (dms_config_get_string (config, "general.user_dir"), "key", NULL);
  g_autoptr (DmsKeystore) keystore = dms_keystore_new (directory);
  const char *passphrase = g_getenv ("DMS_PASSPHRASE");

  return dms_keystore_load (keystore, CONTEXT, passphrase != NULL ? passphrase : "", error);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Step) step = user_data;
  g_autoptr (GError) error = NULL;

  if (dms_daemon_start_finish (DMS_DAEMON (source), result, &error))
    {
      say ("ready", step->path, NULL);
      return;
    }
  fail (step->world, step->path, error->message);
  g_hash_table_remove (step->world->daemons, step->path);
}

static gboolean
start (World *world, const char *path, GError **error)
{
  g_autoptr (DmsConfig) config = dms_config_new ();
  g_autoptr (DmsDaemon) daemon = NULL;
  g_autoptr (DmsKey) key = NULL;

  if (g_hash_table_contains (world->daemons, path))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS, "it runs already");
      return FALSE;
    }
  if (!dms_config_load (config, path, error))
    return FALSE;
  daemon = dms_daemon_new (config, CONTEXT);
  if (!dms_daemon_prepare (daemon, error))
    return FALSE;
  key = load_key (config, error);
  if (key == NULL)
    return FALSE;
  dms_daemon_start_async (daemon, key, NULL, on_started, step_new (world, path));
  g_hash_table_insert (world->daemons, g_strdup (path), g_steal_pointer (&daemon));
  return TRUE;
}

static void
quit_when_done (World *world)
{
  if (world->ending && world->stopping == 0)
    g_main_loop_quit (world->loop);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Step) step = user_data;
  g_autoptr (GError) error = NULL;

  if (dms_daemon_stop_finish (DMS_DAEMON (source), result, &error))
    say ("stopped", step->path, NULL);
  else
    fail (step->world, step->path, error->message);
  step->world->stopping--;
  quit_when_done (step->world);
}

static gboolean
stop (World *world, const char *path)
{
  g_autoptr (DmsDaemon) daemon = NULL;
  g_autofree char *key = NULL;

  if (!g_hash_table_steal_extended (world->daemons, path, (gpointer *) &key, (gpointer *) &daemon))
    return FALSE;
  world->stopping++;
  dms_daemon_stop_async (daemon, NULL, on_stopped, step_new (world, path));
  return TRUE;
}

static gboolean
end (gpointer user_data)
{
  World *world = user_data;
  g_auto (GStrv) paths = (GStrv) g_hash_table_get_keys_as_array (world->daemons, NULL);

  for (guint i = 0; paths[i] != NULL; i++)
    paths[i] = g_strdup (paths[i]);
  for (guint i = 0; paths[i] != NULL; i++)
    stop (world, paths[i]);
  world->ending = TRUE;
  quit_when_done (world);
  return G_SOURCE_CONTINUE;
}

static gboolean
reload (gpointer user_data)
{
  World *world = user_data;
  GHashTableIter iter;
  gpointer daemon;

  g_hash_table_iter_init (&iter, world->daemons);
  while (g_hash_table_iter_next (&iter, NULL, &daemon))
    dms_daemon_reload (daemon);
  return G_SOURCE_CONTINUE;
}

static gboolean
show_behaviours (World *world, const char *path)
{
  DmsDaemon *daemon = g_hash_table_lookup (world->daemons, path);
  DmsNode *node = daemon != NULL ? dms_daemon_get_node (daemon) : NULL;
  g_auto (GStrv) behaviours = NULL;
  g_autofree char *text = NULL;

  if (node == NULL || dms_node_get_root (node) == NULL)
    return FALSE;
  behaviours = dms_actor_dup_behaviours (dms_node_get_root (node));
  text = g_strjoinv (" ", behaviours);
  say ("behaviours", path, text);
  return TRUE;
}

static void
obey (World *world, const char *line)
{
  const char *path = strchr (line, ' ');
  g_autoptr (GError) error = NULL;

  if (path == NULL)
    fail (world, line, "the commands are: start, stop or behaviours, and a CONFIGURATION");
  else if (g_str_has_prefix (line, "stop ") && !stop (world, path + 1))
    fail (world, path + 1, "it does not run");
  else if (g_str_has_prefix (line, "behaviours ") && !show_behaviours (world, path + 1))
    fail (world, path + 1, "it does not run");
  else if (g_str_has_prefix (line, "start ") && !start (world, path + 1, &error))
    fail (world, path + 1, error->message);
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  World *world = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish_utf8 (world->commands, result, NULL, NULL);

  if (line == NULL)
    {
      end (world);
      return;
    }
  obey (world, line);
  g_data_input_stream_read_line_async (world->commands, G_PRIORITY_DEFAULT, NULL, on_line, world);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  World world = { 0 };

  setlocale (LC_ALL, "");
  setvbuf (stdout, NULL, _IOLBF, 0);
  world.daemons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  world.commands = g_data_input_stream_new (input);
  world.loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGTERM, end, &world);
  g_unix_signal_add (SIGINT, end, &world);
  g_unix_signal_add (SIGUSR1, reload, &world);

  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!start (&world, argv[i], &error))
        fail (&world, argv[i], error->message);
    }
  g_data_input_stream_read_line_async (world.commands, G_PRIORITY_DEFAULT, NULL, on_line, &world);
  g_main_loop_run (world.loop);

  g_hash_table_unref (world.daemons);
  g_object_unref (world.commands);
  g_main_loop_unref (world.loop);
  return world.failed ? 1 : 0;
}
