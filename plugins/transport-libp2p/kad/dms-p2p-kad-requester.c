/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-requester.h"

#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"
#include "kad/dms-p2p-kad-limits.h"

enum
{
  /* Streams that wait for a next request: how many in all, and how long. A server gives up one after a minute
   * (go-libp2p-kad-dht: dhtStreamIdleTimeout). Ours. */
  DMS_P2P_KAD_MAX_IDLE = 64,
  DMS_P2P_KAD_IDLE_S = 20,
};

/* A stream, and its pipe taken out of it. */
typedef struct
{
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
  DmsPeerId *peer;
  gint64 idle_since_us;
} DmsP2pKadLine;

struct _DmsP2pKadRequester
{
  DmsP2pHost *host;
  char *protocol;
  DmsP2pKadAnswered answered;
  gpointer user_data;
  /* Number to DmsP2pKadSending. */
  GHashTable *sendings;
  /* DmsP2pKadLine: at most one a peer, the one that has been idle longest first. */
  GQueue idle;
  GSource *idle_timer;
};

/* A request on its way. Counted by what it waits for; @requester is NULL when nobody wants it any more. */
typedef struct
{
  DmsP2pKadRequester *requester;
  guint64 number;
  DmsPeerId *peer;
  GBytes *frame;
  gboolean wants_answer;
  GCancellable *cancellable;
  DmsP2pKadLine *line;
  /* The line has served before: that it is broken says nothing. */
  gboolean is_reused;
} DmsP2pKadSending;

static void
dms_p2p_kad_line_free (DmsP2pKadLine *line)
{
  g_clear_object (&line->pipe);
  g_clear_object (&line->stream);
  g_clear_pointer (&line->peer, dms_peer_id_unref);
  g_free (line);
}

static void
dms_p2p_kad_line_close (DmsP2pKadLine *line)
{
  dms_p2p_pipe_close (line->pipe);
  dms_p2p_kad_line_free (line);
}

static void
dms_p2p_kad_line_break (DmsP2pKadLine *line)
{
  dms_p2p_pipe_reset (line->pipe, DMS_P2P_RESET_NONE);
  dms_p2p_kad_line_free (line);
}

static void
dms_p2p_kad_sending_clear (gpointer data)
{
  DmsP2pKadSending *sending = data;

  g_clear_pointer (&sending->line, dms_p2p_kad_line_break);
  g_clear_pointer (&sending->peer, dms_peer_id_unref);
  g_clear_pointer (&sending->frame, g_bytes_unref);
  g_clear_object (&sending->cancellable);
}

static void
dms_p2p_kad_sending_unref (DmsP2pKadSending *sending)
{
  g_rc_box_release_full (sending, dms_p2p_kad_sending_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadSending, dms_p2p_kad_sending_unref)

static void
dms_p2p_kad_sending_forget (gpointer data)
{
  DmsP2pKadSending *sending = data;

  sending->requester = NULL;
  g_cancellable_cancel (sending->cancellable);
  dms_p2p_kad_sending_unref (sending);
}

/* Streams that wait */

static DmsP2pKadLine *
dms_p2p_kad_requester_take_idle (DmsP2pKadRequester *self, DmsPeerId *peer)
{
  for (GList *link = self->idle.head; link != NULL; link = link->next)
    {
      DmsP2pKadLine *line = link->data;

      if (!dms_peer_id_equal (line->peer, peer))
        continue;
      g_queue_delete_link (&self->idle, link);
      return line;
    }
  return NULL;
}

static void
dms_p2p_kad_requester_keep (DmsP2pKadRequester *self, DmsP2pKadLine *line)
{
  DmsP2pKadLine *other = dms_p2p_kad_requester_take_idle (self, line->peer);

  g_clear_pointer (&other, dms_p2p_kad_line_close);
  if (g_queue_get_length (&self->idle) >= DMS_P2P_KAD_MAX_IDLE)
    dms_p2p_kad_line_close (g_queue_pop_head (&self->idle));
  line->idle_since_us = g_get_monotonic_time ();
  g_queue_push_tail (&self->idle, line);
}

static gboolean
dms_p2p_kad_requester_on_idle_timer (gpointer user_data)
{
  DmsP2pKadRequester *self = user_data;
  gint64 before_us = g_get_monotonic_time () - (gint64) DMS_P2P_KAD_IDLE_S * G_USEC_PER_SEC;
  DmsP2pKadLine *first = g_queue_peek_head (&self->idle);

  while (first != NULL && first->idle_since_us < before_us)
    {
      dms_p2p_kad_line_close (g_queue_pop_head (&self->idle));
      first = g_queue_peek_head (&self->idle);
    }
  return G_SOURCE_CONTINUE;
}

/* Requests */

static void
dms_p2p_kad_sending_end (DmsP2pKadSending *sending, gboolean is_good, GBytes *answer)
{
  DmsP2pKadRequester *self = sending->requester;
  guint64 number = sending->number;
  DmsP2pConnection *connection = NULL;
  g_autoptr (DmsMultiaddr) remote = NULL;

  if (self == NULL)
    return;
  connection = dms_p2p_swarm_find (dms_p2p_host_get_swarm (self->host), sending->peer);
  if (connection != NULL)
    remote = dms_multiaddr_ref (dms_p2p_connection_get_remote (connection));
  if (is_good && answer != NULL)
    dms_p2p_kad_requester_keep (self, g_steal_pointer (&sending->line));
  else if (is_good)
    g_clear_pointer (&sending->line, dms_p2p_kad_line_close);
  sending->requester = NULL;
  g_hash_table_steal (self->sendings, &sending->number);
  self->answered (number, is_good, answer, remote, self->user_data);
  dms_p2p_kad_sending_unref (sending);
}

static void dms_p2p_kad_sending_open (DmsP2pKadSending *sending);

/* A stream that was kept may have been closed by the other side meanwhile. */
static void
dms_p2p_kad_sending_fail (DmsP2pKadSending *sending)
{
  g_clear_pointer (&sending->line, dms_p2p_kad_line_break);
  if (sending->requester != NULL && sending->is_reused)
    dms_p2p_kad_sending_open (sending);
  else
    dms_p2p_kad_sending_end (sending, FALSE, NULL);
}

static void
dms_p2p_kad_sending_on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pKadSending) sending = user_data;
  g_autoptr (GBytes) answer = dms_p2p_frame_read_finish (result, NULL);

  if (answer != NULL)
    dms_p2p_kad_sending_end (sending, TRUE, answer);
  else
    dms_p2p_kad_sending_fail (sending);
}

