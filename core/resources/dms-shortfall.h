/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define DMS_TYPE_SHORTFALL (dms_shortfall_get_type ())

/* One thing that an offer lacks: which field, what was asked for, what there is, and what would be enough to
 * ask for instead. Immutable and counted. */
typedef struct _DmsShortfall DmsShortfall;

GType dms_shortfall_get_type (void);

/* Of a quantity. unit: (nullable): `bytes`, `hertz` and `seconds` are written as people do, others follow the
 * number.
 */
DmsShortfall *dms_shortfall_new_quantity (const char *field,
                                          const char *label,
                                          double required,
                                          double offered,
                                          const char *unit);
/* The same of what should be no more than required. */
DmsShortfall *dms_shortfall_new_excess (const char *field,
                                        const char *label,
                                        double required,
                                        double offered,
                                        const char *unit);
/* Of a kind. relaxed: (nullable): what to ask for instead; NULL stands for anything */
DmsShortfall *dms_shortfall_new_kind (const char *field,
                                      const char *label,
                                      const char *required,
                                      const char *offered,
                                      const char *relaxed);

/* Where in the requirement, such as `ram.size` or `gpus[1].vram`. */
const char *dms_shortfall_get_field (DmsShortfall *self);
/* What it is called, such as `RAM`. */
const char *dms_shortfall_get_label (DmsShortfall *self);
gboolean dms_shortfall_is_quantity (DmsShortfall *self);
/* 0 when it is no quantity. */
double dms_shortfall_get_required_number (DmsShortfall *self);
double dms_shortfall_get_offered_number (DmsShortfall *self);
/* As people write it. */
const char *dms_shortfall_get_required (DmsShortfall *self);
const char *dms_shortfall_get_offered (DmsShortfall *self);
/* (nullable): NULL when it is no quantity */
const char *dms_shortfall_get_short_by (DmsShortfall *self);
/* The whole for people: `RAM 6 of 8 GiB: 2 GiB short`. */
const char *dms_shortfall_get_text (DmsShortfall *self);
/* What to do about it, for whoever asks: `RAM 6 GiB instead of 8 GiB`. */
const char *dms_shortfall_get_relaxation (DmsShortfall *self);

/* (transfer full): a quantity as people write it; as `new_quantity` takes units. */
char *dms_shortfall_format (double number, const char *unit);

DmsShortfall *dms_shortfall_ref (DmsShortfall *self);
void dms_shortfall_unref (DmsShortfall *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsShortfall, dms_shortfall_unref)

G_END_DECLS
