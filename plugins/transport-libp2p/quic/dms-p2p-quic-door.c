/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-door.h"

#include <ngtcp2/ngtcp2_crypto.h>
#include <sodium.h>
#include <string.h>

#include "quic/dms-p2p-quic-clock.h"

/* A pending handshake takes some 100 KB, and is for at most ten seconds: an address that is not proven can
 * hold less than 1 MB, all of them together 6 MB. */
#define DMS_P2P_QUIC_MAX_UNPROVEN        64
#define DMS_P2P_QUIC_MAX_UNPROVEN_PER_IP 16
#define DMS_P2P_QUIC_MAX_PENDING         512
#define DMS_P2P_QUIC_MAX_PENDING_PER_IP  128

/* As ngtcp2's own server has it: a client answers a Retry at once. */
#define DMS_P2P_QUIC_TOKEN_LIFETIME (10 * NGTCP2_SECONDS)
/* What looks like a packet of a connection that is gone is answered so many times a second. */
#define DMS_P2P_QUIC_MAX_ANSWERS 200
/* RFC 9000 section 10.3: at least 5 unpredictable bytes, and not to be told from other packets. */
#define DMS_P2P_QUIC_MIN_RESET 21
#define DMS_P2P_QUIC_MAX_RESET 43

typedef struct
{
  guint n;
  guint n_unproven;
} DmsP2pQuicVisitors;

struct _DmsP2pQuicDoor
{
  gatomicrefcount ref_count;
  DmsP2pQuicDoorLimits limits;
  guint8 *secret;
  guint8 *reset_secret;
  guint n;
  guint n_unproven;
  GHashTable *by_ip;
  ngtcp2_tstamp second;
  guint n_answers;
};

#define DMS_P2P_QUIC_SECRET_SIZE 32

DmsP2pQuicDoor *
dms_p2p_quic_door_new (void)
{
  DmsP2pQuicDoor *self = g_new0 (DmsP2pQuicDoor, 1);

  if (sodium_init () < 0)
    g_error ("libsodium could not be set up");
  g_atomic_ref_count_init (&self->ref_count);
  self->limits.max_unproven = DMS_P2P_QUIC_MAX_UNPROVEN;
  self->limits.max_unproven_per_ip = DMS_P2P_QUIC_MAX_UNPROVEN_PER_IP;
  self->limits.max_total = DMS_P2P_QUIC_MAX_PENDING;
  self->limits.max_per_ip = DMS_P2P_QUIC_MAX_PENDING_PER_IP;
  self->secret = sodium_malloc (DMS_P2P_QUIC_SECRET_SIZE);
  g_assert (self->secret != NULL);
  randombytes_buf (self->secret, DMS_P2P_QUIC_SECRET_SIZE);
  self->reset_secret = sodium_malloc (DMS_P2P_QUIC_SECRET_SIZE);
  g_assert (self->reset_secret != NULL);
  randombytes_buf (self->reset_secret, DMS_P2P_QUIC_SECRET_SIZE);
  self->by_ip = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, g_free);
  return self;
}

