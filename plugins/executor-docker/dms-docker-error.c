/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-error.h"

#include "dms-docker-json.h"

#include <string.h>

/* More of an engine's message than this is noise. */
static const gsize MAX_MESSAGE = 600;

typedef struct
{
  const char *needle; /* in lower case */
  DmsErrorCode code;
  const char *advice; /* nullable */
} Pattern;

/* The first that matches counts. Engines put everything into texts: Docker and Podman word the same failure
 * differently and often with the same status. */
static const Pattern PATTERNS[] = {
  { "no space left on device", DMS_ERROR_NO_SPACE, "free space where the container engine keeps its data" },
  { "disk quota exceeded", DMS_ERROR_NO_SPACE, "free space where the container engine keeps its data" },
  { "no such image", DMS_ERROR_NOT_FOUND, "pull the image or check its name" },
  { "image not known", DMS_ERROR_NOT_FOUND, "pull the image or check its name" },
  { "manifest unknown", DMS_ERROR_NOT_FOUND, "check the name and the tag of the image" },
  { "manifest for ", DMS_ERROR_NOT_FOUND, "check the name and the tag of the image" },
  { "repository does not exist", DMS_ERROR_NOT_FOUND, "check the name of the image" },
  { "requested access to the resource is denied",
    DMS_ERROR_PERMISSION_DENIED,
    "the image does not exist or needs credentials; check its name" },
  { "unauthorized",
    DMS_ERROR_PERMISSION_DENIED,
    "the image does not exist or needs credentials; check its name" },
  { "toomanyrequests", DMS_ERROR_BUSY, "the registry limits downloads; try again later" },
  { "no such host",
    DMS_ERROR_UNAVAILABLE,
    "the registry cannot be reached; check the image's name and the network" },
  { "dial tcp", DMS_ERROR_UNAVAILABLE, "the registry cannot be reached; check the network" },
  { "i/o timeout", DMS_ERROR_UNAVAILABLE, "the registry does not answer; check the network" },
  { "no such container", DMS_ERROR_NOT_FOUND, NULL },
  { "no such exec", DMS_ERROR_NOT_FOUND, NULL },
  { "already in use by", DMS_ERROR_ALREADY_EXISTS, NULL },
  { "name is already in use", DMS_ERROR_ALREADY_EXISTS, NULL },
  { "the container name", DMS_ERROR_ALREADY_EXISTS, NULL },
  { "port is already allocated", DMS_ERROR_BUSY, "another program uses this port; choose another one" },
  { "address already in use", DMS_ERROR_BUSY, "another program uses this port; choose another one" },
  { "executable file not found",
    DMS_ERROR_INVALID_ARGUMENT,
    "the image has no such program; check cmd and entrypoint" },
  { "minimum memory limit", DMS_ERROR_OUT_OF_RANGE, "ask for more RAM" },
  { "range of cpus is from", DMS_ERROR_OUT_OF_RANGE, "ask for a number of CPU cores that this machine has" },
  { "could not select device driver",
    DMS_ERROR_UNAVAILABLE,
    "install the NVIDIA container toolkit (nvidia-ctk) for this engine" },
  { "unable to find user", DMS_ERROR_INVALID_ARGUMENT, "the image has no such user" },
  { "no matching entries in passwd", DMS_ERROR_INVALID_ARGUMENT, "the image has no such user" },
  { "bind source path does not exist", DMS_ERROR_NOT_FOUND, "make the directory that the volume names" },
};

/* One printable line of bounded length: an engine quotes what jobs and registries wrote. */
static char *
dup_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) strnlen (text, MAX_MESSAGE));

  for (char *p = valid; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  g_strstrip (valid);
  return g_steal_pointer (&valid);
}

static DmsErrorCode
code_of_status (guint status)
{
  switch (status)
    {
    case 400:
      return DMS_ERROR_INVALID_ARGUMENT;
    case 401:
    case 403:
      return DMS_ERROR_PERMISSION_DENIED;
    case 404:
      return DMS_ERROR_NOT_FOUND;
    case 409:
      return DMS_ERROR_WRONG_STATE;
    case 501:
      return DMS_ERROR_NOT_SUPPORTED;
    case 503:
      return DMS_ERROR_UNAVAILABLE;
    default:
      return DMS_ERROR_FAILED;
    }
}

/* Makes an error of what an engine wrote.
 *
 * status: the HTTP status, or 0 when the text came in the middle of a stream. */
GError *
dms_docker_error_new_from_text (guint status, const char *text)
{
  g_autofree char *clean = dup_clean (text != NULL ? text : "");
  g_autofree char *lower = g_ascii_strdown (clean, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (PATTERNS); i++)
    {
      if (strstr (lower, PATTERNS[i].needle) == NULL)
        continue;
      if (PATTERNS[i].advice == NULL)
        return g_error_new_literal (DMS_ERROR, PATTERNS[i].code, clean);
      return g_error_new (DMS_ERROR, PATTERNS[i].code, "%s; %s", clean, PATTERNS[i].advice);
    }
  if (*clean == '\0')
    return g_error_new (
        DMS_ERROR, code_of_status (status), "the container engine answered with status %u", status);
  return g_error_new_literal (DMS_ERROR, code_of_status (status), clean);
}

/* Makes an error of an answer whose status says that the request failed. */
GError *
dms_docker_error_new_from_reply (guint status, GBytes *body)
{
  g_autoptr (JsonNode) node = dms_docker_json_parse (body, NULL);
  const char *message = NULL;
  g_autofree char *text = NULL;
  gsize size;
  const char *data;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    message = dms_docker_json_get_string (json_node_get_object (node), "message");
  if (message != NULL)
    return dms_docker_error_new_from_text (status, message);
  data = g_bytes_get_data (body, &size);
  text = data != NULL ? g_strndup (data, MIN (size, MAX_MESSAGE)) : g_strdup ("");
  return dms_docker_error_new_from_text (status, text);
}

/* Maps an error of the connection in place. */
void
dms_docker_error_adopt_io (GError **error, const char *socket_path)
{
  g_autoptr (GError) old = NULL;

  if (error == NULL || *error == NULL || (*error)->domain == DMS_ERROR)
    return;
  old = g_steal_pointer (error);
  if (g_error_matches (old, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    *error =
        g_error_new (DMS_ERROR, DMS_ERROR_CANCELLED, "the request to the container engine was cancelled");
  else if (g_error_matches (old, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    *error = g_error_new (
        DMS_ERROR, DMS_ERROR_TIMED_OUT, "the container engine at %s does not answer in time", socket_path);
  else if (g_error_matches (old, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    *error = g_error_new (DMS_ERROR,
                          DMS_ERROR_PERMISSION_DENIED,
                          "no access to the container engine at %s: add this user to the socket's group "
                          "(usermod -aG docker USER) or use rootless Podman",
                          socket_path);
  else
    *error =
        g_error_new (DMS_ERROR,
                     DMS_ERROR_UNAVAILABLE,
                     "no container engine answers at %s: install and start Docker (apt install docker.io) "
                     "or Podman (systemctl --user enable --now podman.socket): %s",
                     socket_path,
                     old->message);
}
