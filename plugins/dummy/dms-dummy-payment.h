/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_DUMMY_PAYMENT (dms_dummy_payment_get_type ())

G_DECLARE_FINAL_TYPE (DmsDummyPayment, dms_dummy_payment, DMS, DUMMY_PAYMENT, GObject)

G_END_DECLS
