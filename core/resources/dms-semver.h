/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_SEMVER (dms_semver_get_type ())

/* A version as semver.org 2.0.0 orders them: numbers, then what comes before a release. A leading `v` and
 * missing numbers (`1.2`) are taken, and up to eight numbers. Immutable and counted. */
typedef struct _DmsSemver DmsSemver;

GType dms_semver_get_type (void);

/* NULL with INVALID_DATA. */
DmsSemver *dms_semver_new (const char *text, GError **error);
/* How many numbers were written. */
guint dms_semver_get_n_numbers (DmsSemver *self);
/* 0 for those that were not written. */
guint64 dms_semver_get_number (DmsSemver *self, guint index);
/* Less than, equal to or greater than 0. What follows a `+` does not count. */
int dms_semver_compare (DmsSemver *a, DmsSemver *b);

/* Whether a version meets a constraint: comparisons separated by commas, all of which must hold. `=`, `==` or
 * nothing, `!=`, `<`, `<=`, `>`, `>=`, and `~>`: at least this, and the same in all numbers but the last that
 * is written. A range does not take what comes before a release (`2.0.0-rc1`) unless it names one of the same
 * numbers. An empty constraint takes anything. FALSE with INVALID_DATA set when one of them is malformed. */
gboolean dms_semver_satisfies (const char *version, const char *constraint, GError **error);

/* Whether there can be a version that meets all of these constraints. Malformed comparisons do not count. */
gboolean dms_semver_can_meet (const char *const *constraints);

DmsSemver *dms_semver_ref (DmsSemver *self);
void dms_semver_unref (DmsSemver *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsSemver, dms_semver_unref)

G_END_DECLS
