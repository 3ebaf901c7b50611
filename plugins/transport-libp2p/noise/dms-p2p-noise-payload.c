/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "noise/dms-p2p-noise-payload.h"

#include <string.h>

#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

/* More muxers than this, and longer names, nobody has. */
#define DMS_P2P_NOISE_MAX_MUXERS 32
#define DMS_P2P_NOISE_MAX_MUXER  128

/* Numbers of fields: NoiseHandshakePayload and NoiseExtensions. */
enum
{
  DMS_P2P_NOISE_IDENTITY_KEY = 1,
  DMS_P2P_NOISE_IDENTITY_SIG = 2,
  DMS_P2P_NOISE_EXTENSIONS = 4,
  DMS_P2P_NOISE_STREAM_MUXERS = 2,
};

static const char dms_p2p_noise_prefix[] = "noise-libp2p-static-key:";

static GByteArray *
dms_p2p_noise_payload_build_message (const guint8 static_key[32])
{
  GByteArray *message = g_byte_array_sized_new (sizeof dms_p2p_noise_prefix + 32);

  g_byte_array_append (message, (const guint8 *) dms_p2p_noise_prefix, sizeof dms_p2p_noise_prefix - 1);
  g_byte_array_append (message, static_key, 32);
  return message;
}

GBytes *
dms_p2p_noise_payload_write (DmsP2pIdentity *identity, const guint8 static_key[32], const char *const *muxers)
{
  g_autoptr (GByteArray) message = dms_p2p_noise_payload_build_message (static_key);
  g_autoptr (GByteArray) extensions = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint8 signature[64];

  dms_p2p_identity_sign (identity, message->data, message->len, signature);
  dms_p2p_proto_write_gbytes (out,
                              DMS_P2P_NOISE_IDENTITY_KEY,
                              dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity)));
  dms_p2p_proto_write_bytes (out, DMS_P2P_NOISE_IDENTITY_SIG, signature, sizeof signature);
  for (guint i = 0; muxers != NULL && muxers[i] != NULL; i++)
    dms_p2p_proto_write_text (extensions, DMS_P2P_NOISE_STREAM_MUXERS, muxers[i]);
  if (extensions->len > 0)
    dms_p2p_proto_write_bytes (out, DMS_P2P_NOISE_EXTENSIONS, extensions->data, extensions->len);
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

static gboolean
dms_p2p_noise_payload_refuse (DmsError code, const char *why, GError **error)
{
  g_set_error (error, DMS_ERROR, code, "the peer's part of the Noise handshake is refused: %s", why);
  return FALSE;
}

static gboolean
dms_p2p_noise_payload_read_extensions (const guint8 *data, gsize size, GPtrArray *muxers, GError **error)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      char *muxer = NULL;

      if (!dms_p2p_proto_reader_is (&reader, DMS_P2P_NOISE_STREAM_MUXERS, DMS_P2P_PROTO_BYTES))
        continue;
      if (muxers->len == DMS_P2P_NOISE_MAX_MUXERS)
        return dms_p2p_noise_payload_refuse (DMS_ERROR_TOO_LARGE, "it names more than 32 muxers", error);
      muxer = dms_p2p_proto_reader_dup_text (&reader, DMS_P2P_NOISE_MAX_MUXER);
      if (muxer == NULL)
        return dms_p2p_noise_payload_refuse (
            DMS_ERROR_INVALID_DATA, "the name of a muxer is too long or no text", error);
      g_ptr_array_add (muxers, muxer);
    }
  return !dms_p2p_proto_reader_has_failed (&reader) ||
         dms_p2p_noise_payload_refuse (DMS_ERROR_INVALID_DATA, "its extensions are malformed", error);
}

/* Borrows the key and the signature from @data. */
static gboolean
dms_p2p_noise_payload_read_fields (const guint8 *data,
                                   gsize size,
                                   DmsP2pProtoReader *key,
                                   DmsP2pProtoReader *signature,
                                   GPtrArray *muxers,
                                   GError **error)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_NOISE_IDENTITY_KEY, DMS_P2P_PROTO_BYTES))
        *key = reader;
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_NOISE_IDENTITY_SIG, DMS_P2P_PROTO_BYTES))
        *signature = reader;
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_NOISE_EXTENSIONS, DMS_P2P_PROTO_BYTES) &&
               !dms_p2p_noise_payload_read_extensions (reader.data, reader.size, muxers, error))
        return FALSE;
    }
  if (dms_p2p_proto_reader_has_failed (&reader))
    return dms_p2p_noise_payload_refuse (DMS_ERROR_INVALID_DATA, "it is malformed", error);
  if (key->data == NULL || signature->data == NULL)
    return dms_p2p_noise_payload_refuse (
        DMS_ERROR_INVALID_DATA, "it lacks the key of the peer or its signature", error);
  return TRUE;
}

DmsP2pNoisePayload *
dms_p2p_noise_payload_read (const guint8 *data, gsize size, const guint8 static_key[32], GError **error)
{
  g_autoptr (DmsP2pNoisePayload) self = g_new0 (DmsP2pNoisePayload, 1);
  g_autoptr (GPtrArray) muxers = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GByteArray) message = NULL;
  DmsP2pProtoReader key = { 0 };
  DmsP2pProtoReader signature = { 0 };

  if (!dms_p2p_noise_payload_read_fields (data, size, &key, &signature, muxers, error))
    return NULL;
  self->key = dms_p2p_public_key_new (key.data, key.size, error);
  if (self->key == NULL)
    return NULL;
  message = dms_p2p_noise_payload_build_message (static_key);
  if (!dms_p2p_public_key_verify (
          self->key, message->data, message->len, signature.data, signature.size, NULL))
    {
      dms_p2p_noise_payload_refuse (
          DMS_ERROR_BAD_SIGNATURE, "its key has not signed the key of the connection", error);
      return NULL;
    }
  g_ptr_array_add (muxers, NULL);
  self->muxers = (GStrv) g_ptr_array_steal (muxers, NULL);
  return g_steal_pointer (&self);
}

void
dms_p2p_noise_payload_free (DmsP2pNoisePayload *self)
{
  g_clear_pointer (&self->key, dms_p2p_public_key_unref);
  g_clear_pointer (&self->muxers, g_strfreev);
  g_free (self);
}

gboolean
dms_p2p_noise_payload_choose (const char *const *initiator,
                              const char *const *responder,
                              char **muxer,
                              GError **error)
{
  *muxer = NULL;
  if (initiator == NULL || initiator[0] == NULL || responder == NULL || responder[0] == NULL)
    return TRUE;
  for (guint i = 0; initiator[i] != NULL; i++)
    if (g_strv_contains (responder, initiator[i]))
      {
        *muxer = g_strdup (initiator[i]);
        return TRUE;
      }
  g_set_error_literal (
      error, DMS_ERROR, DMS_ERROR_INCOMPATIBLE, "the peer speaks none of the muxers that are spoken here");
  return FALSE;
}
