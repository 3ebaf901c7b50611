/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-ordered-pool.h"

#define N_LINES 5
#define N_JOBS 400

typedef struct _Fixture Fixture;

typedef struct
{
  Fixture *fixture;
  guint line;
  guint number;
  guint worked;
  guint rounds;
} Job;

struct _Fixture
{
  DmsOrderedPool *pool;
  guint next[N_LINES];
  guint done;
  guint displaced;
  guint stop_after;
  /* From worker threads as well. */
  gint alive;
  gint working;
  gint off_loop;
  GThread *loop;
};

static void
work (gpointer data)
{
  Job *job = data;

  g_atomic_int_inc (&job->fixture->working);
  if (g_thread_self () != job->fixture->loop)
    g_atomic_int_inc (&job->fixture->off_loop);
  /* The earlier ones take longer, so that order does not come by itself. */
  if (job->number % 7 == 0)
    g_usleep (200);
  job->worked++;
}

static gboolean
needs_more (gpointer data, gpointer user_data)
{
  Job *job = data;

  g_assert_true (g_thread_self () == job->fixture->loop);
  return job->worked < job->rounds;
}

static void
done (gpointer data, gpointer user_data)
{
  Job *job = data;
  Fixture *fixture = user_data;

  g_assert_true (g_thread_self () == fixture->loop);
  g_assert_cmpuint (job->worked, ==, job->rounds);
  g_assert_cmpuint (job->number, ==, fixture->next[job->line]);
  fixture->next[job->line]++;
  fixture->done++;
  if (fixture->done == fixture->stop_after)
    dms_ordered_pool_stop (fixture->pool);
}

static void
displaced (gpointer data, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->displaced++;
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_atomic_int_dec_and_test (&job->fixture->alive);
  g_free (job);
}

static const DmsOrderedPoolFuncs funcs = { work, needs_more, done, displaced, job_free };
static const DmsFairQueueLimits wide = { 64, 10000, 100000000, 100000, 1000000000 };

static void
start (Fixture *fixture, guint n_threads, const DmsFairQueueLimits *limits)
{
  fixture->loop = g_thread_self ();
  fixture->pool = dms_ordered_pool_new (n_threads, limits, &funcs, fixture);
}

static void
end (Fixture *fixture)
{
  dms_ordered_pool_stop (fixture->pool);
  g_clear_pointer (&fixture->pool, dms_ordered_pool_unref);
  g_assert_cmpint (fixture->alive, ==, 0);
}

static DmsFairQueueAnswer
push (Fixture *fixture, guint line, guint number, guint rounds)
{
  g_autofree char *name = g_strdup_printf ("line %u", line);
  Job *job = g_new0 (Job, 1);
  DmsFairQueueAnswer answer;

  *job = (Job) { fixture, line, number, 0, rounds };
  g_atomic_int_inc (&fixture->alive);
  answer = dms_ordered_pool_push (fixture->pool, name, 100, job);
  if (answer != DMS_FAIR_QUEUE_TAKEN)
    job_free (job);
  return answer;
}

static void
push_many (Fixture *fixture)
{
  for (guint i = 0; i < N_JOBS; i++)
    for (guint line = 0; line < N_LINES; line++)
      g_assert_cmpint (push (fixture, line, i, 1 + (i + line) % 3), ==, DMS_FAIR_QUEUE_TAKEN);
}

static void
run_until_done (Fixture *fixture, guint n)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;

  while (fixture->done < n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (100);
    }
}

