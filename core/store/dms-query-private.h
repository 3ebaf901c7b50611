/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "store/dms-query.h"
#include "store/dms-statement.h"

G_BEGIN_DECLS

/* A path as a query takes it. */
gboolean dms_query_is_path (const char *path);
/* (transfer full): the SQL expression of a path, the same text each time so that an index on it is found. */
char *dms_query_path_to_sql (const char *path);

/* Appends ` AND …` for every condition, whose parameters are numbered from @first_parameter. */
void dms_query_append_conditions (DmsQuery *self, GString *sql, int first_parameter);
/* Appends ` ORDER BY …` and ` LIMIT … OFFSET …`. */
void dms_query_append_order (DmsQuery *self, GString *sql);
void dms_query_bind (DmsQuery *self, DmsStatement *statement, int first_parameter);

G_END_DECLS
