/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

/* Who answers a protocol, or a family of them. Counted, so that it may be replaced while it runs. */
typedef struct _DmsP2pHandler DmsP2pHandler;

/* @match: (nullable): what belongs to the family; NULL for @protocol alone. */
DmsP2pHandler *dms_p2p_handler_new (const char *protocol,
                                    DmsP2pHostMatch match,
                                    DmsP2pHostStreamHandler func,
                                    gpointer user_data,
                                    GDestroyNotify destroy);
DmsP2pHandler *dms_p2p_handler_ref (DmsP2pHandler *self);
void dms_p2p_handler_unref (DmsP2pHandler *self);

/* What is announced of it. */
const char *dms_p2p_handler_get_protocol (DmsP2pHandler *self);
gboolean dms_p2p_handler_takes (DmsP2pHandler *self, const char *protocol);
void dms_p2p_handler_call (DmsP2pHandler *self,
                           DmsP2pHost *host,
                           DmsP2pConnection *connection,
                           DmsP2pStream *stream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pHandler, dms_p2p_handler_unref)

G_END_DECLS
