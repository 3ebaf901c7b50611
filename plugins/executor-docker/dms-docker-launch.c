/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-launch.h"

#include <string.h>

#include "dms-docker-create.h"
#include "dms-docker-gpus.h"
#include "dms-docker-handle.h"
#include "dms-docker-json.h"
#include "dms-docker-params.h"
#include "dms-docker-provision.h"

static gboolean
check_volumes (DmsExecutionSpec *spec, GError **error)
{
  GPtrArray *volumes = dms_execution_spec_get_volumes (spec);

  for (guint i = 0; i < volumes->len; i++)
    {
      DmsVolume *volume = g_ptr_array_index (volumes, i);
      const char *source = dms_volume_get_source (volume);
      const char *destination = dms_volume_get_destination (volume);
      const char *name = dms_volume_get_name (volume) != NULL ? dms_volume_get_name (volume) : "";

      if (source == NULL || !g_path_is_absolute (source))
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_ARGUMENT,
                       "volume “%s” has no directory on this machine to mount: “%s” is not an absolute path",
                       name,
                       source != NULL ? source : "");
          return FALSE;
        }
      if (destination == NULL || !g_path_is_absolute (destination) || g_str_equal (destination, "/"))
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_ARGUMENT,
                       "volume “%s” cannot be mounted at “%s”: give an absolute path below /",
                       name,
                       destination != NULL ? destination : "");
          return FALSE;
        }
    }
  return TRUE;
}

/* Checks a specification without touching anything. */
gboolean
dms_docker_launch_check (DmsExecutionSpec *spec, GError **error)
{
  g_autoptr (DmsDockerParams) params = dms_docker_params_new (dms_execution_spec_get_params (spec), error);

  if (params == NULL)
    return FALSE;
  if (dms_docker_params_get_privileged (params) && !dms_execution_spec_get_allow_privileged (spec))
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_PERMISSION_DENIED,
                           "the job asks for all privileges, which this machine does not allow: set "
                           "job.allow_privileged_docker to true, or remove “privileged” from the job");
      return FALSE;
    }
  return check_volumes (spec, error) && dms_docker_provision_check (spec, error);
}

static GStrv
dup_wrapped_argv (DmsDockerClient *client, DmsDockerParams *params, GCancellable *cancellable, GError **error)
{
  DmsDockerReference *image = dms_docker_params_get_image (params);
  g_autofree char *path = dms_docker_reference_dup_inspect_path (image);
  g_autoptr (JsonNode) node = dms_docker_client_call_json (client, "GET", path, NULL, cancellable, error);

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      g_prefix_error (error, "cannot inspect image “%s”: ", dms_docker_reference_get_text (image));
      return NULL;
    }
  return dms_docker_provision_dup_argv (json_node_get_object (node), params, error);
}

/* Never cancelled: an engine may or may not have made a container whose request was given up. */
static gboolean
create (DmsDockerClient *client,
        DmsDockerEngine *engine,
        DmsExecutionSpec *spec,
        DmsDockerParams *params,
        const char *const *argv,
        const char *const *devices,
        const char *name,
        GError **error)
{
  g_autofree char *path = g_strdup_printf ("/containers/create?name=%s", name);
  gboolean quota = dms_docker_engine_may_have_quota (engine);
  g_autoptr (JsonNode) body = dms_docker_create_body (spec, params, engine, argv, devices, quota);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (JsonNode) reply = dms_docker_client_call_json (client, "POST", path, body, NULL, &local_error);

  if (reply == NULL && quota && local_error->code != DMS_ERROR_ALREADY_EXISTS &&
      local_error->code != DMS_ERROR_UNAVAILABLE)
    {
      /* A storage driver may have quotas in principle and not on this file system; then the limit is watched.
       */
      g_clear_error (&local_error);
      g_clear_pointer (&body, json_node_unref);
      body = dms_docker_create_body (spec, params, engine, argv, devices, FALSE);
      reply = dms_docker_client_call_json (client, "POST", path, body, NULL, &local_error);
    }
  if (reply == NULL)
    {
      g_propagate_prefixed_error (error,
                                  g_steal_pointer (&local_error),
                                  "cannot create container “%s” of image “%s”: ",
                                  name,
                                  dms_docker_reference_get_text (dms_docker_params_get_image (params)));
      return FALSE;
    }
  return TRUE;
}

static void
discard (DmsDockerClient *client, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/containers/%s?force=1&v=1", name);
  g_autoptr (GBytes) reply = dms_docker_client_call (client, "DELETE", path, NULL, NULL, NULL, NULL);
}

static gboolean
start (DmsDockerClient *client, DmsExecutionSpec *spec, const char *name, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/containers/%s/start", name);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GBytes) reply = dms_docker_client_call (client, "POST", path, NULL, NULL, NULL, &local_error);

  if (reply != NULL)
    return TRUE;
  if (dms_execution_spec_get_scripts (spec)->len > 0 && strstr (local_error->message, "/bin/sh") != NULL)
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_INVALID_ARGUMENT,
          "the image has no /bin/sh, which provision scripts need: use an image with a shell, or remove "
          "“provision” from the job (%s)",
          local_error->message);
      return FALSE;
    }
  g_propagate_prefixed_error (error, g_steal_pointer (&local_error), "cannot start container “%s”: ", name);
  return FALSE;
}

