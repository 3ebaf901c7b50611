/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-job-json.h"

#include <string.h>

typedef struct
{
  const char *executor;
  void (*check) (DmsJobReader *params, JsonObject *object);
} Engine;

static void
set_strv (JsonObject *object, const char *name, GStrv texts)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; texts[i] != NULL; i++)
    json_array_add_string_element (array, texts[i]);
  json_object_set_array_member (object, name, array);
}

/* Takes a member that is a list of texts over into the object, numbers in it as the texts they were written
 * as. */
static void
take_strv (DmsJobReader *params, JsonObject *object, const char *name)
{
  g_auto (GStrv) texts = NULL;

  if (dms_job_reader_get (params, name, DMS_JOB_READ_OPTIONAL) == NULL)
    return;
  texts = dms_job_reader_dup_strv (params, name, DMS_JOB_READ_OPTIONAL);
  set_strv (object, name, texts);
}

static void
take_text (DmsJobReader *params,
           JsonObject *object,
           const char *name,
           const char *canonical,
           DmsJobReadFlags flags)
{
  g_autofree char *text = dms_job_reader_dup_string (params, name, flags | DMS_JOB_READ_NON_EMPTY);

  json_object_remove_member (object, name);
  if (text != NULL)
    json_object_set_string_member (object, canonical, text);
}

static gboolean
is_identifier (const char *text, gsize length)
{
  if (length == 0 || g_ascii_isdigit (*text))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (text[i]) && text[i] != '_')
        return FALSE;
    }
  return TRUE;
}

static void
check_variable (DmsJobReader *params, const char *entry)
{
  const char *equals = strchr (entry, '=');

  if (equals == NULL)
    dms_job_reader_error (params, "environment", "must be KEY=VALUE, got \"%.40s\"", entry);
  else if (!is_identifier (entry, (gsize) (equals - entry)))
    dms_job_reader_error (
        params, "environment", "\"%.*s\" is not a name of a variable", (int) MIN (equals - entry, 40), entry);
}

/* A map or a list; a list on the wire. */
static void
take_environment (DmsJobReader *params, JsonObject *object)
{
  DmsJobNode *node = dms_job_reader_get (params, "environment", DMS_JOB_READ_OPTIONAL);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) entries = NULL;

  json_object_remove_member (object, "environment");
  if (node == NULL)
    return;
  if (dms_job_node_get_kind (node) != DMS_JOB_NODE_MAP)
    {
      entries = dms_job_reader_dup_strv (params, "environment", DMS_JOB_READ_OPTIONAL);
    }
  else
    {
      for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
        {
          const char *key = dms_job_node_get_key (node, i);
          DmsJobNode *value = dms_job_node_get_item (node, i);
          g_autofree char *entry = NULL;

          if (!dms_job_node_is_scalar (value))
            {
              dms_job_reader_error (params, "environment", "the value of %s must be a text", key);
              continue;
            }
          entry = g_strdup_printf (
              "%s=%s",
              key,
              dms_job_node_get_kind (value) == DMS_JOB_NODE_NULL ? "" : dms_job_node_get_text (value));
          g_strv_builder_add (builder, entry);
        }
      entries = g_strv_builder_end (builder);
    }
  for (guint i = 0; entries[i] != NULL; i++)
    check_variable (params, entries[i]);
  set_strv (object, "environment", entries);
}

static void
take_common (DmsJobReader *params, JsonObject *object)
{
  take_strv (params, object, "entrypoint");
  take_strv (params, object, "cmd");
  take_environment (params, object);
  take_text (params, object, "working_directory", "working_directory", DMS_JOB_READ_OPTIONAL);
  if (dms_job_node_get (dms_job_reader_get_node (params), "working_dir") != NULL)
    take_text (params, object, "working_dir", "working_directory", DMS_JOB_READ_OPTIONAL);
  take_text (params, object, "user", "user", DMS_JOB_READ_OPTIONAL);
}

/* An image reference as the distribution specification has it, digests included. */
static gboolean
is_image (const char *text)
{
  static const char pattern[] =
      "^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]{"
      "1,5})?/)?"
      "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*)*"
      "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$";

  return strlen (text) <= 512 && g_regex_match_simple (pattern, text, G_REGEX_DOLLAR_ENDONLY, 0);
}

