/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/behaviours/dms-behaviours.h"
#include <dms.h>

static const DmsCliFlag new_flags[] = {
  { "spec-file", 'f', DMS_CLI_FLAG_STRING, FALSE, "ensemble.yaml", "file",
   N_ ("the job file, YAML or JSON") },
  { NULL },
};

static const DmsCliFlag update_flags[] = {
  { "spec-file", 'f', DMS_CLI_FLAG_STRING, FALSE, "ensemble.yaml", "file",
   N_ ("the job file, YAML or JSON") },
  { "id", 'i', DMS_CLI_FLAG_STRING, TRUE, NULL, "id", N_ ("the deployment") },
  { NULL },
};

static const DmsCliField update_fields[] = {
  { "EnsembleID", "id", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag list_flags[] = {
  { "filter", 'f', DMS_CLI_FLAG_STRING_ARRAY, FALSE, NULL, "key=value",
   N_ ("only those with this metadata; may be repeated") },
  { "limit", 0, DMS_CLI_FLAG_INT, FALSE, NULL, "n", N_ ("at most so many") },
  { "offset", 0, DMS_CLI_FLAG_INT, FALSE, NULL, "n", N_ ("leave out so many at the beginning") },
  { "status", 0, DMS_CLI_FLAG_STRINGS, FALSE, NULL, "names", N_ ("only those in these states") },
  { "id", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "id", N_ ("only this one") },
  { "created-after", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "time",
   N_ ("RFC 3339, or an age such as 1h or 1d") },
  { "created-before", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "time", N_ ("likewise") },
  { "updated-after", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "time", N_ ("likewise") },
  { "updated-before", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "time", N_ ("likewise") },
  { "sort", 0, DMS_CLI_FLAG_STRING, FALSE, "-created_at", "field",
   N_ ("the order; a minus sign turns it around") },
  { NULL },
};

static const DmsCliField list_fields[] = {
  { "limit", "limit", FALSE, NULL },
  { "offset", "offset", FALSE, NULL },
  { "id", "id", FALSE, NULL },
  { "sort_by", "sort", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag status_flags[] = {
  { "id", 'i', DMS_CLI_FLAG_STRING, TRUE, NULL, "id", N_ ("the deployment") },
  { "include-usage", 'u', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("with what each allocation uses") },
  { NULL },
};

static const DmsCliField status_fields[] = {
  { "id", "id", TRUE, NULL },
  { "include_usage", "include-usage", FALSE, NULL },
  { NULL },
};

static const DmsCliFlag id_flags[] = {
  { "id", 'i', DMS_CLI_FLAG_STRING, TRUE, NULL, "id", N_ ("the deployment") },
  { NULL },
};

static const DmsCliField id_fields[] = {
  { "id", "id", TRUE, NULL },
  { NULL },
};

static const DmsCliField upper_id_fields[] = {
  { "ID", "id", TRUE, NULL },
  { NULL },
};

static const DmsCliField ensemble_fields[] = {
  { "id", "id", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag info_flags[] = {
  { "id", 'i', DMS_CLI_FLAG_STRING, TRUE, NULL, "id", N_ ("the deployment") },
  { "usage", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("with what each allocation uses") },
  { "logs", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("with where the logs are") },
  { "allocations", 0, DMS_CLI_FLAG_STRINGS, FALSE, NULL, "names", N_ ("only these allocations") },
  { NULL },
};

static const DmsCliField info_fields[] = {
  { "id", "id", TRUE, NULL },
  { "include_usage", "usage", FALSE, NULL },
  { "include_logs", "logs", FALSE, NULL },
  { "allocation_names", "allocations", FALSE, NULL },
  { NULL },
};

static const DmsCliFlag logs_flags[] = {
  { "id", 'i', DMS_CLI_FLAG_STRING, TRUE, NULL, "id", N_ ("the deployment") },
  { "allocation", 'a', DMS_CLI_FLAG_STRING, TRUE, NULL, "name",
   N_ ("the allocation, as the manifest names it: node.allocation") },
  { NULL },
};

static const DmsCliField logs_fields[] = {
  { "EnsembleID", "id", TRUE, NULL },
  { "AllocationName", "allocation", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag async_flags[] = {
  { "id", 'i', DMS_CLI_FLAG_STRING, TRUE, NULL, "id", N_ ("the deployment") },
  { "allocation", 'a', DMS_CLI_FLAG_STRING, TRUE, NULL, "name",
   N_ ("the allocation, as the manifest names it: node.allocation") },
  { "follow", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("go on as long as the job runs") },
  { "follow-interval", 0, DMS_CLI_FLAG_INT, FALSE, "10", "seconds", N_ ("time between two looks") },
  { NULL },
};

static const DmsCliField async_fields[] = {
  { "EnsembleID", "id", TRUE, NULL },
  { "AllocationName", "allocation", TRUE, NULL },
  { "Follow", "follow", TRUE, NULL },
  { "FollowIntervalSeconds", "follow-interval", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag prune_flags[] = {
  { "before", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "age or date",
   N_ ("those that ended before then: 7d, 24h or 2030-01-31") },
  { "all", 'a', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("all that ended") },
  { NULL },
};

static const DmsCliField prune_fields[] = {
  { "before", "before", FALSE, NULL },
  { "all", "all", FALSE, NULL },
  { NULL },
};

static gboolean
check_prune (DmsCliCall *call, GError **error)
{
  if (dms_cli_call_is_set (call, "before") || dms_cli_call_get_bool (call, "all"))
    return TRUE;

  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "must provide --before or --all");
  return FALSE;
}

static const DmsCliFlag delete_flags[] = {
  { "id", 0, DMS_CLI_FLAG_STRING, TRUE, NULL, "id", N_ ("the deployment") },
  { NULL },
};

static const DmsCliField delete_fields[] = {
  { "orchestrator_id", "id", TRUE, NULL },
  { NULL },
};

const DmsCliVerb dms_behaviours_deployments[] = {
  {
    .path = "actor cmd /dms/node/deployment/new",
    .summary = N_ ("deploy a job file"),
    .examples = "  nunet actor cmd /dms/node/deployment/new --spec-file hello.yaml",
    .flags = new_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .timeout = 60, .complete = dms_job_payload_complete },
  },
  {
    .path = "actor cmd /dms/node/deployment/plan",
    .summary = N_ ("ask who would run a job file, and start nothing"),
    .flags = new_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .timeout = 90, .complete = dms_job_payload_complete },
  },
  {
    .path = "actor cmd /dms/node/deployment/ensemble",
    .summary = N_ ("show the job that a deployment was made of"),
    .description = N_ ("In the form in which nodes exchange it, with the values of its variables."),
    .flags = id_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = ensemble_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/update",
    .summary = N_ ("change a running deployment"),
    .flags = update_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = update_fields, .timeout = 120,
                                     .complete = dms_job_payload_complete },
  },
  {
    .path = "actor cmd /dms/node/deployment/list",
    .summary = N_ ("list deployments"),
    .examples = "  nunet actor cmd /dms/node/deployment/list --status running,failed --created-after 1d",
    .flags = list_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = list_fields, .complete = dms_list_payload_complete },
  },
  {
    .path = "actor cmd /dms/node/deployment/status",
    .summary = N_ ("show how a deployment is doing"),
    .flags = status_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = status_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/manifest",
    .summary = N_ ("show what a deployment is made of"),
    .flags = id_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = upper_id_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/info",
    .summary = N_ ("show everything about a deployment"),
    .flags = info_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = info_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/why",
    .summary = N_ ("say why machines would not run a deployment"),
    .examples = "  nunet actor cmd /dms/node/deployment/why --id ID",
    .flags = id_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = id_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/logs",
    .summary = N_ ("fetch the logs of an allocation"),
    .description = N_ ("Fetches both streams from the node that runs the allocation, into files "
                       "below the work directory. The reply says where. What an allocation wrote "
                       "before an update took it away or made it anew is kept under names of its "
                       "own, such as node1.hello.before-1; `info --logs` lists them."),
    .examples = "  nunet actor cmd /dms/node/deployment/logs --id ID --allocation node1.hello",
    .flags = logs_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = logs_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/logs/async",
    .summary = N_ ("fetch logs in the background"),
    .flags = async_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = async_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/logs/async/status",
    .summary = N_ ("show how a log fetch is doing"),
    .flags = logs_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = logs_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/logs/async/stop",
    .summary = N_ ("stop a log fetch"),
    .flags = logs_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = logs_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/shutdown",
    .summary = N_ ("stop a deployment"),
    .flags = id_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = upper_id_fields },
  },
  {
    .path = "actor cmd /dms/node/deployment/prune",
    .summary = N_ ("forget deployments that ended"),
    .examples = "  nunet actor cmd /dms/node/deployment/prune --before 7d",
    .flags = prune_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = prune_fields, .check = check_prune },
  },
  {
    .path = "actor cmd /dms/node/deployment/delete",
    .summary = N_ ("forget one deployment"),
    .flags = delete_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = delete_fields },
  },
  { NULL },
};
