/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-report.h"

G_BEGIN_DECLS

/* Which of the two shapes of an ensemble is being read. */
typedef enum
{
  /* A job file: units, shorthand, unknown keys are errors. */
  DMS_JOB_FORM_FILE,
  /* A message: base units, member names in any case, unknown members are skipped. */
  DMS_JOB_FORM_WIRE,
} DmsJobForm;

/* What to demand of a member. */
typedef enum
{
  DMS_JOB_READ_OPTIONAL = 0,
  DMS_JOB_READ_REQUIRED = 1 << 0,
  DMS_JOB_READ_NON_EMPTY = 1 << 1,
} DmsJobReadFlags;

/* Reads the members of one map with their types checked; what is wrong goes to the report. */
typedef struct _DmsJobReader DmsJobReader;

#define DMS_TYPE_JOB_READER (dms_job_reader_get_type ())

GType dms_job_reader_get_type (void);

/* NULL, and an error reported, when the node is not a map. */
DmsJobReader *dms_job_reader_new (DmsJobNode *node, const char *path, DmsJobForm form, DmsJobReport *report);
/* The same for a member; NULL when it is absent (an error only if required) or not a map. */
DmsJobReader *dms_job_reader_open (DmsJobReader *self, const char *key, DmsJobReadFlags flags);

DmsJobForm dms_job_reader_get_form (DmsJobReader *self);
DmsJobNode *dms_job_reader_get_node (DmsJobReader *self);
const char *dms_job_reader_get_path (DmsJobReader *self);
DmsJobReport *dms_job_reader_get_report (DmsJobReader *self);
/* `path.key` */
char *dms_job_reader_dup_path_of (DmsJobReader *self, const char *key);

/* (nullable): the member; absent and null are the same. */
DmsJobNode *dms_job_reader_get (DmsJobReader *self, const char *key, DmsJobReadFlags flags);
/* (nullable): a member that must be a list */
DmsJobNode *dms_job_reader_get_list (DmsJobReader *self, const char *key, DmsJobReadFlags flags);
/* (nullable) (transfer full) */
char *dms_job_reader_dup_string (DmsJobReader *self, const char *key, DmsJobReadFlags flags);
/* (transfer full): never NULL */
GStrv dms_job_reader_dup_strv (DmsJobReader *self, const char *key, DmsJobReadFlags flags);
/* choices: NULL-terminated. fallback: (nullable): when absent. */
char *dms_job_reader_dup_choice (DmsJobReader *self,
                                 const char *key,
                                 const char *const *choices,
                                 const char *fallback,
                                 DmsJobReadFlags flags);
gboolean dms_job_reader_get_bool (DmsJobReader *self, const char *key, gboolean fallback);
gint64 dms_job_reader_get_int (DmsJobReader *self, const char *key, gint64 min, gint64 max, gint64 fallback);
/* 0 when absent or wrong */
double dms_job_reader_get_positive (DmsJobReader *self, const char *key, double max, DmsJobReadFlags flags);
/* 0 when absent or wrong. Bare numbers are GiB in a file and bytes in a message. */
guint64 dms_job_reader_get_bytes (DmsJobReader *self, const char *key, DmsJobReadFlags flags);
/* 0 when absent or wrong. Bare numbers are GHz in a file and Hz in a message. */
double dms_job_reader_get_hertz (DmsJobReader *self, const char *key);

/* Notes a key of earlier versions: it is skipped with a warning. */
void dms_job_reader_skip_obsolete (DmsJobReader *self, const char *key);
/* Notes a key that is read elsewhere. */
void dms_job_reader_mark_known (DmsJobReader *self, const char *key);
/* Reports an error about a member, or about the map itself with key NULL. */
void dms_job_reader_error (DmsJobReader *self, const char *key, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* Reports the keys nobody asked for; call it last. */
void dms_job_reader_finish (DmsJobReader *self);

DmsJobReader *dms_job_reader_ref (DmsJobReader *self);
void dms_job_reader_unref (DmsJobReader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsJobReader, dms_job_reader_unref)

G_END_DECLS
