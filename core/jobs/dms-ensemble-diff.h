/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-ensemble.h"

G_BEGIN_DECLS

typedef struct _DmsEnsembleChange DmsEnsembleChange;

/* One thing by which an ensemble differs from another. */
struct _DmsEnsembleChange
{
  /* `add`, `remove`, `move` or `change` */
  const char *kind;
  /* `allocation`, `node`, `edge` or `ensemble` */
  const char *subject;
  /* (nullable): its name */
  char *name;
  /* (nullable): the member that changed, such as `resources.ram.size` */
  char *member;
  /* (nullable): before and after as JSON, or the nodes of a move; not of what may hold secrets */
  char *before;
  char *after;
};

/* What an update from one to the other would do; the order in which things are written makes no difference.
 * (element-type DmsEnsembleChange): empty when nothing */
GPtrArray *dms_ensemble_diff (DmsEnsemble *before, DmsEnsemble *after);
JsonNode *dms_ensemble_diff_to_json (GPtrArray *changes);
/* (transfer full): a line for people */
char *dms_ensemble_change_to_text (DmsEnsembleChange *self);

G_END_DECLS
