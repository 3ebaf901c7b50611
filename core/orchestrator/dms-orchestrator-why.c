/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-orchestrator-private.h"

#include "common/dms-json-object.h"
#include "orchestrator/dms-refusal-book.h"

/* /dms/node/deployment/why: what machines said when they were asked for a deployment, also when it is over.
 * Nodes of the field have no such behaviour. */

static void
reply_why (DmsMessage *message, const char *id, int status, const char *error, JsonNode *why)
{
  const char *text = dms_refusal_book_get_text (why);
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "id", id);
  json_object_set_string_member (reply, "status", dms_deployment_status_to_string (status));
  json_object_set_string_member (reply, "deployment_error", error);
  json_object_set_string_member (
      reply, "text", text != NULL && text[0] != '\0' ? text : "no machine was asked for its reasons");
  if (why != NULL)
    json_object_set_member (reply, "why", json_node_copy (why));
  json_object_set_string_member (reply, "error", "");
  dms_message_reply_object (message, reply);
}

static void
reply_error (DmsMessage *message, const char *id, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_string_member (reply, "id", id != NULL ? id : "");
  json_object_set_string_member (reply, "error", error);
  dms_message_reply_object (message, reply);
}

static void
handle_why (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_orchestrator_get_id (message, "id", "EnsembleID");
  DmsDeployment *deployment = dms_orchestrator_find (self, id);
  g_autoptr (DmsDocument) record = NULL;
  g_autoptr (JsonNode) why = NULL;

  if (deployment != NULL)
    {
      why = dms_deployment_dup_why (deployment);
      reply_why (message,
                 id,
                 (int) dms_deployment_get_status (deployment),
                 dms_deployment_get_error (deployment),
                 why);
      return;
    }
  if (self->records != NULL && id != NULL && id[0] != '\0')
    record = dms_deployment_records_get (self->records, id, NULL);
  if (record == NULL)
    reply_error (message, id, DMS_ORCHESTRATOR_UNKNOWN);
  else
    reply_why (message,
               id,
               (int) dms_deployment_records_get_status (record),
               dms_deployment_records_get_error (record),
               dms_json_object_get_member (dms_deployment_records_get_data (record), "Why"));
}

void
dms_orchestrator_install_why_behaviours (DmsOrchestrator *self, DmsActor *root)
{
  dms_actor_add_behaviour (root, "/dms/node/deployment/why", DMS_BEHAVIOUR_REQUIRE, handle_why, self, NULL);
}
