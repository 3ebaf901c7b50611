/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-invitation.h"
#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/* Reads an invitation that is an argument: the text itself, `-` for standard input, or the name of a file.
 * White space in it, as of a wrapped mail, does not count. @from_input: (nullable): whether it was `-`. */
DmsInvitation *
dms_cli_invitation_read (DmsCliCall *call, const char *argument, gboolean *from_input, GError **error);
/* Tells a joiner in plain words who invites, what he gets and what he allows. */
void dms_cli_invitation_show (DmsCliCall *call, DmsInvitation *invitation);
/* Warns of rights that let others do more than use a node. Returns whether there are any. */
gboolean dms_cli_invitation_warn (DmsCliCall *call, const char *const *capabilities);

G_END_DECLS
