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
