/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-requirement.h"

#include "common/dms-json-object.h"

#define MEMBER "Requires"

DmsProfile *
dms_bid_requirement_read (JsonObject *request, GError **error)
{
  JsonNode *node = dms_json_object_get_member (request, MEMBER);

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return dms_profile_new_empty ();
  return dms_requirement_new_from_json (node, error);
}

void
dms_bid_requirement_write (DmsProfile *required, JsonObject *request)
{
  if (!dms_requirement_is_empty (required))
    json_object_set_member (request, MEMBER, dms_requirement_to_json (required));
}
