/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_DUMMY_TRANSPORT (dms_dummy_transport_get_type ())

G_DECLARE_FINAL_TYPE (DmsDummyTransport, dms_dummy_transport, DMS, DUMMY_TRANSPORT, GObject)

G_END_DECLS
