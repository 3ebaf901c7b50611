/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The asking side of the test protocols. */

#include <sodium.h>
#include <string.h>

#include "p2p-command.h"
#include "p2p-flow.h"

enum
{
  /* How often a stream is asked for again when the other side allows no more just now. */
  P2P_BUSY_PAUSE_MS = 5,
  P2P_BUSY_TRIES = 2000,
  /* What was sent before a reset is to arrive before it. */
  P2P_RESET_PAUSE_MS = 100,
};

typedef void (*P2pOpened) (P2pCommand *command, DmsP2pStream *stream);

typedef struct
{
  P2pCommand *command;
  char *protocol;
  P2pOpened opened;
  guint tries;
} P2pOpening;

static void p2p_opening_start (P2pOpening *self);

static void
p2p_opening_free (P2pOpening *self)
{
  g_free (self->protocol);
  g_free (self);
}

static gboolean
p2p_opening_again (gpointer user_data)
{
  p2p_opening_start (user_data);
  return G_SOURCE_REMOVE;
}

static void
p2p_opening_on_stream (GObject *source, GAsyncResult *result, gpointer user_data)
{
  P2pOpening *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);

  if (stream == NULL && g_error_matches (error, DMS_ERROR, DMS_ERROR_BUSY) && ++self->tries < P2P_BUSY_TRIES)
    {
      g_timeout_add (P2P_BUSY_PAUSE_MS, p2p_opening_again, self);
      return;
    }
  if (stream == NULL && self->command->left == 0)
    p2p_command_fail (self->command, error);
  else
    {
      /* One of many. */
      if (stream == NULL && self->command->why == NULL)
        self->command->why = g_strdup (error->message);
      self->opened (self->command, stream);
    }
  p2p_opening_free (self);
}

static void
p2p_opening_start (P2pOpening *self)
{
  const char *protocols[] = { self->protocol, NULL };
  g_autoptr (DmsPeerId) peer = p2p_command_dup_peer (self->command, NULL);

  dms_p2p_host_open_stream_async (
      p2p_node_get_host (self->command->node), peer, protocols, NULL, p2p_opening_on_stream, self);
}

static void
p2p_command_open (P2pCommand *command, const char *protocol, P2pOpened opened)
{
  P2pOpening *opening = g_new0 (P2pOpening, 1);

  opening->command = command;
  opening->protocol = g_strdup (protocol);
  opening->opened = opened;
  p2p_opening_start (opening);
}

static void
p2p_command_make_bytes (P2pCommand *command)
{
  command->size = (gsize) p2p_command_get_number (command, "size", 1);
  command->bytes = g_malloc (command->size);
  randombytes_buf (command->bytes, command->size);
}

static void
p2p_command_add_digest (JsonObject *object, const guint8 digest[P2P_DIGEST_SIZE])
{
  char hex[2 * P2P_DIGEST_SIZE + 1];

  sodium_bin2hex (hex, sizeof hex, digest, P2P_DIGEST_SIZE);
  json_object_set_string_member (object, "sha256", hex);
}

static void
p2p_command_keep (P2pFlow *flow, const guint8 *data, gsize size)
{
  g_byte_array_append (flow->kept, data, (guint) size);
}

/* --- echo ------------------------------------------------------------------------------------------------
 */

static void
p2p_echo_done (P2pFlow *flow, const GError *error)
{
  P2pCommand *command = flow->user_data;
  JsonObject *answer = NULL;

  if (error != NULL)
    return p2p_command_fail (command, error);
  answer = json_object_new ();
  json_object_set_boolean_member (answer,
                                  "equal",
                                  flow->kept->len == command->size &&
                                      memcmp (flow->kept->data, command->bytes, command->size) == 0);
  json_object_set_string_member (answer, "protocol", dms_stream_get_protocol (DMS_STREAM (flow->stream)));
  p2p_command_answer_timed (command, answer);
}

static const P2pFlowPart echo_part = { .take = p2p_command_keep, .done = p2p_echo_done };

