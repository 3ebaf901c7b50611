/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/**
 * DmsCliColumn:
 * @title: what stands above it; %NULL ends a list of columns
 * @right: whether it is aligned at its right, as numbers are
 *
 * One column of a table.
 */
typedef struct
{
  const char *title;
  gboolean right;
} DmsCliColumn;

/* A table for people: columns as wide as what is in them. Cells may come from anybody: they are made safe for
 * a terminal. */
typedef struct _DmsCliTable DmsCliTable;

/* @columns: outlive the table. */
DmsCliTable *dms_cli_table_new (const DmsCliColumn *columns);
void dms_cli_table_free (DmsCliTable *self);

/* A cell for each column; NULL and "" are shown as a dash. */
void dms_cli_table_add_row (DmsCliTable *self, const char *const *cells);
/* Nothing but titles when it has no rows. */
void dms_cli_table_print (DmsCliTable *self, DmsCliCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsCliTable, dms_cli_table_free)

G_END_DECLS
