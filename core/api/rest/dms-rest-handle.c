/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "api/rest/dms-rest-handle.h"

#include "api/rest/dms-rest-response.h"

void
dms_rest_handle_handle (DmsRestServer *server, SoupServerMessage *message)
{
  DmsActor *root = dms_rest_server_get_root (server);
  g_autofree char *json = NULL;

  if (root == NULL)
    {
      dms_rest_respond_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR,
                              "host node hasn't yet been initialized");
      return;
    }
  if (*dms_handle_get_id (dms_actor_get_handle (root)) == '\0')
    {
      dms_rest_respond_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, "handle id is invalid");
      return;
    }
  json = dms_handle_to_string (dms_actor_get_handle (root));
  dms_rest_respond_json (message, SOUP_STATUS_OK, json);
}
