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

/* A source of a timeout, which never comes into a main context: a timer calls what it was given. */
typedef struct
{
  GSource parent;
  gint64 interval_us;
  guint id;
} TimerSource;

/* Nobody prepares, checks or dispatches it. */
static GSourceFuncs timer_source_funcs;

static gboolean
is_timer (GSource *source)
{
  return source->source_funcs == &timer_source_funcs;
}

static gboolean
on_source (gpointer data)
{
  GSource *source = data;
  GSourceFunc func = NULL;
  gpointer user_data = NULL;
  gboolean goes_on = FALSE;

  if (g_source_is_destroyed (source) || source->callback_funcs == NULL)
    return G_SOURCE_REMOVE;
  g_source_ref (source);
  source->callback_funcs->get (source->callback_data, source, &func, &user_data);
  goes_on = func != NULL && func (user_data) && !g_source_is_destroyed (source);
  if (!goes_on)
    g_source_destroy (source);
  g_source_unref (source);
  return goes_on;
}

/* What GLib would do. */

typedef GSource *(*NewSource) (guint interval);
typedef guint (*Attach) (GSource *source, GMainContext *context);
typedef void (*Destroy) (GSource *source);

static GSource *
new_source (gint64 interval_us)
{
  GSource *source = g_source_new (&timer_source_funcs, sizeof (TimerSource));

  ((TimerSource *) source)->interval_us = interval_us;
  return source;
}

G_MODULE_EXPORT GSource *
g_timeout_source_new (guint interval)
{
  if (taken.agenda != NULL)
    return new_source ((gint64) interval * 1000);
  return ((NewSource) dlsym (RTLD_NEXT, "g_timeout_source_new")) (interval);
}

G_MODULE_EXPORT GSource *
g_timeout_source_new_seconds (guint interval)
{
  if (taken.agenda != NULL)
    return new_source ((gint64) interval * G_USEC_PER_SEC);
  return ((NewSource) dlsym (RTLD_NEXT, "g_timeout_source_new_seconds")) (interval);
}

G_MODULE_EXPORT guint
g_source_attach (GSource *source, GMainContext *context)
{
  static Attach attach;
  TimerSource *timer = (TimerSource *) source;

  if (attach == NULL)
    attach = (Attach) dlsym (RTLD_NEXT, "g_source_attach");
  if (!is_timer (source))
    return attach (source, context);
  g_return_val_if_fail (taken.agenda != NULL && timer->id == 0, 0);
  g_return_val_if_fail (context == NULL || context == g_main_context_default (), 0);
  timer->id = add (timer->interval_us, on_source, g_source_ref (source), (GDestroyNotify) g_source_unref);
  return timer->id;
}

G_MODULE_EXPORT void
g_source_destroy (GSource *source)
{
  static Destroy destroy;

  if (destroy == NULL)
    destroy = (Destroy) dlsym (RTLD_NEXT, "g_source_destroy");
  destroy (source);
  if (is_timer (source) && ((TimerSource *) source)->id != 0)
    g_source_remove (((TimerSource *) source)->id);
}

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
