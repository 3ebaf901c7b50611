/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-replay-journal.h"

#include <dms.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "common/dms-file.h"
#include "observability/dms-log.h"

#define MAGIC "DMSRPLY1"
#define MAGIC_SIZE 8
#define HEADER_SIZE 32
/* message, owner, expiry, checksum; little endian. */
#define RECORD_SIZE 24
#define CHECKED_SIZE 20
/* A file that is full is followed by another, so that the old one can be dropped one day. */
#define FILE_SIZE ((gsize) 1024 * 1024)
/* Never rewritten below this; above, when less than a third is alive. */
#define BLOATED_SIZE ((gsize) 8 * 1024 * 1024)
/* The most that is ever read: more than a guard can remember. */
#define MAX_SIZE ((gsize) 256 * 1024 * 1024)
#define MAX_FILES 4096
#define SUFFIX ".seen"
#define SYNC_INTERVAL_MS 1000

typedef struct {
  char *path;
  guint64 number;
  gsize size;
  guint32 last_expiry_s;
} File;

struct _DmsReplayJournal
{
  char *folder;
  guint8 key[DMS_REPLAY_JOURNAL_KEY_SIZE];
  gboolean has_key;
  gboolean damaged;
  GPtrArray *files;
  guint64 next_number;
  /* The last of the files, to append to; -1 before the first record. */
  int fd;
  GSource *sync;
};

static void
file_free (File *file)
{
  g_free (file->path);
  g_free (file);
}

static gint
compare_numbers (gconstpointer a, gconstpointer b)
{
  const File *one = *(File *const *) a;
  const File *other = *(File *const *) b;

  return one->number < other->number ? -1 : one->number > other->number;
}

/* Records */

static guint32
checksum (DmsReplayJournal *self, const guint8 *data)
{
  guint8 hash[crypto_shorthash_BYTES];
  guint32 sum;

  crypto_shorthash (hash, data, CHECKED_SIZE, self->key);
  memcpy (&sum, hash, sizeof sum);
  return sum;
}

static void
pack (DmsReplayJournal *self, const DmsReplayRecord *record, guint8 data[RECORD_SIZE])
{
  guint64 message = GUINT64_TO_LE (record->message);
  guint64 owner = GUINT64_TO_LE (record->owner);
  guint32 expiry_s = GUINT32_TO_LE (record->expiry_s);
  guint32 sum;

  memcpy (data, &message, sizeof message);
  memcpy (data + 8, &owner, sizeof owner);
  memcpy (data + 16, &expiry_s, sizeof expiry_s);
  sum = checksum (self, data);
  memcpy (data + CHECKED_SIZE, &sum, sizeof sum);
}

static gboolean
unpack (DmsReplayJournal *self, const guint8 *data, DmsReplayRecord *record)
{
  guint32 sum = checksum (self, data);

  memcpy (&record->message, data, sizeof record->message);
  memcpy (&record->owner, data + 8, sizeof record->owner);
  memcpy (&record->expiry_s, data + 16, sizeof record->expiry_s);
  record->message = GUINT64_FROM_LE (record->message);
  record->owner = GUINT64_FROM_LE (record->owner);
  record->expiry_s = GUINT32_FROM_LE (record->expiry_s);
  return memcmp (data + CHECKED_SIZE, &sum, sizeof sum) == 0;
}

/* Reading */

static gboolean
read_header (DmsReplayJournal *self, const guint8 *data, gsize size)
{
  if (size < HEADER_SIZE || memcmp (data, MAGIC, MAGIC_SIZE) != 0)
    return FALSE;
  if (self->has_key)
    return memcmp (data + MAGIC_SIZE, self->key, sizeof self->key) == 0;
  memcpy (self->key, data + MAGIC_SIZE, sizeof self->key);
  self->has_key = TRUE;
  return TRUE;
}

