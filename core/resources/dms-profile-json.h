/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What the values of a profile share when they are read and written. All of it comes from others. */

enum
{
  /* Items of one list of a profile. */
  DMS_PROFILE_JSON_MAX_ITEMS = 256,
  /* Characters of one text. */
  DMS_PROFILE_JSON_MAX_TEXT = 256,
};

/* More than any price, time or weight that means something. */
static const double DMS_PROFILE_JSON_MAX_NUMBER = 1e15;

/* (nullable) (transfer full): NULL for the empty text. */
char *dms_profile_json_dup_set (const char *text);
/* Whether a member is a short text, null or absent. */
gboolean dms_profile_json_is_text (JsonObject *object, const char *name);
/* Whether a member is a text that is not empty. */
gboolean dms_profile_json_is_set (JsonObject *object, const char *name);
/* Equal but for what sums of decimal fractions leave behind. */
gboolean dms_profile_json_same (double a, double b);

G_END_DECLS
