/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/behaviours/dms-behaviours.h"
#include <dms.h>

#include "common/dms-json-object.h"

#define MAX_PEM (1024 * 1024)

static gboolean
add_pem (DmsCliCall *call, DmsCliSession *session, JsonObject *payload, GError **error)
{
  const char *path = dms_cli_call_get_string (call, "client-pem-file");
  g_autofree char *pem = NULL;
  gsize size;

  if (!g_file_get_contents (path, &pem, &size, error))
    {
      dms_error_adopt (error, "--client-pem-file");
      return FALSE;
    }
  if (size > MAX_PEM || !g_utf8_validate (pem, size, NULL))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("--client-pem-file: “%s” is no PEM file"),
                   path);
      return FALSE;
    }
  json_object_set_string_member (payload, "client_pem", pem);

  return TRUE;
}

/* Writes the certificate that the daemon returned to DIRECTORY/glusterfs.ca. */
static gboolean
save_ca (DmsCliCall *call, GBytes *reply, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (reply, &size);
  g_autoptr (JsonNode) node = dms_json_node_from_text (data, size, error);
  const char *text = dms_json_object_get_text (dms_json_node_get_child (node), "ca_data");
  const char *directory = dms_cli_call_get_string (call, "ca-output-dir");
  g_autofree char *path = g_build_filename (directory, "glusterfs.ca", NULL);
  g_autofree guchar *decoded = NULL;
  gsize length = 0;

  if (node == NULL)
    return FALSE;
  if (text == NULL || text[0] == '\0')
    return TRUE;

  /* Base64, or the PEM text itself. */
  if (!g_str_has_prefix (text, "-----"))
    decoded = g_base64_decode (text, &length);
  if (!g_file_set_contents_full (path, decoded != NULL ? (char *) decoded : text,
                                 decoded != NULL ? (gssize) length : -1,
                                 G_FILE_SET_CONTENTS_CONSISTENT, 0775, error))
    {
      dms_error_adopt (error, "--ca-output-dir");
      return FALSE;
    }

  return TRUE;
}

static const DmsCliFlag create_flags[] = {
  { "name", 'n', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the volume") },
  { "client-pem-file", 'p', DMS_CLI_FLAG_STRING, TRUE, NULL, "file",
   N_ ("certificate of the client that may use it") },
  { "ca-output-dir", 0, DMS_CLI_FLAG_STRING, TRUE, NULL, "dir",
   N_ ("where the certificate authority is written") },
  { NULL },
};

static const DmsCliFlag name_flags[] = {
  { "name", 'n', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the volume") },
  { NULL },
};

static const DmsCliField name_fields[] = {
  { "name", "name", TRUE, NULL },
  { NULL },
};

const DmsCliVerb dms_behaviours_volumes[] = {
  {
    .path = "actor cmd /dms/volume/create",
    .summary = N_ ("make a volume"),
    .flags = create_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = name_fields, .complete = add_pem, .reply = save_ca },
  },
  {
    .path = "actor cmd /dms/volume/delete",
    .summary = N_ ("delete a volume"),
    .flags = name_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = name_fields },
  },
  {
    .path = "actor cmd /dms/volume/start",
    .summary = N_ ("start a volume"),
    .flags = name_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = name_fields },
  },
  { NULL },
};
