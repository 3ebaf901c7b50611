/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-behaviour.h"
#include "cli/behaviours/dms-behaviours.h"
#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-verbs.h"

static const DmsCliFlag flags[] = {
  { "spec-file", 'f', DMS_CLI_FLAG_STRING, FALSE, "ensemble.yaml", "file",
   N_ ("the job file, YAML or JSON") },
  { NULL },
};

const DmsCliVerb dms_verb_deploy = {
  .path = "deploy",
  .summary = N_ ("deploy a job file"),
  .description = N_ ("Reads the job file and hands it to this node, which finds machines for it and runs it "
                     "there. The reply has the ID of the deployment; the command does not wait for the job."),
  .examples = "  nunet deploy --spec-file hello.yaml\n"
              "  nunet get deployments",
  .flags = flags,
  .persistent_flags = dms_cli_message_flags,
  .run = dms_cli_behaviour_run,
  .data = &(const DmsCliBehaviour){ .path = "/dms/node/deployment/new", .timeout = 60,
                                   .complete = dms_job_payload_complete },
};
