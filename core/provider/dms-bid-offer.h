/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "config/dms-config.h"
#include "resources/dms-profile.h"

G_BEGIN_DECLS

#define DMS_TYPE_BID_OFFER (dms_bid_offer_get_type ())

/* What a machine says of itself beside its bid, for those who may choose: `{"Price", "Currency", "Speed",
 * "Watts", "Seconds", "Libraries": [{"name", "version"}], "Kyc": [{"type", "data"}]}`. What it does not say
 * is 0; of libraries and KYC it says only what it is asked for. Nobody has to believe it. Immutable and
 * counted. */
typedef struct _DmsBidOffer DmsBidOffer;

GType dms_bid_offer_get_type (void);

/* currency: (nullable): of the price, which is for an hour */
DmsBidOffer *dms_bid_offer_new (double price, const char *currency, double speed, double watts);
/* A price such as `0.25 NTX`; empty is none. NULL with INVALID_ARGUMENT. */
DmsBidOffer *dms_bid_offer_new_from_text (const char *price, double speed, double watts, GError **error);
/* What the owner of this node says of it; a price that is none is logged and left out. */
DmsBidOffer *dms_bid_offer_new_from_config (DmsConfig *config);
double dms_bid_offer_get_price (DmsBidOffer *self);
/* (nullable) */
const char *dms_bid_offer_get_currency (DmsBidOffer *self);
/* The score of a benchmark: more is faster. */
double dms_bid_offer_get_speed (DmsBidOffer *self);
double dms_bid_offer_get_watts (DmsBidOffer *self);
/* How long it is lent at least. */
double dms_bid_offer_get_seconds (DmsBidOffer *self);
/* (transfer full): all of it, as it is compared with a requirement. */
DmsProfile *dms_bid_offer_dup_profile (DmsBidOffer *self);
/* (transfer full): the offer as it answers a requirement: with those of these libraries, and of what it says
 * itself, that are asked for. required: (nullable); libraries: (element-type DmsLibrary) */
DmsBidOffer *dms_bid_offer_answer (DmsBidOffer *self, DmsProfile *required, GPtrArray *libraries);
gboolean dms_bid_offer_is_empty (DmsBidOffer *self);

/* What cannot be understood is left out. node: (nullable) */
DmsBidOffer *dms_bid_offer_new_from_json (JsonNode *node);
JsonNode *dms_bid_offer_to_json (DmsBidOffer *self);
DmsBidOffer *dms_bid_offer_ref (DmsBidOffer *self);
void dms_bid_offer_unref (DmsBidOffer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBidOffer, dms_bid_offer_unref)

G_END_DECLS
