/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-handle.h"

#include <string.h>

static const char PREFIX[] = "docker:";
static const gsize MAX_NAME = 200;

static gboolean
is_name_character (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '.' || c == '-';
}

/* The container's name, from the IDs of the job and the execution. When it had to be changed to be a name for
 * an engine, it ends in a digest of what it was, so that two jobs never share one. */
char *
dms_docker_handle_dup_name (DmsExecutionSpec *spec)
{
  g_autofree char *full = g_strdup_printf (
      "docker_%s_%s", dms_execution_spec_get_job_id (spec), dms_execution_spec_get_execution_id (spec));
  g_autofree char *name = g_strdup (full);
  g_autofree char *digest = NULL;

  for (char *p = name; *p != '\0'; p++)
    if (!is_name_character (*p))
      *p = '_';
  if (strlen (name) <= MAX_NAME && g_str_equal (name, full))
    return g_steal_pointer (&name);
  digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, full, -1);
  digest[16] = '\0';
  if (strlen (name) > MAX_NAME - 17)
    name[MAX_NAME - 17] = '\0';
  return g_strdup_printf ("%s-%s", name, digest);
}

char *
dms_docker_handle_dup (DmsExecutionSpec *spec)
{
  g_autofree char *name = dms_docker_handle_dup_name (spec);
  const char *state_dir = dms_execution_spec_get_state_dir (spec);

  return g_strconcat (PREFIX, name, ":", state_dir != NULL ? state_dir : "", NULL);
}

/* Takes a handle apart.
 *
 * name: (out): a name that is safe within a request path
 * state_dir: (out): absolute, or empty */
gboolean
dms_docker_handle_parse (const char *handle, char **name, char **state_dir, GError **error)
{
  const char *start = handle + strlen (PREFIX);
  const char *colon;
  gboolean valid;

  valid = g_str_has_prefix (handle, PREFIX) && (colon = strchr (start, ':')) != NULL && colon > start &&
          (gsize) (colon - start) <= MAX_NAME && g_ascii_isalnum (*start) &&
          (colon[1] == '\0' || g_path_is_absolute (colon + 1));
  for (const char *p = start; valid && *p != ':'; p++)
    valid = is_name_character (*p);
  if (!valid)
    {
      g_autofree char *shown = g_utf8_make_valid (handle, -1);

      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "“%s” is not the handle of a docker job", shown);
      return FALSE;
    }
  *name = g_strndup (start, (gsize) (colon - start));
  *state_dir = g_strdup (colon + 1);
  return TRUE;
}
