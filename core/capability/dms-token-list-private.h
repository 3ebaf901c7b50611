/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token-list.h"
#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"

G_BEGIN_DECLS

/* Never NULL; what is there after an error is not to be used. */
DmsTokenList *dms_token_list_read (DmsWireReader *reader);

G_END_DECLS
