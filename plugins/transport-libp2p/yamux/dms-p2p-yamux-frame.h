/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* hashicorp/yamux, spec.md, "Framing". */
enum
{
  DMS_P2P_YAMUX_HEADER_BYTES = 12,

  DMS_P2P_YAMUX_DATA = 0,
  DMS_P2P_YAMUX_WINDOW = 1,
  DMS_P2P_YAMUX_PING = 2,
  DMS_P2P_YAMUX_GO_AWAY = 3,

  DMS_P2P_YAMUX_SYN = 1,
  DMS_P2P_YAMUX_ACK = 2,
  DMS_P2P_YAMUX_FIN = 4,
  DMS_P2P_YAMUX_RST = 8,

  DMS_P2P_YAMUX_GO_AWAY_NORMAL = 0,
  DMS_P2P_YAMUX_GO_AWAY_PROTOCOL = 1,
  DMS_P2P_YAMUX_GO_AWAY_INTERNAL = 2,
};

/**
 * DmsP2pYamuxFrame:
 * @type: one of the types above
 * @flags: of the flags above
 * @id: the stream; 0 for the session
 * @length: of what follows a data frame; how much the window grows; what a ping carries; why the session
 * ends; the error code of a window update that resets (libp2p specs, error-codes)
 *
 * The header of a frame.
 */
typedef struct
{
  guint8 type;
  guint16 flags;
  guint32 id;
  guint32 length;
} DmsP2pYamuxFrame;

gboolean dms_p2p_yamux_frame_read (DmsP2pYamuxFrame *self, const guint8 *data, GError **error);
void dms_p2p_yamux_frame_write (const DmsP2pYamuxFrame *self, guint8 *data);

G_END_DECLS
