/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Takes apart the multiplexed stream of a container without a terminal: frames of 8 bytes (stream, three
 * zeros, size as big endian) and their payload. */
typedef struct _DmsDockerDemux DmsDockerDemux;

/* One piece of one stream; a frame may come in several. */
typedef void (*DmsDockerDemuxFunc) (DmsLogStream stream, const guint8 *data, gsize size, gpointer user_data);

DmsDockerDemux *dms_docker_demux_new (void);
void dms_docker_demux_free (DmsDockerDemux *self);
gboolean dms_docker_demux_feed (DmsDockerDemux *self,
                                const guint8 *data,
                                gsize size,
                                DmsDockerDemuxFunc func,
                                gpointer user_data,
                                GError **error);
/* Whether the stream may end here: between two frames. */
gboolean dms_docker_demux_is_complete (DmsDockerDemux *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDockerDemux, dms_docker_demux_free)

G_END_DECLS
