/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A function somebody set, with its data. Counted, so that it may be replaced while it runs. */
typedef struct _DmsMemoryHandler DmsMemoryHandler;

DmsMemoryHandler *dms_memory_handler_new (GCallback func, gpointer user_data, GDestroyNotify destroy);
DmsMemoryHandler *dms_memory_handler_ref (DmsMemoryHandler *self);
void dms_memory_handler_unref (DmsMemoryHandler *self);

/* Puts a function in the place of another, or of none. func: (nullable) */
void
dms_memory_handler_set (DmsMemoryHandler **self, GCallback func, gpointer user_data, GDestroyNotify destroy);
/* The same by name, in a table. */
GHashTable *dms_memory_handler_new_table (void);
void dms_memory_handler_set_in (GHashTable *table,
                                const char *name,
                                GCallback func,
                                gpointer user_data,
                                GDestroyNotify destroy);

GCallback dms_memory_handler_get_func (DmsMemoryHandler *self);
gpointer dms_memory_handler_get_data (DmsMemoryHandler *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMemoryHandler, dms_memory_handler_unref)

G_END_DECLS
