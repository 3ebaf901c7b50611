/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-compose-private.h"

#include "importers/dms-import-files.h"
#include "importers/dms-import-text.h"

#include <string.h>

/* Volumes, files and ports of a service of a Compose file. */

enum
{
  MAX_RANGE = 1024,
};

typedef struct
{
  DmsImportComposer *composer;
  DmsImportReader *service;
  const char *name;
  DmsImportJob *job;
} Mounter;

static void
tell (Mounter *self,
      const char *key,
      DmsJobNode *item,
      const char *suffix,
      DmsImportFate fate,
      const char *text)
{
  dms_import_reader_note_item (self->service, key, item, suffix, fate, "%s", text);
}

/* A file of the folder travels with the job; everything else of the machine has to be there already. */
static void
add_bind (Mounter *self,
          DmsJobNode *item,
          const char *suffix,
          const char *source,
          const char *target,
          gboolean ro)
{
  g_autofree char *content = NULL;
  g_autofree char *joined = NULL;

  if (strstr (source, "docker.sock") != NULL)
    {
      tell (self,
            "volumes",
            item,
            suffix,
            DMS_IMPORT_IMPOSSIBLE,
            "a job gets no engine of the machine; let it deploy through its own socket");
      return;
    }
  content = dms_import_files_read_text (self->composer->folder, source, NULL);
  if (content != NULL && dms_import_job_add_file (self->job, target, content, FALSE))
    {
      tell (self,
            "volumes",
            item,
            suffix,
            DMS_IMPORT_APPROXIMATED,
            "a copy of the file travels with the job; it is the job's own and readable for its user only");
      return;
    }
  if (*source == '~' || (!g_path_is_absolute (source) && self->composer->folder == NULL))
    {
      tell (self, "volumes", item, suffix, DMS_IMPORT_IMPOSSIBLE, "give an absolute path");
      return;
    }
  joined = g_canonicalize_filename (source, NULL);
  if (!g_path_is_absolute (source))
    {
      g_autofree char *folder = g_canonicalize_filename (self->composer->folder, NULL);

      g_free (joined);
      joined = g_canonicalize_filename (source, folder);
    }
  if (strcmp (joined, "/") == 0)
    tell (self, "volumes", item, suffix, DMS_IMPORT_IMPOSSIBLE, "a job does not get the root of the machine");
  else if (!dms_import_job_add_volume (self->job, joined, target, ro))
    tell (
        self, "volumes", item, suffix, DMS_IMPORT_IMPOSSIBLE, "cannot be mounted there, or is one too many");
  else
    tell (self, "volumes", item, suffix, DMS_IMPORT_APPROXIMATED, DMS_IMPORT_BIND_REMARK);
}

static void
add_named (Mounter *self,
           DmsJobNode *item,
           const char *suffix,
           const char *source,
           const char *target,
           gboolean ro)
{
  DmsJobNode *described = dms_job_node_get (self->composer->volumes, source);
  DmsJobNode *name = described == NULL ? NULL : dms_job_node_get (described, "name");
  g_autofree char *volume = dms_import_text_to_volume (
      name != NULL && dms_job_node_get_text (name) != NULL ? dms_job_node_get_text (name) : source);

  if (!dms_import_job_add_volume (self->job, volume, target, ro))
    tell (
        self, "volumes", item, suffix, DMS_IMPORT_IMPOSSIBLE, "cannot be mounted there, or is one too many");
  else
    tell (self, "volumes", item, suffix, DMS_IMPORT_TRANSLATED, "");
}

static void
add_anonymous (Mounter *self, DmsJobNode *item, const char *suffix, const char *target)
{
  g_autofree char *wanted = g_strdup_printf ("%s%s", self->name, target);
  g_autofree char *volume = dms_import_text_to_volume (wanted);

  if (dms_import_job_add_volume (self->job, volume, target, FALSE))
    tell (
        self, "volumes", item, suffix, DMS_IMPORT_APPROXIMATED, "it got a name and outlives the deployment");
  else
    tell (
        self, "volumes", item, suffix, DMS_IMPORT_IMPOSSIBLE, "cannot be mounted there, or is one too many");
}

