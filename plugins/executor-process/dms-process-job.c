/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-job.h"

#include "dms-process-params.h"

#include <string.h>

enum
{
  DEFAULT_PIDS = 4096,
  PERIOD_US = 100000,
  MIN_QUOTA_US = 1000,
  MAX_ID = 64,
  MAX_ITEMS = 1000,
};

static const char own_home[] = "/home/job";

/* Where a mount would hide what the sandbox itself needs. */
static gboolean
is_reserved (const char *path)
{
  static const char *const reserved[] = { "/bin",  "/dev", "/lib", "/lib32", "/lib64",   "/libx32",
                                          "/proc", "/sys", "/usr", "/sbin",  "/run/dms", NULL };

  if (g_str_equal (path, "/") || g_str_equal (path, "/run") || g_str_equal (path, "/etc") ||
      g_str_equal (path, "/home"))
    return TRUE;
  for (gsize i = 0; reserved[i] != NULL; i++)
    if (g_str_has_prefix (path, reserved[i]) &&
        (path[strlen (reserved[i])] == '\0' || path[strlen (reserved[i])] == '/'))
      return TRUE;
  return FALSE;
}

static char *
dup_destination (DmsVolume *volume)
{
  const char *destination = dms_volume_get_destination (volume);

  if (destination == NULL || *destination == '\0')
    return g_strdup_printf ("/%s", dms_volume_get_name (volume) != NULL ? dms_volume_get_name (volume) : "");
  return g_strdup (destination);
}

static gboolean
check_inside (const char *what, const char *path, GError **error)
{
  g_autofree char *canonical = NULL;

  if (path != NULL && g_path_is_absolute (path))
    canonical = g_canonicalize_filename (path, "/");
  if (canonical != NULL && g_str_equal (canonical, path) && !is_reserved (canonical))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_INVALID_ARGUMENT,
               "%s “%s” must be an absolute path, without “..”, outside the system's directories",
               what,
               path != NULL ? path : "");
  return FALSE;
}

