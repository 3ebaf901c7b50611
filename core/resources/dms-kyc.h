/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What is known about an owner: of which type, and what it says (resources-and-matching.md section 5).
 * Immutable and counted. */
typedef struct _DmsKyc DmsKyc;

#define DMS_TYPE_KYC (dms_kyc_get_type ())

GType dms_kyc_get_type (void);

/* Empty texts count as unset. */
DmsKyc *dms_kyc_new (const char *type_name, const char *data);
const char *dms_kyc_get_type_name (DmsKyc *self);
/* (nullable): NULL is any. */
const char *dms_kyc_get_data (DmsKyc *self);

/* NULL with INVALID_DATA. */
DmsKyc *dms_kyc_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_kyc_to_json (DmsKyc *self);
gboolean dms_kyc_equal (DmsKyc *a, DmsKyc *b);
DmsKyc *dms_kyc_ref (DmsKyc *self);
void dms_kyc_unref (DmsKyc *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsKyc, dms_kyc_unref)

G_END_DECLS
