/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identify/dms-p2p-identify-message.h"
#include "io/dms-p2p-stream.h"

G_BEGIN_DECLS

/* libp2p specs, identify; go-libp2p, p2p/protocol/identify: Timeout. */
#define DMS_P2P_IDENTIFY_TIMEOUT_MS 5000

/* Reads all that the other side says on @stream until it ends, within DMS_P2P_IDENTIFY_TIMEOUT_MS. The stream
 * is ended then, in good order or not. */
void dms_p2p_identify_read_async (DmsP2pStream *stream,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
DmsP2pIdentifyMessage *dms_p2p_identify_read_finish (GAsyncResult *result, GError **error);

/* Writes @framed and ends the stream. */
void dms_p2p_identify_write_async (DmsP2pStream *stream,
                                   GBytes *framed,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dms_p2p_identify_write_finish (GAsyncResult *result, GError **error);

G_END_DECLS
