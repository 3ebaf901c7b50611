/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-arguments.h"
#include "dms-init-config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_COPY = 4 * 1024 * 1024,
};

/* Ends in NULL. */
static void
add (DmsShimArguments *self, ...)
{
  va_list args;
  const char *word;

  va_start (args, self);
  while ((word = va_arg (args, const char *)) != NULL)
    dms_shim_buffer_append_string (&self->text, word);
  va_end (args);
}

static void
add_number (DmsShimArguments *self, const char *option, long long value)
{
  char *text = dms_shim_printf ("%lld", value);

  add (self, option, text, NULL);
  free (text);
}

void
dms_shim_arguments_add_fd (DmsShimArguments *self, int fd)
{
  if (fd >= 0 && self->n_fds < DMS_SHIM_MAX_FDS)
    self->fds[self->n_fds++] = fd;
}

/* What can be read from a descriptor, which is taken. */
static void
add_file (DmsShimArguments *self, const char *permissions, const char *path, int fd)
{
  dms_shim_arguments_add_fd (self, fd);
  add (self, "--perms", permissions, NULL);
  add_number (self, "--file", fd);
  add (self, path, NULL);
}

/* A file of these bytes in the sandbox's own root, which ends up read-only. Copies cost less than mounts: for
 * each of those bubblewrap reads its whole table of mounts. */
static bool
add_data (DmsShimArguments *self, const char *permissions, const char *path, const void *bytes, size_t length)
{
  int fd = dms_shim_memfd ("file", bytes, length);

  if (fd < 0)
    return false;
  add_file (self, permissions, path, fd);
  return true;
}

static bool
add_text (DmsShimArguments *self, const char *path, const char *text)
{
  return add_data (self, "0644", path, text, strlen (text));
}

/* A copy of a file of the host; nothing when it has none that any user may read. */
static void
add_copy (DmsShimArguments *self, const char *path)
{
  char target[PATH_MAX + 1] = "";
  struct stat info;
  int fd;

  if (readlink (path, target, PATH_MAX) > 0 && strncmp (target, "/usr/", 5) == 0)
    {
      add (self, "--symlink", target, path, NULL);
      return;
    }
  /* Bubblewrap copies it from here; what another program puts in its place meanwhile is another file. */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && (info.st_mode & S_IROTH) &&
      info.st_size <= MAX_COPY)
    add_file (self, "0644", path, fd);
  else
    close (fd);
}

/* Shows a directory of a root read-only, or a link as it is. */
static void
add_top (DmsShimArguments *self, const char *source, const char *name)
{
  char target[PATH_MAX + 1] = "";
  char *destination = dms_shim_printf ("/%s", name);
  struct stat info;

  if (lstat (source, &info) == 0 && S_ISLNK (info.st_mode))
    {
      if (readlink (source, target, PATH_MAX) > 0)
        add (self, "--symlink", target, destination, NULL);
    }
  else
    add (self, "--ro-bind-try", source, destination, NULL);
  free (destination);
}

