/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-handle.h"
#include "identity/dms-key.h"
#include "provider/dms-bid-offer.h"
#include "resources/dms-location.h"

G_BEGIN_DECLS

#define DMS_TYPE_BID (dms_bid_get_type ())

/* An offer to run one node of an ensemble, `{"V1":{…}}` (behaviors.md §4). Immutable and counted. */
typedef struct _DmsBid DmsBid;

GType dms_bid_get_type (void);

/* Signed with the node's key, which must be that of @handle. */
DmsBid *dms_bid_new_signed (DmsKey *key,
                            DmsHandle *handle,
                            const char *ensemble_id,
                            const char *node_id,
                            DmsLocation *location);
/* (transfer full): the same bid, and what the machine says of itself beside it, `{"V1":{…},"Offer":{…}}`. The
 * signature of the bid is that of the field and does not cover it; that of the message does. */
DmsBid *dms_bid_with_offer (DmsBid *self, DmsBidOffer *offer);
/* Not verified yet. NULL with INVALID_DATA. */
DmsBid *dms_bid_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_bid_to_json (DmsBid *self);
/* Whether the key of its handle made the signature, and its peer ID is that of the handle. BAD_SIGNATURE. */
gboolean dms_bid_verify (DmsBid *self, GError **error);

const char *dms_bid_get_ensemble_id (DmsBid *self);
const char *dms_bid_get_node_id (DmsBid *self);
const char *dms_bid_get_peer (DmsBid *self);
DmsLocation *dms_bid_get_location (DmsBid *self);
/* Empty when nothing is said. */
DmsBidOffer *dms_bid_get_offer (DmsBid *self);
/* The provider's root actor. */
DmsHandle *dms_bid_get_handle (DmsBid *self);

DmsBid *dms_bid_ref (DmsBid *self);
void dms_bid_unref (DmsBid *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBid, dms_bid_unref)

G_END_DECLS
