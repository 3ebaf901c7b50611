/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-succession-behaviours.h"

#include "common/dms-json-object.h"

#define APPOINT "/dms/deployment/succession/appoint"
#define RENEW   "/dms/deployment/succession/renew"
#define VOTE    DMS_SUCCESSION_VOTE_BEHAVIOUR

typedef struct
{
  DmsVoter *voter;
  DmsSuccessionHooks hooks;
  gpointer user_data;
} Scope;

static void
scope_free (gpointer data)
{
  Scope *scope = data;

  g_object_unref (scope->voter);
  g_free (scope);
}

char *
dms_succession_dup_sender (DmsMessage *message)
{
  guint8 key[32];
  g_autoptr (DmsPeerId) peer = NULL;

  if (!dms_did_get_ed25519 (dms_message_get_sender_did (message), key))
    return NULL;
  peer = dms_peer_id_new_for_ed25519 (key);
  return g_strdup (dms_peer_id_get_text (peer));
}

static void
reply_refusal (DmsMessage *message, const char *text)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", FALSE);
  json_object_set_string_member (reply, "Error", text);
  dms_message_reply_object (message, reply);
}

/* Who asks about an ensemble that is over is told how it ended, if this node knows. */
static void
answer (Scope *scope, DmsMessage *message, JsonObject *reply, const char *id, const char *sender)
{
  g_autofree char *end = NULL;

  if (reply == NULL)
    return;
  if (id != NULL && dms_json_object_get_flag (reply, "Over"))
    end = scope->hooks.dup_end (id, sender, scope->user_data);
  if (end != NULL)
    json_object_set_string_member (reply, "End", end);
  dms_message_reply_object (message, reply);
}

static void
on_appoint (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Scope *scope = user_data;
  JsonObject *payload = dms_message_get_object (message);
  const char *own = dms_handle_get_host (dms_actor_get_handle (actor));
  g_autofree char *sender = dms_succession_dup_sender (message);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsRoll) roll = dms_roll_new_from_json (dms_json_object_get_member (payload, "Roll"), &error);

  if (roll == NULL || sender == NULL)
    reply_refusal (message, error != NULL ? error->message : "only nodes with Ed25519 keys can appoint");
  else if (!dms_voter_knows (scope->voter, dms_roll_get_ensemble_id (roll)) &&
           !scope->hooks.may_join (roll, dms_roll_get_rank (roll, own) < 0, scope->user_data, &error))
    reply_refusal (message, error->message);
  else
    answer (scope,
            message,
            dms_voter_appoint (scope->voter, sender, payload),
            dms_roll_get_ensemble_id (roll),
            sender);
}

static void
on_renew (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Scope *scope = user_data;
  JsonObject *payload = dms_message_get_object (message);
  g_autofree char *sender = dms_succession_dup_sender (message);

  if (sender != NULL)
    answer (scope,
            message,
            dms_voter_renew (scope->voter, sender, payload),
            dms_json_object_get_text (payload, "EnsembleID"),
            sender);
}

static void
on_vote (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  Scope *scope = user_data;
  JsonObject *payload = dms_message_get_object (message);
  g_autofree char *sender = dms_succession_dup_sender (message);

  if (sender != NULL)
    answer (scope,
            message,
            dms_voter_vote (scope->voter, sender, payload),
            dms_json_object_get_text (payload, "EnsembleID"),
            sender);
}

void
dms_succession_behaviours_install (DmsActor *root,
                                   DmsVoter *voter,
                                   const DmsSuccessionHooks *hooks,
                                   gpointer user_data)
{
  static const struct
  {
    const char *path;
    DmsBehaviourFlags flags;
    DmsBehaviourFunc func;
  } behaviours[] = {
    { APPOINT, DMS_BEHAVIOUR_REQUIRE, on_appoint },
    { RENEW, DMS_BEHAVIOUR_OPEN, on_renew },
    { VOTE, DMS_BEHAVIOUR_OPEN, on_vote },
  };

  for (guint i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      Scope *scope = g_new0 (Scope, 1);

      scope->voter = g_object_ref (voter);
      scope->hooks = *hooks;
      scope->user_data = user_data;
      dms_actor_add_behaviour (
          root, behaviours[i].path, behaviours[i].flags, behaviours[i].func, scope, scope_free);
    }
}

void
dms_succession_behaviours_remove (DmsActor *root)
{
  (void) dms_actor_remove_behaviour (root, APPOINT);
  (void) dms_actor_remove_behaviour (root, RENEW);
  (void) dms_actor_remove_behaviour (root, VOTE);
}
