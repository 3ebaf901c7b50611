/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

#define DMS_TYPE_JOB_SOCKET (dms_job_socket_get_type ())

/* The socket through which a job asks its deployment's orchestrator for children (docs/workflows.md). A
 * request is a line of JSON, and so is the answer; what the job may have is decided by the orchestrator
 * alone, this only bounds how much it can say. The job is hostile: at most a few connections, one request at
 * a time on each, lines of a bounded length, a bounded rate. */
G_DECLARE_FINAL_TYPE (DmsJobSocket, dms_job_socket, DMS, JOB_SOCKET, GObject)

/* folder: where `job.sock` is made; itself made if it is not there. actor: the allocation's. */
DmsJobSocket *dms_job_socket_new (const char *folder,
                                  DmsActor *actor,
                                  DmsHandle *orchestrator,
                                  const char *ensemble_id,
                                  const char *allocation_id,
                                  GError **error);
void dms_job_socket_close (DmsJobSocket *self);

/* Where a job finds it: the folder is mounted there, and the variable names the socket. */
#define DMS_JOB_SOCKET_MOUNT    "/dms"
#define DMS_JOB_SOCKET_VARIABLE "DMS_JOB_SOCKET=/dms/job.sock"

G_END_DECLS
