/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "yamux/dms-p2p-yamux-frame.h"
#include "yamux/dms-p2p-yamux-output.h"
#include "yamux/dms-p2p-yamux-queue.h"
#include "yamux/dms-p2p-yamux-stream.h"
#include "yamux/dms-p2p-yamux.h"

G_BEGIN_DECLS

enum
{
  /* spec.md, "Flow Control": what a stream may send at first. */
  DMS_P2P_YAMUX_WINDOW_FIRST = 256 * 1024,
  /* go-yamux, MaxStreamWindowSize. */
  DMS_P2P_YAMUX_WINDOW_MAX = 16 * 1024 * 1024,
  /* With its header 64 KiB, which are four full TLS records. */
  DMS_P2P_YAMUX_DATA_MAX = 64 * 1024 - DMS_P2P_YAMUX_HEADER_BYTES,
  /* libp2p specs, yamux, "ACK backlog". */
  DMS_P2P_YAMUX_BACKLOG = 256,
  /* Streams that the other side may have open at once; go-yamux and js-yamux allow 1,000. */
  DMS_P2P_YAMUX_INBOUND_MAX = 1024,
  /* IDs of the other side below the newest that may still come: go-yamux sends SYNs of its threads in any
   * order. */
  DMS_P2P_YAMUX_SEEN_IDS = 2048,
  /* Small frames made in one turn of the main loop go out in one piece up to this. */
  DMS_P2P_YAMUX_HOLD_BYTES = 16 * 1024,
  /* Above this many bytes that the pipe has not taken streams do not write. */
  DMS_P2P_YAMUX_OUTPUT_FULL = 64 * 1024,
  /* The other side makes us answer and does not read: more answers, or more bytes, end the session. */
  DMS_P2P_YAMUX_ANSWERS_MAX = 1024,
  DMS_P2P_YAMUX_OUTPUT_MAX = 1024 * 1024,
  /* What a stream may send while others wait to. */
  DMS_P2P_YAMUX_QUANTUM = 64 * 1024,
};

struct _DmsP2pYamuxStream
{
  DmsP2pPipe parent_instance;

  DmsP2pYamux *session; /* not owned; NULL when the stream is done */
  GList all_link;
  GList waiting_link;
  GList ready_link;
  GList linger_link;
  guint32 id; /* 0 before the SYN is sent */
  guint32 send_window;
  guint32 credit;         /* what it may send out of turn */
  guint32 receive_window; /* what the other side may still send */
  guint32 receive_max;
  guint32 unread; /* of what it sent: not read yet, or not even here */
  guint32 n_discarded;
  guint is_inbound : 1;
  guint is_accepted : 1;
  guint syn_due : 1;
  guint ack_due : 1;
  guint ack_awaited : 1;
  guint sent_fin : 1;
  guint got_fin : 1;
  guint is_closed : 1;
  guint is_waiting : 1;
  guint is_late : 1;
  guint is_ready : 1;
  guint is_lingering : 1;
  gsize charged;
  gint64 epoch; /* when the window last began to be used */
  gint64 lingers_since;
  DmsP2pYamuxQueue queue;
  const guint8 *borrowed; /* still in the session's buffer */
  gsize n_borrowed;
  GError *error;
};

struct _DmsP2pYamux
{
  DmsP2pMuxer parent_instance;

  DmsP2pPipe *pipe;
  GMainContext *context;
  gboolean is_client;
  gboolean is_ending;
  gboolean has_ended;
  gboolean we_go_away;
  gboolean they_go_away;
  GError *error;

  /* Streams. */
  GHashTable *streams; /* ID → stream, not owned */
  GQueue all;
  GQueue waiting;    /* to write, in turn */
  guint n_late;      /* that were told and will write later */
  guint n_patient;   /* rounds of turns to go slowly in for those */
  GQueue ready;      /* to be told, at the end of this turn of the main loop */
  GQueue lingering;  /* closed here and not there; owned */
  GQueue unaccepted; /* owned */
  guint n_inbound;
  guint n_inbound_max;
  guint n_unacknowledged;
  guint32 next_id;
  guint32 newest_id; /* of the other side */
  guint8 seen[DMS_P2P_YAMUX_SEEN_IDS / 8];

