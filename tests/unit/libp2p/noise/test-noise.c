/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "noise/dms-p2p-noise-payload.h"
#include "noise/dms-p2p-noise-state.h"
#include "p2p-noise-vectors.h"
#include "p2p-secure-fixture.h"
#include "wire/dms-p2p-proto-writer.h"

static GByteArray *
read_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (gsize i = 0; hex[i] != '\0'; i += 2)
    {
      guint8 byte = (guint8) (g_ascii_xdigit_value (hex[i]) << 4 | g_ascii_xdigit_value (hex[i + 1]));

      g_byte_array_append (bytes, &byte, 1);
    }
  return bytes;
}

static DmsP2pNoiseState *
make_state (const P2pNoiseVector *vector, gboolean is_initiator)
{
  g_autoptr (GByteArray) prologue = read_hex (vector->prologue);
  g_autoptr (GByteArray) key = read_hex (is_initiator ? vector->init_static : vector->resp_static);
  g_autoptr (GByteArray) ephemeral =
      read_hex (is_initiator ? vector->init_ephemeral : vector->resp_ephemeral);

  return dms_p2p_noise_state_new (is_initiator, key->data, ephemeral->data, prologue->data, prologue->len);
}

static void
check_handshake (const P2pNoiseVector *vector, DmsP2pNoiseState *states[2])
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) payload = read_hex (vector->messages[i][0]);
      g_autoptr (GByteArray) expected = read_hex (vector->messages[i][1]);
      g_autoptr (GByteArray) message = g_byte_array_new ();
      g_autoptr (GByteArray) heard = g_byte_array_new ();

      g_assert_true (dms_p2p_noise_state_is_my_turn (states[i % 2]));
      g_assert_false (dms_p2p_noise_state_is_my_turn (states[1 - i % 2]));
      dms_p2p_noise_state_write (states[i % 2], payload->data, payload->len, message, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (message->data, message->len, expected->data, expected->len);
      dms_p2p_noise_state_read (states[1 - i % 2], message->data, message->len, heard, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (heard->data, heard->len, payload->data, payload->len);
    }
}

static void
test_vectors (gconstpointer data)
{
  const P2pNoiseVector *vector = data;
  DmsP2pNoiseState *states[2] = { make_state (vector, TRUE), make_state (vector, FALSE) };
  DmsP2pNoiseCipher send[2];
  DmsP2pNoiseCipher receive[2];

  check_handshake (vector, states);
  g_assert_cmpmem (
      dms_p2p_noise_state_get_hash (states[0]), 32, dms_p2p_noise_state_get_hash (states[1]), 32);
  if (vector->hash != NULL)
    {
      g_autoptr (GByteArray) hash = read_hex (vector->hash);

      g_assert_cmpmem (dms_p2p_noise_state_get_hash (states[0]), 32, hash->data, hash->len);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (dms_p2p_noise_state_is_finished (states[i]));
      g_assert_cmpmem (dms_p2p_noise_state_get_remote_static (states[i]),
                       32,
                       dms_p2p_noise_state_get_static (states[1 - i]),
                       32);
      dms_p2p_noise_state_split (states[i], &send[i], &receive[i]);
    }
  for (guint i = 3; i < 6 && vector->messages[i][0] != NULL; i++)
    {
      g_autoptr (GByteArray) plain = read_hex (vector->messages[i][0]);
      g_autoptr (GByteArray) sealed = read_hex (vector->messages[i][1]);
      guint8 buffer[200];

      g_assert_true (
          dms_p2p_noise_cipher_encrypt (&send[i % 2], NULL, 0, plain->data, plain->len, buffer, NULL));
      g_assert_cmpmem (buffer, plain->len + DMS_P2P_NOISE_TAG, sealed->data, sealed->len);
      g_assert_true (dms_p2p_noise_cipher_decrypt (
          &receive[1 - i % 2], NULL, 0, sealed->data, sealed->len, buffer, NULL));
      g_assert_cmpmem (buffer, plain->len, plain->data, plain->len);
    }
  dms_p2p_noise_state_free (states[0]);
  dms_p2p_noise_state_free (states[1]);
}

/* A message of which any bit is changed, or any byte missing, does not pass, but for what is in the clear in
 * the first, which shows itself in the second. */
