/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/**
 * DmsConformanceJob:
 * @DMS_CONFORMANCE_JOB_PRINT: writes the request's @out and @err, exactly, and ends with its @exit_code
 * @DMS_CONFORMANCE_JOB_LATE: writes @out at once, waits a second or so, writes @err to standard output as
 * well, ends with 0
 * @DMS_CONFORMANCE_JOB_SLEEP: runs for at least a minute, but ends when it is asked to (SIGTERM)
 * @DMS_CONFORMANCE_JOB_STUBBORN: runs for at least a minute, and cannot be asked to end
 * @DMS_CONFORMANCE_JOB_ALLOCATE: takes more memory than its limit allows
 * @DMS_CONFORMANCE_JOB_INVALID: a specification the executor must refuse to validate
 * @DMS_CONFORMANCE_JOB_FILES: leaves these where dms_execution_read_file_async() looks, and ends with 0: a
 * file `note` with exactly @out, a file `folder/note` with exactly @err, a symbolic link `link` to the path
 * @secret, and a file `large` of 20 MiB of zeros with @err behind them; an executor that reads no files runs
 * any job
 *
 * What a job of the conformance tests does.
 */
typedef enum
{
  DMS_CONFORMANCE_JOB_PRINT,
  DMS_CONFORMANCE_JOB_LATE,
  DMS_CONFORMANCE_JOB_SLEEP,
  DMS_CONFORMANCE_JOB_STUBBORN,
  DMS_CONFORMANCE_JOB_ALLOCATE,
  DMS_CONFORMANCE_JOB_INVALID,
  DMS_CONFORMANCE_JOB_FILES,
} DmsConformanceJob;

/**
 * DmsConformanceRequest:
 * @job: what the job must do
 * @job_id: the specification's job ID
 * @execution_id: its execution ID
 * @state_dir: its state directory, which exists
 * @out: what the job writes, see #DmsConformanceJob
 * @err: what else it writes
 * @exit_code: how it ends
 * @secret: a file of the machine, outside of what the job may read, see #DmsConformanceJob
 *
 * What a specification is asked for.
 */
typedef struct
{
  DmsConformanceJob job;
  const char *job_id;
  const char *execution_id;
  const char *state_dir;
  const char *out;
  const char *err;
  int exit_code;
  const char *secret;
} DmsConformanceRequest;

/**
 * DmsConformanceExecutorFunc:
 * @user_data: (closure): the caller's data
 *
 * Makes an executor. It is called again to play a restart of the daemon: what one instance launched, the next
 * one must be able to adopt.
 *
 * Returns: (transfer full): the executor
 */
typedef DmsExecutor *(*DmsConformanceExecutorFunc) (gpointer user_data);

/**
 * DmsConformanceSpecFunc:
 * @request: what is asked for
 * @user_data: (closure): the caller's data
 *
 * Makes a specification.
 *
 * Returns: (transfer full) (nullable): the specification; %NULL when this executor has no such job, which
 * skips the checks that need it
 */
typedef DmsExecutionSpec *(*DmsConformanceSpecFunc) (const DmsConformanceRequest *request,
                                                     gpointer user_data);

DMS_EXPORT void dms_executor_conformance_add_tests (const char *prefix,
                                                    DmsConformanceExecutorFunc make_executor,
                                                    DmsConformanceSpecFunc make_spec,
                                                    gpointer user_data);

G_END_DECLS
