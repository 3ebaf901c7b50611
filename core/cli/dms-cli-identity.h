/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-call.h"
#include "identity/dms-key.h"

G_BEGIN_DECLS

/* The key of a context, with the passphrase from DMS_PASSPHRASE or asked for. NULL with an error that says
 * how to make a missing one. */
DmsKey *dms_cli_identity_load_key (DmsCliCall *call, const char *context, GError **error);

G_END_DECLS
