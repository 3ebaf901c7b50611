/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_DUMMY_BILLING (dms_dummy_billing_get_type ())

G_DECLARE_FINAL_TYPE (DmsDummyBilling, dms_dummy_billing, DMS, DUMMY_BILLING, GObject)

G_END_DECLS
