/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-node.h"

G_BEGIN_DECLS

/* Reads one YAML document (JSON is one too) into a tree. Size, depth and the number of nodes after aliases
 * are bounded. name is what messages call the file. NULL with DMS_ERROR_INVALID_DATA or DMS_ERROR_TOO_LARGE.
 */
DmsJobNode *dms_job_yaml_load (const char *name, GBytes *data, GError **error);
/* (transfer container) (element-type DmsJobNode): all documents of a stream, in their order, with the same
 * bounds for all of them together. An empty document is a null. */
GPtrArray *dms_job_yaml_load_all (const char *name, GBytes *data, GError **error);

G_END_DECLS
