/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-profile-json.h"

#include "common/dms-json-object.h"

#include <math.h>
#include <string.h>

char *
dms_profile_json_dup_set (const char *text)
{
  return text != NULL && text[0] != '\0' ? g_strdup (text) : NULL;
}

gboolean
dms_profile_json_is_text (JsonObject *object, const char *name)
{
  JsonNode *node = dms_json_object_get_member (object, name);
  const char *text = dms_json_object_get_text (object, name);

  return node == NULL || JSON_NODE_HOLDS_NULL (node) ||
         (text != NULL && strlen (text) <= DMS_PROFILE_JSON_MAX_TEXT);
}

gboolean
dms_profile_json_is_set (JsonObject *object, const char *name)
{
  const char *text = dms_json_object_get_text (object, name);

  return text != NULL && text[0] != '\0';
}

gboolean
dms_profile_json_same (double a, double b)
{
  return fabs (a - b) <= 1e-9 * fmax (fabs (a), fabs (b));
}
