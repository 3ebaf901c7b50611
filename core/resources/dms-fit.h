/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "resources/dms-comparator.h"
#include "resources/dms-shortfall.h"

G_BEGIN_DECLS

#define DMS_TYPE_FIT (dms_fit_get_type ())

/* How an offer stands to a requirement, and why: the outcome of a comparison. Immutable and counted. Its
 * shortfalls are also the smallest set of changes by which the offer would be enough: they do not depend on
 * each other, and each takes one change. The type is declared in dms-comparator.h. */
GType dms_fit_get_type (void);

/* shortfalls: (element-type DmsShortfall) (transfer full) */
DmsFit *dms_fit_new (DmsComparison comparison, GPtrArray *shortfalls);
DmsComparison dms_fit_get_comparison (DmsFit *self);
/* Better or equal. */
gboolean dms_fit_suffices (DmsFit *self);
/* (element-type DmsShortfall): empty when it suffices */
GPtrArray *dms_fit_get_shortfalls (DmsFit *self);
/* (nullable): the one of a field */
DmsShortfall *dms_fit_find (DmsFit *self, const char *field);
/* (transfer full): all shortfalls in a line; `enough` when there are none. */
char *dms_fit_describe (DmsFit *self);
/* (transfer full): what to ask for instead, in a line; empty when nothing needs to change. */
char *dms_fit_describe_relaxation (DmsFit *self);

DmsFit *dms_fit_ref (DmsFit *self);
void dms_fit_unref (DmsFit *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsFit, dms_fit_unref)

G_END_DECLS
