/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-import-job.h"
#include "importers/dms-import-report.h"

G_BEGIN_DECLS

typedef struct _DmsImportDraft DmsImportDraft;
typedef struct _DmsImportNode DmsImportNode;

/* A node of the ensemble while it is translated. */
struct _DmsImportNode
{
  char *name;
  /* (element-type DmsImportJob) */
  GPtrArray *jobs;
  /* DmsJobNode of each port and of each location */
  GPtrArray *ports;
  /* Numbers that are not free any more. */
  GHashTable *public_ports;
  GPtrArray *accept;
  GPtrArray *reject;
  char *peer;
  /* (nullable): the job of another node that this one runs, too */
  char *shared;
  /* (nullable) */
  const char *failure_recovery;
};

/* An ensemble while it is translated. */
DmsImportDraft *dms_import_draft_new (void);
void dms_import_draft_free (DmsImportDraft *self);
/* Counts allocations that are to be made. FALSE when that would be more than an import makes: a small file
 * can ask for a million of them. */
gboolean dms_import_draft_has_room (DmsImportDraft *self, guint n_jobs);
/* Whether so many copies may be made of what is read anew for each: a file can have many members, and ask for
 * many copies of them. */
gboolean dms_import_draft_may_repeat (DmsImportDraft *self, DmsJobNode *tree, guint n_copies);
/* How many bytes its jobs may still take, for dms_import_job_new(). */
gsize *dms_import_draft_get_room (DmsImportDraft *self);
/* Whether that was too little: nothing more need be added. */
gboolean dms_import_draft_is_full (DmsImportDraft *self);
/* (transfer full): the nearest name that no allocation, or node, has yet; taken from now on. */
char *dms_import_draft_take_name (DmsImportDraft *self, const char *wanted, gboolean for_node);
DmsImportNode *dms_import_draft_add_node (DmsImportDraft *self, const char *name);
/* (element-type DmsImportNode) */
GPtrArray *dms_import_draft_get_nodes (DmsImportDraft *self);
void dms_import_draft_set_metadata (DmsImportDraft *self, const char *key, const char *value);
/* job: (transfer full) */
void dms_import_node_add_job (DmsImportNode *self, DmsImportJob *job);
/* A port of the node; one that is low or taken on this node becomes any free one. Returns which it is; -1
 * when there are too many. */
int dms_import_node_add_port (DmsImportNode *self, guint public_port, guint private_port, const char *job);
/* (nullable): the public port that leads to it, if that is fixed; 0 when there is none */
guint dms_import_node_find_port (DmsImportNode *self, const char *job, guint private_port);
/* country and others: (nullable) */
void dms_import_node_add_location (DmsImportNode *self,
                                   gboolean reject,
                                   const char *continent,
                                   const char *country,
                                   const char *city);
/* Lets names in the network be unique; call it when all jobs are there. */
void dms_import_draft_settle_names (DmsImportDraft *self, DmsImportReport *report);
/* (transfer full) */
DmsJobNode *dms_import_draft_to_node (DmsImportDraft *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsImportDraft, dms_import_draft_free)

G_END_DECLS
