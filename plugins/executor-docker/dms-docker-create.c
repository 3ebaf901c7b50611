/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-create.h"

#include <sys/resource.h>

#include "dms-docker-gpus.h"
#include "dms-docker-handle.h"
#include "dms-docker-oom.h"

/* When the job file says nothing: enough for any honest job, and far from what a machine has. */
static const guint DEFAULT_PIDS = 4096;
static const guint64 MAX_OPEN_FILES = 1048576;
/* Podman lowers its own limit to this where it cannot raise it. */
static const guint64 MAX_PROCESSES = 32768;

static void
add_strv (JsonBuilder *builder, const char *name, const char *const *list)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; list[i] != NULL; i++)
    json_builder_add_string_value (builder, list[i]);
  json_builder_end_array (builder);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  if (value == NULL)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_int (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) MIN (value, (guint64) G_MAXINT64));
}

static void
add_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

/* Labels as the field's, and what a restarted daemon needs. */
static void
add_labels (JsonBuilder *builder, DmsExecutionSpec *spec)
{
  g_autofree char *job = g_strdup_printf ("docker_%s", dms_execution_spec_get_job_id (spec));
  g_autofree char *execution = g_strdup_printf ("%s_%s", job, dms_execution_spec_get_execution_id (spec));
  g_autofree char *handle = dms_docker_handle_dup (spec);
  DmsDisk *disk = dms_resources_get_disk (dms_execution_spec_get_resources (spec));
  g_autofree char *limit =
      g_strdup_printf ("%" G_GUINT64_FORMAT, disk != NULL ? dms_disk_get_size_bytes (disk) : 0);
  g_autofree char *kills = g_strdup_printf ("%" G_GINT64_FORMAT, dms_docker_oom_get_kills ());
  g_autofree char *boot = dms_docker_oom_dup_boot_id ();

  json_builder_set_member_name (builder, "Labels");
  json_builder_begin_object (builder);
  add_string (builder, DMS_DOCKER_LABEL_EXECUTOR, "docker");
  add_string (builder, DMS_DOCKER_LABEL_JOB, job);
  add_string (builder, DMS_DOCKER_LABEL_EXECUTION, execution);
  add_string (builder, DMS_DOCKER_LABEL_HANDLE, handle);
  add_string (builder, DMS_DOCKER_LABEL_DISK_LIMIT, limit);
  add_string (builder, DMS_DOCKER_LABEL_OOM_KILLS, kills);
  add_string (builder, DMS_DOCKER_LABEL_BOOT, boot);
  if (dms_execution_spec_get_scripts (spec)->len > 0)
    add_string (builder, DMS_DOCKER_LABEL_SCRIPTS, "yes");
  json_builder_end_object (builder);
}

