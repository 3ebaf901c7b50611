/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"
#include "kad/dms-p2p-kad-core.h"

G_BEGIN_DECLS

/* Answers the requests of peers: in order on each stream, on a few streams of each peer, and not without end.
 */
typedef struct _DmsP2pKadService DmsP2pKadService;

/* @core: borrowed, until it is closed. */
DmsP2pKadService *dms_p2p_kad_service_new (DmsP2pHost *host, const char *protocol, DmsP2pKadCore *core);
/* Whether requests are answered, and peers told so. */
void dms_p2p_kad_service_set_serving (DmsP2pKadService *self, gboolean serving);
gboolean dms_p2p_kad_service_is_serving (DmsP2pKadService *self);
/* Stops, and lets go of the core. */
void dms_p2p_kad_service_close (DmsP2pKadService *self);
/* What is under way keeps its own reference. */
void dms_p2p_kad_service_unref (DmsP2pKadService *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadService, dms_p2p_kad_service_unref)

G_END_DECLS
