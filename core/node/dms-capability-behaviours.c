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

/* One anchoring, while it is written. */
typedef struct
{
  DmsMessage *message;
  DmsTokenList *tokens;
  AnchorFunc func;
  const char *what;
} Anchoring;

static void
anchoring_free (gpointer data)
{
  Anchoring *self = data;

  dms_message_unref (self->message);
  dms_token_list_unref (self->tokens);
  g_free (self);
}

static gboolean
change (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  Anchoring *self = user_data;

  return self->func (context, self->tokens, error);
}

static void
on_anchored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Anchoring *self = user_data;
  g_autoptr (GError) error = NULL;

  if (dms_capability_keeper_edit_finish (DMS_CAPABILITY_KEEPER (source), result, &error))
    dms_log_event (G_LOG_LEVEL_INFO,
                   "capability_anchored",
                   "anchor",
                   self->what,
                   "did",
                   dms_did_get_uri (dms_message_get_sender_did (self->message)),
                   NULL);

  reply_ok (self->message, error);
  anchoring_free (self);
}

static void
anchor (DmsNode *node, DmsMessage *message, AnchorFunc func, const char *what)
{
  JsonNode *member = dms_json_object_get_member (dms_message_get_object (message), "Token");
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (GError) error = NULL;
  Anchoring *anchoring;

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
  if (error != NULL)
    {
      reply_ok (message, error);
      return;
    }

  anchoring = g_new0 (Anchoring, 1);
  anchoring->message = dms_message_ref (message);
  anchoring->tokens = g_steal_pointer (&tokens);
  anchoring->func = func;
  anchoring->what = what;
  dms_capability_keeper_edit_async (
      dms_node_get_capability_keeper (node), change, anchoring, NULL, on_anchored, anchoring);
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

static gboolean
take_revocations (DmsCapabilityContext *context, gpointer user_data, GError **error)
{
  return dms_capability_context_anchor_revoke (context, user_data, error);
}

static void
on_revocations_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!dms_capability_keeper_edit_finish (DMS_CAPABILITY_KEEPER (source), result, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "revocation_refused", "error", error->message, NULL);
}

static void
on_revoke_received (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsNode *node = user_data;
  JsonNode *member = dms_json_object_get_member (dms_message_get_object (message), "Token");
  g_autoptr (DmsTokenList) tokens = NULL;

  if (member == NULL)
    return;

  tokens = dms_token_list_new_from_json (member, NULL);
  if (tokens == NULL || dms_token_list_get_size (tokens) == 0)
    return;

  dms_capability_keeper_edit_async (dms_node_get_capability_keeper (node),
                                    take_revocations,
                                    g_steal_pointer (&tokens),
                                    (GDestroyNotify) dms_token_list_unref,
                                    on_revocations_taken,
                                    NULL);
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
