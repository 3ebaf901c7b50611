/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-relay-voucher.h"

#include "identity/dms-p2p-envelope.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

/* libp2p specs, relay/circuit-v2, "Reservation Vouchers". */
#define DMS_P2P_RELAY_VOUCHER_DOMAIN "libp2p-relay-rsvp"

enum
{
  DMS_P2P_RELAY_VOUCHER_RELAY = 1,
  DMS_P2P_RELAY_VOUCHER_PEER = 2,
  DMS_P2P_RELAY_VOUCHER_EXPIRATION = 3,
};

/* multicodec `libp2p-relay-rsvp`, as bytes. */
static const guint8 dms_p2p_relay_voucher_type[] = { 0x03, 0x02 };

GBytes *
dms_p2p_relay_voucher_seal (DmsP2pIdentity *relay, DmsPeerId *peer, guint64 expire_s)
{
  g_autoptr (GByteArray) voucher = g_byte_array_new ();
  g_autoptr (GBytes) type =
      g_bytes_new_static (dms_p2p_relay_voucher_type, sizeof dms_p2p_relay_voucher_type);
  g_autoptr (GBytes) relay_id = dms_peer_id_dup_bytes (dms_p2p_identity_get_peer_id (relay));
  g_autoptr (GBytes) peer_id = dms_peer_id_dup_bytes (peer);

  dms_p2p_proto_write_gbytes (voucher, DMS_P2P_RELAY_VOUCHER_RELAY, relay_id);
  dms_p2p_proto_write_gbytes (voucher, DMS_P2P_RELAY_VOUCHER_PEER, peer_id);
  dms_p2p_proto_write_number (voucher, DMS_P2P_RELAY_VOUCHER_EXPIRATION, expire_s);
  return dms_p2p_envelope_seal (relay, DMS_P2P_RELAY_VOUCHER_DOMAIN, type, voucher->data, voucher->len);
}

static gboolean
dms_p2p_relay_voucher_names (const DmsP2pProtoReader *reader, DmsPeerId *peer)
{
  g_autoptr (GBytes) bytes = dms_p2p_proto_reader_dup_bytes (reader);
  g_autoptr (DmsPeerId) named = dms_peer_id_new_from_bytes (bytes, NULL);

  return named != NULL && dms_peer_id_equal (named, peer);
}

gboolean
dms_p2p_relay_voucher_verify (GBytes *voucher,
                              DmsPeerId *relay,
                              DmsPeerId *peer,
                              guint64 *expire_s,
                              GError **error)
{
  g_autoptr (GBytes) type =
      g_bytes_new_static (dms_p2p_relay_voucher_type, sizeof dms_p2p_relay_voucher_type);
  g_autoptr (GBytes) payload = dms_p2p_envelope_open (g_bytes_get_data (voucher, NULL),
                                                      g_bytes_get_size (voucher),
                                                      DMS_P2P_RELAY_VOUCHER_DOMAIN,
                                                      type,
                                                      relay,
                                                      "a reservation voucher",
                                                      error);
  DmsP2pProtoReader reader;
  gboolean names_relay = FALSE;
  gboolean names_peer = FALSE;
  gboolean names_time = FALSE;

  if (payload == NULL)
    return FALSE;
  dms_p2p_proto_reader_init (&reader, g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_VOUCHER_RELAY, DMS_P2P_PROTO_BYTES))
        names_relay = dms_p2p_relay_voucher_names (&reader, relay);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_VOUCHER_PEER, DMS_P2P_PROTO_BYTES))
        names_peer = dms_p2p_relay_voucher_names (&reader, peer);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_VOUCHER_EXPIRATION, DMS_P2P_PROTO_VARINT))
        {
          *expire_s = reader.number;
          names_time = TRUE;
        }
    }
  if (!dms_p2p_proto_reader_has_failed (&reader) && names_relay && names_peer && names_time)
    return TRUE;
  g_set_error_literal (error,
                       DMS_ERROR,
                       DMS_ERROR_BAD_SIGNATURE,
                       "a reservation voucher is refused: it is malformed, or for another peer");
  return FALSE;
}
