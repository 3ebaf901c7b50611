/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-callback.h"

struct _DmsLibp2pCallback
{
  grefcount references;
  GCallback func;
  gpointer user_data;
  GDestroyNotify destroy;
};

DmsLibp2pCallback *
dms_libp2p_callback_new (GCallback func, gpointer user_data, GDestroyNotify destroy)
{
  DmsLibp2pCallback *self = g_new0 (DmsLibp2pCallback, 1);

  g_ref_count_init (&self->references);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

DmsLibp2pCallback *
dms_libp2p_callback_ref (DmsLibp2pCallback *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_libp2p_callback_unref (DmsLibp2pCallback *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self);
}

GCallback
dms_libp2p_callback_get_func (DmsLibp2pCallback *self)
{
  return self->func;
}

gpointer
dms_libp2p_callback_get_data (DmsLibp2pCallback *self)
{
  return self->user_data;
}
