/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_MEMORY_TRANSPORT (dms_memory_transport_get_type ())

/* Joins any number of nodes inside one process. The parameter `hub` (a text) of its configuration names the
 * network; those who name none are on one of their own. Lives in the main context that started it. */
G_DECLARE_FINAL_TYPE (DmsMemoryTransport, dms_memory_transport, DMS, MEMORY_TRANSPORT, GObject)

DmsTransport *dms_memory_transport_new (void);

G_END_DECLS
