/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

/**
 * DmsP2pStreamPort:
 *
 * What the two halves of a #DmsP2pStream have in common: the pipe, and the sources that wait for it. Counted.
 */
typedef struct _DmsP2pStreamPort DmsP2pStreamPort;

/* Takes @pipe. */
DmsP2pStreamPort *dms_p2p_stream_port_new (DmsP2pPipe *pipe);
DmsP2pStreamPort *dms_p2p_stream_port_ref (DmsP2pStreamPort *self);
void dms_p2p_stream_port_unref (DmsP2pStreamPort *self);

/* NULL when it was taken out. */
DmsP2pPipe *dms_p2p_stream_port_get_pipe (DmsP2pStreamPort *self);
DmsP2pPipe *dms_p2p_stream_port_steal_pipe (DmsP2pStreamPort *self);

/* Like those of the pipe, except that DMS_P2P_WOULD_BLOCK is the error G_IO_ERROR_WOULD_BLOCK, as GIO asks
 * for.
 */
gssize dms_p2p_stream_port_read (DmsP2pStreamPort *self, void *buffer, gsize size, GError **error);
gssize dms_p2p_stream_port_writev (DmsP2pStreamPort *self,
                                   const GOutputVector *vectors,
                                   gsize n_vectors,
                                   GError **error);
gboolean dms_p2p_stream_port_is_readable (DmsP2pStreamPort *self);
gboolean dms_p2p_stream_port_is_writable (DmsP2pStreamPort *self);

/* Ends one way, or what is left; the pipe is closed when both ways are. */
gboolean dms_p2p_stream_port_close_output (DmsP2pStreamPort *self, GError **error);
void dms_p2p_stream_port_close_input (DmsP2pStreamPort *self);
void dms_p2p_stream_port_close (DmsP2pStreamPort *self);
void dms_p2p_stream_port_reset (DmsP2pStreamPort *self);

/* A source that is ready when the pipe is, or does not wait for anything any more. */
GSource *dms_p2p_stream_port_create_source (DmsP2pStreamPort *self, GIOCondition condition);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pStreamPort, dms_p2p_stream_port_unref)

G_END_DECLS
