/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-ensemble.h"

G_BEGIN_DECLS

/* What an ensemble that a job deploys takes of the job's budget. */
typedef struct
{
  double cores;
  guint64 ram_bytes;
  guint64 disk_bytes;
  guint n_gpus;
  /* With all that its own jobs may deploy. */
  guint n_deployments;
} DmsChildCharge;

/* Whether a job with this budget may deploy this ensemble at all, and what that takes. A job has no rights
 * but to use resources in a sandbox: nothing of the machines it runs on, no ports, no contracts. FALSE with
 * DMS_ERROR_NOT_ALLOWED. */
gboolean
dms_child_check (DmsChildBudget *budget, DmsEnsemble *ensemble, DmsChildCharge *charge, GError **error);
/* What is left when so much runs: FALSE with the name of what is missing in *what. */
gboolean dms_child_charge_fits (const DmsChildCharge *charge,
                                const DmsChildCharge *taken,
                                DmsChildBudget *budget,
                                const char **what);

G_END_DECLS