static void
p2p_echo_opened (P2pCommand *command, DmsP2pStream *stream)
{
  P2pFlow *flow = p2p_flow_new (stream, &echo_part, command, NULL);

  p2p_command_make_bytes (command);
  p2p_flow_send (flow, command->bytes, command->size);
  p2p_flow_end (flow);
}

static void
p2p_echo (P2pCommand *command)
{
  p2p_command_open (command, p2p_command_get_text (command, "protocol", P2P_ECHO), p2p_echo_opened);
}

/* --- upload, sink ----------------------------------------------------------------------------------------
 */

static gboolean
p2p_upload_is_equal (P2pFlow *flow, gboolean is_hashing, JsonObject *answer)
{
  guint8 digest[P2P_DIGEST_SIZE];
  guint64 size = 0;

  if (is_hashing)
    {
      p2p_flow_take_digest (&flow->out_hash, digest);
      p2p_command_add_digest (answer, digest);
      return flow->kept->len == sizeof digest && memcmp (flow->kept->data, digest, sizeof digest) == 0;
    }
  if (flow->kept->len != sizeof size)
    return FALSE;
  memcpy (&size, flow->kept->data, sizeof size);
  return GUINT64_FROM_BE (size) == flow->poured;
}

static void
p2p_upload_done (P2pFlow *flow, const GError *error)
{
  P2pCommand *command = flow->user_data;
  JsonObject *answer = NULL;

  if (error != NULL)
    return p2p_command_fail (command, error);
  answer = json_object_new ();
  json_object_set_boolean_member (
      answer, "equal", p2p_upload_is_equal (flow, p2p_command_get_boolean (command, "hash", TRUE), answer));
  p2p_command_answer_timed (command, answer);
}

static const P2pFlowPart upload_part = { .take = p2p_command_keep, .done = p2p_upload_done };

static void
p2p_upload_opened (P2pCommand *command, DmsP2pStream *stream)
{
  P2pFlow *flow = p2p_flow_new (stream, &upload_part, command, NULL);

  command->begin_us = g_get_monotonic_time ();
  p2p_flow_pour (flow,
                 (guint64) p2p_command_get_number (command, "size", 1),
                 p2p_command_get_boolean (command, "hash", TRUE));
  p2p_flow_end (flow);
}

static void
p2p_upload (P2pCommand *command)
{
  p2p_command_open (
      command, p2p_command_get_boolean (command, "hash", TRUE) ? P2P_UPLOAD : P2P_SINK, p2p_upload_opened);
}

/* --- download --------------------------------------------------------------------------------------------
 */

static void
p2p_download_take (P2pFlow *flow, const guint8 *data, gsize size)
{
  guint64 before = flow->received - size;
  gsize mine = before < flow->asked ? MIN (size, flow->asked - before) : 0;

  p2p_flow_hash (&flow->in_hash, data, mine);
  if (flow->kept->len + size - mine <= P2P_DIGEST_SIZE)
    p2p_command_keep (flow, data + mine, size - mine);
}

static void
p2p_download_done (P2pFlow *flow, const GError *error)
{
  P2pCommand *command = flow->user_data;
  guint8 digest[P2P_DIGEST_SIZE];
  JsonObject *answer = NULL;

  if (error != NULL)
    return p2p_command_fail (command, error);
  answer = json_object_new ();
  p2p_flow_take_digest (&flow->in_hash, digest);
  p2p_command_add_digest (answer, digest);
  json_object_set_boolean_member (answer,
                                  "equal",
                                  flow->received == flow->asked + sizeof digest &&
                                      flow->kept->len == sizeof digest &&
                                      memcmp (flow->kept->data, digest, sizeof digest) == 0);
  p2p_command_answer_timed (command, answer);
}

static const P2pFlowPart download_part = { .take = p2p_download_take, .done = p2p_download_done };

static void
p2p_download_opened (P2pCommand *command, DmsP2pStream *stream)
{
  P2pFlow *flow = p2p_flow_new (stream, &download_part, command, NULL);
  guint64 size = 0;

  command->begin_us = g_get_monotonic_time ();
  flow->asked = (guint64) p2p_command_get_number (command, "size", 1);
  size = GUINT64_TO_BE (flow->asked);
  p2p_flow_send (flow, &size, sizeof size);
  p2p_flow_end (flow);
}

