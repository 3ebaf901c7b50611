/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-engine.h"

#include <string.h>

#include "dms-docker-json.h"

struct _DmsDockerEngine
{
  gboolean podman;
  gboolean may_have_quota;
  char *version;
  char *driver;
  DmsExecutorFeatures features;
};

static gboolean
find_podman (JsonObject *version)
{
  JsonArray *components = dms_docker_json_get_array (version, "Components");
  guint n = components != NULL ? json_array_get_length (components) : 0;

  for (guint i = 0; i < n; i++)
    {
      JsonNode *item = json_array_get_element (components, i);
      const char *name;

      if (!JSON_NODE_HOLDS_OBJECT (item))
        continue;
      name = dms_docker_json_get_string (json_node_get_object (item), "Name");
      if (name != NULL && strstr (name, "Podman") != NULL)
        return TRUE;
    }
  return FALSE;
}

static gboolean
find_rootless (JsonObject *info)
{
  g_auto (GStrv) options = dms_docker_json_dup_strv (info, "SecurityOptions");

  return options != NULL && g_strv_contains ((const char *const *) options, "name=rootless");
}

static gboolean
find_gpu (JsonObject *info)
{
  JsonObject *runtimes = dms_docker_json_get_object (info, "Runtimes");

  return (runtimes != NULL && json_object_has_member (runtimes, "nvidia")) ||
         g_file_test ("/etc/cdi/nvidia.yaml", G_FILE_TEST_EXISTS) ||
         g_file_test ("/dev/dri", G_FILE_TEST_EXISTS) || g_file_test ("/dev/kfd", G_FILE_TEST_EXISTS);
}

/* overlay2 has sizes on XFS with project quotas only. */
static gboolean
find_quota (const char *driver, JsonObject *info)
{
  static const char *const drivers[] = { "btrfs", "zfs", "devicemapper", "windowsfilter", NULL };
  g_autofree char *status = NULL;
  JsonNode *node = dms_docker_json_get (info, "DriverStatus");

  if (driver == NULL)
    return FALSE;
  if (g_strv_contains (drivers, driver))
    return TRUE;
  if (!g_str_has_prefix (driver, "overlay") || node == NULL)
    return FALSE;
  status = json_to_string (node, FALSE);
  return strstr (status, "xfs") != NULL;
}

/* Reads the answers to /version and /info. */
DmsDockerEngine *
dms_docker_engine_new (JsonObject *version, JsonObject *info)
{
  DmsDockerEngine *self = g_atomic_rc_box_new0 (DmsDockerEngine);
  const char *number = dms_docker_json_get_string (version, "Version");

  self->podman = find_podman (version);
  self->version =
      g_strdup_printf ("%s %.64s", self->podman ? "Podman" : "Docker", number != NULL ? number : "?");
  self->driver = g_strdup (dms_docker_json_get_string (info, "Driver"));
  self->may_have_quota = find_quota (self->driver, info);
  self->features = DMS_EXECUTOR_FEATURE_PAUSE | DMS_EXECUTOR_FEATURE_EXEC | DMS_EXECUTOR_FEATURE_LIMIT_DISK |
                   DMS_EXECUTOR_FEATURE_NETWORK | DMS_EXECUTOR_FEATURE_PORTS;
  if (dms_docker_json_get_boolean (info, "CpuCfsQuota"))
    self->features |= DMS_EXECUTOR_FEATURE_LIMIT_CPU;
  if (dms_docker_json_get_boolean (info, "MemoryLimit"))
    self->features |= DMS_EXECUTOR_FEATURE_LIMIT_MEMORY;
  if (dms_docker_json_get_boolean (info, "PidsLimit"))
    self->features |= DMS_EXECUTOR_FEATURE_LIMIT_PIDS;
  if (find_rootless (info))
    self->features |= DMS_EXECUTOR_FEATURE_ROOTLESS;
  if (find_gpu (info))
    self->features |= DMS_EXECUTOR_FEATURE_GPU;
  return self;
}

/* Asks an engine; blocking. */
DmsDockerEngine *
dms_docker_engine_fetch (DmsDockerClient *client, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonNode) version =
      dms_docker_client_call_json (client, "GET", "/version", NULL, cancellable, error);
  g_autoptr (JsonNode) info = NULL;

  if (version == NULL)
    return NULL;
  info = dms_docker_client_call_json (client, "GET", "/info", NULL, cancellable, error);
  if (info == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (version) || !JSON_NODE_HOLDS_OBJECT (info))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "what answers at %s is not a container engine",
                   dms_docker_client_get_socket_path (client));
      return NULL;
    }
  return dms_docker_engine_new (json_node_get_object (version), json_node_get_object (info));
}

DmsDockerEngine *
dms_docker_engine_ref (DmsDockerEngine *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
engine_free (gpointer data)
{
  DmsDockerEngine *self = data;

  g_free (self->version);
  g_free (self->driver);
}

void
dms_docker_engine_unref (DmsDockerEngine *self)
{
  g_atomic_rc_box_release_full (self, engine_free);
}

gboolean
dms_docker_engine_is_podman (DmsDockerEngine *self)
{
  return self->podman;
}

gboolean
dms_docker_engine_may_have_quota (DmsDockerEngine *self)
{
  return self->may_have_quota;
}

/* What dms_executor_probe_async() answers for this engine. */
DmsExecutorProbe *
dms_docker_engine_make_probe (DmsDockerEngine *self)
{
  g_autoptr (GString) remark = g_string_new (NULL);

  if ((self->features & DMS_EXECUTOR_FEATURE_LIMIT_CPU) == 0)
    g_string_append (remark, "the engine cannot limit CPU time here; ");
  if ((self->features & DMS_EXECUTOR_FEATURE_LIMIT_MEMORY) == 0)
    g_string_append (remark, "the engine cannot limit memory here; ");
  if ((self->features & DMS_EXECUTOR_FEATURE_LIMIT_PIDS) == 0)
    g_string_append (remark, "the engine cannot limit the number of processes here; ");
  if (!self->may_have_quota)
    g_string_append_printf (
        remark,
        "storage driver %s has no quotas: the disk limit is watched, and a job that exceeds it "
        "is killed some seconds later; ",
        self->driver != NULL ? self->driver : "?");
  if (remark->len > 0)
    g_string_truncate (remark, remark->len - 2);
  return dms_executor_probe_new (TRUE, remark->len > 0 ? remark->str : NULL, self->version, self->features);
}
