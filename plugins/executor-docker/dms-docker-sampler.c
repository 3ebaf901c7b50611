/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-sampler.h"

#include "dms-docker-create.h"
#include "dms-docker-json.h"
#include "dms-docker-outcome.h"
#include "dms-docker-stats.h"

static const guint FIRST_MS = 1000;
static const guint MAX_MS = 15000;

struct _DmsDockerSampler
{
  GObject parent_instance;

  DmsDockerClient *client;
  char *name;
  guint64 disk_limit; /* 0 when there is nothing to watch */
  guint64 disk_bytes;
  DmsUsage *usage;
  gint64 measured_us; /* time of the day of the last measurement, or of the start */
  GCancellable *life;
  guint timer;
  guint delay_ms;
};

G_DEFINE_FINAL_TYPE (DmsDockerSampler, dms_docker_sampler, G_TYPE_OBJECT)

enum
{
  DISK_EXCEEDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void schedule (DmsDockerSampler *self);

static void
dms_docker_sampler_dispose (GObject *object)
{
  dms_docker_sampler_stop (DMS_DOCKER_SAMPLER (object));
  G_OBJECT_CLASS (dms_docker_sampler_parent_class)->dispose (object);
}

static void
dms_docker_sampler_finalize (GObject *object)
{
  DmsDockerSampler *self = DMS_DOCKER_SAMPLER (object);

  g_clear_object (&self->client);
  g_clear_object (&self->life);
  g_clear_pointer (&self->usage, dms_usage_unref);
  g_free (self->name);
  G_OBJECT_CLASS (dms_docker_sampler_parent_class)->finalize (object);
}

static void
dms_docker_sampler_class_init (DmsDockerSamplerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_docker_sampler_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_docker_sampler_finalize;
  signals[DISK_EXCEEDED] = g_signal_new (
      "disk-exceeded", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dms_docker_sampler_init (DmsDockerSampler *self)
{
  self->life = g_cancellable_new ();
  self->delay_ms = FIRST_MS;
}

/* Makes a sampler; it measures nothing until it is started or asked.
 *
 * inspect: the engine's description of the container */
DmsDockerSampler *
dms_docker_sampler_new (DmsDockerClient *client, const char *name, JsonObject *inspect)
{
  DmsDockerSampler *self = g_object_new (DMS_TYPE_DOCKER_SAMPLER, NULL);
  JsonObject *options =
      dms_docker_json_get_object (dms_docker_json_get_object (inspect, "HostConfig"), "StorageOpt");
  JsonObject *labels = dms_docker_json_get_object (dms_docker_json_get_object (inspect, "Config"), "Labels");
  const char *limit = dms_docker_json_get_string (labels, DMS_DOCKER_LABEL_DISK_LIMIT);

  self->client = g_object_ref (client);
  self->name = g_strdup (name);
  self->measured_us =
      dms_docker_outcome_read_time (dms_docker_json_get_object (inspect, "State"), "StartedAt");
  if (limit != NULL && dms_docker_json_get_string (options, "size") == NULL)
    self->disk_limit = g_ascii_strtoull (limit, NULL, 10);
  return self;
}

static void
on_size (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsDockerSampler) self = user_data;
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, NULL);
  g_autoptr (JsonNode) node = reply != NULL ? dms_docker_json_parse (reply, NULL) : NULL;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    self->disk_bytes = dms_docker_json_get_uint (json_node_get_object (node), "SizeRw");
  if (self->disk_bytes > self->disk_limit && !g_cancellable_is_cancelled (self->life))
    g_signal_emit (self, signals[DISK_EXCEEDED], 0);
  schedule (self);
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsDockerSampler) self = user_data;
  g_autoptr (DmsUsage) usage = dms_docker_sampler_measure_finish (self, result, NULL);
  g_autofree char *path = NULL;

  if (self->disk_limit == 0 || g_cancellable_is_cancelled (self->life))
    {
      schedule (self);
      return;
    }
  path = g_strdup_printf ("/containers/%s/json?size=1", self->name);
  dms_docker_client_call_async (self->client, "GET", path, self->life, on_size, g_object_ref (self));
}

static gboolean
on_timer (gpointer user_data)
{
  DmsDockerSampler *self = user_data;

  self->timer = 0;
  dms_docker_sampler_measure_async (self, self->life, on_measured, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

static void
schedule (DmsDockerSampler *self)
{
  if (g_cancellable_is_cancelled (self->life))
    return;
  self->timer = g_timeout_add (self->delay_ms, on_timer, self);
  self->delay_ms = MIN (self->delay_ms * 2, MAX_MS);
}

void
dms_docker_sampler_start (DmsDockerSampler *self)
{
  if (self->timer == 0)
    schedule (self);
}

void
dms_docker_sampler_stop (DmsDockerSampler *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->life);
}

DmsUsage *
dms_docker_sampler_get_usage (DmsDockerSampler *self)
{
  return self->usage;
}

static void
on_stats (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsDockerSampler *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, &error);
  g_autoptr (JsonNode) node = reply != NULL ? dms_docker_json_parse (reply, &error) : NULL;
  gint64 now = g_get_real_time ();
  DmsUsage *usage;

  if (node == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_task_return_new_error (
          task, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the engine's statistics are not an object");
      return;
    }
  usage = dms_docker_stats_read (
      json_node_get_object (node), self->usage, now - self->measured_us, self->disk_bytes);
  g_clear_pointer (&self->usage, dms_usage_unref);
  self->usage = dms_usage_ref (usage);
  self->measured_us = now;
  g_task_return_pointer (task, usage, (GDestroyNotify) dms_usage_unref);
}

/* Measures now. */
void
dms_docker_sampler_measure_async (DmsDockerSampler *self,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *path = g_strdup_printf ("/containers/%s/stats?stream=false&one-shot=true", self->name);

  g_task_set_source_tag (task, dms_docker_sampler_measure_async);
  dms_docker_client_call_async (self->client, "GET", path, cancellable, on_stats, task);
}

DmsUsage *
dms_docker_sampler_measure_finish (DmsDockerSampler *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
