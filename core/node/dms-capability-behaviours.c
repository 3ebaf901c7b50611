/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-capability-behaviours.h"

#include "common/dms-wire-writer.h"
#include "identity/dms-did-wire.h"

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
  GBytes *payload = dms_envelope_get_payload (dms_message_get_envelope (message));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsTokenList) tokens = dms_token_list_new_from_member (payload, "Token", &error);
  Anchoring *anchoring;

  if (tokens != NULL && dms_token_list_get_size (tokens) == 0)
    g_set_error (&error,
                 DMS_ERROR,
                 DMS_ERROR_INVALID_ARGUMENT,
                 "there is no Token to anchor; send {\"Token\": {\"tok\": […]}}");
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

/* Written by hand: a JSON tree cannot hold every number of a token. */
static void
on_list (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsCapabilityContext *context = dms_node_get_capabilities (user_data);
  g_autoptr (GPtrArray) roots = dms_capability_context_dup_roots (context);
  g_autoptr (DmsTokenList) require = dms_capability_context_dup_require (context);
  g_autoptr (DmsTokenList) provide = dms_capability_context_dup_provide (context);
  g_autoptr (DmsTokenList) revoke = dms_capability_context_dup_revoke (context);
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autoptr (GBytes) payload = NULL;

  dms_wire_writer_begin_object (writer, NULL);
  dms_wire_writer_add_boolean (writer, "OK", TRUE);
  dms_wire_writer_add_string (writer, "Error", "");
  dms_wire_writer_begin_array (writer, "Roots");
  for (guint i = 0; i < roots->len; i++)
    dms_did_wire_write (roots->pdata[i], writer, NULL);
  dms_wire_writer_end_array (writer);
  dms_token_list_write (require, writer, "Require");
  dms_token_list_write (provide, writer, "Provide");
  dms_token_list_write (revoke, writer, "Revoke");
  dms_wire_writer_end_object (writer);
  payload = dms_wire_writer_end (writer);
  dms_message_reply_bytes (message, payload);
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
}
