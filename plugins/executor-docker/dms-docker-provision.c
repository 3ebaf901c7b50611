/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-provision.h"

#include <string.h>

#include "dms-docker-json.h"
#include "dms-docker-tar.h"

/* What goes into a container before it starts: provision scripts with the wrapper that runs them, and key
 * files. Everything travels as an archive over the API, so that an engine with other users or another root
 * needs no access to our directories. */

static const guint MAX_SCRIPTS = 999;
static const gsize MAX_CONTENT = 8 * 1024 * 1024;
static const gsize MAX_FAILURE = 512;

/* The job's own words reach it as arguments, untouched by the shell. */
static const char WRAPPER[] = "#!/bin/sh\n"
                              "# Runs the provision scripts in order, then becomes the job.\n"
                              "for script in /.dms/scripts/*\n"
                              "do\n"
                              "  \"$script\" </dev/null\n"
                              "  code=$?\n"
                              "  if [ \"$code\" -ne 0 ]\n"
                              "  then\n"
                              "    name=\"${script##*/}\"\n"
                              "    name=\"${name#*-}\"\n"
                              "    echo \"$code $name\" >/.dms/state/failed\n"
                              "    echo \"provision script $name failed with exit code $code\" >&2\n"
                              "    exit \"$code\"\n"
                              "  fi\n"
                              "done\n"
                              "exec \"$@\"\n";

typedef struct
{
  char *home;
  guint uid;
  guint gid;
} Account;

static void
account_free (Account *account)
{
  g_free (account->home);
  g_free (account);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Account, account_free)

static gboolean
check_list (GPtrArray *list, const char *what, GError **error)
{
  gsize total = 0;

  for (guint i = 0; i < list->len; i++)
    total += g_bytes_get_size (dms_script_get_content (g_ptr_array_index (list, i)));
  if (list->len > MAX_SCRIPTS || total > MAX_CONTENT)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "the job has too many or too large %s: at most %u of together %" G_GSIZE_FORMAT " bytes",
                   what,
                   MAX_SCRIPTS,
                   MAX_CONTENT);
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_clean_path (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  return g_path_is_absolute (path) && !g_str_has_suffix (path, "/") &&
         !g_strv_contains ((const char *const *) parts, "..") &&
         !g_strv_contains ((const char *const *) parts, ".") && strlen (path) < 4096;
}

static gboolean
is_user_name (const char *name)
{
  if (*name == '\0' || strlen (name) > 64)
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("_.-", *p) == NULL)
      return FALSE;
  return TRUE;
}

/* Checks scripts and keys of a specification without touching anything. */
gboolean
dms_docker_provision_check (DmsExecutionSpec *spec, GError **error)
{
  GPtrArray *keys = dms_execution_spec_get_keys (spec);

  if (!check_list (dms_execution_spec_get_scripts (spec), "provision scripts", error) ||
      !check_list (keys, "keys", error))
    return FALSE;
  for (guint i = 0; i < keys->len; i++)
    {
      const char *name = dms_script_get_name (g_ptr_array_index (keys, i));

      if (g_str_has_prefix (name, "ssh:") ? is_user_name (name + strlen ("ssh:")) : is_clean_path (name))
        continue;
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "a key cannot be installed at “%s”: give an absolute path without “..”",
                   name);
      return FALSE;
    }
  return TRUE;
}

static void
add_all (GStrvBuilder *builder, const char *const *list)
{
  for (guint i = 0; list != NULL && list[i] != NULL; i++)
    g_strv_builder_add (builder, list[i]);
}

/* What the container would run by itself: the job's entrypoint and command over the image's own, combined as
 * engines do it. An entrypoint of the job drops the image's command.
 *
 * image: the answer to an inspection of the image */
GStrv
dms_docker_provision_dup_argv (JsonObject *image, DmsDockerParams *params, GError **error)
{
  JsonObject *config = dms_docker_json_get_object (image, "Config");
  const char *const *entrypoint = dms_docker_params_get_entrypoint (params);
  const char *const *cmd = dms_docker_params_get_cmd (params);
  g_auto (GStrv) image_entrypoint = dms_docker_json_dup_strv (config, "Entrypoint");
  g_auto (GStrv) image_cmd = dms_docker_json_dup_strv (config, "Cmd");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;

  if (entrypoint == NULL && cmd == NULL)
    cmd = (const char *const *) image_cmd;
  add_all (builder, entrypoint != NULL ? entrypoint : (const char *const *) image_entrypoint);
  add_all (builder, cmd);
  argv = g_strv_builder_end (builder);
  if (argv[0] == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "neither the job nor image “%s” says what to run: give cmd or entrypoint",
                   dms_docker_reference_get_text (dms_docker_params_get_image (params)));
      return NULL;
    }
  return g_steal_pointer (&argv);
}

