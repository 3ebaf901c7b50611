/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_ITEMS = 4096,
  MAX_KEY = 32,
};

static bool
add_string (char ***list, size_t *count, const char *value)
{
  if (*count >= MAX_ITEMS)
    return false;
  *list = realloc (*list, (*count + 2) * sizeof (char *));
  if (*list == NULL)
    _exit (70);
  (*list)[(*count)++] = dms_shim_strdup (value);
  (*list)[*count] = NULL;
  return true;
}

static bool
set_string (char **slot, const char *value)
{
  if (*slot != NULL)
    return false;
  *slot = dms_shim_strdup (value);
  return true;
}

static bool
set_number (uint64_t *slot, const char *value)
{
  char *end = NULL;

  if (!isdigit ((unsigned char) value[0]))
    return false;
  errno = 0;
  *slot = strtoull (value, &end, 10);
  return errno == 0 && *end == '\0';
}

/* Source, NUL, destination. */
static bool
add_bind (DmsShimSpec *self, const char *value, size_t length, bool read_only)
{
  size_t source_length = strnlen (value, length);
  DmsShimBind *bind;

  if (self->n_binds >= MAX_ITEMS || source_length + 1 >= length || value[0] != '/' ||
      value[source_length + 1] != '/')
    return false;
  self->binds = realloc (self->binds, (self->n_binds + 1) * sizeof *self->binds);
  if (self->binds == NULL)
    _exit (70);
  bind = &self->binds[self->n_binds++];
  bind->source = dms_shim_strdup (value);
  bind->destination = dms_shim_strdup (value + source_length + 1);
  bind->read_only = read_only;
  return true;
}

/* Name, NUL, bytes. */
static bool
add_blob (DmsShimBlob **list, size_t *count, const char *value, size_t length)
{
  size_t name_length = strnlen (value, length);
  DmsShimBlob *blob;

  if (*count >= MAX_ITEMS || name_length == 0 || name_length >= length)
    return false;
  *list = realloc (*list, (*count + 1) * sizeof **list);
  if (*list == NULL)
    _exit (70);
  blob = &(*list)[(*count)++];
  blob->name = dms_shim_strdup (value);
  blob->length = length - name_length - 1;
  blob->bytes = dms_shim_alloc (blob->length + 1);
  memcpy (blob->bytes, value + name_length + 1, blob->length);
  return true;
}

static bool
add_ssh_key (DmsShimSpec *self, const char *value, size_t length)
{
  dms_shim_buffer_append (&self->ssh_keys, value, length);
  if (length > 0 && value[length - 1] != '\n')
    dms_shim_buffer_append (&self->ssh_keys, "\n", 1);
  return true;
}

/* Value is followed by a NUL that is not counted. */
static bool
take_structured (DmsShimSpec *self, const char *key, const char *value, size_t length, bool *known)
{
  *known = true;
  if (strcmp (key, "bind_ro") == 0)
    return add_bind (self, value, length, true);
  if (strcmp (key, "bind_rw") == 0)
    return add_bind (self, value, length, false);
  if (strcmp (key, "script") == 0)
    return add_blob (&self->scripts, &self->n_scripts, value, length);
  if (strcmp (key, "file") == 0)
    return add_blob (&self->files, &self->n_files, value, length);
  if (strcmp (key, "ssh_key") == 0)
    return add_ssh_key (self, value, length);
  *known = false;
  return false;
}

static bool
take_text (DmsShimSpec *self, const char *key, const char *value)
{
  struct
  {
    const char *key;
    char **slot;
  } const texts[] = {
    { "state_dir", &self->state_dir },
    { "execution_id", &self->execution_id },
    { "job_id", &self->job_id },
    { "bwrap", &self->bwrap },
    { "cwd", &self->cwd },
    { "rootfs", &self->rootfs },
    { "hostname", &self->hostname },
    { "lease", &self->lease },
  };
  struct
  {
    const char *key;
    uint64_t *slot;
  } const numbers[] = {
    { "cpu_quota_us", &self->cpu_quota_us }, { "memory_bytes", &self->memory_bytes },
    { "disk_bytes", &self->disk_bytes },     { "pids", &self->pids },
    { "log_bytes", &self->log_bytes },
  };

  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (strcmp (key, texts[i].key) == 0)
      return set_string (texts[i].slot, value);
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (strcmp (key, numbers[i].key) == 0)
      return set_number (numbers[i].slot, value);
  if (strcmp (key, "arg") == 0)
    return add_string (&self->args, &self->n_args, value);
  if (strcmp (key, "env") == 0)
    return strchr (value, '=') != NULL && value[0] != '=' && add_string (&self->env, &self->n_env, value);
  if (strcmp (key, "device") == 0)
    return strncmp (value, "/dev/", 5) == 0 && add_string (&self->devices, &self->n_devices, value);
  if (strcmp (key, "network") == 0)
    {
      self->host_network = strcmp (value, "host") == 0;
      return self->host_network || strcmp (value, "none") == 0;
    }
  if (strcmp (key, "version") == 0)
    return strcmp (value, "1") == 0;
  return false;
}

