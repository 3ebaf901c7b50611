/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-call.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What the verbs below `job` share: they run inside a job, and ask through the socket in its allocation
 * (docs/workflows.md) for ensembles that the job deploys itself. */

/* Of all verbs below `job`: --socket, --patience, --json. Ended by an empty one. */
extern const DmsCliFlag dms_cli_job_flags[];

/* What the program ends with; 1 is for errors. */
enum
{
  /* A child ended otherwise than Completed. */
  DMS_CLI_JOB_STATUS_FAILED = 2,
  /* The time given to wait is over. */
  DMS_CLI_JOB_STATUS_TIME_UP = 3,
};

/* A request of this kind; key: (nullable): of the child it is about. (transfer full) */
JsonObject *dms_cli_job_request (const char *operation, const char *key);
/* The answer, which is one that says `ok`; anything else is an error. Asks again, for as long as --patience
 * says, when nobody answers or the answer is that the same may do later. request: (transfer full). (transfer
 * full) */
JsonObject *dms_cli_job_ask (DmsCliCall *call, JsonObject *request, GError **error);
/* All children of this job, however many. (element-type JsonObject) (transfer full) (nullable) */
GPtrArray *dms_cli_job_list (DmsCliCall *call, GError **error);
/* Waits until these children are over; all of the job's for none. deadline_us: monotonic, 0 for none.
 * Returns what was said of them last; which of them is over is in there. (element-type JsonObject) (transfer
 * full) (nullable) */
GPtrArray *dms_cli_job_wait (DmsCliCall *call, const char *const *keys, gint64 deadline_us, GError **error);
/* The monotonic time at which --timeout ends; 0 for never. FALSE when it cannot be. */
gboolean dms_cli_job_read_deadline (DmsCliCall *call, gint64 *deadline_us, GError **error);
/* Whether the child is Completed; over: (out) (nullable): whether that can change no more. */
gboolean dms_cli_job_is_good (JsonObject *child, gboolean *over);
/* Tells of children, by a table or with --json as a list, and sets the exit status to say how they ended when
 * @judge. children: (element-type JsonObject) */
void dms_cli_job_show (DmsCliCall *call, GPtrArray *children, gboolean judge);

G_END_DECLS
