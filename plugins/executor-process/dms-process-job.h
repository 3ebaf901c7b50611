/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What the executor makes of a specification: the checks, and the records that the shim reads. */

gboolean dms_process_job_validate (DmsExecutionSpec *spec, GError **error);
/* The records (docs/executor-process.md), from a valid specification. */
GBytes *dms_process_job_encode (DmsExecutionSpec *spec, const char *bwrap, GError **error);
/* A name for control groups and the registry: the execution ID and a hash of where its state is. */
char *dms_process_job_dup_name (const char *execution_id, const char *state_dir);

G_END_DECLS
