/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_MEMORY_STREAM (dms_memory_stream_get_type ())

/* One end of a stream between two peers of a process: a socket pair. */
G_DECLARE_FINAL_TYPE (DmsMemoryStream, dms_memory_stream, DMS, MEMORY_STREAM, GIOStream)

/* Makes both ends. `near` talks to `far_peer`, and the other way round. */
gboolean dms_memory_stream_new_pair (const char *protocol,
                                     DmsPeerId *near_peer,
                                     DmsPeerId *far_peer,
                                     DmsMemoryStream **near_end,
                                     DmsMemoryStream **far_end,
                                     GError **error);

G_END_DECLS
