/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Remembers which messages were seen until they expire, in bounded memory, and with a journal over restarts.
 * When an owner has more messages under way than may be remembered, those that expire first are forgotten,
 * and everything of that owner that expires no later is refused from then on: a replay never passes. Not
 * thread safe. Times are ns since the epoch. */
typedef struct _DmsReplayGuard DmsReplayGuard;

typedef enum {
  DMS_REPLAY_NEW,       /* it is remembered now */
  DMS_REPLAY_SEEN,
  DMS_REPLAY_FORGOTTEN, /* it cannot be told from one that was forgotten, or from one of an earlier run */
  DMS_REPLAY_FULL,      /* there is no room for another owner, or the journal cannot be written */
} DmsReplayAnswer;

/* 30 s of 30,000 messages a second. It takes 16 to 32 bytes a message, when there are as many. */
#define DMS_REPLAY_GUARD_MAX_PER_OWNER (1024 * 1024)
#define DMS_REPLAY_GUARD_MAX_TOTAL (2 * 1024 * 1024)
/* After damage, what expires earlier than this after the start is refused. It is the usual lifetime of a
 * message: one that was made after the start expires later, one with that lifetime made before does not. */
#define DMS_REPLAY_GUARD_QUARANTINE_SECONDS 30

/* In memory only. */
DmsReplayGuard *dms_replay_guard_new (guint max_per_owner, guint max_total);
/* With a journal in a folder, which is made if it is missing; what it holds is remembered again. */
DmsReplayGuard *dms_replay_guard_open (const char *folder, guint64 now_ns, GError **error);
void dms_replay_guard_free (DmsReplayGuard *self);

/* Whether the same message to the same receiver (an inbox) was accepted before. Cheap: for messages whose
 * signature is not checked yet. */
gboolean dms_replay_guard_has_seen (DmsReplayGuard *self,
                                    const char *receiver,
                                    const char *sender,
                                    guint64 nonce,
                                    guint64 now_ns);
/* Remembers a message that passed its checks, before it is acted upon. `owner` is who answers for the room it
 * takes: the DID behind the sender, as far as that is proven. @why: (optional): set with DMS_REPLAY_FULL. */
DmsReplayAnswer dms_replay_guard_add (DmsReplayGuard *self,
                                      const char *receiver,
                                      const char *sender,
                                      const char *owner,
                                      guint64 nonce,
                                      guint64 expiry_ns,
                                      guint64 now_ns,
                                      GError **why);
guint dms_replay_guard_get_size (DmsReplayGuard *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsReplayGuard, dms_replay_guard_free)

G_END_DECLS
