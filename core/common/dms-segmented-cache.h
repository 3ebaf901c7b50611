/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A bounded cache from bytes to values in two segments: what is new is on probation and pushes out only what
 * is on probation itself, until somebody who knows its worth keeps it. So strangers who send ever new things
 * cannot empty it of what is in use. Keys are compared in full, and hashed with a secret of the cache. Not
 * thread safe. */
typedef struct _DmsSegmentedCache DmsSegmentedCache;

/* @max_items, @max_bytes: of keys and values together, a quarter of each for probation.
 * @destroy: (nullable): frees a value. */
DmsSegmentedCache *dms_segmented_cache_new (guint max_items, gsize max_bytes, GDestroyNotify destroy);
void dms_segmented_cache_free (DmsSegmentedCache *self);

/* Whether the key is known; @value: (out) (optional): borrowed, until the next change of the cache. */
gboolean dms_segmented_cache_lookup (DmsSegmentedCache *self, const void *key, gsize size, gpointer *value);
/* The same, and ends the probation of what is found. */
gboolean dms_segmented_cache_use (DmsSegmentedCache *self, const void *key, gsize size, gpointer *value);
/* Puts a value on probation, in place of an older one under this key. The value is taken; @value_bytes is
 * what it occupies. What is too large for a segment is freed at once. */
void dms_segmented_cache_insert (DmsSegmentedCache *self, const void *key, gsize size, gpointer value,
                                 gsize value_bytes);
/* Ends the probation of a key, if it is there. */
void dms_segmented_cache_keep (DmsSegmentedCache *self, const void *key, gsize size);
gboolean dms_segmented_cache_remove (DmsSegmentedCache *self, const void *key, gsize size);
void dms_segmented_cache_clear (DmsSegmentedCache *self);

guint dms_segmented_cache_get_n_items (DmsSegmentedCache *self);
gsize dms_segmented_cache_get_n_bytes (DmsSegmentedCache *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsSegmentedCache, dms_segmented_cache_free)

G_END_DECLS
