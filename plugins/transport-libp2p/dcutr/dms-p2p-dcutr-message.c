/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dcutr/dms-p2p-dcutr-message.h"

#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

/* libp2p specs, relay/DCUtR, "RPC messages". */
enum
{
  DMS_P2P_DCUTR_TYPE = 1,
  DMS_P2P_DCUTR_ADDRESS = 2,
};

static void
dms_p2p_dcutr_message_add_address (GPtrArray *addresses, const DmsP2pProtoReader *reader)
{
  g_autoptr (GBytes) bytes = NULL;
  DmsMultiaddr *address = NULL;

  if (addresses == NULL || addresses->len >= DMS_P2P_DCUTR_MAX_ADDRESSES)
    return;
  bytes = dms_p2p_proto_reader_dup_bytes (reader);
  address = dms_multiaddr_new_from_bytes (bytes, NULL);
  if (address != NULL)
    g_ptr_array_add (addresses, address);
}

gboolean
dms_p2p_dcutr_message_decode (const guint8 *data,
                              gsize size,
                              DmsP2pDcutrType *type,
                              GPtrArray *addresses,
                              GError **error)
{
  DmsP2pProtoReader reader;
  guint64 said = 0;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_DCUTR_TYPE, DMS_P2P_PROTO_VARINT))
        said = reader.number;
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_DCUTR_ADDRESS, DMS_P2P_PROTO_BYTES))
        dms_p2p_dcutr_message_add_address (addresses, &reader);
    }
  if (dms_p2p_proto_reader_has_failed (&reader) ||
      (said != DMS_P2P_DCUTR_CONNECT && said != DMS_P2P_DCUTR_SYNC))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a message of DCUtR is malformed");
      return FALSE;
    }
  *type = (DmsP2pDcutrType) said;
  return TRUE;
}

GBytes *
dms_p2p_dcutr_message_encode (DmsP2pDcutrType type, GPtrArray *addresses)
{
  GByteArray *out = g_byte_array_new ();

  dms_p2p_proto_write_number (out, DMS_P2P_DCUTR_TYPE, type);
  for (guint i = 0; addresses != NULL && i < addresses->len && i < DMS_P2P_DCUTR_MAX_ADDRESSES; i++)
    {
      g_autoptr (GBytes) bytes = dms_multiaddr_dup_bytes (addresses->pdata[i]);

      if (bytes != NULL)
        dms_p2p_proto_write_gbytes (out, DMS_P2P_DCUTR_ADDRESS, bytes);
    }
  return dms_p2p_proto_free_to_framed (out);
}
