/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "quic/dms-p2p-quic-private.h"

/* Datagrams to a socket that listens: each is two bytes of length, little-endian, and so many bytes. Those
 * with a first byte that is odd are stretched to what a client's first datagram has at least. */

#define STRETCHED     1200
#define MAX_DATAGRAMS 32

static DmsP2pQuic *
get_transport (void)
{
  static DmsP2pTransport *transport = NULL;
  g_autoptr (DmsP2pIdentity) identity = NULL;
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (DmsMultiaddr) real = NULL;

  if (transport != NULL)
    return DMS_P2P_QUIC (transport);
  identity = dms_p2p_identity_new_random ();
  transport = dms_p2p_quic_new (identity);
  address = dms_multiaddr_new ("/ip4/127.0.0.1/udp/0/quic-v1", NULL);
  real = dms_p2p_transport_listen (transport, address, NULL);
  g_assert_nonnull (real);
  /* What has come to nothing is forgotten soon, so that one input says little to the next. */
  dms_p2p_quic_get_settings (DMS_P2P_QUIC (transport))->handshake_timeout_ms = 1;
  return DMS_P2P_QUIC (transport);
}

static void
take (DmsP2pQuicEndpoint *endpoint, const guint8 *data, gsize size)
{
  ngtcp2_sockaddr_union remote = { .in = { .sin_family = AF_INET, .sin_port = g_htons (9) } };
  const ngtcp2_addr *local = dms_p2p_quic_socket_get_address (dms_p2p_quic_endpoint_get_socket (endpoint));
  const ngtcp2_path path = { *local, { &remote.sa, sizeof remote.in }, NULL };
  g_autofree guint8 *copy = NULL;

  remote.in.sin_addr.s_addr = g_htonl (INADDR_LOOPBACK);
  if (size > 0 && (data[0] & 1) && size < STRETCHED)
    {
      copy = g_malloc0 (STRETCHED);
      memcpy (copy, data, size);
      size = STRETCHED;
    }
  else
    copy = g_memdup2 (data, size);
  dms_p2p_quic_endpoint_take (endpoint, &path, copy, size);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  DmsP2pQuic *transport = get_transport ();
  DmsP2pQuicEndpoint *endpoint = dms_p2p_quic_get_listener (transport);
  const DmsP2pQuicDoorLimits *limits = dms_p2p_quic_door_get_limits (dms_p2p_quic_get_door (transport));

  for (guint i = 0; size >= 2 && i < MAX_DATAGRAMS; i++)
    {
      gsize n = MIN ((gsize) data[0] | (gsize) data[1] << 8, size - 2);

      take (endpoint, data + 2, n);
      data += 2 + n;
      size -= 2 + n;
      g_assert_cmpuint (dms_p2p_quic_door_get_n_pending (dms_p2p_quic_get_door (transport)),
                        <=,
                        limits->max_unproven_per_ip);
    }
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  return 0;
}
