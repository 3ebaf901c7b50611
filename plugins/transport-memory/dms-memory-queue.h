/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What is on its way to one peer: done in order, in the main context the queue was made in, never from
 * inside a push. Bounded in number and bytes. */
typedef struct _DmsMemoryQueue DmsMemoryQueue;

typedef void (*DmsMemoryWork) (gpointer receiver, gpointer work_data);

/* The receiver is borrowed; free the queue before it goes. */
DmsMemoryQueue *dms_memory_queue_new (gpointer receiver, guint max_items, gsize max_bytes);
void dms_memory_queue_free (DmsMemoryQueue *self);
/* Takes the data. FALSE, and the data is freed, when there is no room. */
gboolean dms_memory_queue_push (DmsMemoryQueue *self,
                                gsize size,
                                DmsMemoryWork work,
                                gpointer work_data,
                                GDestroyNotify destroy);

/* Adds its limits to an array of DmsLimitInfo. */
void dms_memory_queue_describe (DmsMemoryQueue *self, GPtrArray *infos);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMemoryQueue, dms_memory_queue_free)

G_END_DECLS
