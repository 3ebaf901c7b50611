/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-cgroup-finder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_TEXT = 1024 * 1024,
};

/* One line of mountinfo (proc(5)): field 5 is the mount point; after ` - ` come type, source, options. */
typedef struct
{
  char *root;
  char *point;
  char *type;
  char *options;
} Mount;

static bool
split_mount (char *line, Mount *mount)
{
  char *tail = strstr (line, " - ");
  char *saved = NULL;
  char *word;
  int field = 0;

  if (tail == NULL)
    return false;
  *tail = '\0';
  memset (mount, 0, sizeof *mount);
  for (word = strtok_r (line, " ", &saved); word != NULL; word = strtok_r (NULL, " ", &saved))
    {
      field++;
      if (field == 4)
        mount->root = word;
      else if (field == 5)
        mount->point = word;
    }
  mount->type = strtok_r (tail + 3, " ", &saved);
  (void) strtok_r (NULL, " ", &saved);
  mount->options = strtok_r (NULL, " ", &saved);
  return mount->point != NULL && mount->options != NULL;
}

static bool
has_word (const char *list, const char *word, char separator)
{
  size_t length = strlen (word);

  for (const char *at = list; at != NULL; at = strchr (at, separator))
    {
      at += *at == separator;
      if (strncmp (at, word, length) == 0 &&
          (at[length] == separator || at[length] == '\0' || at[length] == '\n'))
        return true;
    }
  return false;
}

static char *
make_parent (const char *directory)
{
  char *path = dms_shim_printf ("%s/%s", directory, DMS_SHIM_CGROUP_PARENT);
  char *procs = dms_shim_printf ("%s/cgroup.procs", path);
  bool ok =
      (mkdir (path, 0755) == 0 || errno == EEXIST) && access (procs, W_OK) == 0 && access (path, W_OK) == 0;

  free (procs);
  if (ok)
    return path;
  free (path);
  return NULL;
}

/* The version 2 group of this process, relative to the mount; NULL when unknown. */
static char *
read_own_group (void)
{
  DmsShimBuffer text = { 0 };
  char *own = NULL;
  char *saved = NULL;

  if (dms_shim_read_file ("/proc/self/cgroup", &text, MAX_TEXT) && text.length > 0)
    for (char *line = strtok_r (text.data, "\n", &saved); line != NULL; line = strtok_r (NULL, "\n", &saved))
      if (strncmp (line, "0::/", 4) == 0)
        own = dms_shim_strdup (line + 3);
  dms_shim_buffer_clear (&text);
  return own;
}

/* Root makes its groups at the top. Another user makes them in the highest group above its own process that
 * was handed over to it, since it may not move a process across any other. */
static char *
find_unified_parent (const char *point)
{
  char *own;
  char *found = NULL;

  if (geteuid () == 0)
    return make_parent (point);
  own = read_own_group ();
  while (own != NULL && own[0] == '/' && own[1] != '\0')
    {
      char *directory = dms_shim_printf ("%s%s", point, own);
      char *procs = dms_shim_printf ("%s/cgroup.procs", directory);
      char *slash = strrchr (own, '/');

      /* A process is moved with the right to write in the group above both places. */
      if (access (directory, W_OK) == 0 && access (procs, W_OK) == 0)
        {
          char *candidate = make_parent (directory);

          if (candidate != NULL)
            {
              free (found);
              found = candidate;
            }
        }
      free (procs);
      free (directory);
      slash[slash == own ? 1 : 0] = '\0';
    }
  free (own);
  return found;
}

static bool
enable_controller (const char *parent, const char *controller)
{
  char *available = dms_shim_printf ("%s/cgroup.controllers", parent);
  char *switches = dms_shim_printf ("%s/cgroup.subtree_control", parent);
  char *above = dms_shim_printf ("%s/../cgroup.subtree_control", parent);
  char *request = dms_shim_printf ("+%s", controller);
  DmsShimBuffer text = { 0 };
  bool ok = false;

  if (dms_shim_read_file (switches, &text, MAX_TEXT) && text.length > 0 &&
      has_word (text.data, controller, ' '))
    ok = true;
  if (!ok)
    {
      dms_shim_buffer_clear (&text);
      if (!(dms_shim_read_file (available, &text, MAX_TEXT) && text.length > 0 &&
            has_word (text.data, controller, ' ')))
        (void) dms_shim_write_file (above, request);
      ok = dms_shim_write_file (switches, request);
    }
  dms_shim_buffer_clear (&text);
  free (request);
  free (above);
  free (switches);
  free (available);
  return ok;
}

