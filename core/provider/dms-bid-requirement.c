/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-requirement.h"

#include "common/dms-json-object.h"

#define MEMBER "Requires"

gboolean
dms_bid_requirement_is_there (JsonObject *request)
{
  JsonNode *node = dms_json_object_get_member (request, MEMBER);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node);
}

DmsProfile *
dms_bid_requirement_read (JsonObject *request, GError **error)
{
  JsonNode *node = dms_json_object_get_member (request, MEMBER);

  if (!dms_bid_requirement_is_there (request))
    return dms_profile_new_empty ();
  return dms_requirement_new_from_json (node, error);
}

void
dms_bid_requirement_write (DmsProfile *required, JsonObject *request)
{
  if (!dms_requirement_is_empty (required))
    json_object_set_member (request, MEMBER, dms_requirement_to_json (required));
}
