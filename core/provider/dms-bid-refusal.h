/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "provider/dms-bid-refusal-code.h"

G_BEGIN_DECLS

enum
{
  /* Reasons of one refusal; those that come first count. */
  DMS_BID_REFUSAL_MAX_REASONS = 16,
};

/**
 * DmsBidRefusalReason:
 * @node: the node of the ensemble it is about
 * @field: where in the requirement, such as `ram.size`; empty when it is about no field
 * @required: how much is asked for; 0 when it is about no amount
 * @offered: the class of what there is, see dms_bid_refusal_code_coarsen()
 * @version: (nullable): of a library that is there
 *
 * One reason of a refusal.
 */
typedef struct
{
  DmsBidRefusalCode code;
  char *node;
  char *field;
  double required;
  double offered;
  char *version;
} DmsBidRefusalReason;

#define DMS_TYPE_BID_REFUSAL (dms_bid_refusal_get_type ())

/* What a machine that makes no offer says about it, `{"Refusal":{"EnsembleID", "Nonce", "Reasons":[{"NodeID",
 * "Code", "Field", "Required", "Offered", "Version"}]}}`, on the way that offers take. It is sent only to who
 * asks for it with the member `Refusals` of his request, which nodes of the field do not know. Its sender is
 * who signed the message. Counted; not changed once it is sent. */
typedef struct _DmsBidRefusal DmsBidRefusal;

GType dms_bid_refusal_get_type (void);

DmsBidRefusal *dms_bid_refusal_new (const char *ensemble_id, gint64 nonce);
/* field: (nullable). Amounts are given as they are, and made coarse here. Too many are left out. */
void dms_bid_refusal_add (DmsBidRefusal *self,
                          DmsBidRefusalCode code,
                          const char *node,
                          const char *field,
                          double required,
                          double offered);

/* A library that is asked for at a place such as `libraries[1]`. version: (nullable): the one that is there
 * instead */
void
dms_bid_refusal_add_library (DmsBidRefusal *self, const char *node, const char *field, const char *version);

const char *dms_bid_refusal_get_ensemble_id (DmsBidRefusal *self);
gint64 dms_bid_refusal_get_nonce (DmsBidRefusal *self);
guint dms_bid_refusal_get_n_reasons (DmsBidRefusal *self);
const DmsBidRefusalReason *dms_bid_refusal_get_reason (DmsBidRefusal *self, guint index);

/* Whether a payload is one, well-formed or not. */
gboolean dms_bid_refusal_is_one (JsonNode *payload);
/* NULL with INVALID_DATA. Reasons that nobody could give are left out. */
DmsBidRefusal *dms_bid_refusal_new_from_json (JsonNode *payload, GError **error);
JsonNode *dms_bid_refusal_to_json (DmsBidRefusal *self);

/* Of a request: whether it asks for refusals, and asking for them. */
gboolean dms_bid_refusal_is_wanted (JsonObject *request);
void dms_bid_refusal_want (JsonObject *request);

DmsBidRefusal *dms_bid_refusal_ref (DmsBidRefusal *self);
void dms_bid_refusal_unref (DmsBidRefusal *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBidRefusal, dms_bid_refusal_unref)

G_END_DECLS
