/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor.h"

G_BEGIN_DECLS

/* `{EnsembleID, Data}` → `{OK, Error, Data}`: the other machine sends back what it got, if it bids for the
 * same ensemble. */
#define DMS_EDGE_ECHO_BEHAVIOUR "/dms/deployment/constraint/echo"

enum
{
  /* The most of one message; a second message of this size follows a short one. */
  DMS_EDGE_PROBE_SHORT_BYTES = 32 * 1024,
  DMS_EDGE_PROBE_LONG_BYTES = 256 * 1024,
  DMS_EDGE_PROBE_PINGS = 5,
};

/* What a probe found out. */
typedef struct
{
  /* The median, in microseconds. */
  gint64 rtt_us;
  /* Bits a second, the slower of both ways; 0 when it was not measured. */
  guint64 bandwidth;
} DmsEdgeReading;

/* Measures the way from this machine to another that bids for the same ensemble. A machine that does not say
 * that it does is sent nothing but this one question. */
void dms_edge_probe_async (DmsActor *root,
                           DmsPeerId *peer,
                           const char *ensemble_id,
                           gboolean with_bandwidth,
                           guint limit_ms,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
/* FALSE when the other does not answer, or does not bid for it. */
gboolean
dms_edge_probe_finish (DmsActor *root, GAsyncResult *result, DmsEdgeReading *reading, GError **error);

G_END_DECLS
