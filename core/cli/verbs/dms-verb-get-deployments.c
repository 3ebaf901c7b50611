/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-behaviour.h"
#include "cli/dms-cli-verbs.h"

static const DmsCliField fields[] = {
  { "sort_by", NULL, FALSE, "-created_at" },
  { NULL },
};

const DmsCliVerb dms_verb_get_deployments = {
  .path = "get deployments",
  .summary = N_ ("list the deployments of this node"),
  .examples = "  nunet get deployments\n",
  .run = dms_cli_behaviour_run,
  .data = &(const DmsCliBehaviour){ .path = "/dms/node/deployment/list", .fields = fields },
};
