/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "store/dms-store.h"

G_BEGIN_DECLS

#define DMS_TYPE_TRACK_RECORD (dms_track_record_get_type ())

/* What was seen of machines: how often each kept what it offered, and how often it did not. Kept in the
 * store, for a bounded number of machines; what is long ago counts less. */
G_DECLARE_FINAL_TYPE (DmsTrackRecord, dms_track_record, DMS, TRACK_RECORD, GObject)

DmsTrackRecord *dms_track_record_new (DmsStore *store, GError **error);

/* A machine did, or did not do, what it had offered. What cannot be stored is logged and counts until the
 * node stops. */
void dms_track_record_add (DmsTrackRecord *self, const char *peer, gboolean kept);
/* How likely it is to do so again, from 0 to 1: one half for who is unknown (the rule of succession). */
double dms_track_record_get_reliability (DmsTrackRecord *self, const char *peer);
guint dms_track_record_get_n_peers (DmsTrackRecord *self);

G_END_DECLS
