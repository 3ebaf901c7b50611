/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-call.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What nodes, those of the field too, say of a deployment that they do not have. */
#define DMS_CLI_WHY_UNKNOWN "orchestrator with ID not found"
/* (printf with the ID) */
#define DMS_CLI_WHY_UNKNOWN_TEXT                                                                             \
  N_ ("deployment “%s” not found: give a whole ID, as “nunet get deployments” lists them")

/* For each node what machines said: how many gave which reason, what to relax, who came nearest, who was
 * taken. why: (nullable): as the node tells it. */
void dms_cli_why_print (DmsCliCall *call, JsonObject *why);

G_END_DECLS
