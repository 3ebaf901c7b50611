/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "config/dms-config.h"

G_BEGIN_DECLS

/* What of this machine a job may be given only if its owner agreed: he did by configuration, or the job is
 * his. A requirement is a bit, so that it can be asked about before there is a job. */
typedef enum
{
  DMS_JOB_CONSENT_NONE = 0,
  /* The machine's own network, and with it what listens on its loopback alone. */
  DMS_JOB_CONSENT_HOST_NETWORK = 1 << 0,
  /* A directory of the machine in place of a root file system, and with it everything below. */
  DMS_JOB_CONSENT_HOST_ROOTFS = 1 << 1,
} DmsJobConsent;

/* @params: (nullable): those of an executor. */
DmsJobConsent dms_job_consent_of_params (JsonObject *params);
/* @trusted: whether the job is the owner's. FALSE with PERMISSION_DENIED, which says what to change. */
gboolean dms_job_consent_check (DmsJobConsent needed, DmsConfig *config, gboolean trusted, GError **error);

G_END_DECLS
