/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>
#include <sodium.h>
#include <string.h>

#include "noise/dms-p2p-noise-payload.h"
#include "noise/dms-p2p-noise-state.h"

static const guint8 static_keys[2][32] = { { 1 }, { 2 } };
static const guint8 ephemerals[2][32] = { { 3 }, { 4 } };

static DmsP2pNoiseState *
make_state (gboolean is_initiator)
{
  guint i = is_initiator ? 0 : 1;

  return dms_p2p_noise_state_new (is_initiator, static_keys[i], ephemerals[i], NULL, 0);
}

static void
check_error (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (error->domain == DMS_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

/* Passes a message of @from with @payload on, and what comes out must be what went in. */
static void
pass (DmsP2pNoiseState *from, DmsP2pNoiseState *to, const guint8 *payload, gsize size)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_autoptr (GByteArray) heard = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  dms_p2p_noise_state_write (from, payload, size, message, &error);
  g_assert_no_error (error);
  dms_p2p_noise_state_read (to, message->data, message->len, heard, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (heard->data, heard->len, payload, size);
}

/* Raw bytes in the place of the message number @n. */
static void
check_message (guint n, const guint8 *data, gsize size)
{
  DmsP2pNoiseState *states[2] = { make_state (TRUE), make_state (FALSE) };
  g_autoptr (GByteArray) heard = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    pass (states[i % 2], states[1 - i % 2], NULL, 0);
  if (!dms_p2p_noise_state_read (states[1 - n % 2], data, size, heard, &error))
    check_error (error);
  /* Only the first may come from anybody. */
  else
    g_assert_cmpuint (n, ==, 0);
  dms_p2p_noise_state_free (states[0]);
  dms_p2p_noise_state_free (states[1]);
}

static void
check_payload (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pNoisePayload) payload = dms_p2p_noise_payload_read (data, size, static_keys[0], &error);
  g_autoptr (DmsP2pNoisePayload) other = NULL;
  g_autofree char *muxer = NULL;

  if (payload == NULL)
    {
      check_error (error);
      return;
    }
  /* A signature holds for one key only. */
  other = dms_p2p_noise_payload_read (data, size, static_keys[1], &error);
  g_assert_null (other);
  check_error (error);
  dms_p2p_noise_payload_choose (
      (const char *const *) payload->muxers, (const char *const *) payload->muxers, &muxer, NULL);
  g_assert_cmpstr (muxer, ==, payload->muxers[0]);
}

/* A payload that is signed rightly and goes on with the input. */
static void
check_signed (const guint8 *data, gsize size)
{
  static DmsP2pIdentity *identity;
  g_autoptr (GBytes) good = NULL;
  g_autoptr (GByteArray) message = g_byte_array_new ();

  if (identity == NULL)
    identity = dms_p2p_identity_new_random ();
  good = dms_p2p_noise_payload_write (identity, static_keys[0], NULL);
  g_byte_array_append (message, g_bytes_get_data (good, NULL), (guint) g_bytes_get_size (good));
  g_byte_array_append (message, data, (guint) size);
  check_payload (message->data, message->len);
}

/* The first byte says what the rest is. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  DmsP2pNoiseState *states[2] = { NULL, NULL };

  if (size == 0)
    return 0;
  switch (data[0] % 6)
    {
    case 0:
    case 1:
    case 2:
      check_message (data[0] % 6, data + 1, size - 1);
      break;
    case 3:
      check_payload (data + 1, size - 1);
      break;
    case 4:
      check_signed (data + 1, size - 1);
      break;
    default:
      states[0] = make_state (TRUE);
      states[1] = make_state (FALSE);
      for (guint i = 0; i < 3; i++)
        pass (states[i % 2], states[1 - i % 2], data, size);
      dms_p2p_noise_state_free (states[0]);
      dms_p2p_noise_state_free (states[1]);
    }
  return 0;
}
