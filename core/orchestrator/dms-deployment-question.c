/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision.h"

/* What a machine is asked to start or to restart. That takes as long as an image takes to come; but the
 * question, or its answer, may have been lost with a daemon that is back by now. So it is asked again, with
 * the same number, until there is an answer: the machine knows by the number that it is the same, and does
 * not begin twice (docs/commit-protocol.md). */

enum
{
  AGAIN_SECONDS = 15,
};

struct _DeployQuestion
{
  /* Keeps the allocation. */
  DeployCall *call;
  char *behaviour;
  JsonObject *payload;
  guint seconds;
  DeployInsistence insistence;
  GCancellable *cancellable;
  /* NULL once nobody waits for an answer any more. */
  DeployAnswered answered;
  gpointer user_data;
  GDestroyNotify user_data_free;
  guint timer;
  /* How often it was asked without an answer so far. */
  guint n_open;
};

static void
question_free (DeployQuestion *self)
{
  if (self->user_data_free != NULL)
    self->user_data_free (self->user_data);
  g_object_unref (self->cancellable);
  json_object_unref (self->payload);
  g_free (self->behaviour);
  dms_deployment_call_free (self->call);
  g_free (self);
}

static void
stop_asking (DeployQuestion *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
}

/* Nobody waits for its answer any more. */
static void
leave (DeployQuestion *self)
{
  DeployAllocation *allocation = self->call->allocation;

  stop_asking (self);
  self->answered = NULL;
  if (allocation->question == self)
    allocation->question = NULL;
}

static void
settle (DeployQuestion *self, JsonObject *reply, const char *text)
{
  DeployAnswered answered = self->answered;

  if (answered == NULL)
    return;
  leave (self);
  if (!g_cancellable_is_cancelled (self->cancellable) && self->call->deployment->attached)
    answered (self->call->allocation, reply, text, self->user_data);
}

/* Of the first time, whatever it is, also that there is none; of the others, what is sure to be an answer. */
static void
take_answer (DeployQuestion *self, GObject *source, GAsyncResult *result, gboolean first)
{
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);
  g_autofree char *refusal = NULL;
  gboolean good = dms_deployment_reply_is_ok (reply, &refusal);

  self->n_open--;
  if (first || good || (reply != NULL && self->insistence == DEPLOY_ASK_UNTIL_ANSWERED))
    settle (self, reply, refusal != NULL ? refusal : text);
  if (self->n_open == 0)
    question_free (self);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  take_answer (user_data, source, result, TRUE);
}

static void
on_answered_again (GObject *source, GAsyncResult *result, gpointer user_data)
{
  take_answer (user_data, source, result, FALSE);
}

/* (transfer full): with a lease that lasts from now on. */
static JsonNode *
make_payload (DeployQuestion *self)
{
  JsonNode *payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init (&iter, self->payload);
  while (json_object_iter_next (&iter, &name, &member))
    json_object_set_member (object, name, json_node_copy (member));
  dms_deployment_add_lease (self->call->allocation, object);
  json_node_take_object (payload, object);
  return payload;
}

static void
send (DeployQuestion *self, GAsyncReadyCallback callback)
{
  g_autoptr (JsonNode) payload = make_payload (self);

  self->n_open++;
  dms_actor_invoke_async (self->call->deployment->actor,
                          self->call->allocation->handle,
                          self->behaviour,
                          payload,
                          dms_deployment_expiry_in (self->seconds),
                          self->cancellable,
                          callback,
                          self);
}

static gboolean
on_timer (gpointer user_data)
{
  DeployQuestion *self = user_data;

  if (self->call->allocation->handle != NULL && !g_cancellable_is_cancelled (self->cancellable))
    {
      send (self, on_answered_again);
      return G_SOURCE_CONTINUE;
    }
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

void
dms_deployment_ask (DeployAllocation *allocation,
                    const char *behaviour,
                    JsonObject *payload,
                    guint seconds,
                    DeployInsistence insistence,
                    GCancellable *cancellable,
                    DeployAnswered answered,
                    gpointer user_data,
                    GDestroyNotify user_data_free)
{
  DmsDeployment *deployment = allocation->deployment;
  DeployQuestion *self = g_new0 (DeployQuestion, 1);

  dms_deployment_ask_no_more (allocation);
  self->call = dms_deployment_call_new_steady (deployment, allocation);
  self->behaviour = g_strdup (behaviour);
  self->payload = payload;
  self->seconds = seconds;
  self->insistence = insistence;
  self->cancellable = g_object_ref (cancellable);
  self->answered = answered;
  self->user_data = user_data;
  self->user_data_free = user_data_free;
  json_object_set_int_member (payload, "Number", (gint64) ++deployment->number);
  allocation->question = self;
  if (insistence != DEPLOY_ASK_ONCE)
    self->timer = g_timeout_add_seconds (AGAIN_SECONDS, on_timer, self);
  send (self, on_answered);
}

void
dms_deployment_ask_no_more (DeployAllocation *allocation)
{
  if (allocation->question != NULL)
    stop_asking (allocation->question);
}

gboolean
dms_deployment_stop_waiting_for_start (DeployAllocation *allocation)
{
  DeployQuestion *question = allocation->question;

  if (!dms_deployment_is_starting (allocation))
    return FALSE;
  leave (question);
  return TRUE;
}

gboolean
dms_deployment_is_starting (DeployAllocation *allocation)
{
  return allocation->question != NULL &&
         allocation->question->cancellable == allocation->deployment->step_cancellable;
}
