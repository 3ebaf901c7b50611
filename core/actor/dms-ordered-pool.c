/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-ordered-pool.h"

/* How many jobs for each thread leave the fair queue before their turn, so that no thread waits for the
 * loop. */
#define JOBS_PER_THREAD 8
/* So many finished ones wait for the loop at most while the threads have more to do: each waking costs
 * several system calls, and who takes many at once pays for them once. */
#define JOBS_PER_WAKING 8
/* How many are worked on in the main context before other work of the loop gets its turn. */
#define JOBS_PER_TURN 8

typedef struct
{
  char *name;
  /* Of jobs, in the order in which they came. */
  GQueue jobs;
  /* It is gone through, and stays even when nothing is left in it. */
  gboolean is_held;
} Line;

typedef struct
{
  GList link;
  Line *line;
  gpointer job;
  gboolean finished;
  /* Of Owner; atomic. The queues between threads order memory as well, but a checker of races cannot see into
   * GLib, and so this says whose the job is. */
  gint owner;
} Entry;

typedef enum
{
  OWNER_LOOP,
  OWNER_WORKER,
} Owner;

struct _DmsOrderedPool
{
  grefcount references;
  DmsOrderedPoolFuncs funcs;
  gpointer user_data;
  /* (nullable): Each turn of the loop costs something for each source. Where many nodes share a process, they
   * have no threads, most have nothing to do, and this is there only while there is something. */
  GSource *source;
  GMainContext *context;
  GHashTable *lines;
  guint n_jobs;
  /* What no thread has yet. */
  DmsFairQueue *waiting;
  guint n_threads;
  GThreadPool *threads;
  guint in_flight;
  /* From the threads. */
  GAsyncQueue *worked;
  /* Whether the loop was woken since it last looked there; atomic. */
  gint woken;
  /* How many the threads have that are not finished, and how many were finished since the loop last looked;
   * atomic. */
  gint n_unfinished;
  gint n_finished;
  /* What a worker touches last of the pool; atomic. */
  gint n_worked;
  gboolean stopped;
};

typedef struct
{
  GSource parent;
  DmsOrderedPool *pool;
} PoolSource;

static void
line_free (gpointer data)
{
  Line *line = data;

  g_free (line->name);
  g_free (line);
}

static Line *
get_line (DmsOrderedPool *self, const char *name)
{
  Line *line = g_hash_table_lookup (self->lines, name);

  if (line != NULL)
    return line;
  line = g_new0 (Line, 1);
  line->name = g_strdup (name);
  g_queue_init (&line->jobs);
  g_hash_table_insert (self->lines, line->name, line);
  return line;
}

static void
leave_line (DmsOrderedPool *self, Entry *entry)
{
  Line *line = entry->line;

  g_queue_unlink (&line->jobs, &entry->link);
  self->n_jobs--;
  if (line->jobs.length == 0 && !line->is_held)
    g_hash_table_remove (self->lines, line->name);
}

static void
entry_free (DmsOrderedPool *self, Entry *entry)
{
  /* At the stop, a worker may have had it last. */
  g_atomic_int_get (&entry->owner);
  self->funcs.destroy (entry->job);
  g_free (entry);
}

static void
on_displaced (const char *key, gpointer item, gpointer user_data)
{
  DmsOrderedPool *self = user_data;
  Entry *entry = item;

  leave_line (self, entry);
  if (self->funcs.displaced != NULL)
    self->funcs.displaced (entry->job, self->user_data);
  entry_free (self, entry);
}

/* In a worker thread, of a job that it has finished. Returns whether the loop is to look at it now: while the
 * threads have more to do, it may wait for some of it; when they are about to run out, it must not. */
static gboolean
note_finished (DmsOrderedPool *self)
{
  gint n_left = g_atomic_int_add (&self->n_unfinished, -1) - 1;
  gint n_finished = g_atomic_int_add (&self->n_finished, 1) + 1;

  return n_left <= (gint) self->n_threads || n_finished >= JOBS_PER_WAKING;
}

