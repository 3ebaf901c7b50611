/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_DUMMY_STORAGE (dms_dummy_storage_get_type ())

G_DECLARE_FINAL_TYPE (DmsDummyStorage, dms_dummy_storage, DMS, DUMMY_STORAGE, GObject)

G_END_DECLS
