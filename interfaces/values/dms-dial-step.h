/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_DIAL_STEP (dms_dial_step_get_type ())

DMS_EXPORT GType dms_dial_step_get_type (void);

/* One step on the way to a peer, when it has ended. */
DMS_EXPORT DmsDialStep *
dms_dial_step_new (const char *step, const char *detail, gint64 duration_us, const char *error_text);
/* `resolve`, `connect`, `secure`, `mux`, `identify` or `ping`; a transport may have others. */
DMS_EXPORT const char *dms_dial_step_get_step (DmsDialStep *self);
/* (nullable): what came out of it, for people: an address, a protocol, an agent. */
DMS_EXPORT const char *dms_dial_step_get_detail (DmsDialStep *self);
DMS_EXPORT gint64 dms_dial_step_get_duration_us (DmsDialStep *self);
/* (nullable): why it failed; NULL when it did not. */
DMS_EXPORT const char *dms_dial_step_get_error_text (DmsDialStep *self);

DMS_EXPORT DmsDialStep *dms_dial_step_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_dial_step_to_json (DmsDialStep *self);
DMS_EXPORT DmsDialStep *dms_dial_step_ref (DmsDialStep *self);
DMS_EXPORT void dms_dial_step_unref (DmsDialStep *self);
DMS_EXPORT gboolean dms_dial_step_equal (DmsDialStep *a, DmsDialStep *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDialStep, dms_dial_step_unref)

G_END_DECLS
