/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "common/dms-json-object.h"

#include <string.h>

/* What a deployment does because other nodes may take it over, and because this one may have taken it over
 * (docs/supervision.md). */

enum
{
  TELL_SECONDS = 10,
  AGAIN_SECONDS = 15,
};

#define TAKE_OVER_BEHAVIOUR "/dms/deployment/succession/take-over"

/* A machine that is told something. */
typedef struct
{
  DmsDeployment *deployment;
  DmsHandle *machine;
  /* (nullable): who waits for it, and whether it must succeed; and what comes then. */
  DeployCall *call;
  gboolean required;
  void (*func) (DmsDeployment *self);
} Errand;

static void
errand_free (Errand *errand)
{
  g_object_unref (errand->deployment);
  dms_handle_unref (errand->machine);
  g_clear_pointer (&errand->call, dms_deployment_call_free);
  g_free (errand);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Errand, errand_free)

static void tell (Errand *errand);

void
dms_deployment_set_succession (DmsDeployment *self, DmsSuccession *succession)
{
  g_set_object (&self->succession, succession);
}

void
dms_deployment_refuse_standby (DmsDeployment *self, const char *peer, const char *why)
{
  g_autofree char *text = g_strdup_printf ("standby orchestrator %s: %s", peer, why);

  if (self->attached && !self->over)
    dms_deployment_fail (self, text);
}

char *
dms_deployment_dup_founder (DmsDeployment *self)
{
  const char *founder;
  g_autoptr (DmsPeerId) peer = NULL;
  g_autoptr (DmsDid) did = NULL;
  guint8 key[32];

  if (self->succession == NULL)
    return NULL;
  founder = dms_roll_get_orchestrators (dms_succession_get_roll (self->succession))[0];
  if (strcmp (founder, dms_handle_get_host (dms_actor_get_handle (self->root))) == 0)
    return NULL;
  peer = dms_peer_id_new (founder, NULL);
  g_return_val_if_fail (peer != NULL && dms_peer_id_get_ed25519 (peer, key), NULL);
  did = dms_did_new_for_ed25519 (key);
  return g_strdup (dms_did_get_uri (did));
}

/* What is safe */

typedef struct
{
  DeployCall *call;
  void (*func) (DmsDeployment *self);
} SafeCall;

static void
safe_call_free (gpointer data)
{
  SafeCall *safe = data;

  dms_deployment_call_free (safe->call);
  g_free (safe);
}

static void
on_safe (gpointer user_data)
{
  SafeCall *safe = user_data;

  if (dms_deployment_call_is_current (safe->call))
    safe->func (safe->call->deployment);
}

void
dms_deployment_when_safe (DmsDeployment *self, void (*func) (DmsDeployment *self))
{
  SafeCall *safe;

  if (self->succession == NULL)
    {
      func (self);
      return;
    }
  safe = g_new0 (SafeCall, 1);
  safe->call = dms_deployment_call_new (self, NULL, NULL);
  safe->func = func;
  dms_succession_when_safe (self->succession, on_safe, safe, safe_call_free);
}

static void
on_news_safe (gpointer user_data)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", TRUE);
  json_object_set_string_member (reply, "Error", "");
  dms_message_reply_object (user_data, reply);
}

void
dms_deployment_acknowledge (DmsDeployment *self, DmsMessage *message)
{
  if (self->succession == NULL)
    on_news_safe (message);
  else
    dms_succession_when_safe (
        self->succession, on_news_safe, dms_message_ref (message), (GDestroyNotify) dms_message_unref);
}

/* The witness */

static gboolean
is_machine (DeployNode *node)
{
  return node->bid != NULL && !node->is_lost && !node->replaced;
}

/* (nullable): a machine of the deployment that is no orchestrator. */
static const char *
find_witness (DmsDeployment *self, DmsRoll *roll)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      const char *host = is_machine (node) ? dms_handle_get_host (dms_bid_get_handle (node->bid)) : NULL;

      if (host != NULL && dms_roll_get_rank (roll, host) < 0)
        return host;
    }
  return NULL;
}

void
dms_deployment_choose_witness (DmsDeployment *self)
{
  DmsRoll *roll;
  const char *witness;
  g_autoptr (GError) error = NULL;

  if (self->succession == NULL)
    return;
  roll = dms_succession_get_roll (self->succession);
  /* More than two can do without one of them. */
  if (g_strv_length ((GStrv) dms_roll_get_orchestrators (roll)) != 2 || dms_roll_get_witness (roll) != NULL)
    return;
  witness = find_witness (self, roll);
  if (witness == NULL)
    dms_deployment_log (self,
                        G_LOG_LEVEL_WARNING,
                        "no_witness",
                        NULL,
                        "all machines are orchestrators: while one of them is away, nobody can take over");
  else if (!dms_succession_set_witness (self->succession, witness, &error))
    dms_deployment_log (self, G_LOG_LEVEL_WARNING, "no_witness", NULL, error->message);
}

/* Telling machines */

static gboolean
on_again (gpointer user_data)
{
  DmsDeployment *self = user_data;

  self->claim_timer = 0;
  for (guint i = 0; i < self->unclaimed->len; i++)
    {
      Errand *errand = g_new0 (Errand, 1);

      errand->deployment = g_object_ref (self);
      errand->machine = dms_handle_ref (self->unclaimed->pdata[i]);
      tell (errand);
    }
  return G_SOURCE_REMOVE;
}

static gboolean
is_unclaimed (DmsDeployment *self, DmsHandle *machine, guint *place)
{
  return g_ptr_array_find_with_equal_func (self->unclaimed, machine, (GEqualFunc) dms_handle_equal, place);
}

