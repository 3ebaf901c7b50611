/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

#define DMS_TYPE_TRICKLE_PIPE (dms_trickle_pipe_get_type ())

/* A pipe through which one byte at a time goes, and every other time none. */
G_DECLARE_FINAL_TYPE (DmsTricklePipe, dms_trickle_pipe, DMS, TRICKLE_PIPE, DmsP2pPipe)

DmsP2pPipe *dms_trickle_pipe_new (DmsP2pPipe *inner);

G_END_DECLS