static void
dms_p2p_kad_sending_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pKadSending) sending = user_data;

  if (!dms_p2p_pipe_write_all_finish (result, NULL) || sending->requester == NULL)
    dms_p2p_kad_sending_fail (sending);
  else if (!sending->wants_answer)
    dms_p2p_kad_sending_end (sending, TRUE, NULL);
  else
    dms_p2p_frame_read_async (sending->line->pipe,
                              DMS_P2P_KAD_MAX_ANSWER_SIZE,
                              DMS_P2P_KAD_REQUEST_S * 1000,
                              sending->cancellable,
                              dms_p2p_kad_sending_on_answer,
                              g_rc_box_acquire (sending));
}

static void
dms_p2p_kad_sending_write (DmsP2pKadSending *sending)
{
  dms_p2p_pipe_write_all_async (sending->line->pipe,
                                sending->frame,
                                DMS_P2P_KAD_REQUEST_S * 1000,
                                sending->cancellable,
                                dms_p2p_kad_sending_on_written,
                                g_rc_box_acquire (sending));
}

static void
dms_p2p_kad_sending_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pKadSending) sending = user_data;
  DmsP2pStream *stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, NULL);

  if (stream == NULL)
    {
      dms_p2p_kad_sending_fail (sending);
      return;
    }
  sending->line = g_new0 (DmsP2pKadLine, 1);
  sending->line->stream = stream;
  sending->line->pipe = dms_p2p_stream_steal_pipe (stream);
  sending->line->peer = dms_peer_id_ref (sending->peer);
  if (sending->requester != NULL)
    dms_p2p_kad_sending_write (sending);
}

static void
dms_p2p_kad_sending_open (DmsP2pKadSending *sending)
{
  const char *const protocols[] = { sending->requester->protocol, NULL };

  sending->is_reused = FALSE;
  dms_p2p_host_open_stream_async (sending->requester->host,
                                  sending->peer,
                                  protocols,
                                  sending->cancellable,
                                  dms_p2p_kad_sending_on_opened,
                                  g_rc_box_acquire (sending));
}

void
dms_p2p_kad_requester_send (DmsP2pKadRequester *self,
                            guint64 request,
                            DmsPeerId *peer,
                            GBytes *message,
                            gboolean wants_answer)
{
  DmsP2pKadSending *sending = g_rc_box_new0 (DmsP2pKadSending);
  gsize size = 0;
  const void *data = g_bytes_get_data (message, &size);

  sending->requester = self;
  sending->number = request;
  sending->peer = dms_peer_id_ref (peer);
  sending->frame = dms_p2p_frame_new (data, size);
  sending->wants_answer = wants_answer;
  sending->cancellable = g_cancellable_new ();
  sending->line = dms_p2p_kad_requester_take_idle (self, peer);
  g_hash_table_insert (self->sendings, &sending->number, sending);
  if (sending->line == NULL)
    {
      dms_p2p_kad_sending_open (sending);
      return;
    }
  sending->is_reused = TRUE;
  dms_p2p_kad_sending_write (sending);
}

void
dms_p2p_kad_requester_give_up (DmsP2pKadRequester *self, guint64 request)
{
  g_hash_table_remove (self->sendings, &request);
}

DmsP2pKadRequester *
dms_p2p_kad_requester_new (DmsP2pHost *host,
                           const char *protocol,
                           DmsP2pKadAnswered answered,
                           gpointer user_data)
{
  DmsP2pKadRequester *self = g_new0 (DmsP2pKadRequester, 1);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->host = g_object_ref (host);
  self->protocol = g_strdup (protocol);
  self->answered = answered;
  self->user_data = user_data;
  self->sendings = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, dms_p2p_kad_sending_forget);
  g_queue_init (&self->idle);
  self->idle_timer = g_timeout_source_new_seconds (DMS_P2P_KAD_IDLE_S / 2);
  g_source_set_static_name (self->idle_timer, "dms-p2p-kad-idle");
  g_source_set_callback (self->idle_timer, dms_p2p_kad_requester_on_idle_timer, self, NULL);
  g_source_attach (self->idle_timer, context);
  return self;
}

void
dms_p2p_kad_requester_free (DmsP2pKadRequester *self)
{
  g_source_destroy (self->idle_timer);
  g_clear_pointer (&self->idle_timer, g_source_unref);
  g_clear_pointer (&self->sendings, g_hash_table_unref);
  g_queue_clear_full (&self->idle, (GDestroyNotify) dms_p2p_kad_line_close);
  g_clear_pointer (&self->protocol, g_free);
  g_clear_object (&self->host);
  g_free (self);
}
