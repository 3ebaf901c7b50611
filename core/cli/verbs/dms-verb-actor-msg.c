/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-session.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-text.h"

#define DEFAULT_TIMEOUT (G_GINT64_CONSTANT (30) * 1000000000)

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *behaviour = dms_cli_call_get_arg (call, 0);
  const char *text = dms_cli_call_get_arg (call, 1);
  const char *topic = dms_cli_call_get_string (call, "broadcast");
  DmsCliMode mode = DMS_CLI_MODE_SEND;
  g_autofree char *compact = dms_json_text_compact (text, strlen (text), error);
  g_autoptr (DmsCliSession) session = NULL;
  g_autoptr (DmsEnvelope) envelope = NULL;
  g_autoptr (GBytes) payload = NULL;
  g_autofree char *line = NULL;

  if (compact == NULL)
    {
      g_prefix_error (error, _ ("the payload: "));
      return FALSE;
    }

  if (topic != NULL)
    mode = DMS_CLI_MODE_BROADCAST;
  else if (dms_cli_call_get_bool (call, "invoke"))
    mode = DMS_CLI_MODE_INVOKE;

  session = dms_cli_session_open (call, DEFAULT_TIMEOUT, error);
  if (session == NULL || !dms_cli_session_set_destination (session, dms_cli_call_get_string (call, "dest"),
                                                           error))
    return FALSE;

  payload = g_bytes_new (compact, strlen (compact));
  envelope = dms_cli_session_make_envelope (session, mode, behaviour, topic, payload, error);
  if (envelope == NULL)
    return FALSE;

  line = dms_envelope_to_string (envelope);
  dms_cli_call_print (call, "%s\n", line);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, FALSE, "user", "name", N_ ("key and capabilities to act with") },
  { "dest", 'd', DMS_CLI_FLAG_STRING, FALSE, NULL, "node",
    N_ ("who it is for: a DID, a peer ID or a handle; this machine's daemon if not given") },
  { "broadcast", 'b', DMS_CLI_FLAG_STRING, FALSE, NULL, "topic",
   N_ ("make a message for everyone on this topic") },
  { "invoke", 'i', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("make a message that asks for a reply") },
  { "timeout", 't', DMS_CLI_FLAG_DURATION, FALSE, NULL, NULL,
   N_ ("how long the message lives, such as 90s") },
  { "expiry", 'e', DMS_CLI_FLAG_STRING, FALSE, NULL, "time", N_ ("when the message expires, in ISO 8601") },
  { NULL },
};

static const char *const exclusive[] = { "broadcast dest", "broadcast invoke", "expiry timeout", NULL };

const DmsCliVerb dms_verb_actor_msg = {
  .path = "actor msg",
  .arguments = "<behaviour> <payload JSON>",
  .summary = N_ ("make a signed message, without sending it"),
  .description = N_ ("Prints a signed message as one line of JSON, for \"actor send\", \"actor invoke\" or "
                     "\"actor "
                     "broadcast\"."),
  .examples = "  nunet actor msg --invoke /dms/node/peers/self '{}' >message.json\n"
              "  nunet actor invoke \"$(cat message.json)\"",
  .flags = flags,
  .min_args = 2,
  .max_args = 2,
  .exclusive = exclusive,
  .run = run,
};
