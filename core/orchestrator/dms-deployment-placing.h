/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-deployment.h"
#include "provider/dms-bid.h"
#include "resources/dms-coordinates.h"

G_BEGIN_DECLS

/* The third part of a deployment, after asking and bidding: which of the offers it takes
 * (orchestration.md 3.3). */

typedef struct _DeployPlacing DeployPlacing;

void dms_deployment_placing_free (DeployPlacing *self);
/* When there is an offer for every node: chooses, has the ways measured that the choice needs, and goes on to
 * commit; or asks again, when they do not go together. */
void dms_deployment_place (DmsDeployment *self);
/* (nullable): the coordinates of the place that a bid names, while it is chosen. Of many places some are not
 * found. */
const DmsCoordinates *dms_deployment_find_place (DmsDeployment *self, DmsBid *bid);
/* Whether those who made an offer are being asked for offers for other nodes too. */
gboolean dms_deployment_is_filling (DmsDeployment *self);

G_END_DECLS
