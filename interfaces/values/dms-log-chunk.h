/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DmsLogStream:
 * @DMS_LOG_STDOUT: standard output
 * @DMS_LOG_STDERR: standard error
 *
 * The two streams of a job.
 */
typedef enum {
  DMS_LOG_STDOUT,
  DMS_LOG_STDERR,
} DmsLogStream;

#define DMS_TYPE_LOG_CHUNK (dms_log_chunk_get_type ())

DMS_EXPORT GType dms_log_chunk_get_type (void);

DMS_EXPORT DmsLogChunk *dms_log_chunk_new (DmsLogStream stream,
                                           guint64 offset,
                                           GBytes *data,
                                           guint64 total_size,
                                           gboolean eof);
DMS_EXPORT DmsLogChunk *dms_log_chunk_ref (DmsLogChunk *self);
DMS_EXPORT void dms_log_chunk_unref (DmsLogChunk *self);

DMS_EXPORT DmsLogStream dms_log_chunk_get_stream (DmsLogChunk *self);
DMS_EXPORT guint64 dms_log_chunk_get_offset (DmsLogChunk *self);
DMS_EXPORT GBytes *dms_log_chunk_get_data (DmsLogChunk *self);
DMS_EXPORT guint64 dms_log_chunk_get_next_offset (DmsLogChunk *self);
/* Bytes in the stream so far. */
DMS_EXPORT guint64 dms_log_chunk_get_total_size (DmsLogChunk *self);
/* TRUE when the job has ended and nothing follows this chunk. */
DMS_EXPORT gboolean dms_log_chunk_get_eof (DmsLogChunk *self);
DMS_EXPORT gboolean dms_log_chunk_equal (DmsLogChunk *a, DmsLogChunk *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLogChunk, dms_log_chunk_unref)

G_END_DECLS
