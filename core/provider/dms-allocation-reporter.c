/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-reporter.h"

#include "observability/dms-log.h"

enum
{
  MESSAGE_SECONDS = 120,
  FIRST_WAIT_SECONDS = 3,
  GIVE_UP_SECONDS = 3 * 3600,
  /* Each stream that is no longer goes with the message of the end, so that nobody has to ask for it. */
  SMALL_LOG_BYTES = 4096,
};

struct _DmsAllocationReporter
{
  GObject parent_instance;

  DmsActor *actor;
  DmsAllocationRecord *record;
  DmsJobLog *log;
  GCancellable *cancellable;
  gint64 first_try_us;
  guint wait_seconds;
  guint retry_id;
  gint64 sequence;
  gboolean ending;
  /* Counts the lives of the allocation. */
  guint life;
};

enum
{
  SIGNAL_ACKNOWLEDGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DmsAllocationReporter, dms_allocation_reporter, G_TYPE_OBJECT)

/**
 * dms_allocation_reporter_stop:
 * @self: a reporter
 *
 * Says nothing more.
 */
void
dms_allocation_reporter_stop (DmsAllocationReporter *self)
{
  g_return_if_fail (DMS_IS_ALLOCATION_REPORTER (self));

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->retry_id, g_source_remove);
}

static void
dms_allocation_reporter_finalize (GObject *object)
{
  DmsAllocationReporter *self = DMS_ALLOCATION_REPORTER (object);

  dms_allocation_reporter_stop (self);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->actor);
  g_clear_object (&self->log);
  g_clear_pointer (&self->record, dms_allocation_record_unref);

  G_OBJECT_CLASS (dms_allocation_reporter_parent_class)->finalize (object);
}

static void
dms_allocation_reporter_class_init (DmsAllocationReporterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_allocation_reporter_finalize;

  /**
   * DmsAllocationReporter::acknowledged:
   * @heard: whether the orchestrator answered; %FALSE when it was given up
   *
   * The message of the end need not be sent any more.
   */
  signals[SIGNAL_ACKNOWLEDGED] = g_signal_new ("acknowledged",
                                               DMS_TYPE_ALLOCATION_REPORTER,
                                               G_SIGNAL_RUN_LAST,
                                               0,
                                               NULL,
                                               NULL,
                                               NULL,
                                               G_TYPE_NONE,
                                               1,
                                               G_TYPE_BOOLEAN);
}

static void
dms_allocation_reporter_init (DmsAllocationReporter *self)
{
  self->cancellable = g_cancellable_new ();
  self->wait_seconds = FIRST_WAIT_SECONDS;
}

/**
 * dms_allocation_reporter_new:
 * @actor: the allocation's actor
 * @record: the allocation
 * @log: its log
 *
 * Returns: (transfer full): the reporter
 */
DmsAllocationReporter *
dms_allocation_reporter_new (DmsActor *actor, DmsAllocationRecord *record, DmsJobLog *log)
{
  DmsAllocationReporter *self = g_object_new (DMS_TYPE_ALLOCATION_REPORTER, NULL);

  self->actor = g_object_ref (actor);
  self->record = dms_allocation_record_ref (record);
  self->log = g_object_ref (log);
  return self;
}

static char *
dup_behaviour (DmsAllocationReporter *self, const char *suffix)
{
  return g_strdup_printf ("/dms/orchestrator/%s/%s", self->record->ensemble_id, suffix);
}

static char *
format_time (gint64 us)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%06dZ", text, (int) (us % G_USEC_PER_SEC));
}

static void
add_time (JsonObject *object, const char *name, gint64 us)
{
  g_autofree char *text = format_time (us);

  json_object_set_string_member (object, name, text);
}

static JsonNode *
take_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

static void
send (DmsAllocationReporter *self, const char *suffix, JsonObject *object)
{
  g_autofree char *behaviour = dup_behaviour (self, suffix);
  g_autoptr (JsonNode) payload = take_object (object);
  g_autoptr (GError) error = NULL;

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (!dms_actor_send (self->actor,
                       self->record->orchestrator,
                       behaviour,
                       payload,
                       dms_actor_expiry_in (MESSAGE_SECONDS),
                       NULL,
                       &error))
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "liveness_report_failed",
                   "orchestratorID",
                   self->record->ensemble_id,
                   "allocationID",
                   self->record->id,
                   "behavior",
                   behaviour,
                   "error",
                   error->message,
                   NULL);
}

