/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-stage.h"
#include "dms-shim-sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* An empty directory on the host; the mounts over it are seen by the sandbox's set-up only. */
static const char stage_directory[] = "/run/dms-stage";

/* Spelt out, as with Landlock. */
enum
{
  CALL_OPEN_TREE = 428,
  CALL_MOVE_MOUNT = 429,
  CALL_MOUNT_SETATTR = 442,
  TREE_CLONE = 1,
  MOVE_FROM_EMPTY_PATH = 4,
};

typedef struct
{
  uint64_t attr_set;
  uint64_t attr_clr;
  uint64_t propagation;
  uint64_t userns_fd;
} MountAttributes;

const char *
dms_shim_stage_add (DmsShimStage *self, const char *source, bool mapped)
{
  DmsShimStageMount *mount;

  self->mounts = realloc (self->mounts, (self->n_mounts + 1) * sizeof *self->mounts);
  if (self->mounts == NULL)
    _exit (70);
  mount = &self->mounts[self->n_mounts];
  mount->source = dms_shim_strdup (source);
  mount->target = geteuid () == 0 ? dms_shim_printf ("%s/%zu", stage_directory, self->n_mounts)
                                  : dms_shim_strdup (source);
  mount->mapped = mapped;
  self->n_mounts++;
  return mount->target;
}

/* A descriptor of a user namespace in which one outer ID stands for another; -1 on failure. */
static int
open_mapping (uid_t uid, gid_t gid)
{
  const uid_t job = dms_shim_sandbox_get_job_uid ();
  char *uid_map = dms_shim_printf ("%u %u 1", (unsigned) uid, (unsigned) job);
  char *gid_map = dms_shim_printf ("%u %u 1", (unsigned) gid, (unsigned) job);
  int fd = -1;
  pid_t pid = (pid_t) syscall (SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

  if (pid == 0)
    {
      pause ();
      _exit (0);
    }
  if (pid > 0)
    {
      char *uids = dms_shim_printf ("/proc/%d/uid_map", (int) pid);
      char *gids = dms_shim_printf ("/proc/%d/gid_map", (int) pid);
      char *space = dms_shim_printf ("/proc/%d/ns/user", (int) pid);

      if (dms_shim_write_file (uids, uid_map) && dms_shim_write_file (gids, gid_map))
        fd = open (space, O_RDONLY | O_CLOEXEC);
      kill (pid, SIGKILL);
      (void) waitpid (pid, NULL, 0);
      free (space);
      free (gids);
      free (uids);
    }
  free (gid_map);
  free (uid_map);
  return fd;
}

static bool
needs_mapping (const DmsShimStageMount *mount, const struct stat *info)
{
  return mount->mapped && info->st_uid != dms_shim_sandbox_get_job_uid () && !S_ISCHR (info->st_mode);
}

/* A mount whose owner appears as the job's user. */
static bool
mount_mapped (const DmsShimStageMount *mount, const struct stat *info)
{
  MountAttributes attributes = { .attr_set = 0x00100000 };
  int mapping = open_mapping (info->st_uid, info->st_gid);
  int tree = (int) syscall (CALL_OPEN_TREE, AT_FDCWD, mount->source, TREE_CLONE | O_CLOEXEC);
  bool ok;

  attributes.userns_fd = (uint64_t) mapping;
  ok = mapping >= 0 && tree >= 0 &&
       syscall (CALL_MOUNT_SETATTR, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0 &&
       syscall (CALL_MOVE_MOUNT, tree, "", AT_FDCWD, mount->target, MOVE_FROM_EMPTY_PATH) == 0;
  if (mapping >= 0)
    close (mapping);
  if (tree >= 0)
    close (tree);
  return ok;
}

static bool
mount_one (const DmsShimStageMount *mount_)
{
  struct stat info;

  if (stat (mount_->source, &info) != 0)
    return false;
  if (S_ISDIR (info.st_mode))
    {
      if (mkdir (mount_->target, 0755) != 0)
        return false;
    }
  else
    {
      int fd = open (mount_->target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

      if (fd < 0)
        return false;
      close (fd);
    }
  /* File systems without such mounts keep their owners; the job then writes where its user may. */
  if (needs_mapping (mount_, &info) && mount_mapped (mount_, &info))
    return true;
  return mount (mount_->source, mount_->target, NULL, MS_BIND | MS_REC, NULL) == 0;
}

const char *
dms_shim_stage_mount (const DmsShimStage *self)
{
  if (mkdir (stage_directory, 0755) != 0 && errno != EEXIST)
    return "cannot make “/run/dms-stage”";
  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
    return "cannot make a mount namespace";
  if (mount ("dms", stage_directory, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") != 0)
    return "cannot mount “/run/dms-stage”";
  for (size_t i = 0; i < self->n_mounts; i++)
    if (!mount_one (&self->mounts[i]))
      return dms_shim_printf ("cannot mount “%s” for the job", self->mounts[i].source);
  return NULL;
}

void
dms_shim_stage_clear (DmsShimStage *self)
{
  for (size_t i = 0; i < self->n_mounts; i++)
    {
      free (self->mounts[i].source);
      free (self->mounts[i].target);
    }
  free (self->mounts);
  memset (self, 0, sizeof *self);
}
