/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-key.h"
#include "identity/dms-signer.h"

G_BEGIN_DECLS

#define DMS_TYPE_KEY_SIGNER (dms_key_signer_get_type ())

/* Signs with a key in memory: plain Ed25519, at once, never failing. Immutable, and safe in any thread. */
G_DECLARE_FINAL_TYPE (DmsKeySigner, dms_key_signer, DMS, KEY_SIGNER, DmsSigner)

DmsSigner *dms_key_signer_new (DmsKey *key);
DmsKey *dms_key_signer_get_key (DmsKeySigner *self);

G_END_DECLS
