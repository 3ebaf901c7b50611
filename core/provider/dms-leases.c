/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-leases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

enum
{
  TICK_MS = 500,
};

typedef struct
{
  gint64 lease_ms;
  /* Monotonic. */
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

static char *
dup_path (DmsLeases *self, const char *allocation_id)
{
  return g_build_filename (self->jobs_dir, allocation_id, "lease", NULL);
}

static gboolean
on_tick (gpointer user_data)
{
  DmsLeases *self = user_data;
  g_autoptr (GPtrArray) over = g_ptr_array_new_with_free_func (g_free);
  gint64 now = g_get_monotonic_time ();
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
keep (DmsLeases *self, const char *allocation_id, gint64 lease_ms, gint64 left_us)
{
  Lease *lease = g_new0 (Lease, 1);

  lease->lease_ms = lease_ms;
  lease->end_us = g_get_monotonic_time () + left_us;
  g_hash_table_replace (self->leases, g_strdup (allocation_id), lease);
  if (self->timer == 0)
    self->timer = g_timeout_add (TICK_MS, on_tick, self);
}

gboolean
dms_leases_renew (DmsLeases *self, const char *allocation_id, gint64 lease_ms, GError **error)
{
  Lease *known = g_hash_table_lookup (self->leases, allocation_id);
  g_autofree char *path = dup_path (self, allocation_id);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *text = NULL;

  lease_ms = CLAMP (lease_ms, DMS_LEASE_MIN_MS, DMS_LEASE_MAX_MS);
  /* It is ended in a moment, and may be running elsewhere by now: too late. */
  if (known != NULL && known->end_us <= g_get_monotonic_time ())
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the lease of “%s” is over", allocation_id);
      return FALSE;
    }
  if (known != NULL && known->lease_ms == lease_ms && utimensat (AT_FDCWD, path, NULL, 0) == 0)
    {
      known->end_us = g_get_monotonic_time () + lease_ms * 1000;
      return TRUE;
    }
  text = g_strdup_printf ("%" G_GINT64_FORMAT "\n", lease_ms);
  if (g_mkdir_with_parents (folder, 0700) != 0 ||
      !g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_FAILED,
                   "the lease of “%s” cannot be stored in %s: %s",
                   allocation_id,
                   path,
                   g_strerror (errno));
      return FALSE;
    }
  keep (self, allocation_id, lease_ms, lease_ms * 1000);
  return TRUE;
}

void
dms_leases_restore (DmsLeases *self, const char *allocation_id)
{
  g_autofree char *path = dup_path (self, allocation_id);
  g_autofree char *text = NULL;
  GStatBuf info;
  gint64 lease_ms;
  gint64 age_us;

  if (g_stat (path, &info) != 0)
    return;
  /* A file that cannot be read is taken for one that is over: it must not run twice. */
  lease_ms = g_file_get_contents (path, &text, NULL, NULL) ? g_ascii_strtoll (text, NULL, 10) : 0;
  lease_ms = CLAMP (lease_ms, 0, DMS_LEASE_MAX_MS);
  age_us = g_get_real_time () - ((gint64) info.st_mtim.tv_sec * G_USEC_PER_SEC + info.st_mtim.tv_nsec / 1000);
  /* So is one of the future: the clock was changed, and nobody knows how old it is. */
  keep (self, allocation_id, lease_ms, age_us < 0 ? 0 : MAX (lease_ms * 1000 - age_us, 0));
}

gboolean
dms_leases_has (DmsLeases *self, const char *allocation_id)
{
  return g_hash_table_contains (self->leases, allocation_id);
}

void
dms_leases_forget (DmsLeases *self, const char *allocation_id)
{
  g_autofree char *path = dup_path (self, allocation_id);

  if (g_hash_table_remove (self->leases, allocation_id))
    g_unlink (path);
}