/* Podman fails to describe a container whose process ends in this very moment. */
static JsonNode *
inspect_again (DmsDockerClient *client, const char *path, GCancellable *cancellable, GError **error)
{
  JsonNode *node = NULL;

  for (guint i = 0; node == NULL; i++)
    {
      g_autoptr (GError) local_error = NULL;

      node = dms_docker_client_call_json (client, "GET", path, NULL, cancellable, &local_error);
      if (node != NULL)
        break;
      if (i >= 10 || !g_error_matches (local_error, DMS_ERROR, DMS_ERROR_FAILED))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          break;
        }
      g_usleep (50000);
    }
  return node;
}

/* Inspects a container; the answer holds an object with a State. */
JsonNode *
dms_docker_launch_inspect (DmsDockerClient *client,
                           const char *name,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autofree char *path = g_strdup_printf ("/containers/%s/json", name);
  g_autoptr (JsonNode) node = inspect_again (client, path, cancellable, error);

  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node) ||
      dms_docker_json_get_object (json_node_get_object (node), "State") == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "the engine's description of container “%s” has no state",
                   name);
      return NULL;
    }
  return g_steal_pointer (&node);
}

static JsonNode *
fill_and_start (DmsDockerClient *client,
                DmsExecutionSpec *spec,
                DmsDockerParams *params,
                const char *name,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (JsonNode) node = NULL;

  if (!dms_docker_provision_install (client, name, spec, params, cancellable, error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error) || !start (client, spec, name, error))
    return NULL;
  node = dms_docker_launch_inspect (client, name, NULL, error);
  if (node == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return g_steal_pointer (&node);
}

/* Creates and starts the container of a specification, and answers its description. When that fails, or is
 * cancelled, nothing of it remains. */
JsonNode *
dms_docker_launch_run (DmsDockerClient *client,
                       DmsDockerEngine *engine,
                       DmsExecutionSpec *spec,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autofree char *name = dms_docker_handle_dup_name (spec);
  g_autoptr (DmsDockerParams) params = NULL;
  g_auto (GStrv) argv = NULL;
  g_auto (GStrv) devices = NULL;
  JsonNode *node;

  if (!dms_docker_launch_check (spec, error))
    return NULL;
  params = dms_docker_params_new (dms_execution_spec_get_params (spec), error);
  if (params == NULL)
    return NULL;
  devices = dms_docker_gpus_list_devices (
      dms_resources_get_gpus (dms_execution_spec_get_resources (spec)), "/", error);
  if (devices == NULL)
    return NULL;
  if (dms_execution_spec_get_scripts (spec)->len > 0)
    {
      argv = dup_wrapped_argv (client, params, cancellable, error);
      if (argv == NULL)
        return NULL;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error) || !create (client,
                                                                            engine,
                                                                            spec,
                                                                            params,
                                                                            (const char *const *) argv,
                                                                            (const char *const *) devices,
                                                                            name,
                                                                            error))
    return NULL;
  node = fill_and_start (client, spec, params, name, cancellable, error);
  if (node == NULL)
    discard (client, name);
  return node;
}

static gboolean
has_handle (JsonObject *labels, const char *handle)
{
  const char *label = dms_docker_json_get_string (labels, DMS_DOCKER_LABEL_HANDLE);

  return label != NULL && g_str_equal (label, handle);
}

/* Finds the container of a handle. One that was created but never started, because the daemon ended in
 * between, is removed and counts as not found. */
JsonNode *
dms_docker_launch_find (DmsDockerClient *client,
                        const char *handle,
                        GCancellable *cancellable,
                        GError **error)
{
  static const char *const unstarted[] = { "created", "configured", "initialized", NULL };
  g_autofree char *name = NULL;
  g_autofree char *state_dir = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;
  const char *status;

  if (!dms_docker_handle_parse (handle, &name, &state_dir, error))
    return NULL;
  node = dms_docker_launch_inspect (client, name, cancellable, error);
  if (node == NULL)
    return NULL;
  object = json_node_get_object (node);
  if (!has_handle (dms_docker_json_get_object (dms_docker_json_get_object (object, "Config"), "Labels"),
                   handle))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   "container “%s” is there, but it is not that of this job",
                   name);
      return NULL;
    }
  status = dms_docker_json_get_string (dms_docker_json_get_object (object, "State"), "Status");
  if (status != NULL && g_strv_contains (unstarted, status))
    {
      discard (client, name);
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   "container “%s” was created but never started; it is removed",
                   name);
      return NULL;
    }
  return g_steal_pointer (&node);
}

/* The handles of all containers of this kind in the engine. */
GStrv
dms_docker_launch_list (DmsDockerClient *client, GCancellable *cancellable, GError **error)
{
  g_autofree char *filters =
      g_uri_escape_string ("{\"label\":[\"" DMS_DOCKER_LABEL_HANDLE "\"]}", NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/containers/json?all=1&filters=%s", filters);
  g_autoptr (JsonNode) node = dms_docker_client_call_json (client, "GET", path, NULL, cancellable, error);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array;

  if (node == NULL)
    return NULL;
  array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *item = json_array_get_element (array, i);
      JsonObject *labels = NULL;
      const char *handle;
      g_autofree char *name = NULL;
      g_autofree char *state_dir = NULL;

      if (JSON_NODE_HOLDS_OBJECT (item))
        labels = dms_docker_json_get_object (json_node_get_object (item), "Labels");
      handle = dms_docker_json_get_string (labels, DMS_DOCKER_LABEL_HANDLE);
      if (handle != NULL && dms_docker_handle_parse (handle, &name, &state_dir, NULL))
        g_strv_builder_add (builder, handle);
    }
  return g_strv_builder_end (builder);
}
