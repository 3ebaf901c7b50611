/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-node.h"

G_BEGIN_DECLS

/* Provider and importers must say the same (core/provider/dms-volume-resolver.c). */
#define DMS_IMPORT_BIND_REMARK                                                                               \
  "the path must exist on the machine that runs the job, and only its own owner may mount it: use a named "  \
  "volume, or put what is in it into the image"
/* What was for the machine alone is opened to nobody. */
#define DMS_IMPORT_CLOSED_REMARK                                                                             \
  "left out: it was for the machine itself or one network, and a port of a node is open to everybody; "      \
  "write "                                                                                                   \
  "it under the node's ports if everybody may reach it"

typedef struct _DmsImportJob DmsImportJob;

/* An allocation while it is translated. What is not set gets the defaults of dms_import_job_to_node(). */
struct _DmsImportJob
{
  /* Bytes that all jobs together may still take; 0 once it was too little. */
  gsize *room;
  char *name;
  /* (nullable): the name by which others find it */
  char *dns_name;
  /* `docker` or `process` */
  const char *executor;
  gboolean is_task;
  gboolean restarts;

  char *image;
  /* (nullable): NULL means what the image has */
  GStrv entrypoint;
  GStrv command;
  char *working_directory;
  char *user;
  gboolean privileged;

  double cores;
  guint64 ram;
  guint64 disk;
  char *architecture;
  guint n_gpus;
  char *gpu_vendor;
  char *gpu_model;

  /* (nullable) */
  GStrv health_command;
  /* (nullable): instead of a command */
  char *health_endpoint;
  gint64 health_interval_ns;

  /* Names of jobs that start before it. */
  GPtrArray *depends_on;
  /* dms-import-flow.c. Whom it waits for until they have succeeded: (nullable) */
  GPtrArray *waits;
  /* Names of those of them for whom the workflow waits. */
  GPtrArray *after;
  /* Whether it is a step of the workflow, and whether it is to be one also when nobody waits. */
  gboolean is_step;
  gboolean wants_step;
  gboolean has_retries;
  guint max_retries;
  /* (nullable) */
  const char *retry_delay;
  const char *retry_max_delay;
  char *timeout;
  /* How often it runs altogether, if that is more than once. */
  guint n_runs;
  /* Names and values in the order they were first set. */
  GPtrArray *variables;
  GHashTable *values;
  /* DmsJobNode of each volume and of each file */
  GPtrArray *volumes;
  GPtrArray *files;
};

DmsImportJob *dms_import_job_new (const char *name, gsize *room);
/* Another with everything that this one has, to be changed apart. */
DmsImportJob *dms_import_job_copy (DmsImportJob *self, const char *name);
void dms_import_job_free (DmsImportJob *self);

/* Counts its command too; call it once when that is there. */
void dms_import_job_settle (DmsImportJob *self);
/* FALSE for a name that a variable cannot have, or one too many. A later value replaces an earlier one. */
gboolean dms_import_job_set_variable (DmsImportJob *self, const char *name, const char *value);
/* (nullable) */
const char *dms_import_job_get_variable (DmsImportJob *self, const char *name);
/* source: a name or an absolute path. FALSE when there are too many or the place is none that can be mounted.
 */
gboolean dms_import_job_add_volume (DmsImportJob *self,
                                    const char *source,
                                    const char *destination,
                                    gboolean read_only);
/* A file of the job, by its content; placeholder: whether the content is one of ours and to be kept. FALSE
 * when there are too many, it is empty or the place is none. */
gboolean dms_import_job_add_file (DmsImportJob *self,
                                  const char *destination,
                                  const char *content,
                                  gboolean placeholder);
void dms_import_job_add_dependency (DmsImportJob *self, const char *name);
/* (transfer full): the allocation as a job file has it */
DmsJobNode *dms_import_job_to_node (DmsImportJob *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsImportJob, dms_import_job_free)

G_END_DECLS
