/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

#include "observability/dms-log-file.h"

G_BEGIN_DECLS

#define DMS_TYPE_LOG (dms_log_get_type ())

G_DECLARE_FINAL_TYPE (DmsLog, dms_log, DMS, LOG, GObject)

/* Writes one event: a name or sentence, then pairs of label and text, ended by NULL. A label is spelt as the
 * log file shows it (`orchestratorID`, `allocationID`, `behavior`, `did`, `error`); a pair whose text is NULL
 * is left out. Every line about a deployment carries `orchestratorID`. */
void dms_log_event (GLogLevelFlags level, const char *message, const char *first_label, ...)
    G_GNUC_NULL_TERMINATED;

DmsLog *dms_log_new (void);
/* Makes this log the receiver of everything the process logs, until it is disposed of. */
void dms_log_install (DmsLog *self);
/* Everything below this level is dropped: DEBUG, INFO, WARN or ERROR, in any case. */
gboolean dms_log_set_level (DmsLog *self, const char *level, GError **error);
const char *dms_log_get_level (DmsLog *self);
/* (nullable): JSON lines go here. */
void dms_log_set_file (DmsLog *self, DmsLogFile *file);
void dms_log_set_console (DmsLog *self, gboolean enabled);

G_END_DECLS
