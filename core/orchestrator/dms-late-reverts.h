/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"
#include "store/dms-store.h"

G_BEGIN_DECLS

#define DMS_TYPE_LATE_REVERTS (dms_late_reverts_get_type ())

/* What machines that were away could not be told: that an ensemble wants nothing of them any more. It is kept
 * in the store and said again, less and less often, until they answer. Lives in the main context. */
G_DECLARE_FINAL_TYPE (DmsLateReverts, dms_late_reverts, DMS, LATE_REVERTS, GObject)

/* Whether the ensemble has put this allocation on the machine again meanwhile: then it may not be taken back.
 */
typedef gboolean (*DmsLateRevertsWantedFunc) (const char *ensemble_id,
                                              DmsHandle *machine,
                                              const char *name,
                                              gpointer user_data);

/* @root: who says it. Goes on with what an earlier run of the node has left. */
DmsLateReverts *dms_late_reverts_new (DmsStore *store,
                                      DmsActor *root,
                                      DmsLateRevertsWantedFunc is_wanted,
                                      gpointer user_data,
                                      GError **error);
/* @machine: its root actor; @names: IDs of the allocations that it may hold, one at least; @nonce: the
 * attempt that gave them up. */
void dms_late_reverts_add (DmsLateReverts *self,
                           const char *ensemble_id,
                           DmsHandle *machine,
                           const char *const *names,
                           guint64 nonce);
guint dms_late_reverts_get_size (DmsLateReverts *self);
/* Says nothing more; what is left stays in the store. */
void dms_late_reverts_stop (DmsLateReverts *self);

G_END_DECLS
