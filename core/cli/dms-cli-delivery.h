/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-session.h"

G_BEGIN_DECLS

/* Delivers the signed message that is the call's only argument, and prints the answer. */
gboolean dms_cli_delivery_run (DmsCliCall *call, DmsCliMode mode, GError **error);

G_END_DECLS