static void
read_records (DmsReplayJournal *self,
              File *file,
              const guint8 *data,
              gsize size,
              guint64 now_ns,
              DmsReplayRecordFunc func,
              gpointer user_data)
{
  gsize at;

  for (at = HEADER_SIZE; size - at >= RECORD_SIZE; at += RECORD_SIZE)
    {
      DmsReplayRecord record;

      if (!unpack (self, data + at, &record))
        {
          self->damaged = TRUE;
          continue;
        }
      file->last_expiry_s = MAX (file->last_expiry_s, record.expiry_s);
      if (record.expiry_s >= now_ns / 1000000000)
        func (&record, user_data);
    }
  /* Half a record: the last one was being written. */
  if (at != size)
    self->damaged = TRUE;
}

static void
read_file (DmsReplayJournal *self,
           File *file,
           gsize *left,
           guint64 now_ns,
           DmsReplayRecordFunc func,
           gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = dms_file_read (file->path, *left, &error);
  const guint8 *data;

  if (bytes == NULL)
    {
      self->damaged = TRUE;
      dms_log_event (G_LOG_LEVEL_WARNING, "A replay journal cannot be read", "error", error->message, NULL);
      return;
    }
  data = g_bytes_get_data (bytes, &file->size);
  *left -= file->size;
  /* The daemon may be killed just when it has made the file. */
  if (file->size == 0)
    return;
  if (!read_header (self, data, file->size))
    {
      self->damaged = TRUE;
      return;
    }
  read_records (self, file, data, file->size, now_ns, func, user_data);
}

/* The number of a file's name; FALSE for names that are none of ours. */
static gboolean
parse_name (const char *name, guint64 *number)
{
  gsize length = strlen (name);
  g_autofree char *digits = NULL;

  if (length <= strlen (SUFFIX) || length > 20 + strlen (SUFFIX) || !g_str_has_suffix (name, SUFFIX))
    return FALSE;
  digits = g_strndup (name, length - strlen (SUFFIX));
  return g_ascii_string_to_unsigned (digits, 10, 1, G_MAXUINT64 / 2, number, NULL);
}

static gboolean
find_files (DmsReplayJournal *self, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, &local);
  const char *name;

  if (dir == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot read the folder of the replay journal: %s",
                   local->message);
      return FALSE;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      guint64 number;
      File *file;

      if (!parse_name (name, &number))
        continue;
      file = g_new0 (File, 1);
      file->path = g_build_filename (self->folder, name, NULL);
      file->number = number;
      g_ptr_array_add (self->files, file);
      self->next_number = MAX (self->next_number, number + 1);
    }
  g_ptr_array_sort (self->files, compare_numbers);
  return TRUE;
}

static void
drop_file (DmsReplayJournal *self, guint index)
{
  File *file = g_ptr_array_index (self->files, index);

  if (g_unlink (file->path) < 0 && errno != ENOENT)
    dms_log_event (G_LOG_LEVEL_WARNING, "An old file of the replay journal cannot be removed", "path",
                   file->path, "error", g_strerror (errno), NULL);
  g_ptr_array_remove_index (self->files, index);
}

static void
drop_expired (DmsReplayJournal *self, guint64 now_ns, guint n_kept)
{
  for (guint i = self->files->len; i > n_kept; i--)
    {
      File *file = g_ptr_array_index (self->files, i - 1 - n_kept);

      if (file->last_expiry_s < now_ns / 1000000000)
        drop_file (self, i - 1 - n_kept);
    }
}

static void
read_all (DmsReplayJournal *self, guint64 now_ns, DmsReplayRecordFunc func, gpointer user_data)
{
  gsize left = MAX_SIZE;

  /* The newest matter most. */
  while (self->files->len > MAX_FILES)
    {
      drop_file (self, 0);
      self->damaged = TRUE;
    }
  for (guint i = self->files->len; i > 0; i--)
    read_file (self, g_ptr_array_index (self->files, i - 1), &left, now_ns, func, user_data);
  drop_expired (self, now_ns, 0);
}

/* Writing */

