/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-ensemble.h"

G_BEGIN_DECLS

/* Reads a job file, YAML or JSON, and resolves its placeholders against this process's environment and files
 * beside it. NULL with DMS_ERROR_INVALID_DATA and one line an error, each `file:line:column: path: what is
 * wrong`; or with DMS_ERROR_NOT_FOUND, DMS_ERROR_TOO_LARGE or DMS_ERROR_IO when the file cannot be read. */
DmsEnsemble *dms_job_parser_load_file (const char *path, GError **error);

/* The same for bytes in memory. name: what to call them in messages. base_dir: (nullable): where relative
 * `${file:…}` paths start; NULL means the working directory. */
DmsEnsemble *dms_job_parser_load_data (const char *name, const char *base_dir, GBytes *data, GError **error);
/* The same from somebody whom our environment and files are no business of: `${…}` stays as it is. */
DmsEnsemble *dms_job_parser_load_untrusted (const char *name, GBytes *data, GError **error);

G_END_DECLS