/**
 * dms_allocation_reporter_status:
 * @self: a reporter
 * @old_status: what it was
 * @new_status: what it is now
 * @reason: (nullable): why
 *
 * Says once that the status has changed.
 */
void
dms_allocation_reporter_status (DmsAllocationReporter *self,
                                DmsAllocationStatus old_status,
                                DmsAllocationStatus new_status,
                                const char *reason)
{
  JsonObject *object = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION_REPORTER (self));

  object = json_object_new ();
  json_object_set_string_member (object, "allocation_id", self->record->id);
  json_object_set_string_member (object, "old_status", dms_allocation_status_to_string (old_status));
  json_object_set_string_member (object, "new_status", dms_allocation_status_to_string (new_status));
  add_time (object, "timestamp", g_get_real_time ());
  if (reason != NULL)
    json_object_set_string_member (object, "reason", reason);
  send (self, "allocation/status", object);
}

/**
 * dms_allocation_reporter_usage_to_json:
 * @usage: what a job uses
 *
 * Returns: (transfer full): the form liveness messages and statistics have
 */
JsonObject *
dms_allocation_reporter_usage_to_json (DmsUsage *usage)
{
  JsonObject *object = json_object_new ();

  json_object_set_double_member (object, "cpu_usage_percent", dms_usage_get_cpu_percent (usage));
  json_object_set_int_member (object, "memory_used_bytes", (gint64) dms_usage_get_memory_bytes (usage));
  json_object_set_int_member (
      object, "memory_limit_bytes", (gint64) dms_usage_get_memory_limit_bytes (usage));
  json_object_set_int_member (object, "network_rx_bytes", (gint64) dms_usage_get_network_rx_bytes (usage));
  json_object_set_int_member (object, "network_tx_bytes", (gint64) dms_usage_get_network_tx_bytes (usage));
  return object;
}

/**
 * dms_allocation_reporter_liveness:
 * @self: a reporter
 * @usage: (nullable): what the job uses
 * @checked: whether its health was looked at
 * @problem: (nullable): what is wrong with it
 *
 * Says once that the allocation lives.
 */
void
dms_allocation_reporter_liveness (DmsAllocationReporter *self,
                                  DmsUsage *usage,
                                  gboolean checked,
                                  const char *problem)
{
  JsonObject *object = NULL;
  JsonObject *health = NULL;

  g_return_if_fail (DMS_IS_ALLOCATION_REPORTER (self));

  object = json_object_new ();
  health = json_object_new ();
  json_object_set_string_member (object, "allocation_id", self->record->id);
  json_object_set_string_member (object, "status", dms_allocation_status_to_string (self->record->status));
  add_time (object, "timestamp", g_get_real_time ());
  json_object_set_int_member (object, "sequence_number", ++self->sequence);
  json_object_set_boolean_member (object, "health_check_enabled", self->record->health_check != NULL);
  json_object_set_boolean_member (health, "healthy", problem == NULL);
  add_time (health, "last_check_time", g_get_real_time ());
  if (problem != NULL)
    json_object_set_string_member (health, "message", problem);
  json_object_set_string_member (health, "check_type", checked ? "self" : "none");
  json_object_set_object_member (object, "health", health);
  if (usage != NULL)
    json_object_set_object_member (object, "resource_usage", dms_allocation_reporter_usage_to_json (usage));
  json_object_set_string_member (object, "version", "0.1");
  send (self, "allocation/liveness", object);
}

/**
 * dms_allocation_reporter_describe:
 * @result: how a job ended
 *
 * Returns: (transfer full): the same in a sentence
 */
