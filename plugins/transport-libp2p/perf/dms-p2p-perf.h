/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

#define DMS_P2P_PERF_PROTOCOL "/perf/1.0.0"

/* Measures what a connection carries (libp2p specs, perf): the client says how many bytes it wants, sends its
 * own and ends its half; then the server sends. Who serves it gives away bandwidth, so that it is off unless
 * asked for. */

/* Serves it until the handler is removed. */
void dms_p2p_perf_serve (DmsP2pHost *host);

/* How long each way took, in microseconds. */
typedef struct
{
  guint64 upload_bytes;
  guint64 download_bytes;
  gint64 upload_us;
  gint64 download_us;
} DmsP2pPerfResult;

void dms_p2p_perf_run_async (DmsP2pHost *host,
                             DmsPeerId *peer,
                             guint64 upload_bytes,
                             guint64 download_bytes,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
gboolean dms_p2p_perf_run_finish (GAsyncResult *result, DmsP2pPerfResult *perf, GError **error);

G_END_DECLS
