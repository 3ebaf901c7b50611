/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Runs one scenario, which is JSON on standard input (tests/sim/sim.py checks it and makes it of YAML):
 *
 *   dms-sim [--trace FILE] [--log FILE] < scenario.json
 *
 * Prints lines of JSON: `{"progress": …}` from time to time, at last `{"result": …}` or `{"error": …}`. */

#include <errno.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <malloc.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "dms-sim-clock.h"
#include "dms-sim-json.h"
#include "dms-sim-node.h"
#include "dms-sim-run.h"

#define TOPIC "/nunet/deployment"

enum
{
  MAX_SCENARIO_SIZE = 1024 * 1024,
};

static FILE *log_file;
static guint n_warnings;

/* What thousands of nodes say goes to a file, if anybody wants it; what is wrong in the program ends it. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_autofree char *text = NULL;

  if ((level & G_LOG_LEVEL_WARNING) != 0)
    n_warnings++;
  if (log_file != NULL && (level & G_LOG_LEVEL_DEBUG) == 0)
    {
      fprintf (log_file, "%.6f", (double) dms_sim_clock_get_us () / G_USEC_PER_SEC);
      for (gsize i = 0; i < n_fields; i++)
        if (fields[i].length < 0 && !g_str_has_prefix (fields[i].key, "CODE_") &&
            !g_str_has_prefix (fields[i].key, "GLIB_DOMAIN"))
          fprintf (log_file, " %s=%s", fields[i].key, (const char *) fields[i].value);
      fputc ('\n', log_file);
    }
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) == 0)
    return G_LOG_WRITER_HANDLED;
  g_log_writer_standard_streams (level, fields, n_fields, user_data);
  abort ();
}

static guint64
read_status_kib (const char *name)
{
  g_autofree char *text = NULL;
  const char *line = NULL;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    return 0;
  line = strstr (text, name);
  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) : 0;
}

static JsonObject *
read_scenario (GError **error)
{
  g_autofree char *text = g_malloc (MAX_SCENARIO_SIZE + 1);
  gsize size = fread (text, 1, MAX_SCENARIO_SIZE + 1, stdin);
  g_autoptr (JsonParser) parser = json_parser_new ();

  if (size > MAX_SCENARIO_SIZE)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "a scenario has at most %d bytes", MAX_SCENARIO_SIZE);
      return NULL;
    }
  if (!json_parser_load_from_data (parser, text, (gssize) size, error))
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a scenario is an object");
      return NULL;
    }
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

static void
print (const char *name, JsonNode *value)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autofree char *text = NULL;

  json_object_set_member (object, name, value);
  text = json_to_string (node, FALSE);
  g_print ("%s\n", text);
}

static JsonObject *
run_step (DmsSimRun *run, JsonObject *params, GError **error)
{
  DmsSimStep step = NULL;
  gint64 cpu_us = dms_sim_clock_get_cpu_us ();
  gint64 wall_us = dms_sim_clock_get_wall_us ();
  gint64 now_us = dms_sim_clock_get_us ();
  JsonObject *result = NULL;
  g_autoptr (GError) local = NULL;

  run->step = dms_sim_json_get_text (params, "step", "");
  step = dms_sim_step_find (run->step);
  if (step == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "there is no step “%s”", run->step);
      return NULL;
    }
  result = step (run, params, &local);
  if (local != NULL)
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&local), "step %s: ", run->step);
      g_clear_pointer (&result, json_object_unref);
      return NULL;
    }
  json_object_set_string_member (result, "step", run->step);
  json_object_set_double_member (
      result, "virtual_s", (double) (dms_sim_clock_get_us () - now_us) / G_USEC_PER_SEC);
  json_object_set_double_member (
      result, "cpu_s", (double) (dms_sim_clock_get_cpu_us () - cpu_us) / G_USEC_PER_SEC);
  json_object_set_double_member (
      result, "wall_s", (double) (dms_sim_clock_get_wall_us () - wall_us) / G_USEC_PER_SEC);
  return result;
}

static JsonObject *
describe (DmsSimRun *run, JsonArray *steps, guint64 base_kib)
{
  JsonObject *result = json_object_new ();
  JsonObject *traffic = json_object_new ();
  DmsSimNetwork *network = run->network;
  guint n = network->peers->len;
  double virtual_s = (double) dms_sim_clock_get_us () / G_USEC_PER_SEC;
  double cpu_s = (double) dms_sim_clock_get_cpu_us () / G_USEC_PER_SEC;
  g_autofree char *digest = g_strdup_printf ("%016" G_GINT64_MODIFIER "x", network->digest);

  for (guint i = 0; i < DMS_SIM_N_KINDS; i++)
    {
      JsonObject *kind = json_object_new ();

      json_object_set_int_member (kind, "messages", (gint64) network->traffic[i].delivered);
      json_object_set_int_member (kind, "bytes", (gint64) network->traffic[i].bytes);
      json_object_set_object_member (traffic, dms_sim_kind_to_text (i), kind);
    }
  json_object_set_int_member (result, "peers", n);
  json_object_set_int_member (result, "sybils", run->n_sybils);
  json_object_set_string_member (result, "digest", digest);
  json_object_set_double_member (result, "virtual_s", virtual_s);
  json_object_set_double_member (result, "cpu_s", cpu_s);
  json_object_set_double_member (
      result, "cpu_ms_per_peer_and_virtual_s", cpu_s * 1000 / MAX (n, 1) / MAX (virtual_s, 1));
  json_object_set_double_member (
      result, "kib_per_peer", (double) (read_status_kib ("VmHWM:") - base_kib) / MAX (n, 1));
  json_object_set_double_member (result, "peak_mib", (double) read_status_kib ("VmHWM:") / 1024);
  json_object_set_int_member (result, "events", (gint64) dms_sim_agenda_get_n_done (network->agenda));
  json_object_set_int_member (result, "dials", (gint64) network->n_dials);
  json_object_set_int_member (result, "failed_dials", (gint64) network->n_failed_dials);
  json_object_set_int_member (result, "lost_packets", (gint64) network->n_lost);
  json_object_set_int_member (result, "warnings", n_warnings);
  json_object_set_object_member (result, "traffic", traffic);
  json_object_set_array_member (result, "steps", json_array_ref (steps));
  return result;
}

static JsonObject *
run (JsonObject *scenario, const char *trace, GError **error)
{
  DmsSimRun run = { .scenario = scenario, .topic = TOPIC };
  guint64 seed = (guint64) dms_sim_json_get_number (scenario, "seed", 1);
  JsonArray *plan = json_object_get_array_member (scenario, "steps");
  g_autoptr (JsonArray) steps = json_array_new ();
  guint64 base_kib = 0;
  gboolean is_good = FALSE;

  dms_sim_random_take_libraries (seed);
  if (sodium_init () < 0)
    g_error ("libsodium cannot be used on this machine");
  dms_sim_random_init (&run.random, seed, "run", 0);
  run.network = dms_sim_network_new (seed, dms_sim_json_get_object (scenario, "network"), error);
  if (run.network == NULL)
    return NULL;
  run.folder = g_strdup (dms_sim_json_get_text (scenario, "folder", NULL));
  run.nodes = g_ptr_array_new_with_free_func (dms_sim_node_free);
  run.news = g_ptr_array_new_with_free_func (dms_sim_news_free);
  if (trace != NULL)
    run.network->trace = g_fopen (trace, "w");
  if (g_strcmp0 (dms_sim_json_get_text (scenario, "level", "network"), "nodes") == 0)
    dms_sim_network_take_main_loop (run.network);
  base_kib = read_status_kib ("VmRSS:");
  is_good = dms_sim_run_build (&run, error);
  for (guint i = 0; is_good && i < json_array_get_length (plan); i++)
    {
      JsonObject *result = run_step (&run, json_array_get_object_element (plan, i), error);

      is_good = result != NULL;
      if (is_good)
        json_array_add_object_element (steps, result);
    }
  if (run.network->trace != NULL)
    fclose (run.network->trace);
  /* Thousands of nodes are not stopped one by one: they go with the process. */
  return is_good ? describe (&run, steps, base_kib) : NULL;
}