char *
dms_allocation_reporter_describe (DmsExecutionResult *result)
{
  const char *message = dms_execution_result_get_message (result);
  int code = dms_execution_result_get_exit_code (result);

  if (message != NULL && message[0] != '\0')
    return g_strdup (message);
  switch (dms_execution_result_get_reason (result))
    {
    case DMS_END_EXITED:
      return g_strdup_printf ("exited with code %d", code);
    case DMS_END_SIGNALLED:
      return g_strdup_printf ("ended by signal %d", code - 128);
    case DMS_END_STOPPED:
      return g_strdup ("stopped on request");
    case DMS_END_OUT_OF_MEMORY:
      return g_strdup ("memory limit exceeded");
    case DMS_END_OUT_OF_DISK:
      return g_strdup ("disk limit exceeded");
    case DMS_END_SCRIPT_FAILED:
      return g_strdup_printf ("a provision script failed with code %d", code);
    case DMS_END_LAUNCH_FAILED:
      return g_strdup ("could not be started");
    case DMS_END_LOST:
    default:
      return g_strdup ("is gone, and nobody knows how it ended");
    }
}

static void
add_small_logs (DmsAllocationReporter *self, JsonObject *object)
{
  g_autoptr (GBytes) out = dms_job_log_dup_small (self->log, DMS_LOG_STDOUT, SMALL_LOG_BYTES);
  g_autoptr (GBytes) err = dms_job_log_dup_small (self->log, DMS_LOG_STDERR, SMALL_LOG_BYTES);
  g_autofree char *out_text = NULL;
  g_autofree char *err_text = NULL;
  JsonObject *logs;

  if (out == NULL || err == NULL)
    return;
  out_text = g_base64_encode (g_bytes_get_data (out, NULL), g_bytes_get_size (out));
  err_text = g_base64_encode (g_bytes_get_data (err, NULL), g_bytes_get_size (err));
  logs = json_object_new ();
  json_object_set_string_member (logs, "stdout", out_text);
  json_object_set_string_member (logs, "stderr", err_text);
  json_object_set_object_member (object, "logs", logs);
}

static JsonObject *
build_end (DmsAllocationReporter *self)
{
  DmsExecutionResult *result = self->record->result;
  JsonObject *object = json_object_new ();
  JsonObject *error = json_object_new ();
  g_autofree char *text = result != NULL ? dms_allocation_reporter_describe (result) : g_strdup ("released");
  gboolean success = self->record->status == DMS_ALLOCATION_COMPLETED;
  DmsEndReason reason = result != NULL ? dms_execution_result_get_reason (result) : DMS_END_STOPPED;

  json_object_set_string_member (object, "allocation_id", self->record->id);
  json_object_set_string_member (object, "status", dms_allocation_status_to_string (self->record->status));
  json_object_set_string_member (error, "err", success ? "" : text);
  json_object_set_int_member (
      error, "exit_code", result != NULL ? dms_execution_result_get_exit_code (result) : -1);
  json_object_set_boolean_member (error,
                                  "killed",
                                  reason == DMS_END_SIGNALLED || reason == DMS_END_STOPPED ||
                                      reason == DMS_END_OUT_OF_MEMORY || reason == DMS_END_OUT_OF_DISK);
  json_object_set_object_member (object, "error", error);
  /* Output can be larger than a message; it is fetched in pieces, but for what is small, and for what a
   * workflow hands on. */
  json_object_set_string_member (
      object, "stdout", self->record->captured_stdout != NULL ? self->record->captured_stdout : "");
  json_object_set_string_member (
      object, "stderr", self->record->captured_stderr != NULL ? self->record->captured_stderr : "");
  if (self->record->captured_files != NULL)
    json_object_set_object_member (object, "files", json_object_ref (self->record->captured_files));
  /* What runs of a workflow write is asked for when its allocation is released. */
  if (self->record->run == NULL)
    add_small_logs (self, object);
  if (self->record->run != NULL)
    json_object_set_string_member (object, "run", dms_allocation_run_get_id (self->record->run));
  if (result != NULL)
    {
      g_autoptr (JsonNode) node = dms_execution_result_to_json (result);
      JsonObject *details = json_node_get_object (node);
      add_time (details, "started", dms_execution_result_get_started_us (result));
      add_time (details, "ended", dms_execution_result_get_ended_us (result));
      json_object_set_member (object, "result", g_steal_pointer (&node));
    }
  return object;
}

