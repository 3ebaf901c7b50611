/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include <string.h>

/* A daemon that has just started has no connections yet. What a deployment does next on its machines would
 * fail at once, as if they were gone; so it waits a moment for them first. */

enum
{
  ASK_SECONDS = 3,
  AGAIN_MS = 250,
  PATIENCE_SECONDS = 6,
};

#define HEARTBEAT_BEHAVIOUR "/dms/deployment/heartbeat"

typedef struct
{
  DeployCall *call;
  DmsHandle *machine;
  gint64 until_us;
  void (*func) (DmsDeployment *self);
} Reach;

static void
reach_free (Reach *reach)
{
  dms_deployment_call_free (reach->call);
  dms_handle_unref (reach->machine);
  g_free (reach);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reach, reach_free)

static void ask (Reach *reach);

static gboolean
on_again (gpointer user_data)
{
  g_autoptr (Reach) reach = user_data;

  if (dms_deployment_call_is_current (reach->call))
    ask (g_steal_pointer (&reach));
  return G_SOURCE_REMOVE;
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Reach) reach = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  DmsDeployment *self = reach->call->deployment;

  if (!dms_deployment_call_is_current (reach->call))
    return;
  /* A machine that does not answer was reached, and perhaps does not know the question. */
  if (message == NULL && !g_error_matches (error, DMS_ERROR, DMS_ERROR_TIMED_OUT) &&
      g_get_monotonic_time () < reach->until_us)
    {
      g_timeout_add (AGAIN_MS, on_again, g_steal_pointer (&reach));
      return;
    }
  if (--self->n_pending == 0)
    reach->func (self);
}

/* Takes it. */
static void
ask (Reach *reach)
{
  DmsDeployment *self = reach->call->deployment;
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (payload, json_object_new ());
  dms_actor_invoke_async (self->root,
                          reach->machine,
                          HEARTBEAT_BEHAVIOUR,
                          payload,
                          dms_deployment_expiry_in (ASK_SECONDS),
                          self->step_cancellable,
                          on_asked,
                          reach);
}

static gboolean
is_known (GPtrArray *machines, DmsHandle *machine)
{
  return g_ptr_array_find_with_equal_func (machines, machine, (GEqualFunc) dms_handle_equal, NULL);
}

void
dms_deployment_reach_machines (DmsDeployment *self, void (*func) (DmsDeployment *self))
{
  const char *own = dms_handle_get_host (dms_actor_get_handle (self->root));
  g_autoptr (GPtrArray) machines = g_ptr_array_new ();

  dms_deployment_next_step (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      DmsHandle *machine = node->touched && node->bid != NULL ? dms_bid_get_handle (node->bid) : NULL;

      if (machine != NULL && strcmp (dms_handle_get_host (machine), own) != 0 &&
          !is_known (machines, machine))
        g_ptr_array_add (machines, machine);
    }
  self->n_pending = machines->len;
  for (guint i = 0; i < machines->len; i++)
    {
      Reach *reach = g_new0 (Reach, 1);

      reach->call = dms_deployment_call_new (self, NULL, NULL);
      reach->machine = dms_handle_ref (machines->pdata[i]);
      reach->until_us = g_get_monotonic_time () + (gint64) PATIENCE_SECONDS * G_USEC_PER_SEC;
      reach->func = func;
      ask (reach);
    }
  if (machines->len == 0)
    func (self);
}
