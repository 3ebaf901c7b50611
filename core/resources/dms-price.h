/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What a machine asks, or a job pays at most (resources-and-matching.md section 5). Immutable and counted. */
typedef struct _DmsPrice DmsPrice;

#define DMS_TYPE_PRICE (dms_price_get_type ())

GType dms_price_get_type (void);

/* Empty texts count as unset. */
DmsPrice *dms_price_new (const char *currency, double per_hour, double per_job, double preference);
/* An amount an hour, such as `0.25 NTX`. NULL with INVALID_ARGUMENT. */
DmsPrice *dms_price_new_from_text (const char *text, GError **error);
/* Letters and digits, not too many. text: (nullable) */
gboolean dms_price_is_currency (const char *text);
const char *dms_price_get_currency (DmsPrice *self);
/* 0 is unset. */
double dms_price_get_per_hour (DmsPrice *self);
/* 0 is unset. */
double dms_price_get_per_job (DmsPrice *self);
/* Weight among several; 0 is unset. */
double dms_price_get_preference (DmsPrice *self);

/* NULL with INVALID_DATA. */
DmsPrice *dms_price_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_price_to_json (DmsPrice *self);
gboolean dms_price_equal (DmsPrice *a, DmsPrice *b);
DmsPrice *dms_price_ref (DmsPrice *self);
void dms_price_unref (DmsPrice *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPrice, dms_price_unref)

G_END_DECLS
