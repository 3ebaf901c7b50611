/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_SOCKET_PIPE (dms_p2p_socket_pipe_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pSocketPipe, dms_p2p_socket_pipe, DMS, P2P_SOCKET_PIPE, DmsP2pPipe)

DmsP2pPipe *dms_p2p_socket_pipe_new (GSocket *socket);

G_END_DECLS