static GBytes *
read_file (DmsDockerClient *client,
           const char *name,
           const char *path,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (path, NULL, FALSE);
  g_autofree char *request = g_strdup_printf ("/containers/%s/archive?path=%s", name, escaped);
  g_autoptr (GBytes) archive =
      dms_docker_client_call (client, "GET", request, NULL, NULL, cancellable, error);

  return archive != NULL ? dms_docker_tar_read_file (archive) : NULL;
}

static gboolean
exists (DmsDockerClient *client, const char *name, const char *path, GCancellable *cancellable)
{
  g_autofree char *escaped = g_uri_escape_string (path, NULL, FALSE);
  g_autofree char *request = g_strdup_printf ("/containers/%s/archive?path=%s", name, escaped);
  g_autoptr (GBytes) reply = dms_docker_client_call (client, "HEAD", request, NULL, NULL, cancellable, NULL);

  return reply != NULL;
}

/* Finds a user, by name or number, in the text of a passwd file. */
static Account *
find_account (GBytes *passwd, const char *user)
{
  gsize size = 0;
  const char *data = passwd != NULL ? g_bytes_get_data (passwd, &size) : NULL;
  g_autofree char *text = data != NULL ? g_strndup (data, size) : g_strdup ("");
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (Account) account = g_new0 (Account, 1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], ":", -1);

      if (g_strv_length (fields) < 6 || (!g_str_equal (fields[0], user) && !g_str_equal (fields[2], user)))
        continue;
      account->uid = (guint) g_ascii_strtoull (fields[2], NULL, 10);
      account->gid = (guint) g_ascii_strtoull (fields[3], NULL, 10);
      account->home = is_clean_path (fields[5]) ? g_strdup (fields[5]) : g_strdup ("/");
      return g_steal_pointer (&account);
    }
  if (!g_str_equal (user, "root") && !g_str_equal (user, "0"))
    return NULL;
  account->home = g_strdup ("/root");
  return g_steal_pointer (&account);
}

/* Directories that are missing on the way to a file; one that exists keeps its mode. */
static void
add_parents (DmsDockerTar *tar,
             DmsDockerClient *client,
             const char *name,
             const char *path,
             GCancellable *cancellable)
{
  g_auto (GStrv) parts = g_strsplit (path + 1, "/", -1);
  g_autoptr (GString) parent = g_string_new (NULL);

  for (guint i = 0; parts[i] != NULL && parts[i + 1] != NULL; i++)
    {
      g_string_append_printf (parent, "/%s", parts[i]);
      if (!exists (client, name, parent->str, cancellable))
        dms_docker_tar_add_directory (tar, parent->str, 0755, 0, 0);
    }
}

/* Public keys of one user, after those that the image has. */
static gboolean
add_ssh_key (DmsDockerTar *tar,
             DmsDockerClient *client,
             const char *name,
             GHashTable *written,
             Account *account,
             DmsScript *key,
             GCancellable *cancellable)
{
  g_autofree char *directory = g_build_filename (account->home, ".ssh", NULL);
  g_autofree char *path = g_build_filename (directory, "authorized_keys", NULL);
  g_autoptr (GBytes) old = NULL;
  GByteArray *text = g_hash_table_lookup (written, path);
  gsize size;
  gconstpointer data = g_bytes_get_data (dms_script_get_content (key), &size);
  g_autoptr (GBytes) content = NULL;

  if (text == NULL)
    {
      add_parents (tar, client, name, directory, cancellable);
      dms_docker_tar_add_directory (tar, directory, 0700, account->uid, account->gid);
      old = read_file (client, name, path, cancellable, NULL);
      text = old != NULL ? g_bytes_unref_to_array (g_steal_pointer (&old)) : g_byte_array_new ();
      g_hash_table_insert (written, g_strdup (path), text);
    }
  if (text->len > 0 && text->data[text->len - 1] != '\n')
    g_byte_array_append (text, (const guint8 *) "\n", 1);
  if (size > 0)
    g_byte_array_append (text, data, (guint) size);
  /* A later entry of the same name wins when an archive is unpacked. */
  content = g_bytes_new (text->data, text->len);
  dms_docker_tar_add_file (tar, path, 0600, account->uid, account->gid, content);
  return TRUE;
}

