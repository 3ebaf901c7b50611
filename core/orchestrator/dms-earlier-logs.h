/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

/* The logs of what an update takes away. They are fetched when it was taken back, into directories beside
 * those of what runs now: `node.allocation.before-1` is what was written under that name until the first
 * update that concerned it. The newest few of each name are kept. */
typedef struct _DmsEarlierLogs DmsEarlierLogs;

/* They are here, or will not come. */
typedef void (*DmsEarlierLogsFunc) (gpointer user_data);

/* actor: who asks; directory: that of the deployment's logs. */
DmsEarlierLogs *dms_earlier_logs_new (DmsActor *actor, const char *ensemble_id, const char *directory);
/* Ends what is under way; nobody is told. */
void dms_earlier_logs_free (DmsEarlierLogs *self);
/* key: node.allocation */
void dms_earlier_logs_add (DmsEarlierLogs *self, DmsHandle *machine, const char *key);
/* Once; done is called once, after a few seconds at the latest, and at once when there is nothing to fetch.
 * It may free this. */
void dms_earlier_logs_fetch (DmsEarlierLogs *self, DmsEarlierLogsFunc done, gpointer user_data);

/* (transfer full): the names of what is kept, the oldest first. key: (nullable): of this one alone */
GStrv dms_earlier_logs_list (const char *directory, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsEarlierLogs, dms_earlier_logs_free)

G_END_DECLS
