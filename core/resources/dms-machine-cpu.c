/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-machine-cpu.h"

#include <sched.h>
#include <string.h>
#include <sys/utsname.h>

/* What one pass over /proc/cpuinfo finds. */
typedef struct
{
  char *model;
  char *vendor;
  double clock_hz;
  guint64 cache_bytes;
  guint threads;
  GHashTable *cores;
  char *package;
} CpuInfo;

static void
cpu_info_clear (CpuInfo *info)
{
  g_free (info->model);
  g_free (info->vendor);
  g_free (info->package);
  g_clear_pointer (&info->cores, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CpuInfo, cpu_info_clear)

/* (nullable): a small file below the root, trimmed. */
static char *
read_file (const char *root, const char *path)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  char *text = NULL;

  return g_file_get_contents (full, &text, NULL, NULL) ? g_strstrip (text) : NULL;
}

static void
take_line (CpuInfo *info, const char *key, const char *value)
{
  if (g_str_equal (key, "processor"))
    info->threads++;
  else if ((g_str_equal (key, "model name") || g_str_equal (key, "Model")) && info->model == NULL)
    info->model = g_strdup (value);
  else if (g_str_equal (key, "vendor_id") && info->vendor == NULL)
    info->vendor = g_strdup (value);
  else if (g_str_equal (key, "cpu MHz"))
    info->clock_hz = MAX (info->clock_hz, g_ascii_strtod (value, NULL) * 1e6);
  else if (g_str_equal (key, "cache size"))
    info->cache_bytes = MAX (info->cache_bytes, g_ascii_strtoull (value, NULL, 10) * 1024);
  else if (g_str_equal (key, "physical id"))
    {
      g_free (info->package);
      info->package = g_strdup (value);
    }
  else if (g_str_equal (key, "core id"))
    g_hash_table_add (info->cores,
                      g_strconcat (info->package != NULL ? info->package : "", "/", value, NULL));
}

static void
parse_cpuinfo (CpuInfo *info, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      char *colon = strchr (lines[i], ':');
      if (colon == NULL)
        continue;
      *colon = '\0';
      take_line (info, g_strstrip (lines[i]), g_strstrip (colon + 1));
    }
}

/* The greatest cache, usually the last level, in bytes; 0 when the kernel does not tell. */
static guint64
read_cache (const char *root)
{
  guint64 greatest = 0;

  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *path = g_strdup_printf ("/sys/devices/system/cpu/cpu0/cache/index%u/size", i);
      g_autofree char *text = read_file (root, path);
      char *end = NULL;
      guint64 size = text != NULL ? g_ascii_strtoull (text, &end, 10) : 0;

      if (end != NULL && *end == 'K')
        size *= 1024;
      else if (end != NULL && *end == 'M')
        size *= 1024 * 1024;
      greatest = MAX (greatest, size);
    }
  return greatest;
}

static char *
read_architecture (const char *root)
{
  char *name = read_file (root, "/proc/sys/kernel/arch");
  struct utsname system;

  if (name == NULL && uname (&system) == 0)
    name = g_strdup (system.machine);
  if (g_strcmp0 (name, "aarch64") == 0)
    {
      g_free (name);
      name = g_strdup ("arm64");
    }
  return name;
}

/* Fewer than the machine has when this process is confined to some of them. */
static guint
count_usable (const char *root, guint present)
{
  cpu_set_t set;

  if (root[0] != '\0' || sched_getaffinity (0, sizeof set, &set) != 0)
    return present;
  return MIN (present, (guint) CPU_COUNT (&set));
}

/**
 * dms_machine_cpu_read:
 * @root: where `proc` and `sys` are
 * @error: return location
 *
 * Cores are whole cores: two threads of one core count once. The clock is the greatest it can run at.
 *
 * Returns: (transfer full) (nullable): the processor
 */
DmsCpu *
dms_machine_cpu_read (const char *root, GError **error)
{
  g_auto (CpuInfo) info = { .cores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  g_autofree char *text = read_file (root, "/proc/cpuinfo");
  g_autofree char *frequency = read_file (root, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
  g_autofree char *architecture = read_architecture (root);
  guint64 cache = read_cache (root);
  guint cores;

  if (text != NULL)
    parse_cpuinfo (&info, text);
  if (info.threads == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_UNAVAILABLE,
                   "cannot read the processors from “%s/proc/cpuinfo”; is /proc mounted?",
                   root);
      return NULL;
    }

  cores = g_hash_table_size (info.cores);
  cores = count_usable (root, cores > 0 ? cores : info.threads);
  if (frequency != NULL)
    info.clock_hz = g_ascii_strtod (frequency, NULL) * 1000;
  return dms_cpu_new_full (cores,
                           info.clock_hz,
                           info.model,
                           info.vendor,
                           architecture,
                           info.threads,
                           cache > 0 ? cache : info.cache_bytes);
}

/**
 * dms_machine_cpu_read_ticks:
 * @root: where `proc` is
 * @busy: (out): ticks spent working
 * @all: (out): ticks counted
 *
 * Returns: whether they are known
 */
gboolean
dms_machine_cpu_read_ticks (const char *root, guint64 *busy, guint64 *all)
{
  g_autofree char *text = read_file (root, "/proc/stat");
  guint64 idle = 0;
  char *p;

  if (text == NULL || !g_str_has_prefix (text, "cpu "))
    return FALSE;

  /* user nice system idle iowait irq softirq steal; what follows is counted in user already. */
  *all = 0;
  p = text + strlen ("cpu ");
  for (guint i = 0; i < 8; i++)
    {
      guint64 ticks = g_ascii_strtoull (p, &p, 10);
      *all += ticks;
      if (i == 3 || i == 4)
        idle += ticks;
    }
  *busy = *all - idle;
  return TRUE;
}

static guint64
find_kilobytes (const char *text, const char *name)
{
  const char *line = strstr (text, name);

  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) * 1024 : 0;
}

/**
 * dms_machine_cpu_read_memory:
 * @root: where `proc` is
 * @total: (out): bytes of memory
 * @available: (out): bytes that programs could have without swapping
 * @error: return location
 *
 * Returns: whether they are known
 */
gboolean
dms_machine_cpu_read_memory (const char *root, guint64 *total, guint64 *available, GError **error)
{
  g_autofree char *text = read_file (root, "/proc/meminfo");

  *total = text != NULL ? find_kilobytes (text, "MemTotal:") : 0;
  *available = text != NULL ? find_kilobytes (text, "MemAvailable:") : 0;
  if (*total == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_UNAVAILABLE,
                   "cannot read the memory from “%s/proc/meminfo”; is /proc mounted?",
                   root);
      return FALSE;
    }
  *available = MIN (*available, *total);
  return TRUE;
}
