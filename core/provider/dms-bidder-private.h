/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "provider/dms-bid-offer.h"
#include "provider/dms-bid-refusal.h"
#include "provider/dms-bid-refuser.h"
#include "provider/dms-bidder.h"
#include "provider/dms-provider-private.h"
#include "resources/dms-library-finder.h"

G_BEGIN_DECLS

/* One object in several files: what stands in the way of a bid (dms-bidder-checks.c), which executors there
 * are (dms-bidder-executors.c), what was offered to whom (dms-bidder-offers.c), what `requires` asks for
 * (dms-bidder-wants.c). */
struct _DmsBidder
{
  GObject parent_instance;

  DmsProvider *provider;
  DmsLocation *location;
  /* Ensemble ID → what was offered for it. */
  GHashTable *ensembles;
  GHashTable *executors;
  GHashTable *refusals;
  /* Set of DelayedRequest. */
  GHashTable *delayed;
  DmsBidRefuser *refuser;
  DmsBidOffer *offer;
  DmsLibraryFinder *libraries;
  /* Requests that wait for what is looked for. */
  guint n_looking;
  guint n_answered;
  gboolean ready;
};

/* Of a request */

/* (nullable) */
const char *dms_bidder_get_node_id (JsonObject *request);
/* -1 when there is none. */
gint64 dms_bidder_get_nonce (JsonObject *payload);
const char *dms_bidder_get_own_host (DmsBidder *self);

/* Counts and logs a reason why there is no bid. FALSE, always. detail: (nullable) */
gboolean dms_bidder_refuse (DmsBidder *self, const char *ensemble_id, const char *reason, const char *detail);

/* What stands in the way of all nodes of an ensemble. code: what may be told of it; N_CODES for nothing. */
gboolean dms_bidder_check_message (DmsBidder *self,
                                   DmsMessage *message,
                                   const char *id,
                                   JsonObject *payload,
                                   gboolean own,
                                   DmsBidRefusalCode *code);
/* What stands in the way of one node. refusal: (nullable): where it is noted for who asks */
gboolean dms_bidder_check_request (DmsBidder *self,
                                   const char *id,
                                   JsonObject *request,
                                   gboolean own,
                                   DmsBidRefusal *refusal);

/* What is required besides resources */

/* (transfer full): all libraries that the requests of a message ask for. */
GStrv dms_bidder_list_libraries (JsonObject *payload);
/* What is lacking of that, beside what was found lacking before. */
void dms_bidder_note_wants (DmsBidder *self, JsonObject *request, DmsBidRefusal *refusal);
gboolean
dms_bidder_check_wants (DmsBidder *self, const char *id, JsonObject *request, DmsBidRefusal *refusal);
/* (transfer full): what is said beside the bid for a request. */
DmsBidOffer *dms_bidder_make_offer (DmsBidder *self, JsonObject *request);

/* Offers */

/* (transfer full): ensemble ID to offers. */
GHashTable *dms_bidder_new_offers (void);
/* Whether a request was answered. One without a nonce is always a new one. */
gboolean
dms_bidder_was_answered (DmsBidder *self, const char *ensemble_id, JsonObject *payload, JsonObject *request);
/* Notes that it is; FALSE when too many offers are open, or the ensemble is somebody else's. */
gboolean dms_bidder_note_answer (DmsBidder *self,
                                 const char *ensemble_id,
                                 DmsDid *requester,
                                 JsonObject *payload,
                                 JsonObject *request);

G_END_DECLS
