/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The answering side of the test protocols. */

#include <string.h>

#include "p2p-flow.h"
#include "p2p-node.h"

#define P2P_GREETING "greetings"

static void
p2p_serve_say_failed (P2pFlow *flow, const GError *error)
{
  JsonObject *event = NULL;

  if (error == NULL)
    return;
  event = p2p_event_new ("failed");
  json_object_set_string_member (event, "protocol", dms_stream_get_protocol (DMS_STREAM (flow->stream)));
  json_object_set_string_member (event, "error", error->message);
  p2p_say (event);
}

static void
p2p_serve_keep (P2pFlow *flow, const guint8 *data, gsize size)
{
  g_byte_array_append (flow->kept, data, (guint) size);
}

static void
p2p_serve_hash (P2pFlow *flow, const guint8 *data, gsize size)
{
  p2p_flow_hash (&flow->in_hash, data, size);
}

static const P2pFlowPart echo_part = { .take = (void (*) (P2pFlow *, const guint8 *, gsize)) p2p_flow_send,
                                       .heard_all = p2p_flow_end,
                                       .done = p2p_serve_say_failed };

static void
p2p_serve_answer_upload (P2pFlow *flow)
{
  guint8 digest[P2P_DIGEST_SIZE];

  p2p_flow_take_digest (&flow->in_hash, digest);
  p2p_flow_send (flow, digest, sizeof digest);
  p2p_flow_end (flow);
}

static const P2pFlowPart upload_part = { .take = p2p_serve_hash,
                                         .heard_all = p2p_serve_answer_upload,
                                         .done = p2p_serve_say_failed };

static void
p2p_serve_answer_sink (P2pFlow *flow)
{
  guint64 size = GUINT64_TO_BE (flow->received);

  p2p_flow_send (flow, &size, sizeof size);
  p2p_flow_end (flow);
}

static const P2pFlowPart sink_part = { .heard_all = p2p_serve_answer_sink, .done = p2p_serve_say_failed };

static void
p2p_serve_answer_download (P2pFlow *flow)
{
  guint64 size = 0;

  if (flow->kept->len != sizeof size)
    return p2p_flow_reset (flow);
  memcpy (&size, flow->kept->data, sizeof size);
  if (size == 0)
    return p2p_flow_reset (flow);
  p2p_flow_pour (flow, GUINT64_FROM_BE (size), TRUE);
}

static void
p2p_serve_end_download (P2pFlow *flow)
{
  guint8 digest[P2P_DIGEST_SIZE];

  if (flow->is_ending)
    return;
  p2p_flow_take_digest (&flow->out_hash, digest);
  p2p_flow_send (flow, digest, sizeof digest);
  p2p_flow_end (flow);
}

static const P2pFlowPart download_part = { .take = p2p_serve_keep,
                                           .heard_all = p2p_serve_answer_download,
                                           .sent_all = p2p_serve_end_download,
                                           .done = p2p_serve_say_failed };

static void
p2p_serve_say_received (P2pFlow *flow, const GError *error)
{
  guint8 digest[P2P_DIGEST_SIZE];
  GString *hex = g_string_new (NULL);
  JsonObject *event = NULL;

  p2p_serve_say_failed (flow, error);
  p2p_flow_take_digest (&flow->in_hash, digest);
  for (guint i = 0; i < sizeof digest; i++)
    g_string_append_printf (hex, "%02x", digest[i]);
  event = p2p_event_new ("received");
  json_object_set_int_member (event, "size", (gint64) flow->received);
  json_object_set_string_member (event, "sha256", hex->str);
  g_string_free (hex, TRUE);
  if (error == NULL)
    p2p_say (event);
  else
    json_object_unref (event);
}

static const P2pFlowPart greet_part = { .take = p2p_serve_hash, .done = p2p_serve_say_received };

static void
p2p_serve_say_ended (P2pFlow *flow, const GError *error)
{
  JsonObject *event = p2p_event_new ("ended");

  json_object_set_string_member (event, "how", error != NULL ? "reset" : "end");
  json_object_set_int_member (event, "size", (gint64) flow->received);
  p2p_say (event);
}

static const P2pFlowPart hold_part = { .heard_all = p2p_flow_end, .done = p2p_serve_say_ended };

static void
p2p_serve_reset (P2pFlow *flow, const guint8 *data, gsize size)
{
  p2p_flow_reset (flow);
}

static const P2pFlowPart reset_part = { .take = p2p_serve_reset };

static void
p2p_serve_say_message (P2pFlow *flow, const GError *error)
{
  g_autoptr (DmsPeerId) peer = dms_stream_dup_peer_id (DMS_STREAM (flow->stream));
  JsonObject *event = NULL;
  guint64 size = 0;

  p2p_serve_say_failed (flow, error);
  if (error != NULL || flow->kept->len < sizeof size)
    return;
  memcpy (&size, flow->kept->data, sizeof size);
  g_byte_array_append (flow->kept, (const guint8 *) "", 1);
  event = p2p_event_new ("message");
  json_object_set_string_member (event, "inbox", flow->user_data);
  json_object_set_string_member (event, "peer", dms_peer_id_get_text (peer));
  json_object_set_boolean_member (
      event, "whole", GUINT64_FROM_LE (size) == flow->kept->len - 1 - sizeof size);
  json_object_set_string_member (event, "body", (const char *) flow->kept->data + sizeof size);
  p2p_say (event);
}

static const P2pFlowPart message_part = { .take = p2p_serve_keep,
                                          .heard_all = p2p_flow_end,
                                          .done = p2p_serve_say_message };

static void
p2p_serve_on_stream (DmsP2pHost *host, DmsP2pConnection *connection, DmsP2pStream *stream, gpointer user_data)
{
  P2pFlow *flow = p2p_flow_new (stream, user_data, NULL, NULL);

  if (flow->part != &greet_part)
    return;
  p2p_flow_send (flow, P2P_GREETING, strlen (P2P_GREETING));
  p2p_flow_end (flow);
}

static void
p2p_serve_on_message (DmsP2pHost *host,
                      DmsP2pConnection *connection,
                      DmsP2pStream *stream,
                      gpointer user_data)
{
  p2p_flow_new (stream, &message_part, g_strdup (user_data), g_free);
}

void
p2p_node_serve_echo (P2pNode *self, const char *protocol)
{
  dms_p2p_host_set_handler (
      p2p_node_get_host (self), protocol, p2p_serve_on_stream, (gpointer) &echo_part, NULL);
}

void
p2p_node_serve_inbox (P2pNode *self, const char *name)
{
  g_autofree char *protocol = g_strdup_printf ("actor/%s/messages/0.0.1", name);

  dms_p2p_host_set_handler (
      p2p_node_get_host (self), protocol, p2p_serve_on_message, g_strdup (name), g_free);
}

void
p2p_node_serve (P2pNode *self)
{
  static const struct
  {
    const char *protocol;
    const P2pFlowPart *part;
  } protocols[] = {
    { P2P_ECHO, &echo_part },         { P2P_UPLOAD, &upload_part }, { P2P_SINK, &sink_part },
    { P2P_DOWNLOAD, &download_part }, { P2P_GREET, &greet_part },   { P2P_HOLD, &hold_part },
    { P2P_RESET, &reset_part },
  };

  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
    dms_p2p_host_set_handler (p2p_node_get_host (self),
                              protocols[i].protocol,
                              p2p_serve_on_stream,
                              (gpointer) protocols[i].part,
                              NULL);
}
