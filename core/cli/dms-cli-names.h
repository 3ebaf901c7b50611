/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/* What DIDs are called when people read of them: by the context of this user that they belong to, else in
 * short. Two DIDs never have the same short form in one output. */
typedef struct _DmsCliNames DmsCliNames;

/* Knows the contexts in the user's directory. */
DmsCliNames *dms_cli_names_new (DmsCliCall *call);
void dms_cli_names_free (DmsCliNames *self);

/* Says that this DID is going to be shown; all of them, before the first is. */
void dms_cli_names_add (DmsCliNames *self, DmsDid *did);
/* (nullable): the context that a DID belongs to. */
const char *dms_cli_names_get_context (DmsCliNames *self, DmsDid *did);
/* What to call it. */
const char *dms_cli_names_get (DmsCliNames *self, DmsDid *did);
/* Which name is which DID, of those that were added; one a line, indented. */
void dms_cli_names_print (DmsCliNames *self, DmsCliCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsCliNames, dms_cli_names_free)

G_END_DECLS