  /* Input. */
  guint8 *input;
  gsize n_input;
  gsize input_room;
  gboolean is_reading;
  gboolean has_more; /* that was too much for one turn of the main loop */
  guint turn_cost;
  guint32 data_left;
  guint16 data_flags;
  DmsP2pYamuxStream *data_stream; /* not owned */
  guint64 bytes_in;

  /* Output. */
  DmsP2pYamuxOutput output;
  guint held;
  gboolean is_blocked;
  guint n_answers;
  guint64 bytes_out;

  /* Main loop. */
  GSource *pump;
  GSource *end;
  GSource *timer;

  /* Pings. */
  guint ping_interval_ms;
  guint ping_timeout_ms;
  guint32 ping_id;
  gboolean ping_awaited;
  gint64 ping_sent;
  gint64 last_input;
  gint64 rtt_us;
};

/* For streams. */
gboolean dms_p2p_yamux_begin_stream (DmsP2pYamux *self, DmsP2pYamuxStream *stream, GError **error);
void dms_p2p_yamux_forget_stream (DmsP2pYamux *self, DmsP2pYamuxStream *stream);
void dms_p2p_yamux_linger_stream (DmsP2pYamux *self, DmsP2pYamuxStream *stream);
void dms_p2p_yamux_make_wait (DmsP2pYamux *self, DmsP2pYamuxStream *stream);
void dms_p2p_yamux_make_ready (DmsP2pYamux *self, DmsP2pYamuxStream *stream);
void dms_p2p_yamux_note_written (DmsP2pYamux *self, DmsP2pYamuxStream *stream, guint32 size);
void dms_p2p_yamux_stop_waiting (DmsP2pYamux *self, DmsP2pYamuxStream *stream);
gboolean dms_p2p_yamux_may_write (DmsP2pYamux *self, DmsP2pYamuxStream *stream);

/* Output, dms-p2p-yamux-sending.c. */
gssize dms_p2p_yamux_send_data (DmsP2pYamux *self,
                                const DmsP2pYamuxFrame *frame,
                                GOutputVector *vectors,
                                gsize n_vectors);
void dms_p2p_yamux_send (DmsP2pYamux *self, guint8 type, guint16 flags, guint32 id, guint32 length);
void dms_p2p_yamux_answer (DmsP2pYamux *self, guint8 type, guint16 flags, guint32 id, guint32 length);
void dms_p2p_yamux_hold (DmsP2pYamux *self);
void dms_p2p_yamux_unhold (DmsP2pYamux *self);
gboolean dms_p2p_yamux_flush (DmsP2pYamux *self);
void dms_p2p_yamux_watch (DmsP2pYamux *self);

/* Input, dms-p2p-yamux-parsing.c. */
void dms_p2p_yamux_read_input (DmsP2pYamux *self);
void dms_p2p_yamux_trim_input (DmsP2pYamux *self);
gboolean dms_p2p_yamux_can_accept (DmsP2pYamux *self);
void dms_p2p_yamux_accept_waiting (DmsP2pYamux *self);

/* Pings, dms-p2p-yamux-ping.c. */
void dms_p2p_yamux_begin_pings (DmsP2pYamux *self);
void dms_p2p_yamux_take_ping (DmsP2pYamux *self, const DmsP2pYamuxFrame *frame);
void dms_p2p_yamux_set_keep_alive (DmsP2pYamux *self, guint interval_ms, guint timeout_ms);

/* Ends the session from the main loop, soon. Takes @error; NULL when all is in order. */
void dms_p2p_yamux_fail (DmsP2pYamux *self, GError *error);
void dms_p2p_yamux_give_up (DmsP2pYamux *self, GError *error);
void dms_p2p_yamux_fail_protocol (DmsP2pYamux *self, const char *what, guint32 id);
void dms_p2p_yamux_schedule (DmsP2pYamux *self);
void dms_p2p_yamux_check_done (DmsP2pYamux *self);
void dms_p2p_yamux_drop_source (GSource **source);

G_END_DECLS
