/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

G_BEGIN_DECLS

/* Checks the job files that are its arguments: what `validate` and `ensemble validate` do. */
extern const DmsCliFlag dms_cli_job_check_flags[];

gboolean dms_cli_job_check_run (DmsCliCall *call, GError **error);

G_END_DECLS
