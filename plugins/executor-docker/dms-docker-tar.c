/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-tar.h"

#include <string.h>

/* The header of POSIX.1-1988 ustar. */
typedef struct
{
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[100];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char major[8];
  char minor[8];
  char prefix[155];
  char padding[12];
} Header;

G_STATIC_ASSERT (sizeof (Header) == 512);

struct _DmsDockerTar
{
  GByteArray *bytes;
};

DmsDockerTar *
dms_docker_tar_new (void)
{
  DmsDockerTar *self = g_new0 (DmsDockerTar, 1);

  self->bytes = g_byte_array_new ();
  return self;
}

void
dms_docker_tar_free (DmsDockerTar *self)
{
  g_clear_pointer (&self->bytes, g_byte_array_unref);
  g_free (self);
}

static void
pad (DmsDockerTar *self)
{
  static const guint8 zeros[512] = { 0 };
  guint over = self->bytes->len % 512;

  if (over != 0)
    g_byte_array_append (self->bytes, zeros, 512 - over);
}

static void
add_entry (DmsDockerTar *self,
           const char *name,
           char type,
           guint mode,
           guint uid,
           guint gid,
           gconstpointer data,
           gsize size)
{
  Header header = { 0 };
  guint sum = 0;

  memcpy (header.name, name, MIN (strlen (name), sizeof header.name));
  g_snprintf (header.mode, sizeof header.mode, "%07o", mode & 07777);
  g_snprintf (header.uid, sizeof header.uid, "%07o", uid & 07777777);
  g_snprintf (header.gid, sizeof header.gid, "%07o", gid & 07777777);
  g_snprintf (header.size, sizeof header.size, "%011o", (guint) size);
  g_snprintf (header.mtime, sizeof header.mtime, "%011o", 0);
  header.type = type;
  memcpy (header.magic, "ustar", 6);
  memcpy (header.version, "00", 2);
  memset (header.checksum, ' ', sizeof header.checksum);
  for (gsize i = 0; i < sizeof header; i++)
    sum += ((const guint8 *) &header)[i];
  g_snprintf (header.checksum, sizeof header.checksum, "%06o", sum);
  g_byte_array_append (self->bytes, (const guint8 *) &header, sizeof header);
  if (size > 0)
    g_byte_array_append (self->bytes, data, (guint) size);
  pad (self);
}

/* Names beyond 100 bytes go before their entry in one of type L, as GNU tar writes and every engine reads. */
static void
add_named (DmsDockerTar *self,
           const char *path,
           char type,
           guint mode,
           guint uid,
           guint gid,
           gconstpointer data,
           gsize size)
{
  while (*path == '/')
    path++;
  if (strlen (path) > sizeof ((Header *) NULL)->name)
    add_entry (self, "././@LongLink", 'L', 0, 0, 0, path, strlen (path) + 1);
  add_entry (self, path, type, mode, uid, gid, data, size);
}

/* Adds a directory; one that exists in the container takes on this mode and owner. */
void
dms_docker_tar_add_directory (DmsDockerTar *self, const char *path, guint mode, guint uid, guint gid)
{
  g_autofree char *name = g_str_has_suffix (path, "/") ? g_strdup (path) : g_strconcat (path, "/", NULL);

  add_named (self, name, '5', mode, uid, gid, NULL, 0);
}

void
dms_docker_tar_add_file (DmsDockerTar *self,
                         const char *path,
                         guint mode,
                         guint uid,
                         guint gid,
                         GBytes *content)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (content, &size);

  add_named (self, path, '0', mode, uid, gid, data, size);
}

GBytes *
dms_docker_tar_end (DmsDockerTar *self)
{
  static const guint8 zeros[1024] = { 0 };

  g_byte_array_append (self->bytes, zeros, sizeof zeros);
  return g_byte_array_free_to_bytes (g_steal_pointer (&self->bytes));
}

/* Octal digits, ended by a space, a zero or the field's end. */
static gboolean
parse_octal (const char *field, gsize size, guint64 *value)
{
  gsize i = 0;

  *value = 0;
  while (i < size && field[i] == ' ')
    i++;
  for (; i < size && field[i] != '\0' && field[i] != ' '; i++)
    {
      if (field[i] < '0' || field[i] > '7')
        return FALSE;
      *value = *value * 8 + (guint64) (field[i] - '0');
    }
  return TRUE;
}

static GBytes *
find_file (GBytes *archive, const char *skipped)
{
  gsize total;
  const guint8 *data = g_bytes_get_data (archive, &total);
  gsize offset = 0;

  while (offset + sizeof (Header) <= total)
    {
      Header header;
      guint64 size;

      memcpy (&header, data + offset, sizeof header);
      offset += sizeof header;
      if (memcmp (header.magic, "ustar", 5) != 0 || !parse_octal (header.size, sizeof header.size, &size) ||
          size > total - offset)
        return NULL;
      if (header.type == '0' || header.type == '\0')
        return g_bytes_new_from_bytes (archive, offset, (gsize) size);
      if (skipped != NULL && strchr (skipped, header.type) == NULL)
        return NULL;
      offset += MIN ((gsize) ((size + 511) & ~G_GUINT64_CONSTANT (511)), total - offset);
    }
  return NULL;
}

GBytes *
dms_docker_tar_read_file (GBytes *archive)
{
  return find_file (archive, NULL);
}

/* Long names and times stand in entries of their own. */
GBytes *
dms_docker_tar_read_only_file (GBytes *archive)
{
  return find_file (archive, "Lxg");
}