static void
p2p_download (P2pCommand *command)
{
  p2p_command_open (command, P2P_DOWNLOAD, p2p_download_opened);
}

/* --- ping ------------------------------------------------------------------------------------------------
 */

static void
p2p_ping_on_measured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  P2pCommand *command = user_data;
  g_autoptr (GError) error = NULL;
  gint64 us = dms_p2p_ping_measure_finish (DMS_P2P_PING (source), result, &error);
  JsonObject *answer = NULL;

  if (us < 0)
    return p2p_command_fail (command, error);
  answer = json_object_new ();
  json_object_set_int_member (answer, "us", us);
  p2p_command_answer (command, answer);
}

static void
p2p_ping (P2pCommand *command)
{
  g_autoptr (DmsPeerId) peer = p2p_command_dup_peer (command, NULL);

  dms_p2p_ping_measure_async (p2p_node_get_ping (command->node), peer, NULL, p2p_ping_on_measured, command);
}

/* --- greet -----------------------------------------------------------------------------------------------
 */

/* The other side has ended its half: write on. */
static void
p2p_greet_heard (P2pFlow *flow)
{
  P2pCommand *command = flow->user_data;

  p2p_command_make_bytes (command);
  p2p_flow_send (flow, command->bytes, command->size);
  p2p_flow_end (flow);
}

static void
p2p_greet_done (P2pFlow *flow, const GError *error)
{
  P2pCommand *command = flow->user_data;
  guint8 digest[P2P_DIGEST_SIZE];
  JsonObject *answer = NULL;

  if (error != NULL)
    return p2p_command_fail (command, error);
  answer = json_object_new ();
  p2p_flow_hash (&flow->out_hash, command->bytes, command->size);
  p2p_flow_take_digest (&flow->out_hash, digest);
  p2p_command_add_digest (answer, digest);
  g_byte_array_append (flow->kept, (const guint8 *) "", 1);
  json_object_set_string_member (answer, "greeting", (const char *) flow->kept->data);
  p2p_command_answer_timed (command, answer);
}

static const P2pFlowPart greet_part = { .take = p2p_command_keep,
                                        .heard_all = p2p_greet_heard,
                                        .done = p2p_greet_done };

static void
p2p_greet_opened (P2pCommand *command, DmsP2pStream *stream)
{
  p2p_flow_new (stream, &greet_part, command, NULL);
}

static void
p2p_greet (P2pCommand *command)
{
  p2p_command_open (command, P2P_GREET, p2p_greet_opened);
}

/* --- reset, be_reset -------------------------------------------------------------------------------------
 */

static const P2pFlowPart silent_part = { NULL };

/* By us, or because the other side went first. */
static void
p2p_reset_done (P2pFlow *flow, const GError *error)
{
  P2pCommand *command = flow->user_data;

  g_clear_handle_id (&command->timeout, g_source_remove);
  if (error != NULL)
    p2p_command_fail (command, error);
  else
    p2p_command_answer (command, json_object_new ());
}

static const P2pFlowPart reset_part = { .done = p2p_reset_done };

static gboolean
p2p_reset_now (gpointer user_data)
{
  P2pFlow *flow = user_data;
  P2pCommand *command = flow->user_data;

  command->timeout = 0;
  p2p_flow_kill (flow);
  return G_SOURCE_REMOVE;
}

static void
p2p_reset_opened (P2pCommand *command, DmsP2pStream *stream)
{
  P2pFlow *flow = p2p_flow_new (stream, &reset_part, command, NULL);

  p2p_command_make_bytes (command);
  p2p_flow_send (flow, command->bytes, command->size);
  command->timeout = g_timeout_add (P2P_RESET_PAUSE_MS, p2p_reset_now, flow);
}

static void
p2p_reset (P2pCommand *command)
{
  p2p_command_open (command, P2P_HOLD, p2p_reset_opened);
}

static void
p2p_be_reset_done (P2pFlow *flow, const GError *error)
{
  JsonObject *answer = json_object_new ();

  json_object_set_string_member (answer, "how", error != NULL ? "reset" : "end");
  p2p_command_answer (flow->user_data, answer);
}

