/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What is between a client and a server: a path that loses, doubles, swaps, damages and moves. */
typedef struct
{
  GSocket *front;
  GSocket *back;
  GSource *front_source;
  GSource *back_source;
  GSocketAddress *client;
  DmsMultiaddr *address;
  GRand *random;
  /* One that the next will overtake, if it comes within some milliseconds. */
  GBytes *held;
  GSocket *held_socket;
  GSocketAddress *held_to;
  guint held_id;

  /* Of a thousand datagrams each way. */
  guint lose_forth;
  guint lose_back;
  guint damage;
  guint twice;
  guint swap;
  guint n_forth;
  guint n_back;
} DmsQuicRelay;

void dms_quic_relay_set_up (DmsQuicRelay *self, DmsMultiaddr *server);
void dms_quic_relay_tear_down (DmsQuicRelay *self);
/* As a NAT that gives the client another port. */
void dms_quic_relay_move (DmsQuicRelay *self);

G_END_DECLS
