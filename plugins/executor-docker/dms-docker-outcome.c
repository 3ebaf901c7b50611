/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-outcome.h"

#include <string.h>

#include "dms-docker-create.h"
#include "dms-docker-json.h"

/* A time of the engine in microseconds since the epoch; 0 when it is not set (year 1). */
gint64
dms_docker_outcome_read_time (JsonObject *state, const char *name)
{
  const char *text = dms_docker_json_get_string (state, name);
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, NULL) : NULL;
  gint64 seconds = time != NULL ? g_date_time_to_unix (time) : 0;

  return seconds > 0 ? seconds * G_USEC_PER_SEC + g_date_time_get_microsecond (time) : 0;
}

static char *
format_size (guint64 bytes)
{
  if (bytes >= G_GUINT64_CONSTANT (1) << 30)
    return g_strdup_printf ("%.1f GiB", (double) bytes / (1 << 30));
  return g_strdup_printf ("%.1f MiB", (double) bytes / (1 << 20));
}

/* The engine's word, or, where it has none (Podman with cgroup v1), a kill that it cannot explain together
 * with the kernel having killed for memory on this machine since the start. */
static gboolean
is_out_of_memory (JsonObject *inspect,
                  JsonObject *state,
                  guint64 limit,
                  gint64 code,
                  const DmsDockerOutcomeFacts *facts)
{
  JsonObject *labels = dms_docker_json_get_object (dms_docker_json_get_object (inspect, "Config"), "Labels");
  const char *before = dms_docker_json_get_string (labels, DMS_DOCKER_LABEL_OOM_KILLS);
  const char *boot = dms_docker_json_get_string (labels, DMS_DOCKER_LABEL_BOOT);

  if (code == 0)
    return FALSE;
  if (dms_docker_json_get_boolean (state, "OOMKilled"))
    return TRUE;
  if (code != 137 || limit == 0 || facts->stopped || facts->out_of_disk || before == NULL || boot == NULL)
    return FALSE;
  return facts->oom_kills >= 0 && facts->boot_id != NULL && g_str_equal (boot, facts->boot_id) &&
         facts->oom_kills > g_ascii_strtoll (before, NULL, 10);
}

static DmsEndReason
find_reason (JsonObject *inspect, gint64 *code, const DmsDockerOutcomeFacts *facts, char **message)
{
  JsonObject *state = dms_docker_json_get_object (inspect, "State");
  JsonObject *labels = dms_docker_json_get_object (dms_docker_json_get_object (inspect, "Config"), "Labels");
  guint64 memory = dms_docker_json_get_uint (dms_docker_json_get_object (inspect, "HostConfig"), "Memory");
  const char *disk = dms_docker_json_get_string (labels, DMS_DOCKER_LABEL_DISK_LIMIT);
  const char *failure = dms_docker_json_get_string (state, "Error");
  g_autofree char *size = NULL;

  if (facts->out_of_disk)
    {
      size = format_size (disk != NULL ? g_ascii_strtoull (disk, NULL, 10) : 0);
      *message = g_strdup_printf ("disk limit of %s exceeded", size);
      return DMS_END_OUT_OF_DISK;
    }
  if (is_out_of_memory (inspect, state, memory, *code, facts))
    {
      size = format_size (memory);
      *message = memory > 0 ? g_strdup_printf ("memory limit of %s exceeded", size)
                            : g_strdup ("killed because this machine has no memory left");
      return DMS_END_OUT_OF_MEMORY;
    }
  if (facts->stopped)
    {
      *message = g_strdup ("stopped on request");
      return DMS_END_STOPPED;
    }
  if (facts->failed_script != NULL)
    {
      *code = facts->script_code;
      *message = g_strdup_printf (
          "provision script “%s” failed with exit code %d", facts->failed_script, facts->script_code);
      return DMS_END_SCRIPT_FAILED;
    }
  if (dms_docker_outcome_read_time (state, "StartedAt") == 0)
    {
      *code = -1;
      *message = g_strdup (failure != NULL && *failure != '\0' ? failure : "the container never ran");
      return DMS_END_LAUNCH_FAILED;
    }
  if (*code > 128 && *code < 128 + 32)
    {
      *message =
          g_strdup_printf ("ended by signal %d (%s)", (int) *code - 128, strsignal ((int) *code - 128));
      return DMS_END_SIGNALLED;
    }
  if (failure != NULL && *failure != '\0')
    *message = g_strdup (failure);
  return DMS_END_EXITED;
}

/* The result of a container that has ended, from the engine's description of it. */
DmsExecutionResult *
dms_docker_outcome_new (JsonObject *inspect, const DmsDockerOutcomeFacts *facts)
{
  JsonObject *state = dms_docker_json_get_object (inspect, "State");
  gint64 code = dms_docker_json_get_int (state, "ExitCode");
  g_autofree char *message = NULL;
  gint64 started = dms_docker_outcome_read_time (state, "StartedAt");
  /* Podman notes the start of a short job after its end. */
  gint64 ended = MAX (started, dms_docker_outcome_read_time (state, "FinishedAt"));
  DmsEndReason reason = find_reason (inspect, &code, facts, &message);

  return dms_execution_result_new (
      reason, (int) CLAMP (code, -1, 255), message, started, ended, facts->usage);
}