static gboolean
write_failed (const char *path, GError **error)
{
  int number = errno;

  g_set_error (error, DMS_ERROR,
               number == ENOSPC || number == EDQUOT || number == EFBIG ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO,
               "cannot write “%s”: %s; messages are refused until it can be written, since a replay would "
               "not be noticed",
               path, g_strerror (number));
  return FALSE;
}

static gboolean
write_all (int fd, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      gssize count = write (fd, data, size);

      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return FALSE;
      data += count;
      size -= (gsize) count;
    }
  return TRUE;
}

/* -1 with the error. */
static int
create_file (DmsReplayJournal *self, const char *path, GError **error)
{
  guint8 header[HEADER_SIZE] = MAGIC;
  int fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

  memcpy (header + MAGIC_SIZE, self->key, sizeof self->key);
  if (fd >= 0 && write_all (fd, header, sizeof header))
    return fd;
  write_failed (path, error);
  if (fd >= 0)
    {
      close (fd);
      g_unlink (path);
    }
  return -1;
}

static File *
current_file (DmsReplayJournal *self)
{
  return self->fd >= 0 ? g_ptr_array_index (self->files, self->files->len - 1) : NULL;
}

static void
add_file (DmsReplayJournal *self, char *path, gsize size, guint32 last_expiry_s)
{
  File *file = g_new0 (File, 1);

  file->path = path;
  file->number = self->next_number++;
  file->size = size;
  file->last_expiry_s = last_expiry_s;
  g_ptr_array_add (self->files, file);
}

static char *
next_path (DmsReplayJournal *self)
{
  g_autofree char *name = g_strdup_printf ("%" G_GUINT64_FORMAT SUFFIX, self->next_number);

  return g_build_filename (self->folder, name, NULL);
}

static void
close_current (DmsReplayJournal *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

/* The disk: off the main loop, for disks may be slow. */

static void
sync_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  int fd = GPOINTER_TO_INT (task_data);

  fdatasync (fd);
  close (fd);
}

static void
sync_current (DmsReplayJournal *self)
{
  int fd = self->fd >= 0 ? fcntl (self->fd, F_DUPFD_CLOEXEC, 0) : -1;
  g_autoptr (GTask) task = NULL;

  if (fd < 0)
    return;
  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_task_data (task, GINT_TO_POINTER (fd), NULL);
  g_task_run_in_thread (task, sync_in_thread);
}

static gboolean
on_sync (gpointer user_data)
{
  DmsReplayJournal *self = user_data;

  g_clear_pointer (&self->sync, g_source_unref);
  sync_current (self);
  return G_SOURCE_REMOVE;
}

static void
sync_soon (DmsReplayJournal *self)
{
  if (self->sync != NULL)
    return;
  self->sync = g_timeout_source_new (SYNC_INTERVAL_MS);
  g_source_set_callback (self->sync, on_sync, self, NULL);
  g_source_attach (self->sync, g_main_context_get_thread_default ());
}

static gboolean
begin_file (DmsReplayJournal *self, guint64 now_ns, GError **error)
{
  g_autofree char *path = next_path (self);
  int fd = create_file (self, path, error);

  if (fd < 0)
    return FALSE;
  sync_current (self);
  close_current (self);
  self->fd = fd;
  add_file (self, g_steal_pointer (&path), HEADER_SIZE, 0);
  drop_expired (self, now_ns, 1);
  return TRUE;
}

/* The journal */

static gboolean
make_folder (const char *folder, GError **error)
{
  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot make the folder “%s”: %s", folder, g_strerror (errno));
  return FALSE;
}

