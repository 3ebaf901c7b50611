/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

G_DECLARE_FINAL_TYPE (DmsCrate, dms_crate, DMS, CRATE, GObject)
