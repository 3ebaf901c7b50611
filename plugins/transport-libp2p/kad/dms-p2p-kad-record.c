/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-record.h"

#include "kad/dms-p2p-kad-limits.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

enum
{
  DMS_P2P_KAD_RECORD_KEY = 1,
  DMS_P2P_KAD_RECORD_VALUE = 2,
  DMS_P2P_KAD_RECORD_RECEIVED = 5,
};

struct _DmsP2pKadRecord
{
  GBytes *key;
  GBytes *value;
  char *received;
};

DmsP2pKadRecord *
dms_p2p_kad_record_new (GBytes *key, GBytes *value, const char *received)
{
  DmsP2pKadRecord *self = g_atomic_rc_box_new0 (DmsP2pKadRecord);

  self->key = g_bytes_ref (key);
  self->value = value != NULL ? g_bytes_ref (value) : g_bytes_new (NULL, 0);
  self->received = g_strdup (received);
  return self;
}

static void
dms_p2p_kad_record_take (GBytes **place, const DmsP2pProtoReader *reader)
{
  g_clear_pointer (place, g_bytes_unref);
  *place = dms_p2p_proto_reader_dup_bytes (reader);
}

DmsP2pKadRecord *
dms_p2p_kad_record_decode (const guint8 *data, gsize size)
{
  DmsP2pProtoReader reader;
  g_autoptr (GBytes) key = NULL;
  g_autoptr (GBytes) value = NULL;
  g_autofree char *received = NULL;

  if (size > DMS_P2P_KAD_MAX_REQUEST_SIZE)
    return NULL;
  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_KAD_RECORD_KEY, DMS_P2P_PROTO_BYTES))
        dms_p2p_kad_record_take (&key, &reader);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_KAD_RECORD_VALUE, DMS_P2P_PROTO_BYTES))
        dms_p2p_kad_record_take (&value, &reader);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_KAD_RECORD_RECEIVED, DMS_P2P_PROTO_BYTES))
        {
          g_free (received);
          received = dms_p2p_proto_reader_dup_text (&reader, DMS_P2P_KAD_MAX_TIME_SIZE);
        }
    }
  if (dms_p2p_proto_reader_has_failed (&reader))
    return NULL;
  if (key == NULL)
    key = g_bytes_new (NULL, 0);
  if (g_bytes_get_size (key) > DMS_P2P_KAD_MAX_KEY_SIZE ||
      (value != NULL && g_bytes_get_size (value) > DMS_P2P_KAD_MAX_VALUE_SIZE))
    return NULL;
  return dms_p2p_kad_record_new (key, value, received);
}

void
dms_p2p_kad_record_encode (DmsP2pKadRecord *self, GByteArray *out)
{
  dms_p2p_proto_write_gbytes (out, DMS_P2P_KAD_RECORD_KEY, self->key);
  dms_p2p_proto_write_gbytes (out, DMS_P2P_KAD_RECORD_VALUE, self->value);
  if (self->received != NULL)
    dms_p2p_proto_write_text (out, DMS_P2P_KAD_RECORD_RECEIVED, self->received);
}

DmsP2pKadRecord *
dms_p2p_kad_record_ref (DmsP2pKadRecord *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_p2p_kad_record_clear (gpointer data)
{
  DmsP2pKadRecord *self = data;

  g_bytes_unref (self->key);
  g_bytes_unref (self->value);
  g_free (self->received);
}

void
dms_p2p_kad_record_unref (DmsP2pKadRecord *self)
{
  g_atomic_rc_box_release_full (self, dms_p2p_kad_record_clear);
}

GBytes *
dms_p2p_kad_record_get_key (DmsP2pKadRecord *self)
{
  return self->key;
}

GBytes *
dms_p2p_kad_record_get_value (DmsP2pKadRecord *self)
{
  return self->value;
}

const char *
dms_p2p_kad_record_get_received (DmsP2pKadRecord *self)
{
  return self->received;
}
