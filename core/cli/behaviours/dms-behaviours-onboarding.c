/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/behaviours/dms-behaviours.h"
#include <dms.h>

#include "common/dms-json-object.h"
#include "jobs/dms-job-units.h"

/* GiB, as the field takes a size without unit. */
#define BARE_SIZE (G_GUINT64_CONSTANT (1) << 30)

static gboolean
add_size (DmsCliCall *call, const char *flag, JsonObject *parent, const char *member, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *why = NULL;
  guint64 bytes;

  if (!dms_job_units_parse_bytes (dms_cli_call_get_string (call, flag), BARE_SIZE, &bytes, &why)
      || bytes > G_MAXINT64)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "--%s: %s", flag,
                   why != NULL ? why : _ ("that is too much"));
      return FALSE;
    }

  json_object_set_int_member (object, "size", (gint64) bytes);
  json_object_set_object_member (parent, member, g_steal_pointer (&object));
  return TRUE;
}

static JsonObject *
ask_hardware (DmsCliSession *session, JsonNode **holder, GError **error)
{
  g_autoptr (GBytes) request = g_bytes_new_static ("{}", 2);
  g_autoptr (GBytes) reply = dms_cli_session_invoke (session, "/dms/node/hardware/spec", request, error);
  const char *data;
  gsize size;

  if (reply == NULL)
    return NULL;

  data = g_bytes_get_data (reply, &size);
  *holder = dms_json_node_from_text (data, size, error);
  return dms_json_object_get_child (dms_json_node_get_child (*holder), "Resources");
}

static void
add_cpu (DmsCliCall *call, JsonObject *resources, JsonObject *machine)
{
  JsonNode *speed = dms_json_object_get_member (dms_json_object_get_child (machine, "cpu"), "clock_speed");
  JsonObject *cpu = json_object_new ();

  if (speed != NULL && JSON_NODE_HOLDS_VALUE (speed))
    json_object_set_member (cpu, "clock_speed", json_node_copy (speed));
  json_object_set_double_member (cpu, "cores", dms_cli_call_get_double (call, "cpu"));
  json_object_set_object_member (resources, "cpu", cpu);
}

/* Asks which GPUs to lend when the machine has some and no flag says. */
static char *
choose_gpus (DmsCliCall *call, JsonObject *machine)
{
  JsonArray *gpus = dms_json_object_get_list (machine, "gpus");
  g_autofree char *answer = NULL;
  guint i;

  if (gpus == NULL || json_array_get_length (gpus) == 0)
    {
      dms_cli_call_print (call, "%s\n", _ ("No usable GPUs detected; going on without."));
      return g_strdup ("");
    }

  for (i = 0; i < json_array_get_length (gpus); i++)
    {
      JsonObject *gpu = dms_json_node_get_child (json_array_get_element (gpus, i));
      const char *model = dms_json_object_get_text (gpu, "model");
      gint64 vram = dms_json_object_get_whole (gpu, "vram", 0, G_MAXINT64, 0);

      dms_cli_call_note (call, _ ("GPU %u: %s, %.1f GiB\n"), i, model != NULL ? model : "",
                         vram / (double) BARE_SIZE);
    }
  answer = dms_cli_call_ask (call, _ ("GPUs to lend, as index:GiB[,index:GiB…], or nothing for none: "));
  if (answer == NULL || answer[0] == '\0')
    {
      dms_cli_call_print (call, "%s\n", _ ("Skipping GPU selection."));
      return g_strdup ("");
    }

  return g_steal_pointer (&answer);
}

static gboolean
complete_onboard (DmsCliCall *call, DmsCliSession *session, JsonObject *payload, GError **error)
{
  g_autoptr (JsonNode) holder = NULL;
  g_autoptr (JsonObject) resources = json_object_new ();
  g_autoptr (JsonObject) config = json_object_new ();
  g_autofree char *gpus = NULL;
  gboolean no_gpu = dms_cli_call_get_bool (call, "no-gpu");
  JsonObject *machine;

  if (!add_size (call, "ram", resources, "ram", error) || !add_size (call, "disk", resources, "disk", error))
    return FALSE;

  machine = ask_hardware (session, &holder, error);
  if (holder == NULL)
    return FALSE;
  add_cpu (call, resources, machine);

  if (dms_cli_call_is_set (call, "gpus"))
    gpus = g_strjoinv (",", (char **) dms_cli_call_get_strv (call, "gpus"));
  else if (!no_gpu)
    gpus = choose_gpus (call, machine);

  json_object_set_object_member (config, "onboarded_resources", g_steal_pointer (&resources));
  json_object_set_boolean_member (payload, "NoGPU", no_gpu);
  json_object_set_string_member (payload, "GPUs", gpus != NULL ? gpus : "");
  json_object_set_object_member (payload, "Config", g_steal_pointer (&config));

  return TRUE;
}

static gboolean
check_onboard (DmsCliCall *call, GError **error)
{
  if (dms_cli_call_get_double (call, "cpu") > 0)
    return TRUE;

  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE, _ ("--cpu: must be more than 0"));
  return FALSE;
}

static const DmsCliFlag onboard_flags[] = {
  { "ram", 'R', DMS_CLI_FLAG_STRING, TRUE, "0GiB", "size",
   N_ ("memory to lend; a number without unit is GiB") },
  { "cpu", 'C', DMS_CLI_FLAG_FLOAT, TRUE, NULL, "cores", N_ ("cores to lend") },
  { "disk", 'D', DMS_CLI_FLAG_STRING, TRUE, "0GiB", "size", N_ ("disk space to lend") },
  { "gpus", 'G', DMS_CLI_FLAG_STRINGS, FALSE, NULL, "idx:GiB", N_ ("GPUs to lend, with their memory") },
  { "no-gpu", 'N', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("lend no GPU") },
  { NULL },
};

static const char *const onboard_exclusive[] = { "gpus no-gpu", NULL };

const DmsCliVerb dms_behaviours_onboarding[] = {
  {
    .path = "actor cmd /dms/node/onboarding/onboard",
    .summary = N_ ("lend a share of this machine"),
    .description = N_ ("From now on this node bids for jobs that fit into what is given here. "
                       "What jobs hold at any moment is never more. Give cores, memory and disk together."),
    .examples = "  nunet actor cmd /dms/node/onboarding/onboard --cpu 3 --ram 4GiB --disk 20 --no-gpu\n"
                "  nunet actor cmd /dms/node/onboarding/onboard -C 7 -R 3.5 -D 40.2 -G 0:8.6,1:8.6",
    .flags = onboard_flags,
    .exclusive = onboard_exclusive,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .complete = complete_onboard, .check = check_onboard },
  },
  {
    .path = "actor cmd /dms/node/onboarding/offboard",
    .summary = N_ ("stop lending this machine"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/onboarding/status",
    .summary = N_ ("show whether this machine is lent"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  { NULL },
};
