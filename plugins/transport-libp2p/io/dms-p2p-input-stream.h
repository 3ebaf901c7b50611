/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-stream-port.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_INPUT_STREAM (dms_p2p_input_stream_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pInputStream, dms_p2p_input_stream, DMS, P2P_INPUT_STREAM, GInputStream)

/* Half of a DmsP2pStream. Keeps a reference to @port. */
GInputStream *dms_p2p_input_stream_new (DmsP2pStreamPort *port);

G_END_DECLS
