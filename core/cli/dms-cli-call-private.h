/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-parser.h"

G_BEGIN_DECLS

/* parser: taken. The streams are borrowed. */
DmsCliCall *dms_cli_call_new (DmsCliParser *parser, FILE *in, FILE *out, FILE *err);
void dms_cli_call_free (DmsCliCall *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsCliCall, dms_cli_call_free)

G_END_DECLS
