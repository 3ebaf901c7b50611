/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib-object.h>

#define DMS_TYPE_THING (dms_thing_get_type ())

G_DECLARE_FINAL_TYPE (DmsThing, dms_thing, DMS, THING, GObject)
