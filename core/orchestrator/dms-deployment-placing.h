/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-deployment.h"

G_BEGIN_DECLS

/* The third part of a deployment, after asking and bidding: which of the offers it takes
 * (orchestration.md 3.3). */

typedef struct _DeployPlacing DeployPlacing;

void dms_deployment_placing_free (DeployPlacing *self);
/* When there is an offer for every node: chooses, has the ways measured that the choice needs, and goes on to
 * commit; or asks again, when they do not go together. */
void dms_deployment_place (DmsDeployment *self);
/* Whether those who made an offer are being asked for offers for other nodes too. */
gboolean dms_deployment_is_filling (DmsDeployment *self);

G_END_DECLS
