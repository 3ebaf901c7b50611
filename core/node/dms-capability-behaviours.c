/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-capability-behaviours.h"

#include "common/dms-json-object.h"

/* Directly from the owner: spread what is revoked. As a broadcast on the topic: take what others revoked. */
#define REVOKE_BROADCAST "/dms/cap/revoke/broadcast"
#define REVOCATION_TOPIC "/nunet/revocation"

typedef gboolean (*AnchorFunc) (DmsCapabilityContext *context, DmsTokenList *tokens, GError **error);

static void
reply_ok (DmsMessage *message, const GError *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error->message : "");
  dms_message_reply_object (message, reply);
}

static void
anchor (DmsNode *node, DmsMessage *message, AnchorFunc func, const char *what)
{
  DmsCapabilityContext *context = dms_node_get_capabilities (node);
  JsonNode *member = dms_json_object_get_member (dms_message_get_object (message), "Token");
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (GError) error = NULL;

  if (member == NULL)
    {
      g_set_error (&error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "there is no Token to anchor; send {\"Token\": {\"tok\": […]}}");
      reply_ok (message, error);
      return;
    }

  tokens = dms_token_list_new_from_json (member, &error);
  if (tokens != NULL && dms_token_list_get_size (tokens) == 0)
    g_set_error (&error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the token list is empty");
  if (error == NULL && func (context, tokens, &error) && dms_node_save_capabilities (node, &error))
    dms_log_event (G_LOG_LEVEL_INFO,
                   "capability_anchored",
                   "anchor",
                   what,
                   "did",
                   dms_did_get_uri (dms_message_get_sender_did (message)),
                   NULL);

  reply_ok (message, error);
}

static void
on_provide_anchor (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  anchor (user_data, message, dms_capability_context_anchor_provide, "provide");
}

static void
on_require_anchor (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  anchor (user_data, message, dms_capability_context_anchor_require, "require");
}

static void
on_revoke_anchor (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  anchor (user_data, message, dms_capability_context_anchor_revoke, "revoke");
}

static void
set_tokens (JsonObject *reply, const char *name, DmsTokenList *tokens)
{
  json_object_set_member (reply, name, dms_token_list_to_json (tokens));
}

static void
on_list (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsCapabilityContext *context = dms_node_get_capabilities (user_data);
  g_autoptr (GPtrArray) roots = dms_capability_context_dup_roots (context);
  g_autoptr (DmsTokenList) require = dms_capability_context_dup_require (context);
  g_autoptr (DmsTokenList) provide = dms_capability_context_dup_provide (context);
  g_autoptr (DmsTokenList) revoke = dms_capability_context_dup_revoke (context);
  JsonObject *reply = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < roots->len; i++)
    json_array_add_element (array, dms_did_to_json (roots->pdata[i]));

  json_object_set_boolean_member (reply, "OK", TRUE);
  json_object_set_string_member (reply, "Error", "");
  json_object_set_array_member (reply, "Roots", array);
  set_tokens (reply, "Require", require);
  set_tokens (reply, "Provide", provide);
  set_tokens (reply, "Revoke", revoke);
  dms_message_reply_object (message, reply);
}

/* From the owner: spread every revocation known here. From other nodes, on the topic: take theirs. A
 * revocation proves itself by its issuer's signature, so nothing is believed that the issuer did not say. */
static void
on_revoke_broadcast (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsNode *node = user_data;
  g_autoptr (DmsTokenList) tokens = dms_capability_context_dup_revoke (dms_node_get_capabilities (node));
  g_autoptr (JsonNode) payload = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "Token", dms_token_list_to_json (tokens));
  payload = json_node_init_object (json_node_alloc (), object);
  json_object_unref (object);

  if (dms_token_list_get_size (tokens) > 0)
    dms_actor_broadcast (actor, REVOCATION_TOPIC, REVOKE_BROADCAST, payload, 0, NULL, &error);
  reply_ok (message, error);
}

static void
on_revoke_received (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsNode *node = user_data;
  JsonNode *member = dms_json_object_get_member (dms_message_get_object (message), "Token");
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (GError) error = NULL;

  if (member == NULL)
    return;

  tokens = dms_token_list_new_from_json (member, &error);
  if (tokens == NULL || dms_token_list_get_size (tokens) == 0)
    return;
  if (!dms_capability_context_anchor_revoke (dms_node_get_capabilities (node), tokens, &error) ||
      !dms_node_save_capabilities (node, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "revocation_refused", "error", error->message, NULL);
}

void
dms_capability_behaviours_install (DmsNode *node)
{
  DmsActor *root = dms_node_get_root (node);

  dms_actor_add_behaviour (root, "/dms/cap/list", DMS_BEHAVIOUR_REQUIRE, on_list, node, NULL);
  dms_actor_add_behaviour (
      root, "/dms/cap/provide/anchor", DMS_BEHAVIOUR_REQUIRE, on_provide_anchor, node, NULL);
  dms_actor_add_behaviour (
      root, "/dms/cap/require/anchor", DMS_BEHAVIOUR_REQUIRE, on_require_anchor, node, NULL);
  dms_actor_add_behaviour (
      root, "/dms/cap/revoke/anchor", DMS_BEHAVIOUR_REQUIRE, on_revoke_anchor, node, NULL);
  dms_actor_add_behaviour (root, REVOKE_BROADCAST, DMS_BEHAVIOUR_REQUIRE, on_revoke_broadcast, node, NULL);
  dms_actor_add_broadcast (root, REVOKE_BROADCAST, REVOCATION_TOPIC, on_revoke_received, node, NULL);
}
