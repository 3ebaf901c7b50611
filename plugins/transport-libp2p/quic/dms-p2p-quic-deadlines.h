/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* When somebody is to be called; zeroed but for @owner at first. It must not move while it is set. */
typedef struct
{
  gpointer owner;
  gint64 at_us;
  /* In the heap, from 1; 0 when it is not set. */
  guint position;
} DmsP2pQuicDeadline;

/* Many deadlines, of which the earliest is known at once: a binary heap. So one source of the main loop does
 * for all connections of a socket. */
typedef struct _DmsP2pQuicDeadlines DmsP2pQuicDeadlines;

DmsP2pQuicDeadlines *dms_p2p_quic_deadlines_new (void);
void dms_p2p_quic_deadlines_free (DmsP2pQuicDeadlines *self);

void dms_p2p_quic_deadlines_set (DmsP2pQuicDeadlines *self, DmsP2pQuicDeadline *deadline, gint64 at_us);
void dms_p2p_quic_deadlines_remove (DmsP2pQuicDeadlines *self, DmsP2pQuicDeadline *deadline);
/* NULL when none is set. */
DmsP2pQuicDeadline *dms_p2p_quic_deadlines_get_first (DmsP2pQuicDeadlines *self);

G_END_DECLS
