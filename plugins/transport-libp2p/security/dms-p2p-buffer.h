/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that go in at the end and out at the beginning, in one piece of memory that is there only while it is
 * needed. In the structure of its owner, all zero at first; clear it in the end. */
typedef struct
{
  guint8 *data;
  gsize capacity;
  gsize begin;
  gsize end;
} DmsP2pBuffer;

/* How many bytes are in it, and where they begin. */
gsize dms_p2p_buffer_get_size (const DmsP2pBuffer *self);
guint8 *dms_p2p_buffer_get_data (DmsP2pBuffer *self);

/* Room for @size bytes more behind what is in it; say with dms_p2p_buffer_added() how many were put there. */
guint8 *dms_p2p_buffer_reserve (DmsP2pBuffer *self, gsize size);
void dms_p2p_buffer_added (DmsP2pBuffer *self, gsize size);
void dms_p2p_buffer_append (DmsP2pBuffer *self, const void *data, gsize size);
void dms_p2p_buffer_drop (DmsP2pBuffer *self, gsize size);

/* Gives the memory back. */
void dms_p2p_buffer_clear (DmsP2pBuffer *self);

G_END_DECLS
