/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-node.h"

G_BEGIN_DECLS

/* Collects what is wrong with a job file, so that a person sees all of it at once. */
typedef struct _DmsJobReport DmsJobReport;

#define DMS_TYPE_JOB_REPORT (dms_job_report_get_type ())

GType dms_job_report_get_type (void);

/* name: (nullable): what to call the file; NULL for a message, whose errors have no place. */
DmsJobReport *dms_job_report_new (const char *name);
/* node: (nullable): what the error is about */
void dms_job_report_error (DmsJobReport *self, DmsJobNode *node, const char *path, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
void
dms_job_report_error_at (DmsJobReport *self, guint line, guint column, const char *path, const char *text);
void dms_job_report_warning (DmsJobReport *self, DmsJobNode *node, const char *path, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
gboolean dms_job_report_has_errors (DmsJobReport *self);
/* Sets the error to DMS_ERROR_INVALID_DATA and all the lines, in the order of the file. */
void dms_job_report_propagate (DmsJobReport *self, GError **error);
/* (transfer full) (nullable): the warnings; NULL without any */
GStrv dms_job_report_dup_warnings (DmsJobReport *self);

DmsJobReport *dms_job_report_ref (DmsJobReport *self);
void dms_job_report_unref (DmsJobReport *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsJobReport, dms_job_report_unref)

G_END_DECLS
