/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "yamux/dms-p2p-yamux-private.h"

enum
{
  /* What is closed here and not there is reset after so long, when the timer comes next. */
  DMS_P2P_YAMUX_LINGER_S = 60,
};

static gboolean dms_p2p_yamux_on_timer (gpointer user_data);

static void
dms_p2p_yamux_arm (DmsP2pYamux *self, gint64 due)
{
  gint64 wait = MAX (due - g_get_monotonic_time (), 0);

  dms_p2p_yamux_drop_source (&self->timer);
  self->timer = g_timeout_source_new ((guint) (wait / 1000 + 1));
  g_source_set_callback (self->timer, dms_p2p_yamux_on_timer, self, NULL);
  g_source_attach (self->timer, self->context);
}

/* When the answer is overdue. All that comes shows that the other side lives: an answer may be behind it. */
static gint64
dms_p2p_yamux_get_deadline (DmsP2pYamux *self)
{
  return MAX (self->ping_sent, self->last_input) + (gint64) self->ping_timeout_ms * 1000;
}

static gint64
dms_p2p_yamux_get_due (DmsP2pYamux *self)
{
  return self->ping_sent + (gint64) self->ping_interval_ms * 1000;
}

static void
dms_p2p_yamux_send_ping (DmsP2pYamux *self, gint64 now)
{
  self->ping_id++;
  self->ping_awaited = TRUE;
  self->ping_sent = now;
  dms_p2p_yamux_send (self, DMS_P2P_YAMUX_PING, DMS_P2P_YAMUX_SYN, 0, self->ping_id);
}

static void
dms_p2p_yamux_end_lingering (DmsP2pYamux *self, gint64 now)
{
  DmsP2pYamuxStream *stream = NULL;

  while ((stream = g_queue_peek_head (&self->lingering)) != NULL)
    {
      if (now - stream->lingers_since < (gint64) DMS_P2P_YAMUX_LINGER_S * G_USEC_PER_SEC)
        return;
      dms_p2p_pipe_reset (DMS_P2P_PIPE (stream), 0);
    }
}

static gboolean
dms_p2p_yamux_on_timer (gpointer user_data)
{
  DmsP2pYamux *self = user_data;
  g_autoptr (DmsP2pYamux) keep = g_object_ref (self);
  gint64 now = g_get_monotonic_time ();

  if (self->is_ending)
    return G_SOURCE_REMOVE;
  if (self->ping_awaited && now >= dms_p2p_yamux_get_deadline (self))
    {
      dms_p2p_yamux_give_up (
          self,
          g_error_new (DMS_ERROR,
                       DMS_ERROR_TIMED_OUT,
                       "the other side of a yamux session has not answered a ping for %u ms",
                       self->ping_timeout_ms));
      return G_SOURCE_REMOVE;
    }
  if (!self->ping_awaited && now >= dms_p2p_yamux_get_due (self))
    {
      dms_p2p_yamux_send_ping (self, now);
      dms_p2p_yamux_trim_input (self);
      dms_p2p_yamux_output_trim (&self->output);
    }
  /* Also where pings are never answered, but something else comes all the time. */
  dms_p2p_yamux_end_lingering (self, now);
  if (self->is_ending)
    return G_SOURCE_REMOVE;
  dms_p2p_yamux_arm (self,
                     self->ping_awaited ? dms_p2p_yamux_get_deadline (self) : dms_p2p_yamux_get_due (self));
  return G_SOURCE_REMOVE;
}

/* The first measures the round trip, for the windows. */
void
dms_p2p_yamux_begin_pings (DmsP2pYamux *self)
{
  if (self->is_ending || self->ping_id > 0)
    return;
  dms_p2p_yamux_send_ping (self, g_get_monotonic_time ());
  if (!self->is_ending)
    dms_p2p_yamux_arm (self, dms_p2p_yamux_get_deadline (self));
}

void
dms_p2p_yamux_take_ping (DmsP2pYamux *self, const DmsP2pYamuxFrame *frame)
{
  gint64 sample = 0;

  if (frame->flags == DMS_P2P_YAMUX_SYN)
    {
      dms_p2p_yamux_answer (self, DMS_P2P_YAMUX_PING, DMS_P2P_YAMUX_ACK, 0, frame->length);
      return;
    }
  /* An answer to no question says nothing. */
  if (!self->ping_awaited || frame->length != self->ping_id)
    return;
  self->ping_awaited = FALSE;
  sample = MAX (g_get_monotonic_time () - self->ping_sent, 1);
  /* RFC 6298, section 2.3. */
  self->rtt_us = self->rtt_us < 0 ? sample : (7 * self->rtt_us + sample) / 8;
  dms_p2p_yamux_arm (self, dms_p2p_yamux_get_due (self));
}

/* For tests. Before the main loop runs. */
void
dms_p2p_yamux_set_keep_alive (DmsP2pYamux *self, guint interval_ms, guint timeout_ms)
{
  self->ping_interval_ms = interval_ms;
  self->ping_timeout_ms = timeout_ms;
}