static gboolean
add_keys (DmsDockerTar *tar,
          DmsDockerClient *client,
          const char *name,
          DmsExecutionSpec *spec,
          DmsDockerParams *params,
          GCancellable *cancellable,
          GError **error)
{
  GPtrArray *keys = dms_execution_spec_get_keys (spec);
  g_autoptr (GHashTable) written =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_byte_array_unref);
  g_autoptr (GBytes) passwd =
      keys->len > 0 ? read_file (client, name, "/etc/passwd", cancellable, NULL) : NULL;
  const char *job_user = dms_docker_params_get_user (params);
  g_auto (GStrv) job_user_parts = g_strsplit (job_user != NULL ? job_user : "root", ":", 2);

  for (guint i = 0; i < keys->len; i++)
    {
      DmsScript *key = g_ptr_array_index (keys, i);
      const char *dest = dms_script_get_name (key);
      gboolean ssh = g_str_has_prefix (dest, "ssh:");
      const char *user = ssh ? dest + strlen ("ssh:") : job_user_parts[0];
      g_autoptr (Account) account = find_account (passwd, user);

      if (account == NULL && ssh)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_ARGUMENT,
                       "the image has no user “%s” to install an SSH key for",
                       user);
          return FALSE;
        }
      if (ssh)
        {
          add_ssh_key (tar, client, name, written, account, key, cancellable);
          continue;
        }
      add_parents (tar, client, name, dest, cancellable);
      dms_docker_tar_add_file (tar,
                               dest,
                               0600,
                               account != NULL ? account->uid : 0,
                               account != NULL ? account->gid : 0,
                               dms_script_get_content (key));
    }
  return TRUE;
}

static void
add_scripts (DmsDockerTar *tar, GPtrArray *scripts)
{
  g_autoptr (GBytes) wrapper = g_bytes_new_static (WRAPPER, sizeof WRAPPER - 1);

  if (scripts->len == 0)
    return;
  dms_docker_tar_add_directory (tar, "/.dms", 0755, 0, 0);
  dms_docker_tar_add_directory (tar, "/.dms/scripts", 0755, 0, 0);
  /* The job's user, whoever that is, leaves the name of a failed script here. */
  dms_docker_tar_add_directory (tar, "/.dms/state", 01777, 0, 0);
  dms_docker_tar_add_file (tar, "/.dms/run", 0755, 0, 0, wrapper);
  for (guint i = 0; i < scripts->len; i++)
    {
      DmsScript *script = g_ptr_array_index (scripts, i);
      g_autofree char *name = g_strndup (dms_script_get_name (script), 128);
      g_autofree char *path = NULL;

      for (char *p = name; *p != '\0'; p++)
        if (!g_ascii_isalnum (*p) && strchr ("_.-", *p) == NULL)
          *p = '_';
      path = g_strdup_printf ("/.dms/scripts/%03u-%s", i, name);
      dms_docker_tar_add_file (tar, path, 0755, 0, 0, dms_script_get_content (script));
    }
}

/* Puts scripts and keys into a container that does not run yet; blocking. */
gboolean
dms_docker_provision_install (DmsDockerClient *client,
                              const char *name,
                              DmsExecutionSpec *spec,
                              DmsDockerParams *params,
                              GCancellable *cancellable,
                              GError **error)
{
  GPtrArray *scripts = dms_execution_spec_get_scripts (spec);
  GPtrArray *keys = dms_execution_spec_get_keys (spec);
  g_autoptr (DmsDockerTar) tar = dms_docker_tar_new ();
  g_autofree char *request = g_strdup_printf ("/containers/%s/archive?path=%%2F", name);
  g_autoptr (GBytes) archive = NULL;
  g_autoptr (GBytes) reply = NULL;

  if (scripts->len == 0 && keys->len == 0)
    return TRUE;
  add_scripts (tar, scripts);
  if (!add_keys (tar, client, name, spec, params, cancellable, error))
    return FALSE;
  archive = dms_docker_tar_end (tar);
  reply = dms_docker_client_call (client, "PUT", request, "application/x-tar", archive, cancellable, error);
  if (reply == NULL)
    g_prefix_error (error, "cannot put provision scripts and keys into container “%s”: ", name);
  return reply != NULL;
}

/* The name of the provision script that ended a container, and its exit code; NULL when none did. Blocking.
 *
 * Nothing here is trusted: the job could have written the file. It can only misreport its own failure so. */
char *
dms_docker_provision_dup_failure (DmsDockerClient *client, const char *name, int *exit_code)
{
  g_autoptr (GBytes) content = read_file (client, name, "/.dms/state/failed", NULL, NULL);
  gsize size = 0;
  const char *data = content != NULL ? g_bytes_get_data (content, &size) : NULL;
  g_autofree char *text = NULL;
  char *script;
  gint64 code;

  if (data == NULL || size == 0 || size > MAX_FAILURE)
    return NULL;
  text = g_strndup (data, size);
  g_strstrip (text);
  code = g_ascii_strtoll (text, &script, 10);
  if (script == text || *script != ' ' || code < 1 || code > 255)
    return NULL;
  for (char *p = script + 1; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("_.-", *p) == NULL)
      *p = '_';
  *exit_code = (int) code;
  return g_strdup (script + 1);
}
