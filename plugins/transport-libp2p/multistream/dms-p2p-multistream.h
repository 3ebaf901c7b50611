/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

enum
{
  /* How long a negotiation may take (go-libp2p, DefaultNegotiationTimeout). */
  DMS_P2P_MULTISTREAM_TIMEOUT_S = 10,
};

/* multistream-select 1.0 over any pipe. The pipe stays the caller's; its handler is the negotiation's until
 * that has ended. Bytes that follow the negotiation stay in the pipe. Each negotiation has
 * DMS_P2P_MULTISTREAM_TIMEOUT_S. */

/* Finds the first of @protocols that the other side speaks. DMS_ERROR_NOT_SUPPORTED when there is none. After
 * an error the pipe is good for nothing but dms_p2p_pipe_reset(). */
void dms_p2p_multistream_select_async (DmsP2pPipe *pipe,
                                       const char *const *protocols,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
char *dms_p2p_multistream_select_finish (GAsyncResult *result, GError **error);

/* Says whether a protocol that the other side proposes is spoken here. */
typedef gboolean (*DmsP2pMultistreamKnows) (const char *protocol, gpointer user_data);

/* Answers proposals until one is known. */
void dms_p2p_multistream_accept_async (DmsP2pPipe *pipe,
                                       DmsP2pMultistreamKnows knows,
                                       gpointer knows_data,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
char *dms_p2p_multistream_accept_finish (GAsyncResult *result, GError **error);

/* A pipe for the one protocol of @pipe whose negotiation has not been answered: the proposal goes out
 * together with the first bytes written, and its answer is taken off what is read first; a refusal is an
 * error of the first read. Saves a round trip. Nobody else may use @pipe from here on. */
DmsP2pPipe *dms_p2p_multistream_lazy_new (DmsP2pPipe *pipe, const char *protocol);

G_END_DECLS
