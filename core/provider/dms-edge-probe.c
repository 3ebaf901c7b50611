/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-edge-probe.h"

#include "actor/dms-actor-registry.h"
#include "common/dms-json-object.h"

#include <string.h>

typedef struct
{
  DmsPeerId *peer;
  DmsHandle *handle;
  char *ensemble_id;
  gboolean with_bandwidth;
  gint64 deadline_us;
  GCancellable *cancellable;
  GSource *timer;
  gboolean over;

  gint64 rtts_us[DMS_EDGE_PROBE_PINGS];
  guint n_rtts;
  guint64 bandwidth;
  gsize sent_bytes;
  gint64 sent_us;
} Probe;

static void send_data (GTask *task, gsize size);
static void ping (GTask *task);

static void
probe_free (gpointer data)
{
  Probe *probe = data;

  if (probe->timer != NULL)
    g_source_destroy (probe->timer);
  g_clear_pointer (&probe->timer, g_source_unref);
  dms_peer_id_unref (probe->peer);
  dms_handle_unref (probe->handle);
  g_object_unref (probe->cancellable);
  g_free (probe->ensemble_id);
  g_free (probe);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return left < right ? -1 : left > right;
}

/* With what is known by now. */
static void
conclude (GTask *task, const char *trouble)
{
  Probe *probe = g_task_get_task_data (task);
  DmsEdgeReading *reading = NULL;

  if (probe->over)
    return;
  probe->over = TRUE;
  g_source_destroy (probe->timer);
  g_cancellable_cancel (probe->cancellable);
  if (probe->n_rtts == 0 || (probe->with_bandwidth && probe->bandwidth == 0))
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_UNAVAILABLE,
                               "the way to peer “%s” cannot be measured: %s",
                               dms_peer_id_get_text (probe->peer),
                               trouble != NULL ? trouble : "it does not answer in time");
      return;
    }
  qsort (probe->rtts_us, probe->n_rtts, sizeof (gint64), compare_times);
  reading = g_new0 (DmsEdgeReading, 1);
  reading->rtt_us = probe->rtts_us[probe->n_rtts / 2];
  reading->bandwidth = probe->bandwidth;
  g_task_return_pointer (task, reading, g_free);
}

static gboolean
on_deadline (gpointer user_data)
{
  conclude (user_data, NULL);
  return G_SOURCE_REMOVE;
}

static void
take_rtt (GTask *task, gint64 rtt_us)
{
  Probe *probe = g_task_get_task_data (task);

  probe->rtts_us[probe->n_rtts++] = MAX (rtt_us, 1);
  if (probe->n_rtts < DMS_EDGE_PROBE_PINGS)
    ping (task);
  else if (probe->with_bandwidth)
    send_data (task, DMS_EDGE_PROBE_SHORT_BYTES);
  else
    conclude (task, NULL);
}

static void
on_ping (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Probe *probe = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gint64 rtt_us = dms_transport_ping_finish (DMS_TRANSPORT (source), result, &error);

  if (probe->over)
    return;
  if (rtt_us > 0)
    take_rtt (task, rtt_us);
  else if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    /* What an actor takes to answer is a bit more than the way alone. */
    send_data (task, 0);
  else
    conclude (task, error->message);
}

static void
ping (GTask *task)
{
  Probe *probe = g_task_get_task_data (task);
  DmsActor *root = g_task_get_source_object (task);
  DmsTransport *transport = dms_actor_registry_get_transport (dms_actor_get_registry (root));

  dms_transport_ping_async (transport, probe->peer, probe->cancellable, on_ping, g_object_ref (task));
}

/* The data went there and came back. */
static void
take_data (GTask *task)
{
  Probe *probe = g_task_get_task_data (task);
  gint64 least_us = probe->rtts_us[0];
  gint64 took_us = g_get_monotonic_time () - probe->sent_us;
  guint64 bandwidth;

  for (guint i = 1; i < probe->n_rtts; i++)
    least_us = MIN (least_us, probe->rtts_us[i]);
  took_us = MAX (took_us - least_us, 1);
  /* A message is base64 of its payload. */
  bandwidth = (guint64) probe->sent_bytes * 2 * 8 * 4 / 3 * G_USEC_PER_SEC / (guint64) took_us;
  probe->bandwidth = MAX (probe->bandwidth, MAX (bandwidth, 1));
  if (probe->sent_bytes < DMS_EDGE_PROBE_LONG_BYTES)
    send_data (task, DMS_EDGE_PROBE_LONG_BYTES);
  else
    conclude (task, NULL);
}

