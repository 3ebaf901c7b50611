/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-message.h"
#include "provider/dms-provider.h"

G_BEGIN_DECLS

#define DMS_TYPE_BIDDER (dms_bidder_get_type ())

G_DECLARE_FINAL_TYPE (DmsBidder, dms_bidder, DMS, BIDDER, GObject)

/* Decides on which requests this machine bids (node-and-executors.md §1), and remembers for whom. @provider
 * must outlive it. */
DmsBidder *dms_bidder_new (DmsProvider *provider);

/* Requests are dropped until then. */
void dms_bidder_set_ready (DmsBidder *self, gboolean ready);
/* Asks all executors whether they can run jobs; bids go by the last answer. */
void dms_bidder_probe_async (DmsBidder *self,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
gboolean dms_bidder_probe_finish (DmsBidder *self, GAsyncResult *result, GError **error);

/* (transfer full): the IDs of those that could at the last asking, in the order of the alphabet. */
GStrv dms_bidder_dup_executors (DmsBidder *self);

/* A message to `/dms/deployment/request`. Answered at once, except that a broadcast which says that it wants
 * answers of some machines only is answered after a moment, and only when it is this one's turn. */
void dms_bidder_handle_request (DmsBidder *self, DmsMessage *message);

/* The same from somebody who may not deploy here: nothing is looked at, and nothing is said, unless the owner
 * has it said that he may not. */
void dms_bidder_handle_denied (DmsBidder *self, DmsMessage *message);

/* When the bid for an ensemble ends, microseconds since the epoch; 0 with NOT_FOUND, EXPIRED or
 * NOT_AUTHORIZED when there is none for this requester. */
gint64
dms_bidder_check (DmsBidder *self, const char *ensemble_id, DmsDid *requester, gint64 nonce, GError **error);
/* How long an offer, and what is committed on it, can last. */
gint64 dms_bidder_get_longest_us (void);
void
dms_bidder_note_commit (DmsBidder *self, const char *ensemble_id, const char *allocation_id, gint64 nonce);
gint64 dms_bidder_get_commit (DmsBidder *self, const char *ensemble_id, const char *allocation_id);
void dms_bidder_forget (DmsBidder *self, const char *ensemble_id, gint64 nonce);
/* Forgets bids that have ended. */
void dms_bidder_sweep (DmsBidder *self);

/* How often requests were dropped for a reason, which is the name of its event. */
guint64 dms_bidder_get_refusals (DmsBidder *self, const char *reason);

G_END_DECLS