static bool
take_record (DmsShimSpec *self, const char *key, const char *value, size_t length)
{
  bool known = false;
  bool ok = take_structured (self, key, value, length, &known);

  if (known)
    return ok;
  return strnlen (value, length) == length && take_text (self, key, value);
}

static char *
find_missing (const DmsShimSpec *self)
{
  if (self->state_dir == NULL || self->state_dir[0] != '/')
    return dms_shim_strdup ("the description of the job has no absolute “state_dir”");
  if (self->execution_id == NULL || self->execution_id[0] == '\0' ||
      strspn (self->execution_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
          strlen (self->execution_id))
    return dms_shim_strdup ("the description of the job has no usable “execution_id”");
  if (self->bwrap == NULL || self->bwrap[0] != '/')
    return dms_shim_strdup ("the description of the job has no absolute “bwrap”");
  if (self->n_args == 0 || self->args[0][0] == '\0')
    return dms_shim_strdup ("the description of the job has no “arg”");
  if (self->rootfs != NULL && self->rootfs[0] != '/')
    return dms_shim_strdup ("“rootfs” in the description of the job is not absolute");
  if (self->lease != NULL && self->lease[0] != '/')
    return dms_shim_strdup ("“lease” in the description of the job is not absolute");
  return NULL;
}

/* One record at @at: `key length\n`, the bytes, `\n`. The end of it, or 0. */
static size_t
parse_record (DmsShimSpec *self, const char *bytes, size_t length, size_t at, char key[MAX_KEY + 1])
{
  size_t key_length = 0;
  size_t size = 0;
  size_t digits = 0;
  char *value;
  bool ok;

  memset (key, 0, MAX_KEY + 1);
  while (at < length && bytes[at] != ' ')
    {
      if (key_length == MAX_KEY)
        return 0;
      key[key_length++] = bytes[at++];
    }
  for (at++; at < length && bytes[at] != '\n'; at++)
    {
      if (!isdigit ((unsigned char) bytes[at]) || ++digits > 10)
        return 0;
      size = size * 10 + (size_t) (bytes[at] - '0');
    }
  at++;
  if (digits == 0 || at >= length || size >= length - at || bytes[at + size] != '\n')
    return 0;
  value = dms_shim_alloc (size + 1);
  memcpy (value, bytes + at, size);
  ok = take_record (self, key, value, size);
  free (value);
  return ok ? at + size + 1 : 0;
}

DmsShimSpec *
dms_shim_spec_parse (const char *bytes, size_t length, char **error)
{
  DmsShimSpec *self = dms_shim_alloc (sizeof *self);
  char key[MAX_KEY + 1] = "";
  size_t at = 0;

  while (at < length && *error == NULL)
    {
      at = parse_record (self, bytes, length, at, key);
      if (at == 0)
        {
          *error = dms_shim_printf ("the description of the job is malformed at “%.32s”", key);
          break;
        }
    }
  if (*error == NULL)
    *error = find_missing (self);
  if (*error == NULL)
    return self;
  dms_shim_spec_free (self);
  return NULL;
}

static void
free_strings (char **list, size_t count)
{
  for (size_t i = 0; i < count; i++)
    free (list[i]);
  free (list);
}

static void
free_blobs (DmsShimBlob *list, size_t count)
{
  for (size_t i = 0; i < count; i++)
    {
      free (list[i].name);
      explicit_bzero (list[i].bytes, list[i].length);
      free (list[i].bytes);
    }
  free (list);
}

void
dms_shim_spec_free (DmsShimSpec *self)
{
  if (self == NULL)
    return;
  free (self->state_dir);
  free (self->execution_id);
  free (self->job_id);
  free (self->bwrap);
  free (self->cwd);
  free (self->rootfs);
  free (self->hostname);
  free (self->lease);
  free_strings (self->args, self->n_args);
  free_strings (self->env, self->n_env);
  free_strings (self->devices, self->n_devices);
  for (size_t i = 0; i < self->n_binds; i++)
    {
      free (self->binds[i].source);
      free (self->binds[i].destination);
    }
  free (self->binds);
  free_blobs (self->scripts, self->n_scripts);
  free_blobs (self->files, self->n_files);
  dms_shim_buffer_clear (&self->ssh_keys);
  free (self);
}
