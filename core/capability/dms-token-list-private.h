/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-chain-texts.h"
#include "capability/dms-token-list.h"
#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"

G_BEGIN_DECLS

/* Never NULL; what is there after an error is not to be used. @chains: (nullable): which chains need not be
 * read again. */
DmsTokenList *dms_token_list_read (DmsWireReader *reader, DmsChainTexts *chains);
/* dms_token_list_new_from_bytes() with chains that are known. */
DmsTokenList *dms_token_list_new_knowing (GBytes *bytes, DmsChainTexts *chains, GError **error);

G_END_DECLS
