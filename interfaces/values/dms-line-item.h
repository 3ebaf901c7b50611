/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_LINE_ITEM (dms_line_item_get_type ())

DMS_EXPORT GType dms_line_item_get_type (void);

/* One line of an invoice. Amounts are decimal texts, so that nothing is rounded. */
DMS_EXPORT DmsLineItem *dms_line_item_new (const char *description,
                                           const char *quantity,
                                           const char *unit,
                                           const char *unit_price,
                                           const char *amount,
                                           const char *currency);
DMS_EXPORT const char *dms_line_item_get_description (DmsLineItem *self);
DMS_EXPORT const char *dms_line_item_get_quantity (DmsLineItem *self);
DMS_EXPORT const char *dms_line_item_get_unit (DmsLineItem *self);
DMS_EXPORT const char *dms_line_item_get_unit_price (DmsLineItem *self);
DMS_EXPORT const char *dms_line_item_get_amount (DmsLineItem *self);
DMS_EXPORT const char *dms_line_item_get_currency (DmsLineItem *self);

DMS_EXPORT DmsLineItem *dms_line_item_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_line_item_to_json (DmsLineItem *self);
DMS_EXPORT DmsLineItem *dms_line_item_ref (DmsLineItem *self);
DMS_EXPORT void dms_line_item_unref (DmsLineItem *self);
DMS_EXPORT gboolean dms_line_item_equal (DmsLineItem *a, DmsLineItem *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLineItem, dms_line_item_unref)

G_END_DECLS
