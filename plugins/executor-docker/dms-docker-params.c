/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-params.h"

#include <string.h>

#include "dms-docker-json.h"

struct _DmsDockerParams
{
  DmsDockerReference *image;
  GStrv entrypoint;
  GStrv cmd;
  GStrv environment;
  char *working_directory;
  char *user;
  gboolean privileged;
};

/* As much as the kernel takes for one argument (MAX_ARG_STRLEN). */
static const gsize MAX_ARGUMENT = 128 * 1024;
static const guint MAX_ARGUMENTS = 4096;

static gboolean
is_given (JsonObject *object, const char *name)
{
  JsonNode *node = dms_docker_json_get (object, name);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node);
}

static gboolean
refuse (GError **error, const char *name, const char *expected)
{
  g_set_error (
      error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "“%s” of a docker job must be %s", name, expected);
  return FALSE;
}

static gboolean
read_list (JsonObject *object, const char *name, GStrv *list, GError **error)
{
  *list = NULL;
  if (!is_given (object, name))
    return TRUE;
  *list = dms_docker_json_dup_strv (object, name);
  if (*list == NULL)
    return refuse (error, name, "a list of texts");
  if (g_strv_length (*list) > MAX_ARGUMENTS)
    return refuse (error, name, "a list of at most 4096 texts");
  for (guint i = 0; (*list)[i] != NULL; i++)
    if (strlen ((*list)[i]) > MAX_ARGUMENT)
      return refuse (error, name, "made of texts of at most 128 KiB");
  return TRUE;
}

static gboolean
read_text (JsonObject *object, const char *name, char **text, GError **error)
{
  const char *value = dms_docker_json_get_string (object, name);

  *text = NULL;
  if (!is_given (object, name))
    return TRUE;
  if (value == NULL || *value == '\0' || strlen (value) > MAX_ARGUMENT)
    return refuse (error, name, "a text that is not empty");
  *text = g_strdup (value);
  return TRUE;
}

static gboolean
is_variable (const char *item)
{
  const char *equals = strchr (item, '=');

  if (equals == NULL || equals == item || g_ascii_isdigit (*item))
    return FALSE;
  for (const char *p = item; p < equals; p++)
    if (!g_ascii_isalnum (*p) && *p != '_')
      return FALSE;
  return TRUE;
}

/* `environment` is a list of KEY=VALUE, or a map. */
static gboolean
read_environment (JsonObject *object, GStrv *list, GError **error)
{
  static const char EXPECTED[] =
      "a list of KEY=VALUE, or a map of texts, with keys of letters, digits and “_”";
  JsonObject *map = dms_docker_json_get_object (object, "environment");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonObjectIter iter;
  const char *key;
  JsonNode *node;

  if (map == NULL)
    {
      if (!read_list (object, "environment", list, error))
        return FALSE;
      if (*list == NULL)
        *list = g_new0 (char *, 1);
    }
  else
    {
      json_object_iter_init (&iter, map);
      while (json_object_iter_next (&iter, &key, &node))
        {
          g_autofree char *item = NULL;

          if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
            return refuse (error, "environment", EXPECTED);
          item = g_strdup_printf ("%s=%s", key, json_node_get_string (node));
          g_strv_builder_add (builder, item);
        }
      *list = g_strv_builder_end (builder);
    }
  for (guint i = 0; (*list)[i] != NULL; i++)
    if (!is_variable ((*list)[i]))
      return refuse (error, "environment", EXPECTED);
  return TRUE;
}

static gboolean
check_restart_policy (JsonObject *object, GError **error)
{
  static const char *const policies[] = { "no", "on-failure", "always", "unless-stopped", NULL };
  g_autofree char *policy = NULL;

  if (!read_text (object, "restart_policy", &policy, error))
    return FALSE;
  /* Restarts are the business of whoever supervises the job, not of the engine. */
  if (policy != NULL && !g_strv_contains (policies, policy))
    return refuse (error, "restart_policy", "one of no, on-failure, always, unless-stopped");
  return TRUE;
}

static gboolean
read_all (DmsDockerParams *self, JsonObject *object, GError **error)
{
  g_autofree char *image = NULL;
  JsonNode *privileged = dms_docker_json_get (object, "privileged");

  if (!read_text (object, "image", &image, error))
    return FALSE;
  if (image == NULL)
    return refuse (error, "image", "given: the name of the image to run");
  self->image = dms_docker_reference_new (image, error);
  if (self->image == NULL)
    return FALSE;
  if (is_given (object, "privileged") &&
      (!JSON_NODE_HOLDS_VALUE (privileged) || json_node_get_value_type (privileged) != G_TYPE_BOOLEAN))
    return refuse (error, "privileged", "true or false");
  self->privileged = dms_docker_json_get_boolean (object, "privileged");
  if (!read_list (object, "entrypoint", &self->entrypoint, error) ||
      !read_list (object, "cmd", &self->cmd, error) ||
      !read_environment (object, &self->environment, error) ||
      !read_text (object, "working_directory", &self->working_directory, error) ||
      !read_text (object, "user", &self->user, error) || !check_restart_policy (object, error))
    return FALSE;
  if (self->working_directory != NULL && !g_path_is_absolute (self->working_directory))
    return refuse (error, "working_directory", "an absolute path");
  return TRUE;
}

/* Reads the parameters.
 *
 * params: (nullable): the `params` object of a specification */
DmsDockerParams *
dms_docker_params_new (JsonObject *params, GError **error)
{
  g_autoptr (DmsDockerParams) self = g_atomic_rc_box_new0 (DmsDockerParams);

  return read_all (self, params, error) ? g_steal_pointer (&self) : NULL;
}

DmsDockerParams *
dms_docker_params_ref (DmsDockerParams *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
params_free (gpointer data)
{
  DmsDockerParams *self = data;

  g_clear_pointer (&self->image, dms_docker_reference_unref);
  g_strfreev (self->entrypoint);
  g_strfreev (self->cmd);
  g_strfreev (self->environment);
  g_free (self->working_directory);
  g_free (self->user);
}

void
dms_docker_params_unref (DmsDockerParams *self)
{
  g_atomic_rc_box_release_full (self, params_free);
}

DmsDockerReference *
dms_docker_params_get_image (DmsDockerParams *self)
{
  return self->image;
}

const char *const *
dms_docker_params_get_entrypoint (DmsDockerParams *self)
{
  return (const char *const *) self->entrypoint;
}

const char *const *
dms_docker_params_get_cmd (DmsDockerParams *self)
{
  return (const char *const *) self->cmd;
}

const char *const *
dms_docker_params_get_environment (DmsDockerParams *self)
{
  return (const char *const *) self->environment;
}

const char *
dms_docker_params_get_working_directory (DmsDockerParams *self)
{
  return self->working_directory;
}

const char *
dms_docker_params_get_user (DmsDockerParams *self)
{
  return self->user;
}

gboolean
dms_docker_params_get_privileged (DmsDockerParams *self)
{
  return self->privileged;
}
