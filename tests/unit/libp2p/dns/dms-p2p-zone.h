/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define DMS_TYPE_P2P_ZONE (dms_p2p_zone_get_type ())

/* A DNS of a test: it knows what it was told, and counts what it was asked. */
G_DECLARE_FINAL_TYPE (DmsP2pZone, dms_p2p_zone, DMS, P2P_ZONE, GResolver)

DmsP2pZone *dms_p2p_zone_new (void);
void dms_p2p_zone_add_ip (DmsP2pZone *self, const char *name, const char *ip);
/* @strings: of one record. */
void dms_p2p_zone_add_text (DmsP2pZone *self, const char *name, const char *const *strings);
/* Never answers for this name. */
void dms_p2p_zone_add_silence (DmsP2pZone *self, const char *name);
guint dms_p2p_zone_get_n_asked (DmsP2pZone *self);

G_END_DECLS
