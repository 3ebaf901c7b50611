/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_DEPTH = 400,
};

static bool
is_dot (const char *name)
{
  return strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

/* Opens a directory that its owner may have closed to himself. */
static int
open_directory (int parent_fd, const char *name)
{
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat (parent_fd, name, flags);

  if (fd < 0 && errno == EACCES && fchmodat (parent_fd, name, 0700, 0) == 0)
    fd = openat (parent_fd, name, flags);
  return fd;
}

static bool measure_directory (int fd, dev_t device, int depth, uint64_t *total);

static bool
measure_entry (int fd, const char *name, dev_t device, int depth, uint64_t *total)
{
  struct stat info;
  int child;

  if (fstatat (fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return true;
  if (info.st_dev != device)
    return true;
  /* A file with several names counts once in the sum. */
  *total +=
      (uint64_t) info.st_blocks * 512 / (info.st_nlink > 1 && !S_ISDIR (info.st_mode) ? info.st_nlink : 1);
  if (!S_ISDIR (info.st_mode))
    return true;
  child = openat (fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (child < 0)
    return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
  if (depth < MAX_DEPTH)
    return measure_directory (child, device, depth + 1, total);
  close (child);
  return false;
}

/* Closes fd. */
static bool
measure_directory (int fd, dev_t device, int depth, uint64_t *total)
{
  DIR *directory = fdopendir (fd);
  const struct dirent *entry;
  bool ok = true;

  if (directory == NULL)
    {
      close (fd);
      return false;
    }
  while (ok && (entry = readdir (directory)) != NULL)
    if (!is_dot (entry->d_name))
      ok = measure_entry (fd, entry->d_name, device, depth, total);
  closedir (directory);
  return ok;
}

uint64_t
dms_shim_disk_measure (int parent_fd, const char *name)
{
  int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat info;
  uint64_t total = 0;

  if (fd < 0)
    return 0;
  if (fstat (fd, &info) != 0)
    {
      close (fd);
      return 0;
    }
  return measure_directory (fd, info.st_dev, 0, &total) ? total : UINT64_MAX;
}

/* Removes what it can in the directory and finds one that is not empty: its descriptor, -1 when all is gone,
 * or -2 when something cannot be removed. */
static int
sweep (int fd)
{
  int copy = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = copy >= 0 ? fdopendir (copy) : NULL;
  const struct dirent *entry;
  int deeper = -1;

  if (directory == NULL)
    {
      if (copy >= 0)
        close (copy);
      return -2;
    }
  while (deeper == -1 && (entry = readdir (directory)) != NULL)
    {
      if (is_dot (entry->d_name) || unlinkat (fd, entry->d_name, 0) == 0 ||
          unlinkat (fd, entry->d_name, AT_REMOVEDIR) == 0)
        continue;
      deeper = errno == ENOTEMPTY || errno == EEXIST ? open_directory (fd, entry->d_name) : -2;
      if (deeper == -1)
        deeper = -2;
    }
  closedir (directory);
  return deeper;
}

bool
dms_shim_disk_remove (int parent_fd, const char *name)
{
  unsigned long depth = 0;
  int fd;
  bool ok = true;

  if (unlinkat (parent_fd, name, 0) == 0 || errno == ENOENT)
    return true;
  fd = open_directory (parent_fd, name);
  if (fd < 0)
    return false;
  while (ok)
    {
      int next;

      (void) fchmod (fd, 0700);
      next = sweep (fd);
      if (next == -1 && depth == 0)
        break;
      if (next == -1)
        {
          next = openat (fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
          depth--;
        }
      else
        depth++;
      ok = next >= 0;
      if (ok)
        {
          close (fd);
          fd = next;
        }
    }
  close (fd);
  return ok && unlinkat (parent_fd, name, AT_REMOVEDIR) == 0;
}
