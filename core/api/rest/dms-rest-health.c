/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "api/rest/dms-rest-health.h"

#include "api/rest/dms-rest-response.h"

void
dms_rest_health_handle (DmsRestServer *server, SoupServerMessage *message)
{
  dms_rest_respond_json (message, SOUP_STATUS_OK, "{\"status\":\"ok\"}");
}