DmsP2pQuicDoor *
dms_p2p_quic_door_ref (DmsP2pQuicDoor *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dms_p2p_quic_door_unref (DmsP2pQuicDoor *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  sodium_free (self->secret);
  sodium_free (self->reset_secret);
  g_hash_table_unref (self->by_ip);
  g_free (self);
}

DmsP2pQuicDoorLimits *
dms_p2p_quic_door_get_limits (DmsP2pQuicDoor *self)
{
  return &self->limits;
}

guint
dms_p2p_quic_door_get_n_pending (DmsP2pQuicDoor *self)
{
  return self->n;
}

/* An IPv4 address, or the /64 that one subscriber of IPv6 has. */
static GBytes *
dms_p2p_quic_door_make_key (const ngtcp2_addr *remote)
{
  if (remote->addr->sa_family == AF_INET6)
    return g_bytes_new (&((const ngtcp2_sockaddr_in6 *) remote->addr)->sin6_addr, 8);
  return g_bytes_new (&((const ngtcp2_sockaddr_in *) remote->addr)->sin_addr, 4);
}

DmsP2pQuicVerdict
dms_p2p_quic_door_judge (DmsP2pQuicDoor *self,
                         const ngtcp2_pkt_hd *header,
                         const ngtcp2_path *path,
                         ngtcp2_cid *original)
{
  g_autoptr (GBytes) key = dms_p2p_quic_door_make_key (&path->remote);
  const DmsP2pQuicVisitors *visitors = g_hash_table_lookup (self->by_ip, key);
  gboolean is_proven = FALSE;

  original->datalen = 0;
  if (header->token.len > 0 && header->token.base[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY)
    {
      is_proven = ngtcp2_crypto_verify_retry_token (original,
                                                    header->token.base,
                                                    header->token.len,
                                                    self->secret,
                                                    DMS_P2P_QUIC_SECRET_SIZE,
                                                    header->version,
                                                    path->remote.addr,
                                                    path->remote.addrlen,
                                                    &header->dcid,
                                                    DMS_P2P_QUIC_TOKEN_LIFETIME,
                                                    dms_p2p_quic_clock ()) == 0;
      /* A client takes one Retry only: another would leave it waiting (RFC 9000 section 8.1.2). */
      if (!is_proven)
        return DMS_P2P_QUIC_REFUSE;
    }
  if (!is_proven && (self->n_unproven >= self->limits.max_unproven ||
                     (visitors != NULL && visitors->n_unproven >= self->limits.max_unproven_per_ip)))
    return DMS_P2P_QUIC_RETRY;
  if (self->n >= self->limits.max_total || (visitors != NULL && visitors->n >= self->limits.max_per_ip))
    return DMS_P2P_QUIC_REFUSE;
  return DMS_P2P_QUIC_ADMIT;
}

void
dms_p2p_quic_door_enter (DmsP2pQuicDoor *self, const ngtcp2_addr *remote, gboolean is_proven)
{
  g_autoptr (GBytes) key = dms_p2p_quic_door_make_key (remote);
  DmsP2pQuicVisitors *visitors = g_hash_table_lookup (self->by_ip, key);

  if (visitors == NULL)
    {
      visitors = g_new0 (DmsP2pQuicVisitors, 1);
      g_hash_table_insert (self->by_ip, g_steal_pointer (&key), visitors);
    }
  self->n++;
  visitors->n++;
  if (is_proven)
    return;
  self->n_unproven++;
  visitors->n_unproven++;
}

void
dms_p2p_quic_door_leave (DmsP2pQuicDoor *self, const ngtcp2_addr *remote, gboolean is_proven)
{
  g_autoptr (GBytes) key = dms_p2p_quic_door_make_key (remote);
  DmsP2pQuicVisitors *visitors = g_hash_table_lookup (self->by_ip, key);

  g_return_if_fail (visitors != NULL);
  self->n--;
  visitors->n--;
  if (!is_proven)
    {
      self->n_unproven--;
      visitors->n_unproven--;
    }
  if (visitors->n == 0)
    g_hash_table_remove (self->by_ip, key);
}

void
dms_p2p_quic_door_set_identity (DmsP2pQuicDoor *self, DmsP2pIdentity *identity)
{
  static const char LABEL[] = "dms: secret of QUIC stateless resets, version 1";
  guint8 signature[64];

  /* Nobody else can make this signature, and we can make it again. */
  dms_p2p_identity_sign (identity, LABEL, sizeof LABEL, signature);
  crypto_generichash (self->reset_secret, DMS_P2P_QUIC_SECRET_SIZE, signature, sizeof signature, NULL, 0);
  sodium_memzero (signature, sizeof signature);
}

void
dms_p2p_quic_door_make_reset_token (DmsP2pQuicDoor *self, const ngtcp2_cid *cid, guint8 *token)
{
  if (ngtcp2_crypto_generate_stateless_reset_token (
          token, self->reset_secret, DMS_P2P_QUIC_SECRET_SIZE, cid) != 0)
    randombytes_buf (token, NGTCP2_STATELESS_RESET_TOKENLEN);
}

gsize
dms_p2p_quic_door_write_retry (DmsP2pQuicDoor *self,
                               const ngtcp2_pkt_hd *header,
                               const ngtcp2_path *path,
                               guint8 *packet,
                               gsize size)
{
  guint8 token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
  ngtcp2_cid id = { .datalen = DMS_P2P_QUIC_CID_SIZE };
  ngtcp2_ssize n = 0;

  randombytes_buf (id.data, id.datalen);
  n = ngtcp2_crypto_generate_retry_token (token,
                                          self->secret,
                                          DMS_P2P_QUIC_SECRET_SIZE,
                                          header->version,
                                          path->remote.addr,
                                          path->remote.addrlen,
                                          &id,
                                          &header->dcid,
                                          dms_p2p_quic_clock ());
  if (n > 0)
    n = ngtcp2_crypto_write_retry (
        packet, size, header->version, &header->scid, &id, &header->dcid, token, (gsize) n);
  return n > 0 ? (gsize) n : 0;
}

/* Bounds what is answered to packets that anybody can forge. */
static gboolean
dms_p2p_quic_door_may_answer (DmsP2pQuicDoor *self)
{
  ngtcp2_tstamp second = dms_p2p_quic_clock () / NGTCP2_SECONDS;

  if (second != self->second)
    self->n_answers = 0;
  self->second = second;
  return ++self->n_answers <= DMS_P2P_QUIC_MAX_ANSWERS;
}

gsize
dms_p2p_quic_door_write_refusal (DmsP2pQuicDoor *self,
                                 const ngtcp2_pkt_hd *header,
                                 guint8 *packet,
                                 gsize size)
{
  ngtcp2_ssize n = 0;

  if (!dms_p2p_quic_door_may_answer (self))
    return 0;
  n = ngtcp2_crypto_write_connection_close (
      packet, size, header->version, &header->scid, &header->dcid, NGTCP2_CONNECTION_REFUSED, NULL, 0);
  return n > 0 ? (gsize) n : 0;
}

gsize
dms_p2p_quic_door_write_versions (DmsP2pQuicDoor *self,
                                  const ngtcp2_version_cid *ids,
                                  guint8 *packet,
                                  gsize size)
{
  /* One of those that are reserved, so that clients learn to skip what they do not know (RFC 9000 section
   * 15). */
  guint32 versions[] = { (randombytes_random () & 0xf0f0f0f0) | NGTCP2_RESERVED_VERSION_MASK,
                         NGTCP2_PROTO_VER_V1 };
  ngtcp2_ssize n = 0;

  if (!dms_p2p_quic_door_may_answer (self))
    return 0;
  n = ngtcp2_pkt_write_version_negotiation (packet,
                                            size,
                                            (guint8) randombytes_random (),
                                            ids->scid,
                                            ids->scidlen,
                                            ids->dcid,
                                            ids->dcidlen,
                                            versions,
                                            G_N_ELEMENTS (versions));
  return n > 0 ? (gsize) n : 0;
}

gsize
dms_p2p_quic_door_write_reset (DmsP2pQuicDoor *self,
                               const ngtcp2_version_cid *ids,
                               gsize received,
                               guint8 *packet,
                               gsize size)
{
  guint8 noise[DMS_P2P_QUIC_MAX_RESET - NGTCP2_STATELESS_RESET_TOKENLEN];
  guint8 token[NGTCP2_STATELESS_RESET_TOKENLEN];
  ngtcp2_cid cid = { .datalen = ids->dcidlen };
  gsize length = MIN (received - 1, DMS_P2P_QUIC_MAX_RESET);
  ngtcp2_ssize n = 0;

  /* Shorter than what it answers, so that two hosts that lost all do not answer each other for ever. */
  if (received <= DMS_P2P_QUIC_MIN_RESET || cid.datalen > sizeof cid.data ||
      !dms_p2p_quic_door_may_answer (self))
    return 0;
  memcpy (cid.data, ids->dcid, cid.datalen);
  dms_p2p_quic_door_make_reset_token (self, &cid, token);
  randombytes_buf (noise, sizeof noise);
  n = ngtcp2_pkt_write_stateless_reset (packet, size, token, noise, length - NGTCP2_STATELESS_RESET_TOKENLEN);
  return n > 0 ? (gsize) n : 0;
}
