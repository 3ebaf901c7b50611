/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "common/dms-json-object.h"
#include "dms-sim-clock.h"
#include "dms-sim-json.h"
#include "dms-sim-node.h"
#include "dms-sim-run.h"
#include "jobs/dms-job-parser.h"

enum
{
  PATIENCE_S = 120,
  READY_S = 60,
  LOOK_EVERY_MS = 10,
  /* What the job may take of the deployment's own time. */
  DEPLOYMENT_S = 3600,
  /* No answer is valid for longer than 5 s. */
  TAIL_S = 6,
  SHUTDOWN_S = 40,
};

/* Counted: an answer may come when nobody waits for it any more. */
typedef struct
{
  DmsSimRun *run;
  DmsActor *root;
  char *id;
  char *status;
  char *error;
  guint n_open;
} Deployment;

static void
deployment_clear (gpointer data)
{
  Deployment *self = data;

  g_free (self->id);
  g_free (self->status);
  g_free (self->error);
}

static void
deployment_unref (Deployment *self)
{
  g_rc_box_release_full (self, deployment_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Deployment, deployment_unref)

/* A service, which runs until it is told to end; on so many machines. */
static DmsEnsemble *
make_ensemble (guint n_machines, GError **error)
{
  g_autoptr (GString) text = g_string_new ("version: V1\n"
                                           "allocations:\n");
  g_autoptr (GBytes) data = NULL;

  for (guint i = 0; i < n_machines; i++)
    g_string_append_printf (text,
                            "  job%u: {executor: 'null', type: service, resources: {cpu: {cores: 0.5}, "
                            "ram: {size: 64MiB}, disk: {size: 64MiB}}, "
                            "execution: {type: 'null', duration_ms: -1}}\n",
                            i);
  g_string_append (text, "nodes:\n");
  for (guint i = 0; i < n_machines; i++)
    g_string_append_printf (text, "  n%u: {allocations: [job%u]}\n", i, i);
  data = g_bytes_new (text->str, text->len);
  return dms_job_parser_load_data ("simulated.yaml", NULL, data, error);
}

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Deployment) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  JsonObject *reply = message != NULL ? dms_message_get_object (message) : NULL;

  self->n_open--;
  self->id = g_strdup (reply != NULL ? dms_json_object_get_text (reply, "EnsembleID") : NULL);
  if (self->id == NULL)
    self->error = g_strdup (reply != NULL ? dms_json_object_get_text (reply, "Error") : error->message);
}

static void
on_status (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Deployment) self = user_data;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, NULL);

  self->n_open--;
  if (message == NULL)
    return;
  g_free (self->status);
  self->status = g_strdup (dms_json_object_get_text (dms_message_get_object (message), "status"));
}

static void
ask (Deployment *self,
     const char *behaviour,
     JsonObject *payload,
     GAsyncReadyCallback callback,
     double seconds)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), payload);

  self->n_open++;
  dms_actor_invoke_async (self->root,
                          dms_actor_get_handle (self->root),
                          behaviour,
                          node,
                          dms_actor_expiry_in (seconds),
                          NULL,
                          callback,
                          g_rc_box_acquire (self));
  json_object_unref (payload);
}

static void
ask_id (Deployment *self, const char *behaviour, GAsyncReadyCallback callback)
{
  JsonObject *payload = json_object_new ();

  json_object_set_string_member (payload, "ID", self->id);
  ask (self, behaviour, payload, callback, 30);
}

static gboolean
is_accepted (gpointer user_data)
{
  const Deployment *self = user_data;

  return self->id != NULL || self->error != NULL;
}

static gboolean
is_answered (gpointer user_data)
{
  return ((Deployment *) user_data)->n_open == 0;
}

static gboolean
has_status (Deployment *self, const char *status)
{
  return g_strcmp0 (self->status, status) == 0;
}

/* From the request of its owner until everything runs. */
static gboolean
deploy (Deployment *self, DmsEnsemble *ensemble, gint64 *running_us, GError **error)
{
  JsonObject *payload = json_object_new ();
  gint64 until_us = dms_sim_clock_get_us () + PATIENCE_S * G_TIME_SPAN_SECOND;

  json_object_set_member (payload, "Ensemble", dms_ensemble_to_json (ensemble));
  ask (self, "/dms/node/deployment/new", payload, on_accepted, DEPLOYMENT_S);
  dms_sim_run_until (self->run, until_us, is_accepted, self);
  if (self->id == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_FAILED,
                   "the deployment was refused: %s",
                   self->error != NULL ? self->error : "no answer");
      return FALSE;
    }
  while (!has_status (self, "Running") && !has_status (self, "Failed") && !has_status (self, "Completed") &&
         dms_sim_clock_get_us () < until_us)
    {
      if (self->n_open == 0)
        ask_id (self, "/dms/node/deployment/status", on_status);
      dms_sim_run_for (self->run, LOOK_EVERY_MS * G_TIME_SPAN_MILLISECOND);
    }
  *running_us = dms_sim_clock_get_us ();
  if (has_status (self, "Running"))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_FAILED,
               "the deployment is %s after %" G_GINT64_FORMAT " ms",
               self->status != NULL ? self->status : "unknown",
               (*running_us - until_us) / 1000 + PATIENCE_S * 1000);
  return FALSE;
}

