/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-report.h"

G_BEGIN_DECLS

/* Resolves `${source:key|modifier:-default}` in every text of the tree (ensemble.md 2), in place. Each is
 * resolved once: what comes from a variable or a file is not looked at again. `$${` stands for a literal
 * `${`. base_dir: where relative files start. */
void dms_job_placeholder_resolve (DmsJobNode *tree, const char *base_dir, DmsJobReport *report);

G_END_DECLS
