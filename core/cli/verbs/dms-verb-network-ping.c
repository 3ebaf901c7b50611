/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

#include <dms.h>

#define MAX_COUNT 100000

/* What came of the pings so far. */
typedef struct
{
  int sent;
  int answered;
  gint64 least_us;
  gint64 most_us;
  gint64 sum_us;
} Tally;

static void
count (Tally *tally, gint64 rtt_us)
{
  tally->sent++;
  if (rtt_us < 0)
    return;
  tally->least_us = tally->answered == 0 ? rtt_us : MIN (tally->least_us, rtt_us);
  tally->most_us = MAX (tally->most_us, rtt_us);
  tally->sum_us += rtt_us;
  tally->answered++;
}

static void
print_answer (DmsCliCall *call, int number, gint64 rtt_us, const char *reason)
{
  g_autofree char *time = dms_cli_network_dup_duration (rtt_us);
  g_autofree char *safe = dms_cli_text_dup_safe (reason != NULL ? reason : _ ("no answer"));

  if (time != NULL)
    dms_cli_call_print (call, _ ("%d: answer after %s\n"), number, time);
  else
    dms_cli_call_print (call, "%d: %s\n", number, safe);
  fflush (dms_cli_call_get_out (call));
}

static gboolean
ping (DmsCliCall *call, DmsCliSession *session, Tally *tally, JsonArray *answers, GError **error)
{
  JsonObject *payload = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  gint64 rtt_us = 0;

  json_object_set_string_member (payload, "peer", dms_cli_call_get_arg (call, 0));
  dms_cli_session_renew (session);
  reply = dms_cli_network_ask (session, "ping", payload, error);
  if (reply == NULL)
    return FALSE;
  rtt_us = dms_cli_network_get_number (reply, "rtt_us");
  count (tally, rtt_us);
  if (dms_cli_call_get_bool (call, "json"))
    json_array_add_object_element (answers, g_steal_pointer (&reply));
  else
    print_answer (call, tally->sent, rtt_us, dms_json_object_get_text (reply, "error"));
  return TRUE;
}

static void
print_json (DmsCliCall *call, const Tally *tally, JsonArray *answers)
{
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "peer", dms_cli_call_get_arg (call, 0));
  json_object_set_array_member (object, "pings", json_array_ref (answers));
  json_object_set_int_member (object, "sent", tally->sent);
  json_object_set_int_member (object, "answered", tally->answered);
  if (tally->answered > 0)
    {
      json_object_set_int_member (object, "least_us", tally->least_us);
      json_object_set_int_member (object, "mean_us", tally->sum_us / tally->answered);
      json_object_set_int_member (object, "most_us", tally->most_us);
    }
  dms_cli_network_print_json (call, object);
}

static void
print_summary (DmsCliCall *call, const Tally *tally)
{
  g_autofree char *least = dms_cli_network_dup_duration (tally->least_us);
  g_autofree char *mean = dms_cli_network_dup_duration (tally->sum_us / MAX (tally->answered, 1));
  g_autofree char *most = dms_cli_network_dup_duration (tally->most_us);

  dms_cli_call_print (call, _ ("%d sent, %d answered"), tally->sent, tally->answered);
  if (tally->answered > 0)
    dms_cli_call_print (call, _ ("; round trip: least %s, mean %s, most %s"), least, mean, most);
  dms_cli_call_print (call, "\n");
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  gint64 wanted = dms_cli_call_get_int (call, "count");
  gint64 interval_ns = dms_cli_call_get_duration (call, "interval");
  g_autoptr (JsonArray) answers = json_array_new ();
  g_autoptr (DmsCliSession) session = NULL;
  Tally tally = { 0 };

  if (wanted < 1 || wanted > MAX_COUNT)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE, _ ("--count: must be from 1 to %d"), MAX_COUNT);
      return FALSE;
    }
  session = dms_cli_network_open (call, error);
  if (session == NULL)
    return FALSE;
  while (tally.sent < wanted)
    {
      if (tally.sent > 0 && interval_ns > 0)
        g_usleep ((gulong) MIN (interval_ns / 1000, G_TIME_SPAN_HOUR));
      if (!ping (call, session, &tally, answers, error))
        return FALSE;
    }
  if (dms_cli_call_get_bool (call, "json"))
    print_json (call, &tally, answers);
  else
    print_summary (call, &tally);
  if (tally.answered > 0)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_UNAVAILABLE,
               _ ("the peer %s did not answer"),
               dms_cli_call_get_arg (call, 0));
  return FALSE;
}

static const DmsCliFlag flags[] = {
  { "count", 'n', DMS_CLI_FLAG_UINT, FALSE, "4", "number", N_ ("how often") },
  { "interval", 0, DMS_CLI_FLAG_DURATION, FALSE, "1s", NULL, N_ ("time between two pings") },
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("print JSON, for programs") },
  { NULL },
};

const DmsCliVerb dms_verb_network_ping = {
  .path = "network ping",
  .arguments = "<peer ID>",
  .summary = N_ ("measure the round trip to a peer"),
  .description = N_ ("Pings by the network's own protocol, over the connection that there is; when there is "
                     "none, the node connects first. The exit status is 1 when no ping was answered."),
  .examples = "  nunet network ping 12D3KooW…\n"
              "  nunet network ping --count 100 --interval 100ms 12D3KooW…\n",
  .flags = flags,
  .persistent_flags = dms_cli_message_flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
