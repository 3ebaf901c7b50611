/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Which messages were accepted, in files, so that a replay is known as one after the daemon was killed:
 * records of one size, each written with one call before the message is acted upon. What the kernel has taken
 * survives the process; the disk follows within a second. Files are dropped when all in them has expired.
 * Made and used in one main context. */
typedef struct _DmsReplayJournal DmsReplayJournal;

#define DMS_REPLAY_JOURNAL_KEY_SIZE 16

/* All are keyed hashes, for the key of the journal; nothing in the files names anybody. */
typedef struct {
  guint64 message;   /* 0: everything of the owner that expires no later may have been seen */
  guint64 owner;
  guint32 expiry_s;
} DmsReplayRecord;

typedef void (*DmsReplayRecordFunc) (const DmsReplayRecord *record, gpointer user_data);

/* Opens or makes the folder, and reads what it holds: `func` gets each record that has not expired. What is
 * damaged is left out and told of by dms_replay_journal_is_damaged(). NULL when nothing could be written. */
DmsReplayJournal *dms_replay_journal_open (const char *folder,
                                           guint64 now_ns,
                                           DmsReplayRecordFunc func,
                                           gpointer user_data,
                                           GError **error);
/* Waits until the disk has everything. */
void dms_replay_journal_free (DmsReplayJournal *self);

const guint8 *dms_replay_journal_get_key (DmsReplayJournal *self);
/* Whether records of an earlier run may be lost. */
gboolean dms_replay_journal_is_damaged (DmsReplayJournal *self);

/* FALSE when the record is not safe from the end of this process: the message must be refused then. */
gboolean dms_replay_journal_append (DmsReplayJournal *self,
                                    const DmsReplayRecord *record,
                                    guint64 now_ns,
                                    GError **error);

/* Whether the files hold so much more than `n_live` records that they should be written anew. */
gboolean dms_replay_journal_is_bloated (DmsReplayJournal *self, guint n_live);
/* Replaces everything by these records. On an error all is as before. */
gboolean dms_replay_journal_rewrite (DmsReplayJournal *self,
                                     const DmsReplayRecord *records,
                                     guint n_records,
                                     GError **error);
gsize dms_replay_journal_get_size (DmsReplayJournal *self);
guint dms_replay_journal_get_n_files (DmsReplayJournal *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsReplayJournal, dms_replay_journal_free)

G_END_DECLS