static void
test_order (gconstpointer data)
{
  Fixture fixture = { 0 };

  start (&fixture, GPOINTER_TO_UINT (data), &wide);
  push_many (&fixture);
  g_assert_cmpuint (fixture.done, ==, 0);
  g_assert_cmpuint (dms_ordered_pool_get_n_jobs (fixture.pool), ==, N_JOBS * N_LINES);
  run_until_done (&fixture, N_JOBS * N_LINES);
  g_assert_cmpuint (dms_ordered_pool_get_n_jobs (fixture.pool), ==, 0);
  if (GPOINTER_TO_UINT (data) > 0)
    g_assert_cmpint (fixture.off_loop, >, 0);
  else
    g_assert_cmpint (fixture.off_loop, ==, 0);
  /* A thread gets some in each turn, and the loop does one of what is left. */
  if (GPOINTER_TO_UINT (data) == 1)
    g_assert_cmpint (fixture.working - fixture.off_loop, >, N_JOBS * N_LINES / 20);
  end (&fixture);
}

/* One at a time costs no thread. */
static void
test_single (void)
{
  Fixture fixture = { 0 };

  start (&fixture, 2, &wide);
  for (guint i = 0; i < 50; i++)
    {
      push (&fixture, 0, i, 2);
      run_until_done (&fixture, i + 1);
    }
  g_assert_cmpint (fixture.working, ==, 100);
  g_assert_cmpint (fixture.off_loop, ==, 0);
  end (&fixture);
}

/* At any point, with jobs in every state. */
static void
test_stop_in_flight (void)
{
  for (guint turns = 0; turns < 40; turns++)
    {
      Fixture fixture = { 0 };

      start (&fixture, 3, &wide);
      push_many (&fixture);
      for (guint i = 0; i < turns; i++)
        g_main_context_iteration (NULL, FALSE);
      end (&fixture);
      g_assert_cmpuint (fixture.done, <, N_JOBS * N_LINES);
    }
}

static void
test_stop_inside (gconstpointer data)
{
  Fixture fixture = { .stop_after = 100 };

  start (&fixture, GPOINTER_TO_UINT (data), &wide);
  push_many (&fixture);
  run_until_done (&fixture, 100);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (fixture.done, ==, 100);
  g_assert_cmpint (fixture.alive, ==, 0);
  end (&fixture);
}

/* Whoever has much waiting gives way to who has little, from the end, so that order holds. */
static void
test_full (void)
{
  const DmsFairQueueLimits narrow = { 8, 60, 1000000, 100, 1000000 };
  Fixture fixture = { 0 };
  guint taken = 0;

  start (&fixture, 2, &narrow);
  for (guint i = 0; i < 200; i++)
    taken += push (&fixture, 0, i, 1) == DMS_FAIR_QUEUE_TAKEN;
  g_assert_cmpuint (taken, ==, 60);
  taken = 0;
  for (guint i = 0; i < 60; i++)
    taken += push (&fixture, 1, i, 1) == DMS_FAIR_QUEUE_TAKEN;
  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (push (&fixture, 2, i, 1), ==, DMS_FAIR_QUEUE_TAKEN);
  g_assert_cmpuint (fixture.displaced, >=, 5);
  g_assert_cmpuint (dms_ordered_pool_get_n_jobs (fixture.pool), ==, 60 + taken + 5 - fixture.displaced);
  run_until_done (&fixture, 60 + taken + 5 - fixture.displaced);
  g_assert_cmpuint (fixture.next[2], ==, 5);
  end (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/ordered-pool/order/threads", GUINT_TO_POINTER (4), test_order);
  g_test_add_data_func ("/ordered-pool/order/one-thread", GUINT_TO_POINTER (1), test_order);
  g_test_add_data_func ("/ordered-pool/order/no-thread", GUINT_TO_POINTER (0), test_order);
  g_test_add_func ("/ordered-pool/single", test_single);
  g_test_add_func ("/ordered-pool/stop-in-flight", test_stop_in_flight);
  g_test_add_data_func ("/ordered-pool/stop-inside/threads", GUINT_TO_POINTER (3), test_stop_inside);
  g_test_add_data_func ("/ordered-pool/stop-inside/no-thread", GUINT_TO_POINTER (0), test_stop_inside);
  g_test_add_func ("/ordered-pool/full", test_full);
  return g_test_run ();
}