static void
note_machine (DmsDeployment *self, DmsHandle *machine, gboolean told)
{
  guint place = 0;
  gboolean is_noted = is_unclaimed (self, machine, &place);

  if (told && is_noted)
    g_ptr_array_remove_index (self->unclaimed, place);
  else if (!told && !is_noted)
    g_ptr_array_add (self->unclaimed, dms_handle_ref (machine));
  if (self->unclaimed->len > 0 && self->claim_timer == 0 && self->attached)
    self->claim_timer = g_timeout_add_seconds (AGAIN_SECONDS, on_again, self);
}

static void
settle (Errand *errand, const char *problem)
{
  DmsDeployment *self = errand->deployment;
  g_autofree char *text = NULL;

  if (!self->attached)
    return;
  if (problem == NULL || !errand->required)
    note_machine (self, errand->machine, problem == NULL);
  if (errand->call == NULL || !dms_deployment_call_is_current (errand->call))
    return;
  if (problem != NULL && errand->required)
    dms_deployment_note_error (self, errand->call->node->name, problem);
  if (--self->n_pending > 0)
    return;
  if (self->step_error == NULL)
    {
      errand->func (self);
      return;
    }
  text = g_strdup_printf ("naming the standby orchestrators to node %s", self->step_error);
  dms_deployment_retry (self, text);
}

static void
on_roll_told (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Errand) errand = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  settle (errand, dms_deployment_reply_is_ok (reply, &text) ? NULL : text);
}

void
dms_deployment_add_roll (DmsDeployment *self, JsonObject *payload)
{
  if (self->succession == NULL)
    return;
  json_object_set_member (payload, "Roll", dms_roll_to_json (dms_succession_get_roll (self->succession)));
  json_object_set_int_member (payload, "Term", (gint64) dms_succession_get_term (self->succession));
}

static JsonNode *
make_payload (DmsDeployment *self)
{
  JsonNode *payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *votes = dms_succession_get_votes (self->succession);

  json_object_set_string_member (object, "EnsembleID", self->id);
  dms_deployment_add_roll (self, object);
  if (votes != NULL)
    json_object_set_array_member (object, "Votes", json_array_ref (votes));
  json_node_take_object (payload, object);
  return payload;
}

static void
tell_roll (Errand *errand)
{
  DmsDeployment *self = errand->deployment;
  g_autofree char *behaviour = g_strdup_printf ("/dms/ensemble/%s/succession", self->id);
  g_autoptr (JsonNode) payload = make_payload (self);

  dms_actor_invoke_async (self->actor,
                          errand->machine,
                          behaviour,
                          payload,
                          dms_deployment_expiry_in (TELL_SECONDS),
                          self->steady,
                          on_roll_told,
                          errand);
}

static void
on_claimed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Errand) errand = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  if (!dms_deployment_reply_is_ok (reply, &text))
    settle (errand, text);
  else if (errand->deployment->attached)
    tell_roll (g_steal_pointer (&errand));
}

/* Takes the errand. First that this node leads, if it did not always; then who may follow it. */
static void
tell (Errand *errand)
{
  DmsDeployment *self = errand->deployment;
  g_autoptr (JsonNode) payload = NULL;

  if (dms_succession_get_votes (self->succession) == NULL)
    {
      tell_roll (errand);
      return;
    }
  payload = make_payload (self);
  dms_actor_invoke_async (self->actor,
                          errand->machine,
                          TAKE_OVER_BEHAVIOUR,
                          payload,
                          dms_deployment_expiry_in (TELL_SECONDS),
                          self->steady,
                          on_claimed,
                          errand);
}

static gboolean
is_told (DmsDeployment *self, guint end)
{
  DmsBid *bid = ((DeployNode *) self->nodes->pdata[end])->bid;

  for (guint i = 0; i < end; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (is_machine (node) && node->touched &&
          dms_handle_equal (dms_bid_get_handle (node->bid), dms_bid_get_handle (bid)))
        return TRUE;
    }
  return FALSE;
}

static void
tell_all (DmsDeployment *self,
          void (*how) (Errand *errand),
          gboolean required,
          void (*func) (DmsDeployment *self))
{
  g_autoptr (GPtrArray) errands = g_ptr_array_new ();

  dms_deployment_next_step (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      Errand *errand;

      if (!is_machine (node) || !node->touched || is_told (self, i))
        continue;
      errand = g_new0 (Errand, 1);
      errand->deployment = g_object_ref (self);
      errand->machine = dms_handle_ref (dms_bid_get_handle (node->bid));
      errand->call = dms_deployment_call_new (self, node, NULL);
      errand->required = required && dms_deployment_node_is_open (node);
      errand->func = func;
      self->n_pending++;
      g_ptr_array_add (errands, errand);
    }
  for (guint i = 0; i < errands->len; i++)
    how (errands->pdata[i]);
  if (errands->len == 0)
    func (self);
}

void
dms_deployment_tell_roll (DmsDeployment *self, void (*func) (DmsDeployment *self))
{
  if (self->succession == NULL)
    func (self);
  else
    tell_all (self, tell_roll, TRUE, func);
}

void
dms_deployment_claim_machines (DmsDeployment *self, void (*func) (DmsDeployment *self))
{
  tell_all (self, tell, FALSE, func);
}

void
dms_deployment_stop_claiming (DmsDeployment *self)
{
  g_clear_handle_id (&self->claim_timer, g_source_remove);
}
