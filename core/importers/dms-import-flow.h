/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-import-draft.h"
#include "importers/dms-import-reader.h"

G_BEGIN_DECLS

/* Waiting for another's end. A workflow (docs/workflows.md) expresses that between tasks, under conditions
 * that are known only when all is there: what waits is noted first, and decided at the end. */

/* The job waits until that one has succeeded. reader: (nullable): where that is told, at an item below a
 * member; suffix: as of dms_import_reader_note_item(). key, item: (nullable) */
void dms_import_flow_wait (DmsImportJob *job,
                           const char *target,
                           DmsImportReader *reader,
                           const char *key,
                           DmsJobNode *item,
                           const char *suffix);
/* Lets another wait for the same, without telling of it again. */
void dms_import_flow_copy (DmsImportJob *job, DmsImportJob *copy);
/* Lets a task be repeated when it fails, which only a workflow does so many times. */
void dms_import_flow_retry (DmsImportJob *job, guint max_retries);
/* Decides which tasks are steps of a workflow, and tells what became of the waiting; call it when all jobs
 * are there. */
void dms_import_flow_settle (DmsImportDraft *draft);
/* Adds the keys of a step. */
void dms_import_flow_write (DmsImportJob *job, DmsJobNode *allocation);

G_END_DECLS