/* In a worker thread. */
static void
on_work (gpointer data, gpointer user_data)
{
  DmsOrderedPool *self = user_data;
  Entry *entry = data;

  g_return_if_fail (g_atomic_int_get (&entry->owner) == OWNER_WORKER);

  self->funcs.work (entry->job);
  g_atomic_int_set (&entry->owner, OWNER_LOOP);
  g_async_queue_push (self->worked, entry);
  if (note_finished (self) && g_atomic_int_compare_and_exchange (&self->woken, FALSE, TRUE))
    g_source_set_ready_time (self->source, 0);
  g_atomic_int_inc (&self->n_worked);
}

static void
give_to_threads (DmsOrderedPool *self, Entry *entry)
{
  self->in_flight++;
  g_atomic_int_inc (&self->n_unfinished);
  g_atomic_int_set (&entry->owner, OWNER_WORKER);
  g_thread_pool_push (self->threads, entry, NULL);
}

/* Ends the jobs at the head of a line that are finished. The pool may be stopped by one. */
static void
advance (DmsOrderedPool *self, Entry *finished)
{
  Line *line = finished->line;

  finished->finished = TRUE;
  line->is_held = TRUE;
  while (!self->stopped && line->jobs.length > 0 && ((Entry *) line->jobs.head->data)->finished)
    {
      Entry *entry = line->jobs.head->data;

      leave_line (self, entry);
      self->funcs.done (entry->job, self->user_data);
      entry_free (self, entry);
    }
  /* The stop takes all lines away. */
  if (self->stopped)
    return;
  line->is_held = FALSE;
  if (line->jobs.length == 0)
    g_hash_table_remove (self->lines, line->name);
}

/* After its work. */
static void
settle (DmsOrderedPool *self, Entry *entry)
{
  if (self->funcs.needs_more (entry->job, self->user_data))
    give_to_threads (self, entry);
  else
    advance (self, entry);
}

static void
work_here (DmsOrderedPool *self, Entry *entry)
{
  do
    self->funcs.work (entry->job);
  while (self->funcs.needs_more (entry->job, self->user_data));
  advance (self, entry);
}

static void
collect (DmsOrderedPool *self)
{
  Entry *entry;

  while (!self->stopped && (entry = g_async_queue_try_pop (self->worked)) != NULL)
    {
      self->in_flight--;
      g_return_if_fail (g_atomic_int_get (&entry->owner) == OWNER_LOOP);
      settle (self, entry);
    }
}

/* A single message on an idle node is worked on here: handing it to a thread and back takes longer than what
 * it would free the loop of, and whoever waits for the answer waits for both. */
static void
distribute (DmsOrderedPool *self)
{
  guint here = self->threads == NULL ? JOBS_PER_TURN : 0;
  Entry *entry;

  if (self->in_flight == 0 && dms_fair_queue_get_length (self->waiting) == 1)
    here = 1;
  while (!self->stopped && here > 0 && (entry = dms_fair_queue_pop (self->waiting)) != NULL)
    {
      here--;
      work_here (self, entry);
    }
  while (!self->stopped && self->threads != NULL && self->in_flight < self->n_threads * JOBS_PER_THREAD &&
         (entry = dms_fair_queue_pop (self->waiting)) != NULL)
    give_to_threads (self, entry);
  /* The threads have all that they can take, and the loop is a core as well. */
  if (!self->stopped && self->threads != NULL && (entry = dms_fair_queue_pop (self->waiting)) != NULL)
    work_here (self, entry);
}

static gboolean pool_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data);

static void
make_source (DmsOrderedPool *self)
{
  static GSourceFuncs source_funcs = { .dispatch = pool_source_dispatch };

  self->source = g_source_new (&source_funcs, sizeof (PoolSource));
  ((PoolSource *) self->source)->pool = self;
  g_source_set_static_name (self->source, "messages to check");
  g_source_attach (self->source, self->context);
}