DmsReplayJournal *
dms_replay_journal_open (const char *folder,
                         guint64 now_ns,
                         DmsReplayRecordFunc func,
                         gpointer user_data,
                         GError **error)
{
  g_autoptr (DmsReplayJournal) self = g_new0 (DmsReplayJournal, 1);

  self->folder = g_strdup (folder);
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) file_free);
  self->next_number = 1;
  self->fd = -1;
  if (!make_folder (folder, error) || !find_files (self, error))
    return NULL;
  read_all (self, now_ns, func, user_data);
  if (!self->has_key)
    crypto_shorthash_keygen (self->key);
  /* Better now than with the first message. */
  if (!begin_file (self, now_ns, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
dms_replay_journal_free (DmsReplayJournal *self)
{
  if (self->sync != NULL)
    g_source_destroy (self->sync);
  g_clear_pointer (&self->sync, g_source_unref);
  if (self->fd >= 0)
    fdatasync (self->fd);
  close_current (self);
  sodium_memzero (self->key, sizeof self->key);
  g_ptr_array_unref (self->files);
  g_free (self->folder);
  g_free (self);
}

const guint8 *
dms_replay_journal_get_key (DmsReplayJournal *self)
{
  return self->key;
}

gboolean
dms_replay_journal_is_damaged (DmsReplayJournal *self)
{
  return self->damaged;
}

gboolean
dms_replay_journal_append (DmsReplayJournal *self,
                           const DmsReplayRecord *record,
                           guint64 now_ns,
                           GError **error)
{
  guint8 data[RECORD_SIZE];
  File *file = current_file (self);

  if (file == NULL || file->size + RECORD_SIZE > FILE_SIZE)
    {
      if (!begin_file (self, now_ns, error))
        return FALSE;
      file = current_file (self);
    }
  pack (self, record, data);
  if (!write_all (self->fd, data, sizeof data))
    {
      write_failed (file->path, error);
      /* Half a record would shift all that follow. What cannot be cut off is not written to again. */
      if (ftruncate (self->fd, (off_t) file->size) < 0)
        close_current (self);
      return FALSE;
    }
  file->size += RECORD_SIZE;
  file->last_expiry_s = MAX (file->last_expiry_s, record->expiry_s);
  sync_soon (self);
  return TRUE;
}

gsize
dms_replay_journal_get_size (DmsReplayJournal *self)
{
  gsize size = 0;

  for (guint i = 0; i < self->files->len; i++)
    size += ((File *) g_ptr_array_index (self->files, i))->size;
  return size;
}

guint
dms_replay_journal_get_n_files (DmsReplayJournal *self)
{
  return self->files->len;
}

gboolean
dms_replay_journal_is_bloated (DmsReplayJournal *self, guint n_live)
{
  return dms_replay_journal_get_size (self) > MAX (BLOATED_SIZE, (gsize) n_live * RECORD_SIZE * 3);
}

static gboolean
write_records (DmsReplayJournal *self,
               int fd,
               const DmsReplayRecord *records,
               guint n_records,
               guint32 *last_expiry_s)
{
  g_autofree guint8 *data = g_malloc ((gsize) n_records * RECORD_SIZE + 1);

  for (guint i = 0; i < n_records; i++)
    {
      pack (self, &records[i], data + (gsize) i * RECORD_SIZE);
      *last_expiry_s = MAX (*last_expiry_s, records[i].expiry_s);
    }
  return write_all (fd, data, (gsize) n_records * RECORD_SIZE);
}

gboolean
dms_replay_journal_rewrite (DmsReplayJournal *self,
                            const DmsReplayRecord *records,
                            guint n_records,
                            GError **error)
{
  g_autofree char *path = next_path (self);
  int fd = create_file (self, path, error);
  guint32 last_expiry_s = 0;

  if (fd < 0)
    return FALSE;
  /* A record that is in two files does no harm: until all is written, nothing is dropped. */
  if (!write_records (self, fd, records, n_records, &last_expiry_s))
    {
      write_failed (path, error);
      close (fd);
      g_unlink (path);
      return FALSE;
    }
  close_current (self);
  while (self->files->len > 0)
    drop_file (self, self->files->len - 1);
  self->fd = fd;
  add_file (self, g_steal_pointer (&path), HEADER_SIZE + (gsize) n_records * RECORD_SIZE, last_expiry_s);
  sync_soon (self);
  return TRUE;
}