static gboolean
check_volumes (GPtrArray *volumes, GError **error)
{
  for (guint i = 0; i < volumes->len; i++)
    {
      DmsVolume *volume = g_ptr_array_index (volumes, i);
      g_autofree char *destination = dup_destination (volume);

      if (!check_inside ("the mount destination", destination, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_keys (GPtrArray *keys, GError **error)
{
  for (guint i = 0; i < keys->len; i++)
    {
      const char *name = dms_script_get_name (g_ptr_array_index (keys, i));

      if (name != NULL && g_str_has_prefix (name, "ssh:"))
        continue;
      if (!check_inside ("the destination of a key", name, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
dms_process_job_validate (DmsExecutionSpec *spec, GError **error)
{
  g_autoptr (DmsProcessParams) params = dms_process_params_new (dms_execution_spec_get_params (spec), error);

  if (params == NULL)
    return FALSE;
  if (dms_execution_spec_get_volumes (spec)->len > MAX_ITEMS ||
      dms_execution_spec_get_keys (spec)->len > MAX_ITEMS ||
      dms_execution_spec_get_scripts (spec)->len > MAX_ITEMS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "a job can have %d volumes, keys and scripts each",
                   MAX_ITEMS);
      return FALSE;
    }
  if (dms_execution_spec_get_ports (spec)->len > 0 && !dms_process_params_get_host_network (params))
    {
      g_set_error_literal (
          error,
          DMS_ERROR,
          DMS_ERROR_NOT_SUPPORTED,
          "the process executor maps no ports: give the job “network: host”, or use a container "
          "executor");
      return FALSE;
    }
  return check_volumes (dms_execution_spec_get_volumes (spec), error) &&
         check_keys (dms_execution_spec_get_keys (spec), error);
}

char *
dms_process_job_dup_name (const char *execution_id, const char *state_dir)
{
  g_autofree char *place = g_compute_checksum_for_string (G_CHECKSUM_SHA256, state_dir, -1);
  g_autofree char *id = g_strdup (execution_id);

  g_strcanon (id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_", '_');
  if (strlen (id) > MAX_ID)
    id[MAX_ID] = '\0';
  return g_strdup_printf ("%s-%.12s", id, place);
}

static void
add_bytes (GByteArray *records, const char *key, gconstpointer bytes, gsize length)
{
  g_autofree char *head = g_strdup_printf ("%s %" G_GSIZE_FORMAT "\n", key, length);

  g_byte_array_append (records, (const guint8 *) head, (guint) strlen (head));
  if (length > 0)
    g_byte_array_append (records, bytes, (guint) length);
  g_byte_array_append (records, (const guint8 *) "\n", 1);
}

static void
add (GByteArray *records, const char *key, const char *value)
{
  if (value != NULL)
    add_bytes (records, key, value, strlen (value));
}

static void
add_number (GByteArray *records, const char *key, guint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, value);

  add (records, key, text);
}

/* A name, NUL, bytes. */
static void
add_named (GByteArray *records, const char *key, const char *name, gconstpointer bytes, gsize length)
{
  g_autoptr (GByteArray) value = g_byte_array_new ();

  g_byte_array_append (value, (const guint8 *) name, (guint) strlen (name) + 1);
  if (length > 0)
    g_byte_array_append (value, bytes, (guint) length);
  add_bytes (records, key, value->data, value->len);
}

static void
add_environment (GByteArray *records, DmsExecutionSpec *spec, DmsProcessParams *params)
{
  const char *const *given = dms_process_params_get_environment (params);
  GPtrArray *ports = dms_execution_spec_get_ports (spec);
  g_auto (GStrv) env = NULL;

  env = g_environ_setenv (env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", TRUE);
  env = g_environ_setenv (env, "HOME", own_home, TRUE);
  env = g_environ_setenv (env, "USER", "job", TRUE);
  env = g_environ_setenv (env, "LOGNAME", "job", TRUE);
  env = g_environ_setenv (env, "LANG", "C.UTF-8", TRUE);
  env = g_environ_setenv (env, "TMPDIR", "/tmp", TRUE);
  /* On the host's network a job itself listens on the port that others know. */
  for (guint i = 0; i < ports->len; i++)
    {
      DmsPortMapping *port = g_ptr_array_index (ports, i);
      g_autofree char *name = g_strdup_printf ("DMS_PORT_%u", dms_port_mapping_get_job_port (port));
      g_autofree char *value = g_strdup_printf ("%u", dms_port_mapping_get_host_port (port));

      env = g_environ_setenv (env, name, value, TRUE);
    }
  for (gsize i = 0; given[i] != NULL; i++)
    {
      const char *equals = strchr (given[i], '=');
      g_autofree char *name = g_strndup (given[i], (gsize) (equals - given[i]));

      env = g_environ_setenv (env, name, equals + 1, TRUE);
    }
  for (gsize i = 0; env[i] != NULL; i++)
    add (records, "env", env[i]);
}

static gboolean
add_limits (GByteArray *records, DmsExecutionSpec *spec, GError **error)
{
  DmsResources *resources = dms_execution_spec_get_resources (spec);
  const double cores = resources != NULL ? dms_cpu_get_cores (dms_resources_get_cpu (resources)) : 0;
  const guint pids = dms_execution_spec_get_pids_limit (spec);

  if (cores > 0)
    add_number (records, "cpu_quota_us", MAX ((guint64) (cores * PERIOD_US + 0.5), MIN_QUOTA_US));
  if (resources != NULL)
    {
      g_auto (GStrv) devices = dms_gpu_devices_list (dms_resources_get_gpus (resources), "/", error);

      if (devices == NULL)
        return FALSE;
      add_number (records, "memory_bytes", dms_ram_get_size_bytes (dms_resources_get_ram (resources)));
      add_number (records, "disk_bytes", dms_disk_get_size_bytes (dms_resources_get_disk (resources)));
      for (gsize i = 0; devices[i] != NULL; i++)
        add (records, "device", devices[i]);
    }
  add_number (records, "pids", pids > 0 ? pids : DEFAULT_PIDS);
  return TRUE;
}

static gboolean
add_volumes (GByteArray *records, GPtrArray *volumes, GError **error)
{
  for (guint i = 0; i < volumes->len; i++)
    {
      DmsVolume *volume = g_ptr_array_index (volumes, i);
      const char *source = dms_volume_get_source (volume);
      g_autofree char *destination = dup_destination (volume);

      if (source == NULL || !g_path_is_absolute (source))
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_ARGUMENT,
                       "the volume at “%s” has no directory on this machine: its source is “%s”",
                       destination,
                       source != NULL ? source : "");
          return FALSE;
        }
      add_named (records,
                 dms_volume_get_read_only (volume) ? "bind_ro" : "bind_rw",
                 source,
                 destination,
                 strlen (destination));
    }
  return TRUE;
}

static void
add_scripts (GByteArray *records, GPtrArray *scripts)
{
  for (guint i = 0; i < scripts->len; i++)
    {
      DmsScript *script = g_ptr_array_index (scripts, i);
      gsize length = 0;
      gconstpointer bytes = g_bytes_get_data (dms_script_get_content (script), &length);

      add_named (records, "script", dms_script_get_name (script), bytes, length);
    }
}

static void
add_keys (GByteArray *records, GPtrArray *keys)
{
  for (guint i = 0; i < keys->len; i++)
    {
      DmsScript *key = g_ptr_array_index (keys, i);
      const char *name = dms_script_get_name (key);
      gsize length = 0;
      gconstpointer bytes = g_bytes_get_data (dms_script_get_content (key), &length);

      if (g_str_has_prefix (name, "ssh:"))
        add_bytes (records, "ssh_key", bytes, length);
      else
        add_named (records, "file", name, bytes, length);
    }
}

/* The last part of the job's name, as far as a host name can hold it. */
static char *
dup_hostname (const char *job_id)
{
  const char *dot = strrchr (job_id, '.');
  g_autofree char *name = g_ascii_strdown (dot != NULL ? dot + 1 : job_id, 63);
  const char *at;

  g_strcanon (name, "abcdefghijklmnopqrstuvwxyz" G_CSET_DIGITS "-", '-');
  for (at = name; *at == '-'; at++)
    continue;
  return g_strdup (*at != '\0' ? at : "job");
}

GBytes *
dms_process_job_encode (DmsExecutionSpec *spec, const char *bwrap, GError **error)
{
  g_autoptr (DmsProcessParams) params = dms_process_params_new (dms_execution_spec_get_params (spec), error);
  g_autoptr (GByteArray) records = g_byte_array_new ();
  const char *state_dir = dms_execution_spec_get_state_dir (spec);
  g_autofree char *name = NULL;
  g_autofree char *hostname = NULL;

  if (params == NULL)
    return NULL;
  name = dms_process_job_dup_name (dms_execution_spec_get_execution_id (spec), state_dir);
  hostname = dup_hostname (dms_execution_spec_get_job_id (spec));
  add (records, "version", "1");
  add (records, "state_dir", state_dir);
  add (records, "execution_id", name);
  add (records, "job_id", dms_execution_spec_get_job_id (spec));
  add (records, "bwrap", bwrap);
  add (records, "hostname", hostname);
  add (records, "lease", dms_execution_spec_get_lease_path (spec));
  add (records, "cwd", dms_process_params_get_working_directory (params));
  add (records, "rootfs", dms_process_params_get_rootfs (params));
  add (records, "network", dms_process_params_get_host_network (params) ? "host" : "none");
  add_number (records, "log_bytes", dms_process_params_get_log_limit (params));
  for (const char *const *word = dms_process_params_get_argv (params); *word != NULL; word++)
    add (records, "arg", *word);
  add_environment (records, spec, params);
  if (!add_limits (records, spec, error))
    return NULL;
  add_scripts (records, dms_execution_spec_get_scripts (spec));
  add_keys (records, dms_execution_spec_get_keys (spec));
  if (!add_volumes (records, dms_execution_spec_get_volumes (spec), error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&records));
}
