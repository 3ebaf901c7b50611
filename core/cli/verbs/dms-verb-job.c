/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_job = {
  .path = "job",
  .summary = N_ ("inside a job: deploy ensembles, wait for them, read what they wrote"),
  .description = N_ (
      "For use inside a job that may deploy ensembles of its own, its children: its job file says so under "
      "“children:”, and how much they may have; both nodes, the one that deployed the job and the one that "
      "runs it, set job.allow_children. Nothing else is needed: no key, no configuration. The job's socket, "
      "which DMS_JOB_SOCKET names, stands for all of its rights.\n\n"
      "A child has a key, a name of the job's own choice. The same key is the same child, however often it "
      "is asked for: a script that was interrupted may simply run again. Children end with the job unless "
      "they were deployed with --detached.\n\n"
      "Daemons may be restarted at any time. Each command asks again while nobody answers, or while the "
      "answer is that there is no room now; --patience says how long.\n\n"
      "The exit status is 0 when all is well, 1 on an error, 2 when a child that was waited for has failed, "
      "3 when the time to wait was over first."),
  .examples =
      "  # deploy one child for each file, gather what they found\n"
      "  for file in parts/*.yaml; do nunet job deploy \"$(basename \"$file\" .yaml)\" \"$file\"; done\n"
      "  nunet job wait && nunet job output first there.main\n",
  .persistent_flags = dms_cli_job_flags,
  .strict = TRUE,
};
