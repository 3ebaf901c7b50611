/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-public-behaviours.h"

static void
on_hello (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsCapabilityContext *context = dms_node_get_capabilities (user_data);
  JsonObject *reply = json_object_new ();

  json_object_set_member (reply, "DID", dms_did_to_json (dms_capability_context_get_did (context)));
  dms_message_reply_object (message, reply);
  if (*dms_message_get_topic (message) == '\0')
    dms_peer_handshake_note_hello (dms_node_get_peer_handshake (user_data),
                                   dms_handle_get_host (dms_message_get_from (message)));
}

static void
on_status (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) onboarded =
      dms_ledger_dup_onboarded (dms_provider_get_ledger (dms_node_get_provider (user_data)), &error);
  g_autoptr (DmsResources) nothing = dms_resources_new_empty ();
  gboolean ok = onboarded != NULL || g_error_matches (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "Status", ok ? "OK" : "ERROR");
  json_object_set_member (
      reply, "Resources", dms_resources_to_json (onboarded != NULL ? onboarded : nothing));
  dms_message_reply_object (message, reply);
}

void
dms_public_behaviours_install (DmsNode *node)
{
  DmsActor *root = dms_node_get_root (node);

  dms_actor_add_behaviour (root, "/public/hello", DMS_BEHAVIOUR_REQUIRE, on_hello, node, NULL);
  dms_actor_add_behaviour (root, "/public/status", DMS_BEHAVIOUR_REQUIRE, on_status, node, NULL);
  dms_actor_add_broadcast (root, "/broadcast/hello", "/nunet/hello", on_hello, node, NULL);
}
