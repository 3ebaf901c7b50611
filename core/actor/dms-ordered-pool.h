/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-fair-queue.h"

G_BEGIN_DECLS

/* Does the heavy part of jobs in worker threads and ends them in the main context, those of one line in the
 * order in which they came. Waiting lines are served alike. Lives in the main context that made it. */
typedef struct _DmsOrderedPool DmsOrderedPool;

typedef struct
{
  /* In a worker thread, or in the main context: one that is alone, or one a turn while the threads have all
   * that they can take. Touches nothing but the job. */
  void (*work) (gpointer job);
  /* In the main context, in any order, after each work: whether there is more of it. */
  gboolean (*needs_more) (gpointer job, gpointer user_data);
  /* In the main context, in the order of the line. May stop the pool. */
  void (*done) (gpointer job, gpointer user_data);
  /* In the main context: the job gave way to those of others, who have fewer here, and will not be done. Must
   * not use the pool. */
  void (*displaced) (gpointer job, gpointer user_data);
  GDestroyNotify destroy;
} DmsOrderedPoolFuncs;

/* @n_threads: besides the main context; 0 does all work there, a little in each turn. */
DmsOrderedPool *dms_ordered_pool_new (guint n_threads, const DmsFairQueueLimits *limits,
                                      const DmsOrderedPoolFuncs *funcs, gpointer user_data);
/* Waits for the work under way, and forgets all jobs; nothing is called any more but `destroy`. */
void dms_ordered_pool_stop (DmsOrderedPool *self);
DmsOrderedPool *dms_ordered_pool_ref (DmsOrderedPool *self);
/* Stop it first. */
void dms_ordered_pool_unref (DmsOrderedPool *self);

/* Takes the job when it answers DMS_FAIR_QUEUE_TAKEN. `work` is not called from here. */
DmsFairQueueAnswer dms_ordered_pool_push (DmsOrderedPool *self, const char *line, gsize size, gpointer job);
/* How many jobs there are, in whatever state. */
guint dms_ordered_pool_get_n_jobs (DmsOrderedPool *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsOrderedPool, dms_ordered_pool_unref)

G_END_DECLS