static void
add_mounts (JsonBuilder *builder, DmsExecutionSpec *spec)
{
  GPtrArray *volumes = dms_execution_spec_get_volumes (spec);

  json_builder_set_member_name (builder, "Mounts");
  json_builder_begin_array (builder);
  for (guint i = 0; i < volumes->len; i++)
    {
      DmsVolume *volume = g_ptr_array_index (volumes, i);

      json_builder_begin_object (builder);
      add_string (builder, "Type", "bind");
      add_string (builder, "Source", dms_volume_get_source (volume));
      add_string (builder, "Target", dms_volume_get_destination (volume));
      add_boolean (builder, "ReadOnly", dms_volume_get_read_only (volume));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

typedef void (*PortFunc) (JsonBuilder *builder, const char *port, GPtrArray *mappings);

/* Calls func once for each port of the job with the mappings that lead to it. */
static void
foreach_port (JsonBuilder *builder,
              DmsExecutionSpec *spec,
              const char *protocol,
              DmsPortProtocol wanted,
              PortFunc func)
{
  GPtrArray *ports = dms_execution_spec_get_ports (spec);
  g_autoptr (GHashTable) by_port =
      g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GList) keys = NULL;

  for (guint i = 0; i < ports->len; i++)
    {
      DmsPortMapping *mapping = g_ptr_array_index (ports, i);
      gpointer key = GUINT_TO_POINTER ((guint) dms_port_mapping_get_job_port (mapping));
      DmsPortProtocol mapped = dms_port_mapping_get_protocol (mapping);

      if (mapped != wanted && mapped != DMS_PORT_BOTH)
        continue;
      if (!g_hash_table_contains (by_port, key))
        g_hash_table_insert (by_port, key, g_ptr_array_new ());
      g_ptr_array_add (g_hash_table_lookup (by_port, key), mapping);
    }
  keys = g_hash_table_get_keys (by_port);
  for (GList *l = keys; l != NULL; l = l->next)
    {
      g_autofree char *port = g_strdup_printf ("%u/%s", GPOINTER_TO_UINT (l->data), protocol);

      func (builder, port, g_hash_table_lookup (by_port, l->data));
    }
}

static void
add_exposed_port (JsonBuilder *builder, const char *port, GPtrArray *mappings)
{
  json_builder_set_member_name (builder, port);
  json_builder_begin_object (builder);
  json_builder_end_object (builder);
}

static void
add_port_bindings (JsonBuilder *builder, const char *port, GPtrArray *mappings)
{
  json_builder_set_member_name (builder, port);
  json_builder_begin_array (builder);
  for (guint i = 0; i < mappings->len; i++)
    {
      DmsPortMapping *mapping = g_ptr_array_index (mappings, i);
      const char *ip = dms_port_mapping_get_host_ip (mapping);
      g_autofree char *host_port = g_strdup_printf ("%u", (guint) dms_port_mapping_get_host_port (mapping));

      json_builder_begin_object (builder);
      add_string (builder, "HostIp", ip != NULL ? ip : "");
      add_string (builder, "HostPort", host_port);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_ports (JsonBuilder *builder, DmsExecutionSpec *spec, const char *name, PortFunc func)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
  foreach_port (builder, spec, "tcp", DMS_PORT_TCP, func);
  foreach_port (builder, spec, "udp", DMS_PORT_UDP, func);
  json_builder_end_object (builder);
}

static void
add_dns (JsonBuilder *builder, const char *gateway_ip)
{
  const char *servers[] = { gateway_ip, "1.1.1.1", NULL };
  static const char *const search[] = { "internal", NULL };
  static const char *const options[] = { "ndots:1", "timeout:2", "attempts:1", NULL };

  add_strv (builder, "Dns", servers);
  add_strv (builder, "DnsSearch", search);
  add_strv (builder, "DnsOptions", options);
}

static void
add_ulimit (JsonBuilder *builder, const char *name, int resource, guint64 most)
{
  struct rlimit limit = { 0 };

  if (getrlimit (resource, &limit) != 0)
    return;
  json_builder_begin_object (builder);
  add_string (builder, "Name", name);
  add_int (builder, "Soft", MIN (limit.rlim_max, most));
  add_int (builder, "Hard", MIN (limit.rlim_max, most));
  json_builder_end_object (builder);
}

/* Podman by itself asks for limits that a service without CAP_SYS_RESOURCE cannot have, and then starts
 * nothing. Our own hard limits are what a service of the same user has. */
static void
add_ulimits (JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "Ulimits");
  json_builder_begin_array (builder);
  add_ulimit (builder, "nofile", RLIMIT_NOFILE, MAX_OPEN_FILES);
  add_ulimit (builder, "nproc", RLIMIT_NPROC, MAX_PROCESSES);
  json_builder_end_array (builder);
}

static void
add_limits (JsonBuilder *builder, DmsExecutionSpec *spec, gboolean with_quota)
{
  DmsResources *resources = dms_execution_spec_get_resources (spec);
  DmsCpu *cpu = dms_resources_get_cpu (resources);
  DmsRam *ram = dms_resources_get_ram (resources);
  DmsDisk *disk = dms_resources_get_disk (resources);
  guint pids = dms_execution_spec_get_pids_limit (spec);

  if (cpu != NULL && dms_cpu_get_cores (cpu) > 0)
    add_int (builder, "NanoCpus", (guint64) (dms_cpu_get_cores (cpu) * 1e9 + 0.5));
  if (ram != NULL && dms_ram_get_size_bytes (ram) > 0)
    {
      add_int (builder, "Memory", dms_ram_get_size_bytes (ram));
      /* The sum of memory and swap: no swap. */
      add_int (builder, "MemorySwap", dms_ram_get_size_bytes (ram));
    }
  add_int (builder, "PidsLimit", pids > 0 ? pids : DEFAULT_PIDS);
  if (with_quota && disk != NULL && dms_disk_get_size_bytes (disk) > 0)
    {
      g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, dms_disk_get_size_bytes (disk));

      json_builder_set_member_name (builder, "StorageOpt");
      json_builder_begin_object (builder);
      add_string (builder, "size", size);
      json_builder_end_object (builder);
    }
}

