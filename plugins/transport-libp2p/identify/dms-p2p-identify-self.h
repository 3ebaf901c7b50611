/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

/* What this host says of itself: made when it is asked for first, and again after it changed. */
typedef struct _DmsP2pIdentifySelf DmsP2pIdentifySelf;

DmsP2pIdentifySelf *dms_p2p_identify_self_new (DmsP2pHost *host, const char *agent);
void dms_p2p_identify_self_free (DmsP2pIdentifySelf *self);

/* Looks at the host's protocols and addresses again, and counts how often something was different: never 0.
 */
guint dms_p2p_identify_self_refresh (DmsP2pIdentifySelf *self);

/* The framed messages for one connection, as they were at the last look. */
GBytes *dms_p2p_identify_self_write (DmsP2pIdentifySelf *self, DmsP2pConnection *connection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pIdentifySelf, dms_p2p_identify_self_free)

G_END_DECLS
