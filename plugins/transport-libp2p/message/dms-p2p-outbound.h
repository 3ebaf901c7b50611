/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

/* One message on its way to a peer. */
typedef struct _DmsP2pOutbound DmsP2pOutbound;

/* @written: all of it is with the muxer, and the peer has still to say that it took it. Otherwise it has
 * ended: with @error, or well. May free it. */
typedef void (*DmsP2pOutboundTold) (DmsP2pOutbound *outbound,
                                    gboolean written,
                                    GError *error,
                                    gpointer user_data);

/* @task: the sending, for those who watch it; its cancellable is heeded. */
DmsP2pOutbound *dms_p2p_outbound_new (GTask *task,
                                      DmsPeerId *peer,
                                      const char *protocol,
                                      GBytes *bytes,
                                      DmsP2pOutboundTold told,
                                      gpointer user_data);
/* Also while it is under way: the stream is reset. */
void dms_p2p_outbound_free (DmsP2pOutbound *self);

GTask *dms_p2p_outbound_get_task (DmsP2pOutbound *self);
gsize dms_p2p_outbound_get_size (DmsP2pOutbound *self);

/* Opens its stream and goes on by itself. */
void dms_p2p_outbound_start (DmsP2pOutbound *self, DmsP2pHost *host);

G_END_DECLS
