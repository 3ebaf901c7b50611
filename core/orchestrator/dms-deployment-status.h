/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where a deployment stands (types.md 6). The numbers are stored and travel in list filters. */
typedef enum
{
  DMS_DEPLOYMENT_PREPARING = 0,
  DMS_DEPLOYMENT_GENERATING = 1,
  DMS_DEPLOYMENT_COMMITTING = 2,
  DMS_DEPLOYMENT_PROVISIONING = 3,
  DMS_DEPLOYMENT_RUNNING = 4,
  DMS_DEPLOYMENT_FAILED = 5,
  DMS_DEPLOYMENT_SHUTTING_DOWN = 6,
  DMS_DEPLOYMENT_COMPLETED = 7,
  /* Later than the others, and behind them: what is stored keeps its meaning. */
  DMS_DEPLOYMENT_UPDATING = 8,
} DmsDeploymentStatus;

/* Stored beside the number, since another release of the field's software counts otherwise. */
#define DMS_DEPLOYMENT_STATUS_VERSION 1

/* `Preparing` … `Updating`; `Unknown` for any other number. */
const char *dms_deployment_status_to_string (int status);
/* The number of a name, in any case of letters; -1 for none. */
int dms_deployment_status_from_string (const char *name);
/* Whether nothing happens to the deployment any more. */
gboolean dms_deployment_status_is_final (DmsDeploymentStatus status);

G_END_DECLS
