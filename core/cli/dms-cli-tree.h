/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"
#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/* What a context holds, for people: who gave what to whom, where it counts and until when. */
void dms_cli_tree_print (DmsCliCall *call, const char *name, DmsCapabilityContext *context);

G_END_DECLS