static void
test_changed (void)
{
  const P2pNoiseVector *vector = &p2p_noise_vectors[0];

  for (guint n = 1; n < 3; n++)
    {
      g_autoptr (GByteArray) message = read_hex (vector->messages[n][1]);

      for (guint i = 0; i < 2 * message->len; i++)
        {
          DmsP2pNoiseState *states[2] = { make_state (vector, TRUE), make_state (vector, FALSE) };
          g_autoptr (GByteArray) heard = g_byte_array_new ();
          g_autoptr (GByteArray) said = g_byte_array_new ();
          g_autoptr (GError) error = NULL;
          gsize size = i < message->len ? message->len : i - message->len;

          for (guint j = 0; j < n; j++)
            {
              g_autoptr (GByteArray) payload = read_hex (vector->messages[j][0]);

              g_byte_array_set_size (said, 0);
              g_assert_true (
                  dms_p2p_noise_state_write (states[j % 2], payload->data, payload->len, said, NULL));
              g_assert_true (
                  dms_p2p_noise_state_read (states[1 - j % 2], said->data, said->len, heard, NULL));
            }
          if (i < message->len)
            message->data[i] ^= 1;
          g_assert_false (dms_p2p_noise_state_read (states[1 - n % 2], message->data, size, heard, &error));
          g_assert_true (error->domain == DMS_ERROR);
          g_assert_false (dms_p2p_noise_state_is_finished (states[1 - n % 2]));
          if (i < message->len)
            message->data[i] ^= 1;
          dms_p2p_noise_state_free (states[0]);
          dms_p2p_noise_state_free (states[1]);
        }
    }
}

