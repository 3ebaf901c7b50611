/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A message on its way to an inbox or a topic. */
typedef struct {
  char *name;
  DmsPeerId *from;
  GBytes *bytes;
  /* (nullable): the sender's, which ends with the delivery. */
  GTask *sending;
} DmsMemoryDelivery;

/* Copies the bytes: peers share nothing. */
DmsMemoryDelivery *dms_memory_delivery_new (const char *name, DmsPeerId *from, GBytes *bytes);
/* A message that gets lost on the way is a sent one. */
void dms_memory_delivery_free (gpointer self);

G_END_DECLS
