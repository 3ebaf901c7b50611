/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A contract an ensemble runs under (ensemble.md 4.1, `contracts`). */
typedef struct _DmsContractRef DmsContractRef;

#define DMS_TYPE_CONTRACT_REF (dms_contract_ref_get_type ())

GType dms_contract_ref_get_type (void);

DmsContractRef *dms_contract_ref_new (const char *name, const char *did, const char *host);
const char *dms_contract_ref_get_name (DmsContractRef *self);
const char *dms_contract_ref_get_did (DmsContractRef *self);
/* (nullable) */
const char *dms_contract_ref_get_host (DmsContractRef *self);

JsonNode *dms_contract_ref_to_json (DmsContractRef *self);
DmsContractRef *dms_contract_ref_ref (DmsContractRef *self);
void dms_contract_ref_unref (DmsContractRef *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsContractRef, dms_contract_ref_unref)

G_END_DECLS