static bool
add_host_configuration (DmsShimArguments *self, const DmsShimSpec *spec)
{
  static const char *const copied[] = {
    "/etc/gai.conf",      "/etc/ld.so.cache", "/etc/localtime", "/etc/magic",           "/etc/mime.types",
    "/etc/nsswitch.conf", "/etc/protocols",   "/etc/services",  "/etc/ssl/openssl.cnf",
  };
  static const char *const shown[] = { "/etc/alternatives", "/etc/fonts", "/etc/pki", "/etc/ssl/certs" };
  static const char *const shown_with_devices[] = { "/etc/OpenCL", "/etc/vulkan" };
  char *hosts = dms_shim_printf ("127.0.0.1 localhost %s\n::1 localhost\n", spec->hostname);
  bool ok = add_text (self,
                      "/etc/passwd",
                      "root:x:0:0:root:/root:/usr/sbin/nologin\n"
                      "job:x:1000:1000:job:" DMS_INIT_HOME ":/bin/sh\n"
                      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n") &&
            add_text (self, "/etc/group", "root:x:0:\njob:x:1000:\nnogroup:x:65534:\n");

  for (size_t i = 0; ok && i < sizeof copied / sizeof copied[0]; i++)
    add_copy (self, copied[i]);
  for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
    if (access (shown[i], X_OK) == 0)
      add (self, "--ro-bind-try", shown[i], shown[i], NULL);
  for (size_t i = 0; spec->n_devices > 0 && i < sizeof shown_with_devices / sizeof shown_with_devices[0]; i++)
    add (self, "--ro-bind-try", shown_with_devices[i], shown_with_devices[i], NULL);
  /* The resolver's file changes with the network: not a copy. */
  if (spec->host_network)
    add (self,
         "--ro-bind-try",
         "/etc/resolv.conf",
         "/etc/resolv.conf",
         "--ro-bind-try",
         "/etc/hosts",
         "/etc/hosts",
         NULL);
  else
    ok = ok && add_text (self, "/etc/hosts", hosts);
  free (hosts);
  return ok;
}

static bool
add_host_root (DmsShimArguments *self, const DmsShimSpec *spec)
{
  static const char *const tops[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

  add (self, "--ro-bind", "/usr", "/usr", NULL);
  for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
    {
      char *source = dms_shim_printf ("/%s", tops[i]);

      if (access (source, F_OK) == 0)
        add_top (self, source, tops[i]);
      free (source);
    }
  add (self,
       "--dir",
       "/opt",
       "--dir",
       "/mnt",
       "--dir",
       "/srv",
       "--dir",
       "/var",
       "--symlink",
       "../tmp",
       "/var/tmp",
       NULL);
  return add_host_configuration (self, spec);
}

/* What the sandbox has of its own, whatever the root. */
static bool
is_own (const char *name)
{
  static const char *const own[] = { ".", "..", "dev", "home", "lost+found", "proc", "run", "sys", "tmp" };

  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    if (strcmp (name, own[i]) == 0)
      return true;
  return false;
}

static bool
add_given_root (DmsShimArguments *self, const DmsShimSpec *spec, DmsShimStage *stage, char **error)
{
  const char *staged = dms_shim_stage_add (stage, spec->rootfs, true);
  DIR *directory = opendir (spec->rootfs);
  const struct dirent *entry;

  if (directory == NULL)
    {
      *error = dms_shim_printf ("cannot read the root file system “%s”: %s", spec->rootfs, strerror (errno));
      return false;
    }
  while ((entry = readdir (directory)) != NULL)
    {
      char *source;
      char target[PATH_MAX + 1] = "";
      ssize_t length;

      if (is_own (entry->d_name))
        continue;
      source = dms_shim_printf ("%s/%s", spec->rootfs, entry->d_name);
      length = readlink (source, target, PATH_MAX);
      free (source);
      source = dms_shim_printf ("%s/%s", staged, entry->d_name);
      if (length > 0)
        {
          char *destination = dms_shim_printf ("/%s", entry->d_name);

          add (self, "--symlink", target, destination, NULL);
          free (destination);
        }
      else
        add_top (self, source, entry->d_name);
      free (source);
    }
  closedir (directory);
  return true;
}

static bool
add_binds (DmsShimArguments *self, const DmsShimSpec *spec, DmsShimStage *stage, char **error)
{
  for (size_t i = 0; i < spec->n_binds; i++)
    {
      const DmsShimBind *bind = &spec->binds[i];

      if (access (bind->source, F_OK) != 0)
        {
          *error = dms_shim_printf (
              "cannot mount the volume “%s” at “%s”: %s", bind->source, bind->destination, strerror (errno));
          return false;
        }
      add (self,
           bind->read_only ? "--ro-bind" : "--bind",
           dms_shim_stage_add (stage, bind->source, !bind->read_only),
           bind->destination,
           NULL);
    }
  return true;
}

static bool
add_blobs (DmsShimArguments *self, const DmsShimSpec *spec)
{
  for (size_t i = 0; i < spec->n_files; i++)
    if (!add_data (self, "0600", spec->files[i].name, spec->files[i].bytes, spec->files[i].length))
      return false;
  for (size_t i = 0; i < spec->n_scripts; i++)
    {
      char *path = dms_shim_printf ("%s/%03zu", DMS_INIT_SCRIPTS, i);
      bool ok = add_data (self, "0700", path, spec->scripts[i].bytes, spec->scripts[i].length);

      free (path);
      if (!ok)
        return false;
    }
  return true;
}

/* The first process of the sandbox lies beside this program. */
static char *
find_init (char **error)
{
  char path[PATH_MAX + 1] = "";
  char *slash;
  char *init;

  if (readlink ("/proc/self/exe", path, PATH_MAX) <= 0 || (slash = strrchr (path, '/')) == NULL)
    {
      *error = dms_shim_strdup ("cannot find out where this program lies: is /proc mounted?");
      return NULL;
    }
  *slash = '\0';
  init = dms_shim_printf ("%s/dms-exec-init", path);
  if (access (init, X_OK) == 0)
    return init;
  *error = dms_shim_printf ("“%s” is missing: install this program again", init);
  free (init);
  return NULL;
}

static void
add_isolation (DmsShimArguments *self, const DmsShimSpec *spec, int filter_fd)
{
  add (self,
       "--unshare-user",
       "--unshare-ipc",
       "--unshare-pid",
       "--unshare-uts",
       "--unshare-cgroup-try",
       "--die-with-parent",
       "--new-session",
       "--as-pid-1",
       "--uid",
       "1000",
       "--gid",
       "1000",
       "--cap-drop",
       "ALL",
       "--hostname",
       spec->hostname,
       NULL);
  if (!spec->host_network)
    add (self, "--unshare-net", NULL);
  add_number (self, "--seccomp", filter_fd);
}

bool
dms_shim_arguments_compose (DmsShimArguments *self,
                            const DmsShimSpec *spec,
                            DmsShimStage *stage,
                            int filter_fd,
                            char **error)
{
  char *init = find_init (error);
  char *home = dms_shim_printf ("%s/home", spec->state_dir);
  bool ok = init != NULL;

  add_isolation (self, spec, filter_fd);
  errno = 0;
  if (ok)
    ok = spec->rootfs != NULL ? add_given_root (self, spec, stage, error) : add_host_root (self, spec);
  add (self, "--proc", "/proc", "--dev", "/dev", NULL);
  if (spec->memory_bytes > 0)
    add_number (self, "--size", (long long) spec->memory_bytes);
  add (self, "--perms", "1777", "--tmpfs", "/tmp", NULL);
  for (size_t i = 0; i < spec->n_devices; i++)
    add (self, "--dev-bind-try", spec->devices[i], spec->devices[i], NULL);
  add (self, "--bind", dms_shim_stage_add (stage, home, true), DMS_INIT_HOME, NULL);
  ok = ok && add_binds (self, spec, stage, error) && add_blobs (self, spec);
  if (ok)
    {
      add (self, "--ro-bind", dms_shim_stage_add (stage, init, false), DMS_INIT_PROGRAM, NULL);
      add (self, "--remount-ro", "/", "--chdir", "/", NULL);
    }
  if (!ok && *error == NULL)
    *error = dms_shim_printf ("cannot pass the files of the job: %s", strerror (errno));
  free (home);
  free (init);
  return ok;
}

void
dms_shim_arguments_clear (DmsShimArguments *self)
{
  for (size_t i = 0; i < self->n_fds; i++)
    close (self->fds[i]);
  self->n_fds = 0;
  dms_shim_buffer_clear (&self->text);
}
