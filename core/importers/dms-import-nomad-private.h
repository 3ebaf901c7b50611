/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-importer-private.h"
#include "importers/dms-import-reader.h"

/* A group while it becomes a node. Of several the first is told of in the report. */
typedef struct
{
  DmsImportDraft *draft;
  DmsImportReader *job;
  DmsImportReader *group;
  DmsImportNode *node;
  const char *job_name;
  const char *group_name;
  guint index;
  gboolean is_task;
  gboolean restarts;
  /* label → DmsImportNomadPort */
  GHashTable *ports;
  /* (nullable): name → what a volume is on the machine; made when it is asked for */
  GHashTable *volumes;
  /* What the group's ephemeral disk has. */
  guint64 disk;
  char *architecture;
} DmsImportNomadGroup;

typedef struct
{
  /* 0 for any */
  guint public_port;
  /* 0 when it is not known */
  guint private_port;
  /* (nullable): the job that it leads to */
  char *job;
  /* Of one of the machine's networks only. */
  gboolean narrow;
} DmsImportNomadPort;

/* A block with a name of its own, in either form of a job. */
typedef struct
{
  char *name;
  DmsImportReader *reader;
} DmsImportNomadBlock;

/* Members are `MemoryMB` in the JSON of Nomad's own interface, and `memory` in that of its language. */

/* The one of the two keys that the map has; the first when it has neither. */
const char *dms_import_nomad_key (DmsImportReader *reader, const char *api, const char *hcl);
/* (transfer full) (nullable): a text; an empty one is none */
char *dms_import_nomad_dup_text (DmsImportReader *reader, const char *api, const char *hcl);
/* (nullable): a block of which there is one */
DmsImportReader *dms_import_nomad_open (DmsImportReader *reader, const char *api, const char *hcl);
/* (transfer full) (element-type DmsImportNomadBlock): blocks of which there may be several; label: whether
 * each has a name: member `Name`, or its key */
GPtrArray *
dms_import_nomad_list (DmsImportReader *reader, const char *api, const char *hcl, gboolean labelled);
/* A member that says something: not null, empty, zero or false. */
gboolean dms_import_nomad_has (DmsImportReader *reader, const char *api, const char *hcl);
/* Notes a member if it says something, and passes over it if not. */
void dms_import_nomad_remark (DmsImportReader *reader,
                              const char *api,
                              const char *hcl,
                              DmsImportFate fate,
                              const char *text);
/* As dms_import_reader_finish(), but members that say nothing are nothing. */
void dms_import_nomad_finish (DmsImportReader *reader);
/* Constraints of a job, group or task. */
void dms_import_nomad_constrain (DmsImportNomadGroup *group, DmsImportReader *owner);
/* (transfer full): the text with what Nomad would put in for ${NOMAD_…}; *unknown: whether something stayed.
 */
char *
dms_import_nomad_expand (DmsImportNomadGroup *group, const char *task, const char *text, gboolean *unknown);
/* (transfer full) (nullable): NULL, noted, when it cannot be made */
DmsImportJob *dms_import_nomad_make_job (DmsImportNomadGroup *group,
                                         DmsImportReader *task,
                                         const char *task_name,
                                         const char *name);
/* services of a group or task with their checks; jobs: (element-type DmsImportJob) of the group. owner_job:
 * (nullable): the task's own */
void dms_import_nomad_add_services (DmsImportNomadGroup *group,
                                    DmsImportReader *owner,
                                    GPtrArray *jobs,
                                    DmsImportJob *owner_job);