static gboolean
pool_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_autoptr (DmsOrderedPool) self = dms_ordered_pool_ref (((PoolSource *) source)->pool);

  g_source_set_ready_time (source, -1);
  /* Whoever finishes after this wakes us again. */
  g_atomic_int_set (&self->woken, FALSE);
  g_atomic_int_set (&self->n_finished, 0);
  collect (self);
  if (!self->stopped)
    distribute (self);
  if (self->stopped)
    return G_SOURCE_CONTINUE;
  if (dms_fair_queue_get_length (self->waiting) > 0)
    {
      g_source_set_ready_time (source, 0);
      return G_SOURCE_CONTINUE;
    }
  /* Threads that end their work wake us. */
  if (self->threads != NULL)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->source, g_source_unref);
  return G_SOURCE_REMOVE;
}

DmsOrderedPool *
dms_ordered_pool_new (guint n_threads,
                      const DmsFairQueueLimits *limits,
                      const DmsOrderedPoolFuncs *funcs,
                      gpointer user_data)
{
  DmsOrderedPool *self = g_new0 (DmsOrderedPool, 1);

  g_ref_count_init (&self->references);
  self->funcs = *funcs;
  self->user_data = user_data;
  self->lines = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, line_free);
  self->waiting = dms_fair_queue_new (limits, NULL);
  dms_fair_queue_set_displaced_func (self->waiting, on_displaced, self);
  self->worked = g_async_queue_new ();
  self->n_threads = n_threads;
  self->context = g_main_context_ref_thread_default ();
  if (n_threads > 0)
    {
      self->threads = g_thread_pool_new (on_work, self, (int) n_threads, FALSE, NULL);
      make_source (self);
    }
  return self;
}

static void
forget_line (DmsOrderedPool *self, Line *line)
{
  while (line->jobs.length > 0)
    {
      Entry *entry = line->jobs.head->data;

      g_queue_unlink (&line->jobs, &entry->link);
      entry_free (self, entry);
    }
}

void
dms_ordered_pool_stop (DmsOrderedPool *self)
{
  GHashTableIter iter;
  gpointer line;

  if (self->stopped)
    return;
  self->stopped = TRUE;
  if (self->threads != NULL)
    g_thread_pool_free (g_steal_pointer (&self->threads), TRUE, TRUE);
  g_atomic_int_get (&self->n_worked);
  if (self->source != NULL)
    g_source_destroy (self->source);
  /* Every job is in its line; the queues only borrow. */
  while (dms_fair_queue_pop (self->waiting) != NULL)
    ;
  while (g_async_queue_try_pop (self->worked) != NULL)
    ;
  g_hash_table_iter_init (&iter, self->lines);
  while (g_hash_table_iter_next (&iter, NULL, &line))
    forget_line (self, line);
  g_hash_table_remove_all (self->lines);
  self->n_jobs = 0;
  self->in_flight = 0;
}

DmsOrderedPool *
dms_ordered_pool_ref (DmsOrderedPool *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_ordered_pool_unref (DmsOrderedPool *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  dms_ordered_pool_stop (self);
  g_clear_pointer (&self->source, g_source_unref);
  g_main_context_unref (self->context);
  g_hash_table_unref (self->lines);
  dms_fair_queue_free (self->waiting);
  g_async_queue_unref (self->worked);
  g_free (self);
}

DmsFairQueueAnswer
dms_ordered_pool_push (DmsOrderedPool *self, const char *line, gsize size, gpointer job)
{
  Entry *entry;
  DmsFairQueueAnswer answer;

  g_return_val_if_fail (!self->stopped, DMS_FAIR_QUEUE_FULL);

  entry = g_new0 (Entry, 1);
  entry->job = job;
  entry->link.data = entry;
  answer = dms_fair_queue_push (self->waiting, line, size, entry);
  if (answer != DMS_FAIR_QUEUE_TAKEN)
    {
      g_free (entry);
      return answer;
    }
  entry->line = get_line (self, line);
  g_queue_push_tail_link (&entry->line->jobs, &entry->link);
  self->n_jobs++;
  if (self->source == NULL)
    make_source (self);
  g_source_set_ready_time (self->source, 0);
  return answer;
}

guint
dms_ordered_pool_get_n_jobs (DmsOrderedPool *self)
{
  return self->n_jobs;
}
