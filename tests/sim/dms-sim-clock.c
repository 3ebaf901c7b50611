/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-clock.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum
{
  /* GLib waits in milliseconds; what happens on the network within one is handed over together, or the main
   * loop would look at the timers of all nodes for every packet. */
  TICK_US = 1000,
};

/* When the simulated world begins: 2026-01-01. And what the monotonic clock shows then: not 0, which some
 * code takes for "never". */
static const gint64 epoch_s = 1767225600;
static const gint64 uptime_us = 3600 * G_TIME_SPAN_SECOND;

static struct
{
  gint64 now_us;
  gint64 limit_us;
  gint64 (*next_us) (gpointer user_data);
  gpointer user_data;
} simulated;

gint64
dms_sim_clock_get_us (void)
{
  return simulated.now_us;
}

void
dms_sim_clock_set_us (gint64 now_us)
{
  simulated.now_us = MAX (simulated.now_us, now_us);
}

void
dms_sim_clock_set_limit_us (gint64 limit_us)
{
  simulated.limit_us = limit_us;
}

static gint64
read_real_us (clockid_t clock)
{
  struct timespec now = { 0 };

  syscall (SYS_clock_gettime, clock, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

gint64
dms_sim_clock_get_cpu_us (void)
{
  return read_real_us (CLOCK_PROCESS_CPUTIME_ID);
}

gint64
dms_sim_clock_get_wall_us (void)
{
  return read_real_us (CLOCK_MONOTONIC);
}

/* What the C library would answer. */

G_MODULE_EXPORT int
clock_gettime (clockid_t clock, struct timespec *time)
{
  gint64 us = simulated.now_us;

  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
    us += epoch_s * G_USEC_PER_SEC;
  else if (clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
    us = read_real_us (clock);
  else
    us += uptime_us;
  time->tv_sec = us / G_USEC_PER_SEC;
  time->tv_nsec = us % G_USEC_PER_SEC * 1000;
  return 0;
}

G_MODULE_EXPORT int
gettimeofday (struct timeval *restrict time, void *restrict zone)
{
  time->tv_sec = epoch_s + simulated.now_us / G_USEC_PER_SEC;
  time->tv_usec = simulated.now_us % G_USEC_PER_SEC;
  return 0;
}

G_MODULE_EXPORT time_t
time (time_t *time)
{
  time_t now = (time_t) (epoch_s + simulated.now_us / G_USEC_PER_SEC);

  if (time != NULL)
    *time = now;
  return now;
}

/* Threads would decide, by who is quicker, what happens first. What is meant for one is done in the main
 * loop, before anything else and before time goes on, in the order in which it was asked for. */

typedef struct
{
  GTask *task;
  GTaskThreadFunc func;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_object_unref (work->task);
  g_free (work);
}

static gboolean
on_work (gpointer user_data)
{
  Work *work = user_data;

  work->func (work->task,
              g_task_get_source_object (work->task),
              g_task_get_task_data (work->task),
              g_task_get_cancellable (work->task));
  return G_SOURCE_REMOVE;
}

G_MODULE_EXPORT void
g_task_run_in_thread (GTask *task, GTaskThreadFunc func)
{
  Work *work = g_new (Work, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  *work = (Work){ g_object_ref (task), func };
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_work, work, work_free);
  g_source_attach (source, g_task_get_context (task));
}

/* The main loop */

static gint64
round_up (gint64 us)
{
  return us < G_MAXINT64 - TICK_US ? (us + TICK_US - 1) / TICK_US * TICK_US : us;
}

static gint
wait_in_simulated_time (GPollFD *fds, guint n_fds, gint timeout_ms)
{
  int n = poll ((struct pollfd *) fds, n_fds, 0);
  gint64 until_us = MIN (simulated.limit_us, round_up (simulated.next_us (simulated.user_data)));

  if (n != 0 || timeout_ms == 0)
    return n;
  if (timeout_ms > 0)
    until_us = MIN (until_us, simulated.now_us + (gint64) timeout_ms * 1000);
  dms_sim_clock_set_us (until_us);
  return 0;
}

void
dms_sim_clock_take_main_loop (gint64 (*next_us) (gpointer user_data), gpointer user_data)
{
  simulated.next_us = next_us;
  simulated.user_data = user_data;
  g_main_context_set_poll_func (g_main_context_default (), wait_in_simulated_time);
}
