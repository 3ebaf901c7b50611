/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-connection.h"

G_BEGIN_DECLS

/* Opens a stream on @connection for the first of @protocols that the peer speaks; @lazy: without asking.
 * @task returns the DmsP2pStream. */
void dms_p2p_opening_start (DmsP2pConnection *connection,
                            const char *const *protocols,
                            gboolean lazy,
                            GTask *task);

G_END_DECLS
