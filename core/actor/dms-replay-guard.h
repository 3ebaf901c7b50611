/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Remembers which messages were seen until they expire, in bounded memory. When a sender has more messages
 * under way than may be remembered, those that expire first are forgotten and everything of that sender that
 * expires no later is refused from then on: a replay never passes. */
typedef struct _DmsReplayGuard DmsReplayGuard;

DmsReplayGuard *dms_replay_guard_new (guint max_per_sender, guint max_total);
void dms_replay_guard_free (DmsReplayGuard *self);

/* Whether a message cannot be told from a replay. */
gboolean dms_replay_guard_has_seen (DmsReplayGuard *self,
                                    const char *sender,
                                    guint64 nonce,
                                    guint64 expiry_ns);
/* Remembers an accepted message; FALSE when there is no room for another sender. */
gboolean dms_replay_guard_add (DmsReplayGuard *self,
                               const char *sender,
                               guint64 nonce,
                               guint64 expiry_ns,
                               guint64 now_ns);
/* Forgets what has expired. */
void dms_replay_guard_sweep (DmsReplayGuard *self, guint64 now_ns);
guint dms_replay_guard_get_size (DmsReplayGuard *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsReplayGuard, dms_replay_guard_free)

G_END_DECLS
