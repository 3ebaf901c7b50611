/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job-check.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_ensemble_validate = {
  .path = "ensemble validate",
  .arguments = "<job file>...",
  .summary = N_ ("check job files without deploying them"),
  .description = N_ ("The same as “nunet validate”: reads job files as “deploy” would, and shows everything "
                     "that is wrong with them. The exit status is 1 when one is not valid."),
  .examples = "  nunet ensemble validate hello.yaml\n"
              "  nunet ensemble validate --json jobs/*.yaml\n",
  .flags = dms_cli_job_check_flags,
  .min_args = 1,
  .max_args = -1,
  .run = dms_cli_job_check_run,
};
