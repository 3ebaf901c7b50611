/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-stream-port.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_OUTPUT_STREAM (dms_p2p_output_stream_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pOutputStream, dms_p2p_output_stream, DMS, P2P_OUTPUT_STREAM, GOutputStream)

/* Half of a DmsP2pStream. Keeps a reference to @port. */
GOutputStream *dms_p2p_output_stream_new (DmsP2pStreamPort *port);

G_END_DECLS