/* All in one thread: a node with one core gives nothing to workers. And thousands of nodes have files open.
 */
static void
take_machine (void)
{
  cpu_set_t cores;
  struct rlimit files;

  CPU_ZERO (&cores);
  CPU_SET (MAX (sched_getcpu (), 0), &cores);
  sched_setaffinity (0, sizeof cores, &cores);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    {
      files.rlim_cur = files.rlim_max;
      setrlimit (RLIMIT_NOFILE, &files);
    }
}

int
main (int argc, char *argv[])
{
  g_autofree char *trace = NULL;
  g_autofree char *log = NULL;
  const GOptionEntry entries[] = {
    { "trace", 0, 0, G_OPTION_ARG_FILENAME, &trace, "write every delivery to this file", "FILE" },
    { "log", 0, 0, G_OPTION_ARG_FILENAME, &log, "write what the nodes log to this file", "FILE" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("< SCENARIO.json");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) scenario = NULL;
  JsonObject *result = NULL;

  setlocale (LC_ALL, "C.UTF-8");
  take_machine ();
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("dms-sim: %s\n", error->message);
      return 2;
    }
  log_file = log != NULL ? g_fopen (log, "w") : NULL;
  g_log_set_writer_func (write_log, NULL, NULL);
  scenario = read_scenario (&error);
  if (scenario != NULL)
    result = run (scenario, trace, &error);
  if (log_file != NULL)
    fclose (log_file);
  if (result == NULL)
    {
      print ("error", json_node_init_string (json_node_alloc (), error->message));
      return 1;
    }
  print ("result", json_node_init_object (json_node_alloc (), result));
  return 0;
}
