/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-delivery.h"

DmsMemoryDelivery *
dms_memory_delivery_new (const char *name, DmsPeerId *from, GBytes *bytes)
{
  DmsMemoryDelivery *self = g_new (DmsMemoryDelivery, 1);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  self->name = g_strdup (name);
  self->from = dms_peer_id_ref (from);
  self->bytes = g_bytes_new (data, size);
  self->sending = NULL;
  return self;
}

void
dms_memory_delivery_free (gpointer self)
{
  DmsMemoryDelivery *delivery = self;

  if (delivery->sending != NULL)
    g_task_return_boolean (delivery->sending, TRUE);
  g_clear_object (&delivery->sending);
  g_free (delivery->name);
  dms_peer_id_unref (delivery->from);
  g_bytes_unref (delivery->bytes);
  g_free (delivery);
}
