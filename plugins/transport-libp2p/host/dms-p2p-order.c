/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "host/dms-p2p-order.h"

enum
{
  /* How many are remembered behind a gap; then those in the gap are given up. Ours. */
  DMS_P2P_ORDER_MAX = 1024,
};

struct _DmsP2pOrder
{
  /* All below are settled. */
  gint64 next;
  /* gint64: those above that are. */
  GHashTable *ahead;
};

DmsP2pOrder *
dms_p2p_order_new (void)
{
  DmsP2pOrder *self = g_new0 (DmsP2pOrder, 1);

  self->ahead = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return self;
}

void
dms_p2p_order_free (DmsP2pOrder *self)
{
  g_clear_pointer (&self->ahead, g_hash_table_unref);
  g_free (self);
}

static void
dms_p2p_order_close_up (DmsP2pOrder *self)
{
  while (g_hash_table_remove (self->ahead, &self->next))
    self->next++;
}

static gboolean
dms_p2p_order_is_passed (gpointer key, gpointer value, gpointer user_data)
{
  return *(gint64 *) key < *(gint64 *) user_data;
}

void
dms_p2p_order_skip_to (DmsP2pOrder *self, gint64 sequence)
{
  if (sequence <= self->next)
    return;
  self->next = sequence;
  g_hash_table_foreach_remove (self->ahead, dms_p2p_order_is_passed, &sequence);
  dms_p2p_order_close_up (self);
}

void
dms_p2p_order_settle (DmsP2pOrder *self, gint64 sequence)
{
  if (sequence < self->next)
    return;
  g_hash_table_add (self->ahead, g_memdup2 (&sequence, sizeof sequence));
  dms_p2p_order_close_up (self);
  if (g_hash_table_size (self->ahead) > DMS_P2P_ORDER_MAX)
    dms_p2p_order_skip_to (self, sequence);
}

gboolean
dms_p2p_order_is_missing_before (DmsP2pOrder *self, gint64 sequence)
{
  return self->next < sequence;
}