static void try_end (DmsAllocationReporter *self);

static gboolean
retry_end (gpointer user_data)
{
  DmsAllocationReporter *self = user_data;

  self->retry_id = 0;
  try_end (self);
  return G_SOURCE_REMOVE;
}

static void
conclude (DmsAllocationReporter *self, gboolean heard)
{
  g_signal_emit (self, signals[SIGNAL_ACKNOWLEDGED], 0, heard);
}

typedef struct
{
  DmsAllocationReporter *reporter;
  guint life;
} Attempt;

static void
end_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Attempt *attempt = user_data;
  g_autoptr (DmsAllocationReporter) self = attempt->reporter;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) reply = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  gint64 tried_us = g_get_monotonic_time () - self->first_try_us;

  /* Also when it was about an earlier run. */
  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_CANCELLED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || !self->ending ||
      attempt->life != self->life || g_cancellable_is_cancelled (self->cancellable))
    return;
  if (reply != NULL)
    {
      conclude (self, TRUE);
      return;
    }
  if (tried_us > (gint64) GIVE_UP_SECONDS * G_USEC_PER_SEC)
    {
      dms_log_event (G_LOG_LEVEL_WARNING,
                     "task_termination_not_acknowledged",
                     "orchestratorID",
                     self->record->ensemble_id,
                     "allocationID",
                     self->record->id,
                     "error",
                     error->message,
                     NULL);
      conclude (self, FALSE);
      return;
    }

  /* No answer came in time, so most of the wait is over already; an error that came at once is waited out. */
  self->wait_seconds = MIN (self->wait_seconds * 2, MESSAGE_SECONDS);
  self->retry_id = g_timeout_add_seconds (
      g_error_matches (error, DMS_ERROR, DMS_ERROR_TIMED_OUT) ? 1 : self->wait_seconds, retry_end, self);
}

static void
try_end (DmsAllocationReporter *self)
{
  g_autofree char *behaviour = dup_behaviour (self, "task-termination");
  g_autoptr (JsonNode) payload = take_object (build_end (self));
  Attempt *attempt = g_new0 (Attempt, 1);

  attempt->reporter = g_object_ref (self);
  attempt->life = self->life;
  dms_actor_invoke_async (self->actor,
                          self->record->orchestrator,
                          behaviour,
                          payload,
                          dms_actor_expiry_in (self->wait_seconds),
                          self->cancellable,
                          end_answered,
                          attempt);
}

/**
 * dms_allocation_reporter_begin_anew:
 * @self: a reporter
 *
 * The allocation runs again: an end that was not acknowledged is not told any more, and the next one will be.
 */
void
dms_allocation_reporter_begin_anew (DmsAllocationReporter *self)
{
  g_return_if_fail (DMS_IS_ALLOCATION_REPORTER (self));

  self->ending = FALSE;
  self->life++;
  self->wait_seconds = FIRST_WAIT_SECONDS;
  g_clear_handle_id (&self->retry_id, g_source_remove);
}

/**
 * dms_allocation_reporter_end:
 * @self: a reporter
 *
 * Says that the job has ended, and how. The orchestrator takes the same message twice without harm.
 */
void
dms_allocation_reporter_end (DmsAllocationReporter *self)
{
  g_return_if_fail (DMS_IS_ALLOCATION_REPORTER (self));

  if (self->ending)
    return;
  self->ending = TRUE;
  self->first_try_us = g_get_monotonic_time ();
  try_end (self);
}

/**
 * dms_allocation_reporter_begin:
 * @self: a reporter
 *
 * The job is started once more: its end will be news again, and what is still to be said of the last is not.
 */
void
dms_allocation_reporter_begin (DmsAllocationReporter *self)
{
  g_return_if_fail (DMS_IS_ALLOCATION_REPORTER (self));

  if (!self->ending || g_cancellable_is_cancelled (self->cancellable))
    return;
  dms_allocation_reporter_stop (self);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->wait_seconds = FIRST_WAIT_SECONDS;
  self->ending = FALSE;
}
