/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DmsP2pYamuxOutput:
 *
 * What the pipe below a session has not taken yet, in one piece. All zero is empty; empty takes no memory.
 * Who appends bounds it.
 */
typedef struct
{
  guint8 *data;
  gsize start;
  gsize end;
  gsize room;
} DmsP2pYamuxOutput;

gsize dms_p2p_yamux_output_get_size (const DmsP2pYamuxOutput *self);
const guint8 *dms_p2p_yamux_output_get_data (const DmsP2pYamuxOutput *self);
void dms_p2p_yamux_output_append (DmsP2pYamuxOutput *self, const void *data, gsize size);
void dms_p2p_yamux_output_skip (DmsP2pYamuxOutput *self, gsize size);
void dms_p2p_yamux_output_trim (DmsP2pYamuxOutput *self);
void dms_p2p_yamux_output_clear (DmsP2pYamuxOutput *self);

G_END_DECLS
