/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-status.h"

static const char *const names[] = {
  "Preparing", "Generating", "Committing", "Provisioning", "Running", "Failed", "ShuttingDown", "Completed",
  "Updating",
};

const char *
dms_deployment_status_to_string (int status)
{
  return status >= 0 && status < (int) G_N_ELEMENTS (names) ? names[status] : "Unknown";
}

int
dms_deployment_status_from_string (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (g_ascii_strcasecmp (names[i], name) == 0)
        return (int) i;
    }
  return -1;
}

gboolean
dms_deployment_status_is_final (DmsDeploymentStatus status)
{
  return status == DMS_DEPLOYMENT_FAILED || status == DMS_DEPLOYMENT_COMPLETED;
}