static void
test_turns (void)
{
  DmsP2pNoiseState *state = make_state (&p2p_noise_vectors[0], FALSE);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  guint8 message[32] = { 9 };

  g_assert_false (dms_p2p_noise_state_write (state, NULL, 0, out, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_true (dms_p2p_noise_state_read (state, message, sizeof message, out, &error));
  g_assert_no_error (error);
  g_assert_false (dms_p2p_noise_state_read (state, message, sizeof message, out, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  dms_p2p_noise_state_free (state);
}

/* Points by which a peer forces a key that everybody knows. */
static void
test_small_order (void)
{
  static const char *const points[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  };

  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    {
      g_autoptr (GByteArray) point = read_hex (points[i]);
      g_autoptr (GByteArray) out = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      DmsP2pNoiseState *state = make_state (&p2p_noise_vectors[0], FALSE);

      g_assert_true (dms_p2p_noise_state_read (state, point->data, point->len, out, NULL));
      g_assert_false (dms_p2p_noise_state_write (state, NULL, 0, out, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      dms_p2p_noise_state_free (state);
    }
}

static void
test_exhausted (void)
{
  const guint8 key[32] = { 1 };
  guint8 buffer[64] = { 0 };
  DmsP2pNoiseCipher cipher = { 0 };
  g_autoptr (GError) error = NULL;

  dms_p2p_noise_cipher_set_key (&cipher, key);
  cipher.nonce = G_MAXUINT64 - 1;
  g_assert_true (dms_p2p_noise_cipher_encrypt (&cipher, NULL, 0, buffer, 10, buffer, NULL));
  g_assert_false (dms_p2p_noise_cipher_encrypt (&cipher, NULL, 0, buffer, 10, buffer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE);
  g_clear_error (&error);
  g_assert_false (dms_p2p_noise_cipher_decrypt (&cipher, NULL, 0, buffer, 26, buffer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE);
}

static void
test_payload (void)
{
  static const char *const muxers[] = { "/yamux/1.0.0", "/mplex/6.7.0", NULL };
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GError) error = NULL;
  const guint8 key[32] = { 7 };
  const guint8 other[32] = { 8 };
  g_autoptr (GBytes) bytes = dms_p2p_noise_payload_write (identity, key, muxers);
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (DmsP2pNoisePayload) payload = dms_p2p_noise_payload_read (data, size, key, &error);

  g_assert_no_error (error);
  g_assert_true (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (payload->key),
                                    dms_p2p_identity_get_peer_id (identity)));
  g_assert_cmpstrv (payload->muxers, (char **) muxers);
  /* It vouches for one key only. */
  g_assert_null (dms_p2p_noise_payload_read (data, size, other, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
  g_clear_error (&error);
  for (gsize i = 0; i < 36 + 64; i++)
    g_assert_null (dms_p2p_noise_payload_read (data, i, key, NULL));
}

static void
test_hostile_payload (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  const guint8 key[32] = { 7 };
  g_autoptr (GBytes) good = dms_p2p_noise_payload_write (identity, key, NULL);
  g_autoptr (GByteArray) many = g_byte_array_new ();
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_autofree char *name = g_strnfill (200, 'x');
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 1000; i++)
    dms_p2p_proto_write_text (many, 2, "/m");
  g_byte_array_append (message, g_bytes_get_data (good, NULL), (guint) g_bytes_get_size (good));
  dms_p2p_proto_write_bytes (message, 4, many->data, many->len);
  g_assert_null (dms_p2p_noise_payload_read (message->data, message->len, key, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_clear_error (&error);

  g_byte_array_set_size (many, 0);
  g_byte_array_set_size (message, (guint) g_bytes_get_size (good));
  dms_p2p_proto_write_text (many, 2, name);
  dms_p2p_proto_write_bytes (message, 4, many->data, many->len);
  g_assert_null (dms_p2p_noise_payload_read (message->data, message->len, key, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);

  /* Unknown fields and extensions are passed over: certhashes of WebTransport, experiments. */
  g_byte_array_set_size (many, 0);
  g_byte_array_set_size (message, (guint) g_bytes_get_size (good));
  dms_p2p_proto_write_text (many, 1, name);
  dms_p2p_proto_write_text (many, 2000, "experiment");
  dms_p2p_proto_write_bytes (message, 4, many->data, many->len);
  dms_p2p_proto_write_number (message, 9, 1);
  {
    g_autoptr (DmsP2pNoisePayload) payload =
        dms_p2p_noise_payload_read (message->data, message->len, key, &error);

    g_assert_no_error (error);
    g_assert_null (payload->muxers[0]);
  }
}

static void
test_choose (void)
{
  static const char *const a[] = { "/a", "/b", NULL };
  static const char *const b[] = { "/c", "/b", "/a", NULL };
  static const char *const c[] = { "/c", NULL };
  static const char *const none[] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *muxer = NULL;

  g_assert_true (dms_p2p_noise_payload_choose (a, b, &muxer, &error));
  g_assert_cmpstr (muxer, ==, "/a");
  g_clear_pointer (&muxer, g_free);
  g_assert_true (dms_p2p_noise_payload_choose (b, a, &muxer, &error));
  g_assert_cmpstr (muxer, ==, "/b");
  g_clear_pointer (&muxer, g_free);
  g_assert_true (dms_p2p_noise_payload_choose (a, none, &muxer, &error));
  g_assert_null (muxer);
  g_assert_true (dms_p2p_noise_payload_choose (NULL, a, &muxer, &error));
  g_assert_null (muxer);
  g_assert_false (dms_p2p_noise_payload_choose (a, c, &muxer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INCOMPATIBLE);
}

/* Frames of a handshake are bounded before they are waited for. */
static void
test_large_frame (void)
{
  P2pEnd end;
  DmsP2pPipe *raw = NULL;
  DmsP2pPipe *other = NULL;

  p2p_socket_pair (&raw, &other);
  p2p_end_init (&end, &p2p_security_noise, raw);
  g_assert_cmpint (dms_p2p_pipe_write (other, "\xff\xff", 2, NULL), ==, 2);
  p2p_end_start (&end, FALSE);
  p2p_run_until (&end.is_over);
  g_assert_error (end.error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_object_unref (other);
  p2p_end_clear (&end);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (sodium_init () < 0)
    return 1;
  g_test_add_data_func ("/p2p/noise/vectors/cacophony", &p2p_noise_vectors[0], test_vectors);
  g_test_add_data_func ("/p2p/noise/vectors/snow", &p2p_noise_vectors[1], test_vectors);
  g_test_add_func ("/p2p/noise/changed", test_changed);
  g_test_add_func ("/p2p/noise/turns", test_turns);
  g_test_add_func ("/p2p/noise/small-order", test_small_order);
  g_test_add_func ("/p2p/noise/exhausted", test_exhausted);
  g_test_add_func ("/p2p/noise/payload", test_payload);
  g_test_add_func ("/p2p/noise/hostile-payload", test_hostile_payload);
  g_test_add_func ("/p2p/noise/choose", test_choose);
  g_test_add_func ("/p2p/noise/large-frame", test_large_frame);
  return g_test_run ();
}
