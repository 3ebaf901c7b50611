/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A bounded queue that serves all who wait in it alike: deficit round robin over keys (a transport peer, a
 * sender), by bytes. Within one key it is first in, first out. Push and pop take constant time for each
 * 4 KiB. Not thread safe. After Shreedhar and Varghese, "Efficient fair queuing using deficit round
 * robin". */
typedef struct _DmsFairQueue DmsFairQueue;

/* Every item counts at least DMS_FAIR_QUEUE_ITEM_COST bytes, so that many small ones are no way around. */
#define DMS_FAIR_QUEUE_ITEM_COST 1024

typedef struct {
  guint max_keys;          /* more keys than these wait together, as one */
  guint max_items_per_key;
  gsize max_bytes_per_key;
  guint max_items;
  gsize max_bytes;
} DmsFairQueueLimits;

typedef enum {
  DMS_FAIR_QUEUE_TAKEN,
  DMS_FAIR_QUEUE_FULL_FOR_KEY,
  DMS_FAIR_QUEUE_FULL,
} DmsFairQueueAnswer;

/* Called for an item that had to give way, before it is destroyed; must not touch the queue. */
typedef void (*DmsFairQueueDisplacedFunc) (const char *key, gpointer item, gpointer user_data);

/* @destroy: (nullable): frees the items that nobody pops. */
DmsFairQueue *dms_fair_queue_new (const DmsFairQueueLimits *limits, GDestroyNotify destroy);
void dms_fair_queue_free (DmsFairQueue *self);
void dms_fair_queue_set_displaced_func (DmsFairQueue *self,
                                        DmsFairQueueDisplacedFunc func,
                                        gpointer user_data);

/* Takes @item when it answers DMS_FAIR_QUEUE_TAKEN, and only then. When the queue is full in total, the last
 * items of a key that holds the most (within a factor of two) give way to a key that holds less. */
DmsFairQueueAnswer dms_fair_queue_push (DmsFairQueue *self, const char *key, gsize size, gpointer item);
/* (nullable) (transfer full): the next item. */
gpointer dms_fair_queue_pop (DmsFairQueue *self);
void dms_fair_queue_clear (DmsFairQueue *self);

guint dms_fair_queue_get_length (DmsFairQueue *self);
gsize dms_fair_queue_get_bytes (DmsFairQueue *self);
guint dms_fair_queue_get_n_keys (DmsFairQueue *self);
/* How many items wait under one key. */
guint dms_fair_queue_get_length_of (DmsFairQueue *self, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsFairQueue, dms_fair_queue_free)

G_END_DECLS
