/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-deployment-status.h"
#include "store/dms-collection.h"

G_BEGIN_DECLS

#define DMS_TYPE_DEPLOYMENT_RECORDS (dms_deployment_records_get_type ())

/* The stored deployments, running and past (orchestration.md 9). A body is {orchestrator_id, status,
 * status_version, metadata, error, completed_us, deployment_data}. */
G_DECLARE_FINAL_TYPE (DmsDeploymentRecords, dms_deployment_records, DMS, DEPLOYMENT_RECORDS, GObject)

DmsDeploymentRecords *dms_deployment_records_new (DmsStore *store, GError **error);

/* (transfer full): a body; data: the deployment's own view of itself */
JsonNode *dms_deployment_records_make_body (const char *id,
                                            DmsDeploymentStatus status,
                                            const char *error_text,
                                            JsonObject *metadata,
                                            gint64 completed_us,
                                            JsonNode *data);
gboolean
dms_deployment_records_put (DmsDeploymentRecords *self, const char *id, JsonNode *body, GError **error);
/* NULL with DMS_ERROR_NOT_FOUND */
DmsDocument *dms_deployment_records_get (DmsDeploymentRecords *self, const char *id, GError **error);
gboolean dms_deployment_records_delete (DmsDeploymentRecords *self, const char *id, GError **error);
/* (element-type DmsDocument) (transfer full): those an earlier run left unfinished */
GPtrArray *dms_deployment_records_list_unfinished (DmsDeploymentRecords *self, GError **error);
/* (element-type DmsDocument) (transfer full): final ones made before that time; 0 means all of them */
GPtrArray *dms_deployment_records_list_final (DmsDeploymentRecords *self, gint64 before_us, GError **error);
/* Answers a list request {metadata, limit, offset, status, id, created_after, …, sort_by} (behaviors.md 3).
 * (transfer full): the reply; NULL with an error. */
JsonNode *
dms_deployment_records_answer_list (DmsDeploymentRecords *self, JsonObject *request, GError **error);

/* Of a document's body. */
DmsDeploymentStatus dms_deployment_records_get_status (DmsDocument *document);
/* Empty when there is none. */
const char *dms_deployment_records_get_error (DmsDocument *document);
/* (nullable) */
JsonObject *dms_deployment_records_get_data (DmsDocument *document);

G_END_DECLS
