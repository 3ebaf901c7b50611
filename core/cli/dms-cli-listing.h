/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"
#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/* What a context holds, as JSON; the user guide describes it. */
gboolean dms_cli_listing_print (DmsCliCall *call, const char *name, DmsCapabilityContext *context,
                                GError **error);

G_END_DECLS