static gboolean
are_ready (gpointer user_data)
{
  DmsSimRun *self = user_data;

  for (guint i = 0; i < self->nodes->len; i++)
    if (!dms_sim_node_is_ready (g_ptr_array_index (self->nodes, i)) &&
        ((DmsSimPeer *) g_ptr_array_index (self->network->peers, i))->is_up)
      return FALSE;
  return TRUE;
}

/* Who lends: all but those that ask, or so many of them. */
static void
lend (DmsSimRun *self, guint n_eligible)
{
  for (guint i = 0; i < self->nodes->len; i++)
    dms_sim_node_lend (
        g_ptr_array_index (self->nodes, i),
        i < self->network->bootstrap->len || i >= self->network->bootstrap->len + n_eligible ? 0 : 1);
}

typedef struct
{
  GArray *virtual_ms;
  GArray *cpu_s;
  GArray *messages;
  GArray *answers;
  GArray *megabytes;
} Measured;

static void
add (GArray *array, double value)
{
  g_array_append_val (array, value);
}

static gboolean
measure (DmsSimRun *self, DmsEnsemble *ensemble, Measured *measured, GError **error)
{
  DmsSimPeer *peer = g_ptr_array_index (self->network->peers, 0);
  g_autoptr (Deployment) deployment = g_rc_box_new0 (Deployment);
  gint64 began_us = dms_sim_clock_get_us ();
  gint64 cpu_us = dms_sim_clock_get_cpu_us ();
  guint64 n_messages = dms_sim_run_count (self, DMS_SIM_N_KINDS);
  guint64 n_answers = peer->n_received[DMS_SIM_MESSAGE];
  guint64 bytes = peer->bytes_in;
  gint64 running_us = 0;
  gboolean is_good = FALSE;

  deployment->run = self;
  deployment->root = dms_node_get_root (dms_sim_node_get_node (g_ptr_array_index (self->nodes, 0)));
  is_good = deploy (deployment, ensemble, &running_us, error);
  if (is_good)
    {
      add (measured->virtual_ms, (double) (running_us - began_us) / 1000);
      add (measured->cpu_s, (double) (dms_sim_clock_get_cpu_us () - cpu_us) / G_USEC_PER_SEC);
      /* Answers that come too late are answers too. */
      dms_sim_run_for (self, TAIL_S * G_TIME_SPAN_SECOND);
      add (measured->messages, (double) (dms_sim_run_count (self, DMS_SIM_N_KINDS) - n_messages));
      add (measured->answers, (double) (peer->n_received[DMS_SIM_MESSAGE] - n_answers));
      add (measured->megabytes, (double) (peer->bytes_in - bytes) / 1e6);
    }
  if (deployment->id != NULL)
    {
      ask_id (deployment, "/dms/node/deployment/shutdown", on_status);
      dms_sim_run_until (
          self, dms_sim_clock_get_us () + SHUTDOWN_S * G_TIME_SPAN_SECOND, is_answered, deployment);
    }
  return is_good;
}

JsonObject *
dms_sim_step_deploy (DmsSimRun *self, JsonObject *params, GError **error)
{
  guint n = dms_sim_json_get_count (params, "deployments", 3);
  guint n_eligible = dms_sim_json_get_count (params, "eligible", self->nodes->len);
  g_autoptr (DmsEnsemble) ensemble = make_ensemble (dms_sim_json_get_count (params, "machines", 1), error);
  Measured measured;
  GArray **arrays[] = {
    &measured.virtual_ms, &measured.cpu_s, &measured.messages, &measured.answers, &measured.megabytes
  };
  static const char *const names[] = {
    "request_to_running_ms", "deployment_cpu_s", "messages", "messages_to_the_asker", "megabytes_to_the_asker"
  };
  JsonObject *result = json_object_new ();

  if (ensemble == NULL)
    return NULL;
  if (self->nodes->len == 0 ||
      !dms_sim_run_until (self, dms_sim_clock_get_us () + READY_S * G_TIME_SPAN_SECOND, are_ready, self))
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "deploying needs nodes (level: nodes) that are ready");
      return NULL;
    }
  lend (self, n_eligible);
  dms_sim_run_for (self, (gint64) (dms_sim_json_get_number (params, "settle_s", 30) * G_USEC_PER_SEC));
  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    *arrays[i] = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint i = 0; i < n && measure (self, ensemble, &measured, error); i++)
    continue;
  json_object_set_int_member (result, "eligible", MIN (n_eligible, self->nodes->len));
  json_object_set_double_member (result, "succeeded", (double) measured.virtual_ms->len / n);
  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    {
      json_object_set_object_member (result, names[i], dms_sim_json_summarize (*arrays[i]));
      g_array_unref (*arrays[i]);
    }
  return result;
}
