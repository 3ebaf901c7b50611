/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-leases.h"

#include "common/dms-json-object.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <glib/gstdio.h>

enum
{
  TICK_MS = 500,
  /* What a job has of its lease to end in good order; the shim kills it when that is over, too. */
  GRACE_SHARE = 10,
  GRACE_MAX_MS = 5 * 1000,
  MAX_FILE = 512,
};

/* Of the clock that counts on while the machine sleeps, and that nobody can set. */
typedef struct
{
  gint64 lease_ms;
  gint64 end_us;
} Lease;

struct _DmsLeases
{
  GObject parent_instance;

  char *jobs_dir;
  /* Allocation ID → Lease */
  GHashTable *leases;
  guint timer;
};

G_DEFINE_FINAL_TYPE (DmsLeases, dms_leases, G_TYPE_OBJECT)

static guint expired_signal;

static void
dms_leases_finalize (GObject *object)
{
  DmsLeases *self = DMS_LEASES (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_hash_table_unref (self->leases);
  g_free (self->jobs_dir);
  G_OBJECT_CLASS (dms_leases_parent_class)->finalize (object);
}

static void
dms_leases_class_init (DmsLeasesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_leases_finalize;
  expired_signal = g_signal_new (
      "expired", DMS_TYPE_LEASES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
dms_leases_init (DmsLeases *self)
{
  self->leases = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

DmsLeases *
dms_leases_new (const char *jobs_dir)
{
  DmsLeases *self = g_object_new (DMS_TYPE_LEASES, NULL);

  self->jobs_dir = g_strdup (jobs_dir);
  return self;
}

static gint64
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

char *
dms_leases_dup_path (DmsLeases *self, const char *allocation_id)
{
  return g_build_filename (self->jobs_dir, allocation_id, "lease", NULL);
}

static gboolean
on_tick (gpointer user_data)
{
  DmsLeases *self = user_data;
  g_autoptr (GPtrArray) over = g_ptr_array_new_with_free_func (g_free);
  gint64 now = now_us ();
  GHashTableIter iter;
  gpointer id;
  gpointer lease;

  g_hash_table_iter_init (&iter, self->leases);
  while (g_hash_table_iter_next (&iter, &id, &lease))
    {
      if (((Lease *) lease)->end_us > now)
        continue;
      g_ptr_array_add (over, g_strdup (id));
      g_hash_table_iter_remove (&iter);
    }
  for (guint i = 0; i < over->len; i++)
    g_signal_emit (self, expired_signal, 0, over->pdata[i]);
  if (g_hash_table_size (self->leases) > 0)
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

static void
keep (DmsLeases *self, const char *allocation_id, gint64 lease_ms, gint64 end_us)
{
  Lease *lease = g_new0 (Lease, 1);

  lease->lease_ms = lease_ms;
  lease->end_us = end_us;
  g_hash_table_replace (self->leases, g_strdup (allocation_id), lease);
  if (self->timer == 0)
    self->timer = g_timeout_add (TICK_MS, on_tick, self);
}

static char *
dup_boot_id (void)
{
  char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    return g_strdup ("");
  return g_strstrip (text);
}

/* Numbers have one width, so that a renewal writes over them in place: that needs no room on a full disk.
 * Each time is there twice, so that a reader can tell half of a line. */
static char *
format (gint64 lease_ms, gint64 end_us, gint64 kill_us)
{
  g_autofree char *boot_id = dup_boot_id ();

  return g_strdup_printf ("1 %s %010" G_GINT64_FORMAT " %018" G_GINT64_FORMAT " %018" G_GINT64_FORMAT
                          " %018" G_GINT64_FORMAT " %018" G_GINT64_FORMAT "\n",
                          boot_id,
                          lease_ms,
                          end_us,
                          kill_us,
                          end_us,
                          kill_us);
}

static gboolean
write_over (const char *path, const char *text)
{
  gsize length = strlen (text);
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  struct stat info;
  gboolean ok;

  if (fd < 0)
    return FALSE;
  ok = fstat (fd, &info) == 0 && info.st_size == (off_t) length &&
       pwrite (fd, text, length, 0) == (gssize) length;
  close (fd);
  return ok;
}

static gboolean
write_new (const char *path, const char *text, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_FAILED, "%s: %s", folder, g_strerror (errno));
      return FALSE;
    }
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

gint64
dms_leases_read_ms (JsonObject *object)
{
  gint64 lease_ms = dms_json_object_get_whole (object, "LeaseMs", 1, DMS_LEASE_MAX_MS, 0);
  gint64 until_us = dms_json_object_get_whole (object, "LeaseUntilUs", 1, G_MAXINT64, 0);
  gint64 left_ms = (until_us - g_get_real_time ()) / 1000;

  /* One that cannot be read is not the same as none. */
  if ((lease_ms == 0 && dms_json_object_get_member (object, "LeaseMs") != NULL) ||
      (until_us == 0 && dms_json_object_get_member (object, "LeaseUntilUs") != NULL))
    return -1;
  if (lease_ms == 0 || until_us == 0)
    return lease_ms;
  return left_ms > 0 ? MIN (lease_ms, left_ms) : -1;
}

gboolean
dms_leases_renew (DmsLeases *self, const char *allocation_id, gint64 lease_ms, GError **error)
{
  Lease *known = g_hash_table_lookup (self->leases, allocation_id);
  g_autofree char *path = dms_leases_dup_path (self, allocation_id);
  g_autofree char *text = NULL;
  g_autoptr (GError) problem = NULL;
  gint64 now = now_us ();
  gint64 end_us;

  lease_ms = CLAMP (lease_ms, 1, DMS_LEASE_MAX_MS);
  /* It is ended in a moment, and may be running elsewhere by now: too late. */
  if (known != NULL && known->end_us <= now)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the lease of “%s” is over", allocation_id);
      return FALSE;
    }
  end_us = now + (lease_ms - MIN (lease_ms / GRACE_SHARE, GRACE_MAX_MS)) * 1000;
  text = format (lease_ms, end_us, now + lease_ms * 1000);
  if ((known == NULL || !write_over (path, text)) && !write_new (path, text, &problem))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_FAILED,
                   "the lease of “%s” cannot be stored in %s: %s",
                   allocation_id,
                   path,
                   problem->message);
      return FALSE;
    }
  keep (self, allocation_id, lease_ms, end_us);
  return TRUE;
}

void
dms_leases_restore (DmsLeases *self, const char *allocation_id)
{
  g_autofree char *path = dms_leases_dup_path (self, allocation_id);
  g_autofree char *boot_id = dup_boot_id ();
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;
  gint64 lease_ms = 0;
  gint64 end_us = 0;
  gsize length = 0;

  /* A lease that cannot be read, or of an earlier start of the machine, is taken for one that is over: it
   * must not run twice. */
  if (g_file_get_contents (path, &text, &length, NULL) && length < MAX_FILE)
    words = g_strsplit (g_strchomp (text), " ", -1);
  if (words != NULL && g_strv_length (words) == 7 && g_str_equal (words[0], "1") &&
      g_str_equal (words[1], boot_id) && g_str_equal (words[3], words[5]))
    {
      lease_ms = CLAMP (g_ascii_strtoll (words[2], NULL, 10), 0, DMS_LEASE_MAX_MS);
      end_us = MIN (g_ascii_strtoll (words[3], NULL, 10), now_us () + lease_ms * 1000);
    }
  keep (self, allocation_id, lease_ms, end_us);
}

gboolean
dms_leases_has (DmsLeases *self, const char *allocation_id)
{
  Lease *known = g_hash_table_lookup (self->leases, allocation_id);

  return known != NULL && known->end_us > now_us ();
}

void
dms_leases_forget (DmsLeases *self, const char *allocation_id)
{
  g_autofree char *path = dms_leases_dup_path (self, allocation_id);

  if (g_hash_table_remove (self->leases, allocation_id))
    g_unlink (path);
}
