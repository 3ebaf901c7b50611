/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-session.h"

G_BEGIN_DECLS

/* Asks whom --dest names, this machine's daemon if it is not given. payload: (transfer full). The reply is an
 * object, or it is an error. (transfer full) */
JsonObject *
dms_cli_ask (DmsCliCall *call, const char *behaviour, guint timeout, JsonObject *payload, GError **error);
/* The object in lines, for programs. */
void dms_cli_ask_print (DmsCliCall *call, JsonObject *object);

G_END_DECLS
