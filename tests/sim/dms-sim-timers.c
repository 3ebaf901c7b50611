/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-timers.h"

#include <dlfcn.h>
#include <gmodule.h>

#include "dms-sim-clock.h"

/* Far from those that GLib gives, which begin with 1. */
static const guint first_id = 0x80000000;

typedef struct
{
  guint id;
  gint64 interval_us;
  GSourceFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Timer;

static struct
{
  DmsSimAgenda *agenda;
  /* Number to Timer. */
  GHashTable *timers;
  guint n_made;
} taken;

void
dms_sim_timers_take (DmsSimAgenda *agenda)
{
  taken.agenda = agenda;
  taken.timers = g_hash_table_new (NULL, NULL);
}

void
dms_sim_timers_give_back (void)
{
  taken.agenda = NULL;
  g_clear_pointer (&taken.timers, g_hash_table_unref);
}

static void
end_timer (Timer *timer)
{
  if (timer->destroy != NULL)
    timer->destroy (timer->data);
  g_free (timer);
}

static void
on_timer (gpointer data)
{
  Timer *timer = taken.timers != NULL ? g_hash_table_lookup (taken.timers, data) : NULL;
  guint id = GPOINTER_TO_UINT (data);
  gboolean goes_on = FALSE;
  Timer kept;

  if (timer == NULL)
    return;
  /* It may remove itself: then nothing of it is left. */
  kept = *timer;
  goes_on = kept.func (kept.data);
  timer = g_hash_table_lookup (taken.timers, data);
  if (timer == NULL)
    return;
  if (goes_on)
    {
      dms_sim_agenda_add (
          taken.agenda, dms_sim_clock_get_us () + kept.interval_us, on_timer, GUINT_TO_POINTER (id), NULL);
      return;
    }
  g_hash_table_remove (taken.timers, data);
  end_timer (timer);
}

static guint
add (gint64 interval_us, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  Timer *timer = g_new (Timer, 1);

  *timer = (Timer){ first_id + taken.n_made++, interval_us, func, data, destroy };
  g_hash_table_insert (taken.timers, GUINT_TO_POINTER (timer->id), timer);
  dms_sim_agenda_add (
      taken.agenda, dms_sim_clock_get_us () + interval_us, on_timer, GUINT_TO_POINTER (timer->id), NULL);
  return timer->id;
}

/* What GLib would do. */

typedef guint (
    *AddFull) (gint priority, guint interval, GSourceFunc func, gpointer data, GDestroyNotify notify);

G_MODULE_EXPORT guint
g_timeout_add_full (gint priority, guint interval, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  if (taken.agenda != NULL)
    return add ((gint64) interval * 1000, func, data, notify);
  return ((AddFull) dlsym (RTLD_NEXT, "g_timeout_add_full")) (priority, interval, func, data, notify);
}

G_MODULE_EXPORT guint
g_timeout_add (guint interval, GSourceFunc func, gpointer data)
{
  return g_timeout_add_full (G_PRIORITY_DEFAULT, interval, func, data, NULL);
}

G_MODULE_EXPORT guint
g_timeout_add_seconds_full (gint priority,
                            guint interval,
                            GSourceFunc func,
                            gpointer data,
                            GDestroyNotify notify)
{
  if (taken.agenda != NULL)
    return add ((gint64) interval * G_USEC_PER_SEC, func, data, notify);
  return ((AddFull) dlsym (RTLD_NEXT, "g_timeout_add_seconds_full")) (priority, interval, func, data, notify);
}

G_MODULE_EXPORT guint
g_timeout_add_seconds (guint interval, GSourceFunc func, gpointer data)
{
  return g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, interval, func, data, NULL);
}

G_MODULE_EXPORT gboolean
g_source_remove (guint tag)
{
  Timer *timer = NULL;

  if (tag < first_id)
    return ((gboolean (*) (guint)) dlsym (RTLD_NEXT, "g_source_remove")) (tag);
  if (taken.timers == NULL)
    return TRUE;
  timer = g_hash_table_lookup (taken.timers, GUINT_TO_POINTER (tag));
  if (timer == NULL)
    return FALSE;
  g_hash_table_remove (taken.timers, GUINT_TO_POINTER (tag));
  end_timer (timer);
  return TRUE;
}
