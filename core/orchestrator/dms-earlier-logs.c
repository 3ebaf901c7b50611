/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-earlier-logs.h"

#include "observability/dms-log.h"
#include "orchestrator/dms-log-fetch.h"

#include <string.h>

#define MARK ".before-"
#define LATE "the update did not wait any longer for the machine to give all of it"

enum
{
  /* An update waits so long for them, as the end of a deployment does. */
  WAIT_SECONDS = 5,
  /* Of each name. */
  MAX_KEPT = 5,
};

struct _DmsEarlierLogs
{
  DmsActor *actor;
  char *ensemble_id;
  char *directory;
  /* (element-type DmsLogFetch) */
  GPtrArray *fetches;
  guint n_open;
  guint timer;
  DmsEarlierLogsFunc done;
  gpointer user_data;
};

/* Names */

/* 0: it is none. */
static guint64
number_of (const char *name)
{
  const char *mark = g_strrstr (name, MARK);
  guint64 number = 0;

  if (mark == NULL || mark == name || mark[strlen (MARK)] == '0' ||
      !g_ascii_string_to_unsigned (mark + strlen (MARK), 10, 1, G_MAXUINT32, &number, NULL))
    return 0;
  return number;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const char *one = *(const char *const *) a;
  const char *other = *(const char *const *) b;
  g_autofree char *key = g_strndup (one, (gsize) (g_strrstr (one, MARK) - one));
  g_autofree char *other_key = g_strndup (other, (gsize) (g_strrstr (other, MARK) - other));
  int order = strcmp (key, other_key);

  if (order != 0)
    return order;
  return number_of (one) < number_of (other) ? -1 : number_of (one) > number_of (other);
}

GStrv
dms_earlier_logs_list (const char *directory, const char *key)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autofree char *prefix = key == NULL ? g_strdup ("") : g_strconcat (key, MARK, NULL);
  GPtrArray *names = g_ptr_array_new ();
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      if (g_str_has_prefix (name, prefix) && number_of (name) > 0)
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_free (names, FALSE);
}

/* (transfer full): where the next one goes; the oldest make room for it. */
static char *
make_room (DmsEarlierLogs *self, const char *key)
{
  g_auto (GStrv) names = dms_earlier_logs_list (self->directory, key);
  guint n = g_strv_length (names);
  guint64 next = n > 0 ? number_of (names[n - 1]) + 1 : 1;
  g_autofree char *name = g_strdup_printf ("%s" MARK "%" G_GUINT64_FORMAT, key, next);

  for (guint i = 0; i + MAX_KEPT <= n; i++)
    {
      g_autofree char *path = g_build_filename (self->directory, names[i], NULL);

      dms_log_fetch_remove (path);
    }
  return g_build_filename (self->directory, name, NULL);
}

/* Fetching */

DmsEarlierLogs *
dms_earlier_logs_new (DmsActor *actor, const char *ensemble_id, const char *directory)
{
  DmsEarlierLogs *self = g_new0 (DmsEarlierLogs, 1);

  self->actor = g_object_ref (actor);
  self->ensemble_id = g_strdup (ensemble_id);
  self->directory = g_strdup (directory);
  self->fetches = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

void
dms_earlier_logs_free (DmsEarlierLogs *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  for (guint i = 0; i < self->fetches->len; i++)
    {
      g_signal_handlers_disconnect_by_data (self->fetches->pdata[i], self);
      dms_log_fetch_stop (self->fetches->pdata[i]);
    }
  g_ptr_array_unref (self->fetches);
  g_object_unref (self->actor);
  g_free (self->ensemble_id);
  g_free (self->directory);
  g_free (self);
}

static void
finish (DmsEarlierLogs *self)
{
  DmsEarlierLogsFunc done = self->done;

  g_clear_handle_id (&self->timer, g_source_remove);
  self->done = NULL;
  if (done != NULL)
    done (self->user_data);
}

static void
warn (DmsEarlierLogs *self, DmsLogFetch *fetch, const char *error)
{
  dms_log_event (G_LOG_LEVEL_WARNING,
                 "earlier_logs_not_fetched",
                 "orchestratorID",
                 self->ensemble_id,
                 "directory",
                 dms_log_fetch_get_directory (fetch),
                 "error",
                 error,
                 NULL);
}

/* Nobody looks for what was never written. */
static void
remove_if_empty (DmsLogFetch *fetch)
{
  if (dms_log_fetch_get_bytes (fetch) == 0)
    dms_log_fetch_remove (dms_log_fetch_get_directory (fetch));
}

static void
on_ended (DmsLogFetch *fetch, gpointer user_data)
{
  DmsEarlierLogs *self = user_data;

  if (dms_log_fetch_get_state (fetch) != DMS_LOG_FETCH_COMPLETE)
    warn (self, fetch, dms_log_fetch_get_error (fetch));
  remove_if_empty (fetch);
  if (--self->n_open == 0)
    finish (self);
}

void
dms_earlier_logs_add (DmsEarlierLogs *self, DmsHandle *machine, const char *key)
{
  g_autofree char *allocation_id = g_strdup_printf ("%s_%s", self->ensemble_id, key);
  g_autofree char *directory = make_room (self, key);
  DmsLogFetch *fetch =
      dms_log_fetch_new (self->actor, machine, self->ensemble_id, allocation_id, directory, FALSE, 0);

  g_signal_connect (fetch, "ended", G_CALLBACK (on_ended), self);
  g_ptr_array_add (self->fetches, fetch);
}

/* What has come by now is all there will be. */
static gboolean
on_late (gpointer user_data)
{
  DmsEarlierLogs *self = user_data;

  self->timer = 0;
  for (guint i = 0; i < self->fetches->len; i++)
    {
      DmsLogFetch *fetch = self->fetches->pdata[i];

      g_signal_handlers_disconnect_by_data (fetch, self);
      if (dms_log_fetch_get_state (fetch) != DMS_LOG_FETCH_RUNNING)
        continue;
      dms_log_fetch_give_up (fetch, LATE);
      warn (self, fetch, LATE);
      remove_if_empty (fetch);
    }
  finish (self);
  return G_SOURCE_REMOVE;
}

void
dms_earlier_logs_fetch (DmsEarlierLogs *self, DmsEarlierLogsFunc done, gpointer user_data)
{
  self->done = done;
  self->user_data = user_data;
  /* Held open until all have begun. */
  self->n_open = 1;
  for (guint i = 0; i < self->fetches->len; i++)
    {
      DmsLogFetch *fetch = self->fetches->pdata[i];
      g_autoptr (GError) error = NULL;

      if (dms_log_fetch_start (fetch, &error))
        self->n_open++;
      else
        warn (self, fetch, error->message);
    }
  if (--self->n_open == 0)
    finish (self);
  else
    self->timer = g_timeout_add_seconds (WAIT_SECONDS, on_late, self);
}
