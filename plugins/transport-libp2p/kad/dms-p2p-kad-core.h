/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-providers.h"
#include "kad/dms-p2p-kad-records.h"
#include "kad/dms-p2p-kad-table.h"

G_BEGIN_DECLS

/* Kademlia (libp2p specs, kad-dht) without a host, a socket or a clock: the same code runs over libp2p and a
 * thousand times in one process. Bytes of messages come in and go out by functions, without their length. */
typedef struct _DmsP2pKadCore DmsP2pKadCore;

/**
 * DmsP2pKadEnvironment:
 * @get_now_us: a clock that never goes back
 * @get_time_s: seconds since 1970
 * @randomize: (nullable): fills a buffer; %NULL for libsodium's
 * @send: sends a request to a peer, and says later, never from inside, what came of it:
 * dms_p2p_kad_core_answered() or dms_p2p_kad_core_failed(). One that wants no answer has been answered when
 * it is sent. The addresses of @peer are what others said of it
 * @give_up: nothing more is wanted of a request
 * @dup_addresses: (element-type DmsMultiaddr): where a peer, or this host itself, is known to be
 * @wake: (nullable): what dms_p2p_kad_core_get_deadline() says is sooner than it was
 *
 * What it needs of the world.
 */
typedef struct
{
  gint64 (*get_now_us) (gpointer user_data);
  gint64 (*get_time_s) (gpointer user_data);
  void (*randomize) (void *buffer, gsize size, gpointer user_data);
  void (*send) (guint64 request,
                DmsP2pKadPeer *peer,
                GBytes *message,
                gboolean wants_answer,
                gpointer user_data);
  void (*give_up) (guint64 request, gpointer user_data);
  GPtrArray *(*dup_addresses) (DmsPeerId *peer, gpointer user_data);
  void (*wake) (gpointer user_data);
} DmsP2pKadEnvironment;

/**
 * DmsP2pKadResult:
 * @error: (nullable): why nothing came of it
 * @peers: (element-type DmsP2pKadPeer): the closest ones that answered, the closest first; of a search for
 * one peer or for providers, these
 * @value: (nullable): what stands under the key
 * @n_stored: how many peers keep it
 * @n_requests: how many requests it took
 * @hops: how many answers led one after the other to the closest peer
 *
 * What became of an operation. Borrowed.
 */
typedef struct
{
  const GError *error;
  GPtrArray *peers;
  GBytes *value;
  guint n_stored;
  guint n_requests;
  guint hops;
} DmsP2pKadResult;

/* Told once, never from inside the call that began it. */
typedef void (*DmsP2pKadDone) (DmsP2pKadCore *self, const DmsP2pKadResult *result, gpointer user_data);

DmsP2pKadCore *
dms_p2p_kad_core_new (DmsPeerId *self_id, const DmsP2pKadEnvironment *environment, gpointer user_data);
/* Operations that are under way are told that they are given up. */
void dms_p2p_kad_core_free (DmsP2pKadCore *self);

/* What is to be done at a time. */
gint64 dms_p2p_kad_core_get_deadline (DmsP2pKadCore *self);
void dms_p2p_kad_core_poll (DmsP2pKadCore *self);

/* Peers that say they serve this protocol, and those that no longer say so. @remote: (nullable): where it is
 * met. */
void dms_p2p_kad_core_peer_serves (DmsP2pKadCore *self, DmsPeerId *peer, DmsMultiaddr *remote);
void dms_p2p_kad_core_peer_left (DmsP2pKadCore *self, DmsPeerId *peer);

/* A request of a peer. FALSE when it is refused; @answer is NULL when there is none to give. */
gboolean dms_p2p_kad_core_handle (DmsP2pKadCore *self,
                                  DmsPeerId *from,
                                  DmsMultiaddr *remote,
                                  GBytes *request,
                                  GBytes **answer,
                                  GError **error);
/* @answer: (nullable): NULL when none was wanted. @remote: (nullable): where it came from. */
void dms_p2p_kad_core_answered (DmsP2pKadCore *self, guint64 request, GBytes *answer, DmsMultiaddr *remote);
void dms_p2p_kad_core_failed (DmsP2pKadCore *self, guint64 request);

/* Operations. Each returns a number that it can be cancelled by. */

/* The peers closest to any key. */
guint64 dms_p2p_kad_core_find_closest (DmsP2pKadCore *self, GBytes *key, DmsP2pKadDone done, gpointer data);
/* Where a peer is. */
guint64 dms_p2p_kad_core_find_peer (DmsP2pKadCore *self, DmsPeerId *peer, DmsP2pKadDone done, gpointer data);
/* The best of the values under a key; those peers that should have it and do not get it. @quorum: after how
 * many equal answers it is believed; 0 for the usual number. */
guint64 dms_p2p_kad_core_get_value (DmsP2pKadCore *self,
                                    GBytes *key,
                                    guint quorum,
                                    DmsP2pKadDone done,
                                    gpointer data);
/* An empty value takes away what stands there. Put again from time to time. */
guint64 dms_p2p_kad_core_put_value (DmsP2pKadCore *self,
                                    GBytes *key,
                                    GBytes *value,
                                    DmsP2pKadDone done,
                                    gpointer data);
/* Told again from time to time. */
guint64 dms_p2p_kad_core_provide (DmsP2pKadCore *self, GBytes *multihash, DmsP2pKadDone done, gpointer data);
/* Not any more, and it is not found here any more. What others were told runs out. */
void dms_p2p_kad_core_stop_providing (DmsP2pKadCore *self, GBytes *multihash);
/* This host has other addresses now: what it provides is told again, within some minutes. */
void dms_p2p_kad_core_note_moved (DmsP2pKadCore *self);
guint64 dms_p2p_kad_core_find_providers (DmsP2pKadCore *self,
                                         GBytes *multihash,
                                         guint n,
                                         DmsP2pKadDone done,
                                         gpointer data);
/* It ends with DMS_ERROR_CANCELLED, told by the next poll. */
void dms_p2p_kad_core_cancel (DmsP2pKadCore *self, guint64 operation);

/* How many peers serve this protocol, this host included: by how closely the closest ones stand around it.
 * 0 while fewer are known than that takes. */
guint dms_p2p_kad_core_estimate_peers (DmsP2pKadCore *self);

DmsP2pKadTable *dms_p2p_kad_core_get_table (DmsP2pKadCore *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadCore, dms_p2p_kad_core_free)

G_END_DECLS
