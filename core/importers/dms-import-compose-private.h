/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-importer-private.h"
#include "importers/dms-import-reader.h"

/* Copies of one service. */
#define DMS_IMPORT_COMPOSE_MAX_REPLICAS 100

/* A Compose file while it is translated. */
typedef struct
{
  DmsImportDraft *draft;
  DmsImportReport *report;
  DmsImportReader *top;
  const char *folder;
  /* All services run on it: they share volumes and wait for each other. */
  DmsImportNode *node;
  /* (nullable): the top level's maps */
  DmsJobNode *volumes;
  DmsJobNode *configs;
  DmsJobNode *secrets;
  /* service → GStrv of its jobs' names; and the set of those that run to their end */
  GHashTable *names;
  GHashTable *tasks;
} DmsImportComposer;

/* (transfer full): a service's job; NULL when it cannot be made, which is noted. */
DmsImportJob *
dms_import_compose_make_job (DmsImportComposer *self, DmsImportReader *service, const char *name);
/* volumes, tmpfs, configs and secrets */
void dms_import_compose_add_mounts (DmsImportComposer *self,
                                    DmsImportReader *service,
                                    const char *service_name,
                                    DmsImportJob *job);
/* The service's ports lead to each of its jobs; the first has the fixed ones. */
void
dms_import_compose_add_ports (DmsImportComposer *self, DmsImportReader *service, const char *const *names);