static void
add_short (Mounter *self, DmsJobNode *item, const char *suffix)
{
  g_auto (GStrv) parts = g_strsplit (dms_job_node_get_text (item), ":", 4);
  guint n = g_strv_length (parts);
  gboolean ro = FALSE;

  if (n == 1 && g_path_is_absolute (parts[0]))
    {
      add_anonymous (self, item, suffix, parts[0]);
      return;
    }
  if (n < 2 || n > 3 || *parts[0] == '\0' || !g_path_is_absolute (parts[1]))
    {
      tell (self, "volumes", item, suffix, DMS_IMPORT_IMPOSSIBLE, "must be SOURCE:/TARGET[:ro]");
      return;
    }
  if (n == 3)
    ro = dms_import_text_has_option (parts[2], "ro");
  if (strchr ("./~", *parts[0]) != NULL)
    add_bind (self, item, suffix, parts[0], parts[1], ro);
  else
    add_named (self, item, suffix, parts[0], parts[1], ro);
}

static void
add_long (Mounter *self, DmsJobNode *item, const char *suffix)
{
  g_autoptr (DmsImportReader) volume = dms_import_reader_open_item (self->service, "volumes", item, suffix);
  g_autofree char *type = NULL;
  g_autofree char *source = NULL;
  g_autofree char *target = NULL;
  static const char *const options[] = { "bind", "volume", "tmpfs", "consistency", "image", "cluster" };
  gboolean ro;

  if (volume == NULL)
    return;
  type = dms_import_reader_dup_text (volume, "type");
  source = dms_import_reader_dup_text (volume, "source");
  target = dms_import_reader_dup_text (volume, "target");
  ro = dms_import_reader_get_bool (volume, "read_only", FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      if (dms_import_reader_get (volume, options[i]) != NULL)
        dms_import_reader_note (
            volume, options[i], DMS_IMPORT_APPROXIMATED, "the executor's own way is used");
    }
  if (g_strcmp0 (type, "tmpfs") == 0)
    tell (self,
          "volumes",
          item,
          suffix,
          DMS_IMPORT_APPROXIMATED,
          "left out: the directory is on the container's disk, which ends with it too");
  else if (target == NULL || !g_path_is_absolute (target))
    tell (self, "volumes", item, suffix, DMS_IMPORT_IMPOSSIBLE, "target must be an absolute path");
  else if (g_strcmp0 (type, "bind") == 0 && source != NULL)
    add_bind (self, item, suffix, source, target, ro);
  else if (g_strcmp0 (type, "volume") == 0 && source != NULL)
    add_named (self, item, suffix, source, target, ro);
  else if (g_strcmp0 (type, "volume") == 0)
    add_anonymous (self, item, suffix, target);
  else
    tell (self, "volumes", item, suffix, DMS_IMPORT_IMPOSSIBLE, "only volumes, binds and tmpfs are known");
  dms_import_reader_finish (volume);
}

static void
add_volumes (Mounter *self)
{
  DmsJobNode *list = dms_import_reader_get_list (self->service, "volumes");

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (list, i);
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);

      if (dms_job_node_is_scalar (item))
        add_short (self, item, suffix);
      else
        add_long (self, item, suffix);
    }
  if (dms_import_reader_get (self->service, "tmpfs") != NULL)
    dms_import_reader_note (self->service,
                            "tmpfs",
                            DMS_IMPORT_APPROXIMATED,
                            "left out: the directory is on the container's disk, which ends with it too");
}

/* Ours can be written so that the secret itself is not in the job file: it is read when the file is deployed.
 */
static gboolean
is_safe_reference (const char *path)
{
  return strpbrk (path, "${}|:\n") == NULL;
}

/* The content of a config or secret as `file` of a key; NULL with *why. */
static char *
find_content (Mounter *self, DmsJobNode *described, gboolean secret, gboolean *placeholder, const char **why)
{
  DmsJobNode *file = dms_job_node_get (described, "file");
  DmsJobNode *text = dms_job_node_get (described, "content");
  DmsJobNode *variable = dms_job_node_get (described, "environment");
  g_autofree char *content = NULL;

  *placeholder = FALSE;
  if (file != NULL && dms_job_node_get_text (file) != NULL)
    {
      const char *path = dms_job_node_get_text (file);
      g_autofree char *real = NULL;

      content = dms_import_files_read_text (self->composer->folder, path, NULL);
      *why = "its file cannot be read, is empty, no text, or lies outside the folder of the imported file";
      if (content == NULL || *content == '\0' || !secret)
        return g_steal_pointer (&content);
      real = dms_import_files_resolve (self->composer->folder, path, NULL);
      if (real == NULL || !is_safe_reference (real))
        return NULL;
      *placeholder = TRUE;
      return g_strdup_printf ("${file:%s}", real);
    }
  if (text != NULL && dms_job_node_get_text (text) != NULL)
    return g_strdup (dms_job_node_get_text (text));
  *why = "it is external: describe it with file or environment";
  if (variable == NULL || dms_job_node_get_text (variable) == NULL)
    return NULL;
  *why = "its variable is not set in the environment";
  if (!dms_import_text_is_variable (dms_job_node_get_text (variable)) ||
      g_getenv (dms_job_node_get_text (variable)) == NULL)
    return NULL;
  *placeholder = TRUE;
  return g_strdup_printf ("${%s}", dms_job_node_get_text (variable));
}

