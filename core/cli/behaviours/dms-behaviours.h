/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-behaviour.h"

G_BEGIN_DECLS

/* The verbs below `actor cmd`, one table a subject, each ended by one without a path. Most behaviours are
 * nothing but the table's line: flags, and the members of the payload they become (cli.md section 4,
 * behaviors.md). */
extern const DmsCliVerb dms_behaviours_capabilities[];
extern const DmsCliVerb dms_behaviours_contracts[];
extern const DmsCliVerb dms_behaviours_deployments[];
extern const DmsCliVerb dms_behaviours_node[];
extern const DmsCliVerb dms_behaviours_onboarding[];
extern const DmsCliVerb dms_behaviours_volumes[];

/* A job file as the member Ensemble, from --spec-file. */
gboolean dms_job_payload_complete (DmsCliCall *call, DmsCliSession *session, JsonObject *payload,
                                   GError **error);

/* Filters `key=value` of --filter as the member metadata. */
gboolean dms_list_payload_add_filters (DmsCliCall *call, JsonObject *payload, GError **error);
/* Filters of deployments: metadata, status names, times. */
gboolean dms_list_payload_complete (DmsCliCall *call, DmsCliSession *session, JsonObject *payload,
                                    GError **error);
/* A time as RFC 3339, or an age such as 1h or 2d before now; the answer is RFC 3339. */
char *dms_list_payload_parse_time (const char *text, GError **error);

G_END_DECLS
