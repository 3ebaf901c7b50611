/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-handler.h"

struct _DmsMemoryHandler
{
  grefcount references;
  GCallback func;
  gpointer user_data;
  GDestroyNotify destroy;
};

DmsMemoryHandler *
dms_memory_handler_new (GCallback func, gpointer user_data, GDestroyNotify destroy)
{
  DmsMemoryHandler *self = g_new0 (DmsMemoryHandler, 1);

  g_ref_count_init (&self->references);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

DmsMemoryHandler *
dms_memory_handler_ref (DmsMemoryHandler *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_memory_handler_unref (DmsMemoryHandler *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self);
}

void
dms_memory_handler_set (DmsMemoryHandler **self, GCallback func, gpointer user_data, GDestroyNotify destroy)
{
  g_clear_pointer (self, dms_memory_handler_unref);
  if (func != NULL)
    *self = dms_memory_handler_new (func, user_data, destroy);
}

GHashTable *
dms_memory_handler_new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_memory_handler_unref);
}

void
dms_memory_handler_set_in (GHashTable *table,
                           const char *name,
                           GCallback func,
                           gpointer user_data,
                           GDestroyNotify destroy)
{
  if (func != NULL)
    g_hash_table_replace (table, g_strdup (name), dms_memory_handler_new (func, user_data, destroy));
  else
    g_hash_table_remove (table, name);
}

GCallback
dms_memory_handler_get_func (DmsMemoryHandler *self)
{
  return self->func;
}

gpointer
dms_memory_handler_get_data (DmsMemoryHandler *self)
{
  return self->user_data;
}
