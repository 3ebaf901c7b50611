/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define DMS_TYPE_LOG_FILE (dms_log_file_get_type ())

G_DECLARE_FINAL_TYPE (DmsLogFile, dms_log_file, DMS, LOG_FILE, GObject)

DmsLogFile *dms_log_file_open (const char *path,
                               guint64 max_bytes,
                               guint max_backups,
                               guint max_age_days,
                               GError **error);
const char *dms_log_file_get_path (DmsLogFile *self);
/* Appends one line. A failure (a full disk, say) never reaches the caller; it is counted. */
void dms_log_file_write_line (DmsLogFile *self, const char *line, gsize length);
guint64 dms_log_file_get_dropped (DmsLogFile *self);

G_END_DECLS
