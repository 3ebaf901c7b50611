/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-json.h"

JsonNode *
dms_job_json_take_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

void
dms_job_json_set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL && *text != '\0')
    json_object_set_string_member (object, name, text);
}

void
dms_job_json_set_strv (JsonObject *object, const char *name, const char *const *texts)
{
  JsonArray *array;

  if (texts == NULL || texts[0] == NULL)
    return;
  array = json_array_new ();
  for (guint i = 0; texts[i] != NULL; i++)
    json_array_add_string_element (array, texts[i]);
  json_object_set_array_member (object, name, array);
}

void
dms_job_json_set_array (JsonObject *object,
                        const char *name,
                        GPtrArray *items,
                        JsonNode *(*to_json) (gpointer))
{
  JsonArray *array;

  if (items == NULL || items->len == 0)
    return;
  array = json_array_new ();
  for (guint i = 0; i < items->len; i++)
    json_array_add_element (array, to_json (items->pdata[i]));
  json_object_set_array_member (object, name, array);
}