static void
add_file (Mounter *self, const char *key, DmsJobNode *map, DmsJobNode *item, const char *suffix)
{
  gboolean secret = strcmp (key, "secrets") == 0;
  gboolean is_map = dms_job_node_get_kind (item) == DMS_JOB_NODE_MAP;
  DmsJobNode *source = is_map ? dms_job_node_get (item, "source") : item;
  DmsJobNode *target = is_map ? dms_job_node_get (item, "target") : NULL;
  const char *name = source == NULL ? NULL : dms_job_node_get_text (source);
  DmsJobNode *described = name == NULL ? NULL : dms_job_node_get (map, name);
  const char *given = target == NULL ? NULL : dms_job_node_get_text (target);
  g_autofree char *destination = NULL;
  g_autofree char *content = NULL;
  gboolean placeholder = FALSE;
  const char *why = "it is not described at the top of the file";

  if (described != NULL && dms_job_node_get_kind (described) == DMS_JOB_NODE_MAP)
    content = find_content (self, described, secret, &placeholder, &why);
  if (content == NULL)
    {
      tell (self, key, item, suffix, DMS_IMPORT_IMPOSSIBLE, why);
      return;
    }
  if (given != NULL && g_path_is_absolute (given))
    destination = g_strdup (given);
  else
    destination = g_strconcat (secret ? "/run/secrets/" : "/", given != NULL ? given : name, NULL);
  if (!dms_import_job_add_file (self->job, destination, content, placeholder))
    tell (self,
          key,
          item,
          suffix,
          DMS_IMPORT_IMPOSSIBLE,
          "it is empty, cannot be put there, or is one too many");
  else
    tell (self,
          key,
          item,
          suffix,
          DMS_IMPORT_APPROXIMATED,
          placeholder
              ? "a file that only the job's user may read; its content is not in the job file but is read "
                "again when that is deployed"
              : "a file that only the job's user may read; its content is in the job file");
}

static void
add_files (Mounter *self, const char *key, DmsJobNode *map)
{
  DmsJobNode *list = dms_import_reader_get_list (self->service, key);

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);

      add_file (self, key, map, dms_job_node_get_item (list, i), suffix);
    }
}

void
dms_import_compose_add_mounts (DmsImportComposer *self,
                               DmsImportReader *service,
                               const char *service_name,
                               DmsImportJob *job)
{
  Mounter mounter = { self, service, service_name, job };

  add_volumes (&mounter);
  add_files (&mounter, "configs", self->configs);
  add_files (&mounter, "secrets", self->secrets);
}

/* `8000` or `8000-8005` */
static gboolean
parse_range (const char *text, guint *first, guint *last)
{
  g_auto (GStrv) ends = g_strsplit (text, "-", 3);
  guint64 low;
  guint64 high;

  if (ends[0] == NULL || !g_ascii_string_to_unsigned (ends[0], 10, 1, 65535, &low, NULL))
    return FALSE;
  high = low;
  if (ends[1] != NULL &&
      (ends[2] != NULL || !g_ascii_string_to_unsigned (ends[1], 10, low, 65535, &high, NULL)))
    return FALSE;
  *first = (guint) low;
  *last = (guint) high;
  return high - low < MAX_RANGE;
}

typedef struct
{
  DmsImportComposer *composer;
  DmsImportReader *service;
  const char *const *names;
  DmsJobNode *item;
  const char *suffix;
} Port;

