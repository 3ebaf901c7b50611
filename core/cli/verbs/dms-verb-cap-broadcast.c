/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-session.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

#define DEFAULT_TIMEOUT (G_GINT64_CONSTANT (30) * 1000000000)

/* Invokes a behaviour whose reply is {OK, Error}. */
static gboolean
ask (DmsCliSession *session, const char *behaviour, DmsWireWriter *payload, GError **error)
{
  g_autoptr (GBytes) bytes = dms_wire_writer_end (payload);
  g_autoptr (GBytes) reply = dms_cli_session_invoke (session, behaviour, bytes, error);
  g_autoptr (JsonNode) node = NULL;
  const char *complaint;
  const char *data;
  gsize size;

  if (reply == NULL)
    return FALSE;
  data = g_bytes_get_data (reply, &size);
  node = dms_json_node_from_text (data, size, error);
  if (node == NULL)
    return FALSE;

  complaint = dms_json_object_get_text (dms_json_node_get_child (node), "Error");
  if (complaint != NULL && complaint[0] != '\0')
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_FAILED, "%s: %s", behaviour, complaint);
      return FALSE;
    }

  return TRUE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsCliSession) session = dms_cli_session_open (call, DEFAULT_TIMEOUT, error);
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (DmsWireWriter) anchored = dms_wire_writer_new ();
  g_autoptr (DmsWireWriter) broadcast = dms_wire_writer_new ();

  if (session == NULL)
    return FALSE;

  tokens = dms_capability_context_dup_revoke (dms_cli_session_get_capabilities (session));
  if (dms_token_list_get_size (tokens) > 0)
    {
      /* The node passes on what it heeds itself. */
      dms_wire_writer_begin_object (anchored, NULL);
      dms_token_list_write (tokens, anchored, "Token");
      dms_wire_writer_end_object (anchored);
      dms_wire_writer_begin_object (broadcast, NULL);
      dms_wire_writer_add_string (broadcast, "Context", dms_cli_call_get_string (call, "context"));
      dms_wire_writer_end_object (broadcast);
      if (!ask (session, "/dms/cap/revoke/anchor", anchored, error)
          || !ask (session, "/dms/cap/revoke/broadcast", broadcast, error))
        return FALSE;
    }

  dms_cli_call_print (call, "Successfully broadcast %u revocation token(s) to all peers\n",
                      dms_token_list_get_size (tokens));
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the context whose revocations are told") },
  { NULL },
};

const DmsCliVerb dms_verb_cap_broadcast = {
  .path = "cap broadcast",
  .summary = N_ ("tell all nodes of the revocations of a context"),
  .description = N_ ("Hands the revocations of a context to this machine's node, which heeds them from now "
                     "on and "
                     "tells the others it can reach."),
  .examples = "  nunet cap broadcast -c dms",
  .flags = flags,
  .run = run,
};
