/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

enum
{
  /* The whole of the machines. */
  DMS_BID_SAMPLE_ALL = 1000000,
  /* No answer waits longer than this, whatever the request says. */
  DMS_BID_SAMPLE_MAX_SPREAD_MS = 100,
};

/**
 * DmsBidSample:
 * @per_million: so many machines of a million are to answer
 * @spread_ms: within so many milliseconds, each at a moment of its own
 *
 * Who is to answer a broadcast request for bids: the member `Sample` of an EnsembleBidRequest,
 * `{"PerMillion": …, "SpreadMs": …}`. Nodes that do not know it answer as ever. Each machine finds out by
 * itself whether it is one of them, by SHA-256 over the ensemble, the nonce and its peer ID: another round
 * asks others. It can only keep a machine from answering.
 */
typedef struct
{
  guint per_million;
  guint spread_ms;
} DmsBidSample;

/* FALSE when all are asked, or nothing that can be understood is said. */
gboolean dms_bid_sample_read (DmsBidSample *self, JsonObject *request);
/* Sets the member; takes it away. */
void dms_bid_sample_write (const DmsBidSample *self, JsonObject *request);
void dms_bid_sample_remove (JsonObject *request);
gboolean
dms_bid_sample_has (const DmsBidSample *self, const char *ensemble_id, gint64 nonce, const char *peer);

G_END_DECLS
