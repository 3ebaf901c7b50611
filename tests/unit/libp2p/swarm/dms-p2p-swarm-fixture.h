/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-p2p-memory.h"
#include "swarm/dms-p2p-swarm-private.h"

G_BEGIN_DECLS

/* A host of a test: a swarm on a memory transport, and what it was told. */
typedef struct
{
  DmsP2pIdentity *identity;
  DmsPeerId *peer;
  DmsP2pLimits *limits;
  DmsP2pPeerStore *store;
  DmsP2pMemory *memory;
  DmsP2pSwarm *swarm;
  char *address;
  char *quic_address;
  guint n_opened;
  guint n_closed;
  guint n_streams;
  /* DmsP2pPipe, echoed; with a DmsP2pReservation each. */
  GPtrArray *pipes;
  GPtrArray *reservations;
} DmsP2pSwarmFixture;

/* @address: where it listens; NULL for nowhere. */
DmsP2pSwarmFixture *dms_p2p_swarm_fixture_new (const char *address);
/* On TCP at 127.0.0.1 instead; no memory transport. */
DmsP2pSwarmFixture *dms_p2p_swarm_fixture_new_tcp (void);
/* On QUIC there; with TCP besides, which has the address then. */
DmsP2pSwarmFixture *dms_p2p_swarm_fixture_new_quic (gboolean with_tcp);
void dms_p2p_swarm_fixture_free (DmsP2pSwarmFixture *self);

/* What a connect came to. */
typedef struct
{
  gboolean is_done;
  DmsP2pConnection *connection;
  GError *error;
} DmsP2pSwarmOutcome;

/* Addresses may be NULL. */
void dms_p2p_swarm_fixture_connect (DmsP2pSwarmFixture *self,
                                    DmsPeerId *peer,
                                    const char *const *addresses,
                                    gboolean force,
                                    GCancellable *cancellable,
                                    DmsP2pSwarmOutcome *outcome);
/* Connects and waits. */
DmsP2pConnection *
dms_p2p_swarm_fixture_reach (DmsP2pSwarmFixture *self, DmsP2pSwarmFixture *other, const char *address);
void dms_p2p_swarm_outcome_clear (DmsP2pSwarmOutcome *self);
void dms_p2p_swarm_outcome_wait (DmsP2pSwarmOutcome *self);

/* Of the limits' JSON. */
gint64 dms_p2p_swarm_fixture_get_limit (DmsP2pSwarmFixture *self,
                                        const char *scope,
                                        const char *resource,
                                        const char *member);

void dms_p2p_test_run (guint ms);
/* Until both have this one connection and no more, or patience ends. */
void dms_p2p_swarm_fixture_settle (DmsP2pSwarmFixture *self, DmsP2pSwarmFixture *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pSwarmFixture, dms_p2p_swarm_fixture_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DmsP2pSwarmOutcome, dms_p2p_swarm_outcome_clear)

G_END_DECLS
