/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DmsP2pYamuxChunk DmsP2pYamuxChunk;

/**
 * DmsP2pYamuxQueue:
 * @size: how many bytes wait
 * @room: how much memory they are in
 *
 * Bytes that came and wait to be read, in chunks; takes memory for what came only. All zero is empty.
 */
typedef struct
{
  DmsP2pYamuxChunk *first;
  DmsP2pYamuxChunk *last;
  gsize size;
  gsize room;
} DmsP2pYamuxQueue;

void dms_p2p_yamux_queue_push (DmsP2pYamuxQueue *self, const guint8 *data, gsize size);
gsize dms_p2p_yamux_queue_pop (DmsP2pYamuxQueue *self, guint8 *data, gsize size);
void dms_p2p_yamux_queue_clear (DmsP2pYamuxQueue *self);

G_END_DECLS