static const P2pFlowPart be_reset_part = { .heard_all = p2p_flow_end, .done = p2p_be_reset_done };

static void
p2p_be_reset_opened (P2pCommand *command, DmsP2pStream *stream)
{
  p2p_flow_send (p2p_flow_new (stream, &be_reset_part, command, NULL), "!", 1);
}

static void
p2p_be_reset (P2pCommand *command)
{
  p2p_command_open (command, P2P_RESET, p2p_be_reset_opened);
}

/* --- many, hold ------------------------------------------------------------------------------------------
 */

static void
p2p_many_answer (P2pCommand *command)
{
  JsonObject *answer = NULL;

  if (command->why != NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (DMS_ERROR, DMS_ERROR_FAILED, command->why);

      return p2p_command_fail (command, error);
    }
  answer = json_object_new ();
  json_object_set_int_member (answer, "equal", command->good);
  p2p_command_answer_timed (command, answer);
}

static void
p2p_many_count (P2pCommand *command)
{
  if (--command->left > 0)
    return;
  g_clear_pointer ((GPtrArray **) &command->extra, g_ptr_array_unref);
  p2p_many_answer (command);
}

static void
p2p_many_done (P2pFlow *flow, const GError *error)
{
  P2pCommand *command = flow->user_data;

  if (error != NULL && command->why == NULL)
    command->why = g_strdup (error->message);
  if (error == NULL && flow->kept->len == command->size + sizeof (guint64) &&
      memcmp (flow->kept->data, &flow->asked, sizeof flow->asked) == 0 &&
      memcmp (flow->kept->data + sizeof flow->asked, command->bytes, command->size) == 0)
    command->good++;
  g_ptr_array_remove_fast (command->extra, flow);
  p2p_many_count (command);
}

static const P2pFlowPart many_part = { .take = p2p_command_keep, .done = p2p_many_done };

/* All are open at the same time: each gets the rest of its words. */
static void
p2p_many_go_on (P2pCommand *command)
{
  GPtrArray *flows = command->extra;

  for (guint i = 0; i < flows->len; i++)
    {
      p2p_flow_send (flows->pdata[i], command->bytes, command->size);
      p2p_flow_end (flows->pdata[i]);
    }
}

/* Something of its own goes out at once: a stream that says nothing is acknowledged by nobody. */
static void
p2p_many_opened (P2pCommand *command, DmsP2pStream *stream)
{
  P2pFlow *flow = NULL;

  if (stream != NULL)
    {
      flow = p2p_flow_new (stream, &many_part, command, NULL);
      flow->asked = command->opening;
      p2p_flow_send (flow, &flow->asked, sizeof flow->asked);
      g_ptr_array_add (command->extra, flow);
    }
  if (--command->opening == 0)
    p2p_many_go_on (command);
  if (stream == NULL)
    p2p_many_count (command);
}

static void
p2p_many (P2pCommand *command)
{
  guint count = (guint) p2p_command_get_number (command, "count", 1);

  p2p_command_make_bytes (command);
  command->extra = g_ptr_array_new ();
  command->left = count;
  command->opening = count;
  for (guint i = 0; i < count; i++)
    p2p_command_open (command, P2P_ECHO, p2p_many_opened);
}

/* These stay until the connection ends. */
static void
p2p_hold_opened (P2pCommand *command, DmsP2pStream *stream)
{
  if (stream != NULL)
    {
      p2p_flow_send (p2p_flow_new (stream, &silent_part, NULL, NULL), "!", 1);
      command->good++;
    }
  if (--command->left == 0)
    p2p_many_answer (command);
}

static void
p2p_hold (P2pCommand *command)
{
  guint count = (guint) p2p_command_get_number (command, "count", 1);

  command->left = count;
  for (guint i = 0; i < count; i++)
    p2p_command_open (command, p2p_command_get_text (command, "protocol", P2P_HOLD), p2p_hold_opened);
}

/* --- raw -------------------------------------------------------------------------------------------------
 */

