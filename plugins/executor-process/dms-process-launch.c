/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-launch.h"

#include "dms-process-job.h"
#include "dms-process-registry.h"
#include "dms-process-tool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
  MAX_NOTICE = 8192,
  SPEC_FD = 3,
  NOTIFY_FD = 4,
  LOCK_FD = 5,
};

typedef struct
{
  char *state_dir;
  int notify;
  int lock;
  int records;
  GString *notice;
  GSource *source;
} Launch;

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
launch_free (Launch *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  close_fd (&self->notify);
  close_fd (&self->lock);
  close_fd (&self->records);
  g_string_free (self->notice, TRUE);
  g_free (self->state_dir);
  g_free (self);
}

int
dms_process_launch_lock (const char *state_dir, gboolean create, GError **error)
{
  g_autofree char *path = g_build_filename (state_dir, "lock", NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);

  if (fd < 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   errno == ENOENT ? DMS_ERROR_NOT_FOUND : DMS_ERROR_IO,
                   "cannot open “%s”: %s",
                   path,
                   g_strerror (errno));
      return -1;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  g_set_error (error, DMS_ERROR, DMS_ERROR_BUSY, "“%s” is in use by a job", state_dir);
  close (fd);
  return -1;
}

static gboolean
on_notice (int fd, GIOCondition condition, gpointer user_data)
{
  GTask *task = user_data;
  Launch *self = g_task_get_task_data (task);
  char block[1024];
  ssize_t n = recv (fd, block, sizeof block, MSG_DONTWAIT);
  const char *end;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0)
    g_string_append_len (self->notice, block, n);
  end = memchr (self->notice->str, '\n', self->notice->len);
  if (end == NULL && n > 0 && self->notice->len < MAX_NOTICE)
    return G_SOURCE_CONTINUE;
  if (end == NULL)
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_FAILED, "the supervisor of the job ended before the job ran");
  else if (g_str_has_prefix (self->notice->str, "running\n"))
    g_task_return_boolean (task, TRUE);
  else
    {
      g_autofree char *text = g_strndup (self->notice->str, (gsize) (end - self->notice->str));

      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_FAILED,
                               "%s",
                               g_str_has_prefix (text, "failed ") ? text + strlen ("failed ") : text);
    }
  return G_SOURCE_REMOVE;
}

/* The records go through a file in memory: they hold secrets, which a command line would show to everybody.
 */
static int
open_records (GBytes *records, GError **error)
{
  gsize length = 0;
  const char *bytes = g_bytes_get_data (records, &length);
  int fd = memfd_create ("dms-job", MFD_CLOEXEC);

  while (fd >= 0 && length > 0)
    {
      ssize_t n = write (fd, bytes, length);

      if (n < 0 && errno != EINTR)
        {
          close (fd);
          fd = -1;
        }
      bytes += MAX (n, 0);
      length -= (gsize) MAX (n, 0);
    }
  if (fd < 0 || lseek (fd, 0, SEEK_SET) != 0)
    g_set_error (
        error, DMS_ERROR, DMS_ERROR_FAILED, "cannot pass the job to its supervisor: %s", g_strerror (errno));
  return fd;
}

/* The first process of the shim ends once it has left a child behind. */
static void
on_parent_ended (GPid pid, int status, gpointer user_data)
{
  g_spawn_close_pid (pid);
}

static gboolean
spawn (Launch *self, int notify, GError **error)
{
  g_autofree char *shim = dms_process_tool_dup_shim (error);
  const char *argv[] = { shim, NULL };
  const char *env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };
  const int sources[] = { self->records, notify, self->lock };
  const int targets[] = { SPEC_FD, NOTIFY_FD, LOCK_FD };
  GPid pid = 0;

  if (shim == NULL)
    return FALSE;
  if (!g_spawn_async_with_pipes_and_fds (NULL,
                                         argv,
                                         env,
                                         G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_LEAVE_DESCRIPTORS_OPEN |
                                             G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                                         NULL,
                                         NULL,
                                         -1,
                                         -1,
                                         -1,
                                         sources,
                                         targets,
                                         G_N_ELEMENTS (sources),
                                         &pid,
                                         NULL,
                                         NULL,
                                         NULL,
                                         error))
    {
      dms_error_adopt (error, "cannot start “%s”", shim);
      return FALSE;
    }
  g_child_watch_add (pid, on_parent_ended, NULL);
  return TRUE;
}

static gboolean
start (Launch *self, DmsExecutionSpec *spec, GError **error)
{
  g_autofree char *bwrap = dms_process_tool_dup_bwrap (error);
  g_autofree char *status = g_build_filename (self->state_dir, "status.json", NULL);
  g_autofree char *name = NULL;
  g_autoptr (GBytes) records = NULL;
  int sockets[2];
  gboolean ok;

  if (bwrap == NULL || (records = dms_process_job_encode (spec, bwrap, error)) == NULL)
    return FALSE;
  if (g_mkdir_with_parents (self->state_dir, 0700) != 0)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_IO, "cannot make “%s”: %s", self->state_dir, g_strerror (errno));
      return FALSE;
    }
  self->lock = dms_process_launch_lock (self->state_dir, TRUE, error);
  if (self->lock < 0 || g_file_test (status, G_FILE_TEST_EXISTS))
    {
      g_clear_error (error);
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS, "a job was launched in “%s” before", self->state_dir);
      return FALSE;
    }
  name = dms_process_job_dup_name (dms_execution_spec_get_execution_id (spec), self->state_dir);
  self->records = open_records (records, error);
  if (self->records < 0 || !dms_process_registry_add (name, self->state_dir, error))
    return FALSE;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BUSY,
                   "cannot make a socket to the job's supervisor: %s",
                   g_strerror (errno));
      return FALSE;
    }
  self->notify = sockets[0];
  ok = spawn (self, sockets[1], error);
  close (sockets[1]);
  return ok;
}

void
dms_process_launch_async (DmsExecutionSpec *spec, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Launch *self = g_new0 (Launch, 1);
  GError *error = NULL;

  self->notify = self->lock = self->records = -1;
  self->notice = g_string_new (NULL);
  self->state_dir = g_strdup (dms_execution_spec_get_state_dir (spec));
  g_task_set_source_tag (task, dms_process_launch_async);
  g_task_set_task_data (task, self, (GDestroyNotify) launch_free);
  if (!start (self, spec, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  /* From here on the shim alone holds the lock. */
  close_fd (&self->lock);
  close_fd (&self->records);
  self->source = g_unix_fd_source_new (self->notify, G_IO_IN | G_IO_HUP);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_notice), g_object_ref (task), g_object_unref);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

gboolean
dms_process_launch_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
