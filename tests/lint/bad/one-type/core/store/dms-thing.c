/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

G_DEFINE_FINAL_TYPE (DmsThing, dms_thing, G_TYPE_OBJECT)
G_DEFINE_BOXED_TYPE (DmsOther, dms_other, dms_other_ref, dms_other_unref)