static void
add_log_config (JsonBuilder *builder, DmsDockerEngine *engine)
{
  json_builder_set_member_name (builder, "LogConfig");
  json_builder_begin_object (builder);
  add_string (builder, "Type", "json-file");
  if (!dms_docker_engine_is_podman (engine))
    {
      json_builder_set_member_name (builder, "Config");
      json_builder_begin_object (builder);
      add_string (builder, "max-size", "256m");
      add_string (builder, "max-file", "2");
      json_builder_end_object (builder);
    }
  json_builder_end_object (builder);
}

static void
add_host_config (JsonBuilder *builder,
                 DmsExecutionSpec *spec,
                 DmsDockerParams *params,
                 DmsDockerEngine *engine,
                 const char *const *devices,
                 gboolean with_quota)
{
  static const char *const security[] = { "no-new-privileges", NULL };
  gboolean privileged =
      dms_docker_params_get_privileged (params) && dms_execution_spec_get_allow_privileged (spec);
  const char *gateway_ip = dms_execution_spec_get_gateway_ip (spec);

  json_builder_set_member_name (builder, "HostConfig");
  json_builder_begin_object (builder);
  add_limits (builder, spec, with_quota);
  dms_docker_gpus_add (builder, dms_resources_get_gpus (dms_execution_spec_get_resources (spec)), devices);
  add_mounts (builder, spec);
  add_ports (builder, spec, "PortBindings", add_port_bindings);
  if (gateway_ip != NULL)
    add_dns (builder, gateway_ip);
  if (dms_docker_engine_is_podman (engine))
    add_ulimits (builder);
  add_log_config (builder, engine);
  add_boolean (builder, "Privileged", privileged);
  if (!privileged)
    add_strv (builder, "SecurityOpt", security);
  json_builder_end_object (builder);
}

/* The body of the request that creates the container of a specification.
 *
 * argv: (nullable): what provision scripts lead up to; given to our wrapper as its arguments
 * devices: of dms_docker_gpus_list_devices()
 * with_quota: asks the storage driver to hold the disk limit */
JsonNode *
dms_docker_create_body (DmsExecutionSpec *spec,
                        DmsDockerParams *params,
                        DmsDockerEngine *engine,
                        const char *const *argv,
                        const char *const *devices,
                        gboolean with_quota)
{
  static const char *const wrapper[] = { "/bin/sh", "/.dms/run", NULL };
  g_autoptr (JsonBuilder) builder = json_builder_new_immutable ();
  const char *const *entrypoint = argv != NULL ? wrapper : dms_docker_params_get_entrypoint (params);
  const char *const *cmd = argv != NULL ? argv : dms_docker_params_get_cmd (params);

  json_builder_begin_object (builder);
  add_string (builder, "Image", dms_docker_reference_get_text (dms_docker_params_get_image (params)));
  if (entrypoint != NULL)
    add_strv (builder, "Entrypoint", entrypoint);
  if (cmd != NULL)
    add_strv (builder, "Cmd", cmd);
  add_strv (builder, "Env", dms_docker_params_get_environment (params));
  add_string (builder, "WorkingDir", dms_docker_params_get_working_directory (params));
  add_string (builder, "User", dms_docker_params_get_user (params));
  /* With a terminal the two streams would become one. */
  add_boolean (builder, "Tty", FALSE);
  add_labels (builder, spec);
  add_ports (builder, spec, "ExposedPorts", add_exposed_port);
  add_host_config (builder, spec, params, engine, devices, with_quota);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}
