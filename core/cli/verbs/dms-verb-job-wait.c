/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (GPtrArray) children = NULL;
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  gint64 deadline_us;

  for (guint i = 0; i < dms_cli_call_get_n_args (call); i++)
    g_ptr_array_add (keys, (gpointer) dms_cli_call_get_arg (call, i));
  g_ptr_array_add (keys, NULL);
  if (!dms_cli_job_read_deadline (call, &deadline_us, error))
    return FALSE;
  children = dms_cli_job_wait (call, (const char *const *) keys->pdata, deadline_us, error);
  if (children == NULL)
    return FALSE;
  dms_cli_job_show (call, children, TRUE);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "timeout", 0, DMS_CLI_FLAG_DURATION, FALSE, NULL, NULL, N_ ("give up waiting after this time") },
  { NULL },
};

const DmsCliVerb dms_verb_job_wait = {
  .path = "job wait",
  .arguments = "[<key>...]",
  .summary = N_ ("wait until children are over"),
  .description = N_ ("Waits until the children that are named, or all of this job, are over, and lists them. "
                     "The exit status is 0 when each of them is Completed, 2 when one is not, 3 when the "
                     "time of --timeout was over first."),
  .examples = "  nunet job wait\n"
              "  nunet job wait --timeout 10m first second || nunet job stop first second\n",
  .flags = flags,
  .max_args = -1,
  .run = run,
};