static void
on_echo (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Probe *probe = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) message = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  JsonObject *reply = message != NULL ? dms_message_get_object (message) : NULL;
  const char *data = dms_json_object_get_text (reply, "Data");
  const char *trouble = dms_json_object_get_text (reply, "Error");

  if (probe->over)
    return;
  if (message == NULL)
    conclude (task, "it does not answer");
  else if (!dms_json_object_get_flag (reply, "OK"))
    conclude (task, trouble != NULL && strlen (trouble) <= 256 ? trouble : "it does not want to");
  else if (data == NULL || strlen (data) != probe->sent_bytes)
    conclude (task, "it does not send back what it got");
  else if (probe->sent_bytes > 0)
    take_data (task);
  else if (probe->n_rtts == 0)
    ping (task);
  else
    take_rtt (task, g_get_monotonic_time () - probe->sent_us);
}

/* Nothing that could be made shorter on the way. */
static char *
make_data (gsize size)
{
  char *data = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    data[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[g_random_int () >> 26];
  data[size] = '\0';
  return data;
}

static void
send_data (GTask *task, gsize size)
{
  Probe *probe = g_task_get_task_data (task);
  g_autofree char *data = make_data (size);
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  gint64 left_us = probe->deadline_us - g_get_monotonic_time ();

  json_object_set_string_member (object, "EnsembleID", probe->ensemble_id);
  json_object_set_string_member (object, "Data", data);
  json_node_take_object (payload, object);
  probe->sent_bytes = size;
  probe->sent_us = g_get_monotonic_time ();
  dms_actor_invoke_async (g_task_get_source_object (task),
                          probe->handle,
                          DMS_EDGE_ECHO_BEHAVIOUR,
                          payload,
                          dms_actor_expiry_in (MAX (left_us / (double) G_USEC_PER_SEC, 0.1)),
                          probe->cancellable,
                          on_echo,
                          g_object_ref (task));
}

void
dms_edge_probe_async (DmsActor *root,
                      DmsPeerId *peer,
                      const char *ensemble_id,
                      gboolean with_bandwidth,
                      guint limit_ms,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (root, cancellable, callback, user_data);
  g_autoptr (DmsHandle) handle = dms_handle_new_for_peer (peer, "root");
  Probe *probe;

  g_task_set_source_tag (task, dms_edge_probe_async);
  if (handle == NULL)
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_INVALID_ARGUMENT,
                               "peer “%s” has no key by which it could be asked",
                               dms_peer_id_get_text (peer));
      return;
    }
  probe = g_new0 (Probe, 1);
  probe->peer = dms_peer_id_ref (peer);
  probe->handle = g_steal_pointer (&handle);
  probe->ensemble_id = g_strdup (ensemble_id);
  probe->with_bandwidth = with_bandwidth;
  probe->deadline_us = g_get_monotonic_time () + (gint64) limit_ms * 1000;
  probe->cancellable = g_cancellable_new ();
  probe->timer = g_timeout_source_new (limit_ms);
  g_source_set_callback (probe->timer, on_deadline, g_object_ref (task), g_object_unref);
  g_source_attach (probe->timer, g_task_get_context (task));
  g_task_set_task_data (task, probe, probe_free);
  send_data (task, 0);
}

gboolean
dms_edge_probe_finish (DmsActor *root, GAsyncResult *result, DmsEdgeReading *reading, GError **error)
{
  g_autofree DmsEdgeReading *found = NULL;

  g_return_val_if_fail (g_task_is_valid (result, root), FALSE);

  found = g_task_propagate_pointer (G_TASK (result), error);
  if (found == NULL)
    return FALSE;
  *reading = *found;
  return TRUE;
}
