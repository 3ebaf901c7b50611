/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dcutr/dms-p2p-dcutr.h"

G_BEGIN_DECLS

/* The side that was dialled over the relay: it begins, up to three times. It ends by itself. */
void dms_p2p_punch_start (DmsP2pDcutr *dcutr, DmsP2pConnection *connection, GCancellable *cancellable);

G_END_DECLS
