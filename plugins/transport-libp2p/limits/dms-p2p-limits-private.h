/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "limits/dms-p2p-limits.h"
#include "limits/dms-p2p-scope.h"

G_BEGIN_DECLS

/* The one there is, or a new one. Each call is paired with one of dms_p2p_limits_release_scope(). */
DmsP2pScope *dms_p2p_limits_acquire_scope (DmsP2pLimits *self, DmsP2pScopeKind kind, const char *name);
void dms_p2p_limits_release_scope (DmsP2pLimits *self, DmsP2pScope *scope);

/* Whether @scope has room for @amounts; otherwise the refusal is counted and named. */
gboolean
dms_p2p_limits_check (DmsP2pLimits *self, DmsP2pScope *scope, const guint64 *amounts, GError **error);

/* Nothing is counted for it yet. */
DmsP2pReservation *dms_p2p_reservation_new (DmsP2pLimits *limits);
/* Counts @amounts in @scope_name as well; only before the first amounts are taken. */
void dms_p2p_reservation_enter (DmsP2pReservation *self, DmsP2pScopeKind kind, const char *name);
gboolean dms_p2p_reservation_take (DmsP2pReservation *self, const guint64 *amounts, GError **error);

G_END_DECLS
