/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>
#include <ngtcp2/ngtcp2.h>

#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

/* What connection IDs of ours are long: all of one length, so that those of short headers can be told. */
#define DMS_P2P_QUIC_CID_SIZE 8

/* Who may begin a handshake, and the answers that need no state: Retry, version negotiation, refusals and
 * stateless resets. Counted; one for all sockets of a transport. */
typedef struct _DmsP2pQuicDoor DmsP2pQuicDoor;

typedef enum
{
  DMS_P2P_QUIC_ADMIT,
  DMS_P2P_QUIC_RETRY,
  DMS_P2P_QUIC_REFUSE,
} DmsP2pQuicVerdict;

/* The numbers of handshakes under way. */
typedef struct
{
  /* From addresses that may be forged, in total and of one IP: beyond these, clients have to show by a Retry
   * that they are where they say. */
  guint max_unproven;
  guint max_unproven_per_ip;
  guint max_total;
  guint max_per_ip;
} DmsP2pQuicDoorLimits;

DmsP2pQuicDoor *dms_p2p_quic_door_new (void);
DmsP2pQuicDoor *dms_p2p_quic_door_ref (DmsP2pQuicDoor *self);
void dms_p2p_quic_door_unref (DmsP2pQuicDoor *self);
/* From now on stateless resets are those of this identity: a peer of a run that ended without a word learns
 * from the next run that its connection is gone (RFC 9000 section 10.3.2). */
void dms_p2p_quic_door_set_identity (DmsP2pQuicDoor *self, DmsP2pIdentity *identity);
DmsP2pQuicDoorLimits *dms_p2p_quic_door_get_limits (DmsP2pQuicDoor *self);

/* @original is set when the packet has a good token from a Retry. */
DmsP2pQuicVerdict dms_p2p_quic_door_judge (DmsP2pQuicDoor *self,
                                           const ngtcp2_pkt_hd *header,
                                           const ngtcp2_path *path,
                                           ngtcp2_cid *original);
void dms_p2p_quic_door_enter (DmsP2pQuicDoor *self, const ngtcp2_addr *remote, gboolean is_proven);
void dms_p2p_quic_door_leave (DmsP2pQuicDoor *self, const ngtcp2_addr *remote, gboolean is_proven);
guint dms_p2p_quic_door_get_n_pending (DmsP2pQuicDoor *self);

void dms_p2p_quic_door_make_reset_token (DmsP2pQuicDoor *self, const ngtcp2_cid *cid, guint8 *token);

/* These write a packet and return its size, 0 when none shall be sent. */
gsize dms_p2p_quic_door_write_retry (DmsP2pQuicDoor *self,
                                     const ngtcp2_pkt_hd *header,
                                     const ngtcp2_path *path,
                                     guint8 *packet,
                                     gsize size);
gsize dms_p2p_quic_door_write_refusal (DmsP2pQuicDoor *self,
                                       const ngtcp2_pkt_hd *header,
                                       guint8 *packet,
                                       gsize size);
gsize dms_p2p_quic_door_write_versions (DmsP2pQuicDoor *self,
                                        const ngtcp2_version_cid *ids,
                                        guint8 *packet,
                                        gsize size);
gsize dms_p2p_quic_door_write_reset (DmsP2pQuicDoor *self,
                                     const ngtcp2_version_cid *ids,
                                     gsize received,
                                     guint8 *packet,
                                     gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pQuicDoor, dms_p2p_quic_door_unref)

G_END_DECLS
