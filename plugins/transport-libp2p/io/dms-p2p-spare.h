/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Large buffers that a connection has only while bytes are under way. Asking the allocator for each would
 * make the heap grow and shrink with every message, so each thread keeps a few for the next who needs one. */
enum
{
  DMS_P2P_SPARE_BYTES = 128 * 1024,
};

/* A buffer of DMS_P2P_SPARE_BYTES. What is in it is whatever was there before. */
guint8 *dms_p2p_spare_take (void);
void dms_p2p_spare_give (guint8 *data);

G_END_DECLS