static void
take_mount (DmsShimCgroupLayout *self, const Mount *mount)
{
  static const struct
  {
    const char *word;
    DmsShimCgroupKind kind;
  } controllers[] = {
    { "memory", DMS_SHIM_CGROUP_MEMORY },   { "cpu", DMS_SHIM_CGROUP_CPU },
    { "pids", DMS_SHIM_CGROUP_PIDS },       { "freezer", DMS_SHIM_CGROUP_FREEZER },
    { "cpuacct", DMS_SHIM_CGROUP_CPUACCT },
  };

  if (strcmp (mount->type, "cgroup2") == 0 && self->parents[DMS_SHIM_CGROUP_UNIFIED] == NULL)
    {
      char *parent = find_unified_parent (mount->point);

      self->parents[DMS_SHIM_CGROUP_UNIFIED] = parent;
      if (parent == NULL)
        return;
      self->unified_memory = enable_controller (parent, "memory");
      self->unified_cpu = enable_controller (parent, "cpu");
      self->unified_pids = enable_controller (parent, "pids");
    }
  if (strcmp (mount->type, "cgroup") != 0)
    return;
  for (size_t i = 0; i < sizeof controllers / sizeof controllers[0]; i++)
    if (self->parents[controllers[i].kind] == NULL && has_word (mount->options, controllers[i].word, ','))
      self->parents[controllers[i].kind] = make_parent (mount->point);
}

static void
drop (DmsShimCgroupLayout *self, DmsShimCgroupKind kind)
{
  free (self->parents[kind]);
  self->parents[kind] = NULL;
}

/* True when the version 2 tree here counts CPU time and freezes, whatever controllers it has. */
static bool
unified_has (const DmsShimCgroupLayout *self, const char *file)
{
  char *path;
  bool ok;

  if (self->parents[DMS_SHIM_CGROUP_UNIFIED] == NULL)
    return false;
  path = dms_shim_printf ("%s/%s", self->parents[DMS_SHIM_CGROUP_UNIFIED], file);
  ok = access (path, F_OK) == 0;
  free (path);
  return ok;
}

void
dms_shim_cgroup_layout_find (DmsShimCgroupLayout *self)
{
  DmsShimBuffer text = { 0 };
  char *saved = NULL;
  Mount mount;

  memset (self, 0, sizeof *self);
  if (dms_shim_read_file ("/proc/self/mountinfo", &text, MAX_TEXT) && text.length > 0)
    for (char *line = strtok_r (text.data, "\n", &saved); line != NULL; line = strtok_r (NULL, "\n", &saved))
      if (split_mount (line, &mount))
        take_mount (self, &mount);
  dms_shim_buffer_clear (&text);
  /* Each further hierarchy costs a move at the launch: leave out those that add nothing. */
  if (self->unified_memory)
    drop (self, DMS_SHIM_CGROUP_MEMORY);
  if (self->unified_cpu)
    drop (self, DMS_SHIM_CGROUP_CPU);
  if (self->unified_pids)
    drop (self, DMS_SHIM_CGROUP_PIDS);
  if (unified_has (self, "cgroup.freeze"))
    drop (self, DMS_SHIM_CGROUP_FREEZER);
  if (unified_has (self, "cpu.stat"))
    drop (self, DMS_SHIM_CGROUP_CPUACCT);
}

void
dms_shim_cgroup_layout_clear (DmsShimCgroupLayout *self)
{
  for (int i = 0; i < DMS_SHIM_CGROUP_COUNT; i++)
    drop (self, i);
}

bool
dms_shim_cgroup_layout_can_limit_memory (const DmsShimCgroupLayout *self)
{
  return self->unified_memory || self->parents[DMS_SHIM_CGROUP_MEMORY] != NULL;
}

bool
dms_shim_cgroup_layout_can_limit_cpu (const DmsShimCgroupLayout *self)
{
  return self->unified_cpu || self->parents[DMS_SHIM_CGROUP_CPU] != NULL;
}

bool
dms_shim_cgroup_layout_can_limit_pids (const DmsShimCgroupLayout *self)
{
  return self->unified_pids || self->parents[DMS_SHIM_CGROUP_PIDS] != NULL;
}

bool
dms_shim_cgroup_layout_can_freeze (const DmsShimCgroupLayout *self)
{
  return self->parents[DMS_SHIM_CGROUP_UNIFIED] != NULL || self->parents[DMS_SHIM_CGROUP_FREEZER] != NULL;
}
