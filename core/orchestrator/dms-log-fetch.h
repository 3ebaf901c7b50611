/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

/* Where a fetch stands; the names are those of the wire. */
typedef enum
{
  DMS_LOG_FETCH_RUNNING,
  DMS_LOG_FETCH_COMPLETE,
  DMS_LOG_FETCH_STOPPED,
  DMS_LOG_FETCH_FAILED,
} DmsLogFetchState;

#define DMS_TYPE_LOG_FETCH (dms_log_fetch_get_type ())

/* Copies the two logs of an allocation from the machine it runs on into a directory here, chunk by chunk, and
 * with follow goes on as they grow. Emits `ended` once. Lives in the main context that made it. */
G_DECLARE_FINAL_TYPE (DmsLogFetch, dms_log_fetch, DMS, LOG_FETCH, GObject)

/* actor: who asks; node: the root actor that is asked; allocation_id: the full ID.
 * interval_s: between two looks when following. */
DmsLogFetch *dms_log_fetch_new (DmsActor *actor,
                                DmsHandle *node,
                                const char *ensemble_id,
                                const char *allocation_id,
                                const char *directory,
                                gboolean follow,
                                guint interval_s);
/* For how long one request is waited for, and for how long without anything new requests are made again. */
void dms_log_fetch_set_patience (DmsLogFetch *self, guint request_s, guint patience_s);
/* Why the logs in a directory are not whole; NULL when nothing is known to be missing. */
char *dms_log_fetch_read_shortfall (const char *directory);
/* Makes the directory, empties the files, begins. */
gboolean dms_log_fetch_start (DmsLogFetch *self, GError **error);
void dms_log_fetch_stop (DmsLogFetch *self);
/* The logs grow no more: a following fetch completes when it has all of them. */
void dms_log_fetch_stop_following (DmsLogFetch *self);

DmsLogFetchState dms_log_fetch_get_state (DmsLogFetch *self);
/* `running`, `complete`, `stopped`, `failed` */
const char *dms_log_fetch_get_state_name (DmsLogFetch *self);
/* Empty when nothing is wrong. */
const char *dms_log_fetch_get_error (DmsLogFetch *self);
guint64 dms_log_fetch_get_bytes (DmsLogFetch *self);
const char *dms_log_fetch_get_directory (DmsLogFetch *self);
gboolean dms_log_fetch_get_follow (DmsLogFetch *self);
guint dms_log_fetch_get_interval (DmsLogFetch *self);

G_END_DECLS
