/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_LAZY_PIPE (dms_p2p_lazy_pipe_get_type ())

/* What dms_p2p_multistream_lazy_new() makes. */
G_DECLARE_FINAL_TYPE (DmsP2pLazyPipe, dms_p2p_lazy_pipe, DMS, P2P_LAZY_PIPE, DmsP2pPipe)

G_END_DECLS