static void
p2p_raw_done (P2pFlow *flow, const GError *error)
{
  P2pCommand *command = flow->user_data;
  JsonObject *answer = json_object_new ();

  g_clear_handle_id (&command->timeout, g_source_remove);
  json_object_set_string_member (answer, "how", error != NULL ? "reset" : "end");
  json_object_set_int_member (answer, "received", (gint64) flow->received);
  p2p_command_answer_timed (command, answer);
}

static const P2pFlowPart raw_part = { .heard_all = p2p_flow_end, .done = p2p_raw_done };

/* The next piece. */
static gboolean
p2p_raw_step (gpointer user_data)
{
  P2pFlow *flow = user_data;
  P2pCommand *command = flow->user_data;
  g_auto (GStrv) pieces = p2p_command_dup_texts (command, "pieces");
  g_autofree guint8 *bytes = NULL;
  gsize size = 0;

  if (pieces == NULL || pieces[command->good] == NULL)
    {
      command->timeout = 0;
      if (p2p_command_get_boolean (command, "end", TRUE))
        p2p_flow_end (flow);
      return G_SOURCE_REMOVE;
    }
  bytes = g_malloc (strlen (pieces[command->good]) / 2 + 1);
  sodium_hex2bin (bytes,
                  strlen (pieces[command->good]) / 2 + 1,
                  pieces[command->good],
                  strlen (pieces[command->good]),
                  NULL,
                  &size,
                  NULL);
  command->good++;
  p2p_flow_send (flow, bytes, size);
  return G_SOURCE_CONTINUE;
}

static void
p2p_raw_opened (P2pCommand *command, DmsP2pStream *stream)
{
  P2pFlow *flow = p2p_flow_new (stream, &raw_part, command, NULL);

  command->timeout =
      g_timeout_add ((guint) p2p_command_get_number (command, "pause_ms", 1), p2p_raw_step, flow);
}

/* Any bytes, in pieces, to any protocol. */
static void
p2p_raw (P2pCommand *command)
{
  p2p_command_open (command, p2p_command_get_text (command, "protocol", ""), p2p_raw_opened);
}

/* --- message ---------------------------------------------------------------------------------------------
 */

static void
p2p_message_done (P2pFlow *flow, const GError *error)
{
  if (error != NULL)
    return p2p_command_fail (flow->user_data, error);
  p2p_command_answer_timed (flow->user_data, json_object_new ());
}

static const P2pFlowPart message_part = { .done = p2p_message_done };

static void
p2p_message_opened (P2pCommand *command, DmsP2pStream *stream)
{
  P2pFlow *flow = p2p_flow_new (stream, &message_part, command, NULL);
  const char *body = p2p_command_get_text (command, "body", "");
  guint64 size = GUINT64_TO_LE (strlen (body));

  p2p_flow_send (flow, &size, sizeof size);
  p2p_flow_send (flow, body, strlen (body));
  p2p_flow_end (flow);
}

static void
p2p_message (P2pCommand *command)
{
  g_autofree char *protocol =
      g_strdup_printf ("actor/%s/messages/0.0.1", p2p_command_get_text (command, "inbox", "root"));

  p2p_command_open (command, protocol, p2p_message_opened);
}

gboolean
p2p_command_run_on_stream (P2pCommand *self, const char *name)
{
  static const struct
  {
    const char *name;
    void (*run) (P2pCommand *command);
  } commands[] = {
    { "echo", p2p_echo },   { "upload", p2p_upload }, { "download", p2p_download },
    { "greet", p2p_greet }, { "reset", p2p_reset },   { "be_reset", p2p_be_reset },
    { "many", p2p_many },   { "hold", p2p_hold },     { "message", p2p_message },
    { "ping", p2p_ping },   { "raw", p2p_raw },
  };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autoptr (DmsPeerId) peer = NULL;
      g_autoptr (GError) error = NULL;

      if (g_strcmp0 (commands[i].name, name) != 0)
        continue;
      peer = p2p_command_dup_peer (self, &error);
      if (peer == NULL)
        p2p_command_fail (self, error);
      else
        commands[i].run (self);
      return TRUE;
    }
  return FALSE;
}