static void
check_image (DmsJobReader *params, gboolean fully_qualified)
{
  g_autofree char *image =
      dms_job_reader_dup_string (params, "image", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  const char *slash;
  gsize host;

  if (image == NULL || *image == '\0')
    return;
  if (!is_image (image))
    {
      dms_job_reader_error (
          params, "image", "must be an image such as alpine:3 or ghcr.io/org/name:tag, got \"%.80s\"", image);
      return;
    }
  slash = strchr (image, '/');
  host = slash == NULL ? 0 : (gsize) (slash - image);
  if (fully_qualified && memchr (image, '.', host) == NULL && memchr (image, ':', host) == NULL &&
      !g_str_has_prefix (image, "localhost/"))
    dms_job_reader_error (
        params, "image", "must name its registry, such as docker.io/library/alpine:3, got \"%.80s\"", image);
}

static void
check_docker (DmsJobReader *params, JsonObject *object)
{
  static const char *const policies[] = { "no", "on-failure", "always", "unless-stopped", NULL };
  g_autofree char *policy = NULL;

  check_image (params, FALSE);
  take_common (params, object);
  dms_job_reader_get_bool (params, "privileged", FALSE);
  policy = dms_job_reader_dup_choice (params, "restart_policy", policies, NULL, DMS_JOB_READ_OPTIONAL);
}

static void
check_containerd (DmsJobReader *params, JsonObject *object)
{
  static const char *const runtimes[] = { "runc", "kata", NULL };
  g_autofree char *runtime = NULL;

  check_image (params, TRUE);
  take_common (params, object);
  runtime = dms_job_reader_dup_choice (params, "runtime", runtimes, NULL, DMS_JOB_READ_OPTIONAL);
}

static void
check_microvm (DmsJobReader *params, JsonObject *object)
{
  take_text (params, object, "kernel_image", "kernel_image", DMS_JOB_READ_REQUIRED);
  take_text (params, object, "root_file_system", "root_file_system", DMS_JOB_READ_REQUIRED);
  take_text (params, object, "kernel_args", "kernel_args", DMS_JOB_READ_OPTIONAL);
  take_text (params, object, "initrd_path", "initrd_path", DMS_JOB_READ_OPTIONAL);
  if (dms_job_node_get (dms_job_reader_get_node (params), "initrd") != NULL)
    take_text (params, object, "initrd", "initrd_path", DMS_JOB_READ_OPTIONAL);
  take_text (params, object, "mmds_message", "mmds_message", DMS_JOB_READ_OPTIONAL);
}

static void
check_process (DmsJobReader *params, JsonObject *object)
{
  static const char *const networks[] = { "none", "host", NULL };
  g_autofree char *network = NULL;
  const char *rootfs;

  if (dms_job_reader_get (params, "cmd", DMS_JOB_READ_OPTIONAL) == NULL &&
      dms_job_reader_get (params, "entrypoint", DMS_JOB_READ_OPTIONAL) == NULL)
    dms_job_reader_error (
        params, "cmd", "is required: the program and its arguments, such as [\"sh\", \"-c\", \"echo hi\"]");
  take_common (params, object);
  network = dms_job_reader_dup_choice (params, "network", networks, NULL, DMS_JOB_READ_OPTIONAL);
  take_text (params, object, "rootfs", "rootfs", DMS_JOB_READ_OPTIONAL);
  if (dms_job_node_get (dms_job_reader_get_node (params), "root") != NULL)
    take_text (params, object, "root", "rootfs", DMS_JOB_READ_OPTIONAL);
  rootfs = json_object_get_string_member_with_default (object, "rootfs", "/");
  if (!g_path_is_absolute (rootfs))
    dms_job_reader_error (params, "rootfs", "must be an absolute path, got \"%.80s\"", rootfs);
}

static const Engine engines[] = {
  { "docker", check_docker },   { "containerd", check_containerd }, { "firecracker", check_microvm },
  { "microvm", check_microvm }, { "process", check_process },
};

/* The map that holds the parameters: `execution.params` on the wire, `execution` itself in a file. */
static DmsJobReader *
open_params (DmsJobReader *execution)
{
  if (dms_job_reader_get_form (execution) == DMS_JOB_FORM_WIRE &&
      dms_job_node_get_any_case (dms_job_reader_get_node (execution), "params") != NULL)
    return dms_job_reader_open (execution, "params", DMS_JOB_READ_OPTIONAL);
  return dms_job_reader_ref (execution);
}

static JsonObject *
params_to_json (DmsJobNode *node)
{
  g_autoptr (JsonNode) json = dms_job_node_to_json (node);

  return json_object_ref (json_node_get_object (json));
}

JsonObject *
dms_job_decode_execution (DmsJobReader *allocation, const DmsJobScope *scope, char **type)
{
  g_autoptr (DmsJobReader) execution = dms_job_reader_open (allocation, "execution", DMS_JOB_READ_REQUIRED);
  g_autoptr (DmsJobReader) params = NULL;
  JsonObject *object;

  *type = NULL;
  if (execution == NULL)
    return json_object_new ();
  *type = dms_job_decode_word (execution, "type", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  params = open_params (execution);
  if (params == NULL)
    return json_object_new ();
  object = params_to_json (dms_job_reader_get_node (params));
  if (dms_job_reader_get_node (params) == dms_job_reader_get_node (execution))
    json_object_remove_member (object, "type");
  if (*type == NULL)
    return object;
  if (!dms_job_is_word (*type))
    {
      dms_job_reader_error (execution, "type", "unsupported execution type \"%.40s\"", *type);
      return object;
    }
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    {
      if (strcmp (engines[i].executor, *type) != 0)
        continue;
      engines[i].check (params, object);
      dms_job_reader_finish (params);
      return object;
    }
  /* An executor that a plugin brings checks its own parameters; the environment has one form for all. */
  take_environment (params, object);
  return object;
}