/* published: (nullable): port or range; empty for any */
static void
add_port (Port *self, const char *address, const char *published, const char *target, const char *protocol)
{
  guint first;
  guint last;
  guint first_public = 0;
  guint last_public = 0;
  gboolean moved = FALSE;
  gboolean full = FALSE;
  gboolean narrow = address != NULL && *address != '\0' && strcmp (address, "0.0.0.0") != 0;

  if (narrow && dms_import_text_is_loopback (address))
    {
      dms_import_reader_note_item (self->service,
                                   "ports",
                                   self->item,
                                   self->suffix,
                                   DMS_IMPORT_IMPOSSIBLE,
                                   "%s",
                                   DMS_IMPORT_CLOSED_REMARK);
      return;
    }
  if (protocol != NULL && g_ascii_strcasecmp (protocol, "tcp") != 0)
    {
      dms_import_reader_note_item (
          self->service,
          "ports",
          self->item,
          self->suffix,
          DMS_IMPORT_IMPOSSIBLE,
          "ports of nodes are TCP; let the program speak TCP, or reach it through the subnet");
      return;
    }
  if (target == NULL || !parse_range (target, &first, &last) ||
      (published != NULL && *published != '\0' && !parse_range (published, &first_public, &last_public)))
    {
      dms_import_reader_note_item (self->service,
                                   "ports",
                                   self->item,
                                   self->suffix,
                                   DMS_IMPORT_IMPOSSIBLE,
                                   "is no port that can be read");
      return;
    }
  for (guint port = first; port <= last; port++)
    {
      /* A range may stand for one port: any of it will do. */
      guint wanted = first_public == 0 ? 0 : MIN (first_public + (port - first), last_public);

      for (guint i = 0; self->names[i] != NULL; i++)
        {
          int got =
              dms_import_node_add_port (self->composer->node, i == 0 ? wanted : 0, port, self->names[i]);

          full = full || got < 0;
          moved = moved || (got >= 0 && (guint) got != wanted);
        }
    }
  if (full)
    dms_import_reader_note_item (self->service,
                                 "ports",
                                 self->item,
                                 self->suffix,
                                 DMS_IMPORT_IMPOSSIBLE,
                                 "a node has 1,024 ports at most");
  else if (moved || narrow)
    dms_import_reader_note_item (
        self->service,
        "ports",
        self->item,
        self->suffix,
        DMS_IMPORT_APPROXIMATED,
        "%s%s%s",
        narrow ? "a port of a node is open at all addresses of the machine, not at one of them" : "",
        moved && narrow ? "; " : "",
        moved ? "ports below 1025, and those that are taken, become any free port; the manifest of "
                "the deployment says which"
              : "");
  else
    dms_import_reader_note_item (
        self->service, "ports", self->item, self->suffix, DMS_IMPORT_TRANSLATED, "%s", "");
}

static void
add_short_port (Port *self)
{
  g_auto (GStrv) halves = g_strsplit (dms_job_node_get_text (self->item), "/", 2);
  const char *text = halves[0] != NULL ? halves[0] : "";
  const char *target = strrchr (text, ':');
  g_autofree char *front = target == NULL ? NULL : g_strndup (text, (gsize) (target - text));
  char *published = front == NULL ? NULL : strrchr (front, ':');
  const char *address = NULL;

  if (published != NULL)
    {
      *published++ = '\0';
      address = front;
    }
  else
    {
      published = front;
    }
  add_port (
      self, address, published, target == NULL ? text : target + 1, halves[0] != NULL ? halves[1] : NULL);
}

static void
add_long_port (Port *self)
{
  g_autoptr (DmsImportReader) port =
      dms_import_reader_open_item (self->service, "ports", self->item, self->suffix);
  g_autofree char *address = NULL;
  g_autofree char *published = NULL;
  g_autofree char *target = NULL;
  g_autofree char *protocol = NULL;
  static const char *const names[] = { "name", "app_protocol" };

  if (port == NULL)
    return;
  address = dms_import_reader_dup_text (port, "host_ip");
  published = dms_import_reader_dup_text (port, "published");
  target = dms_import_reader_dup_text (port, "target");
  protocol = dms_import_reader_dup_text (port, "protocol");
  if (dms_import_reader_get (port, "mode") != NULL)
    dms_import_reader_note (
        port, "mode", DMS_IMPORT_APPROXIMATED, "the port is the machine's, as with mode: host");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (dms_import_reader_get (port, names[i]) != NULL)
        dms_import_reader_note (port, names[i], DMS_IMPORT_TRANSLATED, "has no effect on the job");
    }
  add_port (self, address, published, target, protocol);
  dms_import_reader_finish (port);
}

void
dms_import_compose_add_ports (DmsImportComposer *self, DmsImportReader *service, const char *const *names)
{
  DmsJobNode *list = dms_import_reader_get_list (service, "ports");

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);
      Port port = { self, service, names, dms_job_node_get_item (list, i), suffix };

      if (dms_job_node_is_scalar (port.item))
        add_short_port (&port);
      else
        add_long_port (&port);
    }
}
