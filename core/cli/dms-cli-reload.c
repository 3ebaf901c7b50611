/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-reload.h"

#include <dms.h>
#include <errno.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/dms-daemon.h"

#define STATE_LISTEN 0x0a

/* How long a daemon may take to read its capabilities, and how often it is looked at meanwhile. */
#define WAIT_US (5 * G_TIME_SPAN_SECOND)
#define STEP_US (5 * G_TIME_SPAN_MILLISECOND)

/* Adds the inodes of sockets that listen on a port, out of one of the kernel's tables (proc(5)). */
static void
collect_listeners (const char *table, guint16 port, GHashTable *inodes)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (table, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    {
      unsigned int local_port, state;
      unsigned long inode;

      if (sscanf (lines[i],
                  " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu",
                  &local_port,
                  &state,
                  &inode) == 3 &&
          local_port == port && state == STATE_LISTEN)
        g_hash_table_add (inodes, g_strdup_printf ("socket:[%lu]", inode));
    }
}

static gboolean
holds_socket (const char *process, GHashTable *inodes)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/fd", process);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_autofree char *target = g_file_read_link (file, NULL);

      if (target != NULL && g_hash_table_contains (inodes, target))
        return TRUE;
    }
  return FALSE;
}

/* Whether a process has a handler for SIGUSR1; one without it would die of the signal. */
static gboolean
catches_signal (const char *process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/status", process);
  g_autofree char *text = NULL;
  const char *mask;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  mask = strstr (text, "\nSigCgt:");
  return mask != NULL && (g_ascii_strtoull (mask + strlen ("\nSigCgt:"), NULL, 16) >> (SIGUSR1 - 1) & 1) != 0;
}

gboolean
dms_cli_reload_signal (guint16 port, gboolean *found, GError **error)
{
  g_autoptr (GHashTable) inodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  const char *name;

  *found = FALSE;
  collect_listeners ("/proc/net/tcp", port, inodes);
  collect_listeners ("/proc/net/tcp6", port, inodes);
  while (processes != NULL && g_hash_table_size (inodes) > 0 && (name = g_dir_read_name (processes)) != NULL)
    {
      if (!g_ascii_isdigit (name[0]) || !holds_socket (name, inodes) || !catches_signal (name))
        continue;
      *found = TRUE;
      if (kill ((pid_t) g_ascii_strtoll (name, NULL, 10), SIGUSR1) < 0)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_PERMISSION_DENIED,
                       _ ("cannot signal the service (process %s): %s"),
                       name,
                       g_strerror (errno));
          return FALSE;
        }
    }
  return TRUE;
}

/* When the daemon took its lock or last read its capabilities; FALSE when there is no lock. */
static gboolean
read_lock_time (const char *path, struct timespec *time)
{
  struct stat status;

  if (stat (path, &status) < 0)
    return FALSE;
  *time = status.st_mtim;
  return TRUE;
}

/* Whether the daemon touched its lock since it was touched at @before. */
static gboolean
wait_for_reload (const char *path, const struct timespec *before)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  struct timespec now;

  while (read_lock_time (path, &now) && now.tv_sec == before->tv_sec && now.tv_nsec == before->tv_nsec)
    {
      if (g_get_monotonic_time () >= deadline)
        return FALSE;
      g_usleep (STEP_US);
    }
  return TRUE;
}

void
dms_cli_reload_daemon (DmsCliCall *call)
{
  g_autoptr (GError) local = NULL;
  DmsConfig *config = dms_cli_call_get_config (call, NULL);
  g_autofree char *lock = config != NULL ? dms_daemon_dup_lock_path (config) : NULL;
  struct timespec before;
  gboolean is_ours;
  gboolean found;

  if (config == NULL)
    return;
  is_ours = read_lock_time (lock, &before);
  if (!dms_cli_reload_signal ((guint16) dms_config_get_int (config, "rest.port"), &found, &local))
    dms_cli_call_note (call, _ ("Warning: %s\n"), local->message);
  else if (found && is_ours && !wait_for_reload (lock, &before))
    dms_cli_call_note (
        call,
        _ ("Warning: the service did not say in time that it has read its capabilities; is it stopped, or an "
           "older one?\n"));
}
