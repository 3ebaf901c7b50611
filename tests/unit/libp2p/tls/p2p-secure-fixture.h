/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "security/dms-p2p-secured.h"

typedef void (*P2pHandshake) (DmsP2pPipe *raw,
                              DmsP2pIdentity *identity,
                              gboolean is_client,
                              DmsPeerId *expected,
                              const char *const *muxers,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
typedef DmsP2pSecured *(*P2pHandshakeFinish) (GAsyncResult *result, GError **error);

/* One of the security protocols. */
typedef struct
{
  const char *name;
  P2pHandshake handshake;
  P2pHandshakeFinish finish;
} P2pSecurity;

/* One end of a handshake. */
typedef struct
{
  const P2pSecurity *security;
  DmsP2pIdentity *identity;
  DmsPeerId *expected;
  const char *const *muxers;
  GCancellable *cancellable;
  DmsP2pPipe *raw;
  DmsP2pSecured *secured;
  GError *error;
  gboolean is_over;
} P2pEnd;

extern const P2pSecurity p2p_security_tls;
extern const P2pSecurity p2p_security_noise;

void p2p_socket_pair (DmsP2pPipe **first, DmsP2pPipe **second);
DmsP2pPipe *p2p_pipe_of_fd (int fd);

void p2p_end_init (P2pEnd *self, const P2pSecurity *security, DmsP2pPipe *raw);
void p2p_end_start (P2pEnd *self, gboolean is_client);
void p2p_end_clear (P2pEnd *self);

/* Runs the main loop until both are over. */
void p2p_ends_run (P2pEnd *client, P2pEnd *server);
/* Makes two ends over a socket pair and expects them to be secured. */
void p2p_ends_secure (P2pEnd *client, P2pEnd *server, const P2pSecurity *security);

/* Runs the main loop until *@done; fails after a while. */
void p2p_run_until (const gboolean *done);

/* A pipe that passes @most bytes at a time on, in both directions. */
DmsP2pPipe *p2p_slow_pipe_new (DmsP2pPipe *below, gsize most);
/* From now on, the byte number @at of those that are read has a bit changed. */
void p2p_slow_pipe_flip (DmsP2pPipe *pipe, gsize at);
