/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "actor/dms-envelope.h"
#include "actor/dms-security-context.h"

static DmsKey *
get_key (void)
{
  static const guint8 seed[DMS_KEY_SEED_SIZE] = "the one that signs again........";
  static DmsKey *key;

  if (key == NULL)
    key = dms_key_new_from_seed (seed);
  return key;
}

/* Somebody who trusts that key in everything, so that only what a message must be keeps it out. */
static DmsSecurityContext *
get_receiver (void)
{
  static const guint8 seed[DMS_KEY_SEED_SIZE] = "the one that receives...........";
  static DmsSecurityContext *receiver;
  g_autoptr (DmsCapabilityContext) capabilities = NULL;
  g_autoptr (DmsKey) key = NULL;

  if (receiver != NULL)
    return receiver;
  key = dms_key_new_from_seed (seed);
  capabilities = dms_capability_context_new (dms_key_get_did (key), key);
  g_assert_true (dms_capability_context_anchor_root (capabilities, dms_key_get_did (get_key ()), NULL));
  receiver = dms_security_context_new (key, capabilities);
  return receiver;
}

static void
check_written (DmsEnvelope *envelope)
{
  g_autoptr (GBytes) bytes = dms_envelope_to_bytes (envelope);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnvelope) again = dms_envelope_new_from_bytes (bytes, &error);
  g_autoptr (GBytes) second = NULL;
  g_autoptr (GBytes) signed_bytes = NULL;
  g_autoptr (GBytes) signed_again = NULL;

  /* Escapes can make the written form longer than what may be read. */
  if (again == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
      return;
    }
  second = dms_envelope_to_bytes (again);
  g_assert_true (g_bytes_equal (bytes, second));
  signed_bytes = dms_envelope_dup_signed_bytes (envelope);
  signed_again = dms_envelope_dup_signed_bytes (again);
  g_assert_true (g_bytes_equal (signed_bytes, signed_again));
  g_assert_true (dms_handle_equal (dms_envelope_get_from (envelope), dms_envelope_get_from (again)));
  g_assert_true (dms_handle_equal (dms_envelope_get_to (envelope), dms_envelope_get_to (again)));
  g_assert_cmpint (dms_envelope_verify_signature (envelope), ==, dms_envelope_verify_signature (again));
}

/* With one bit of its text changed, a signed message is refused, or says the same as before. */
static void
check_changed (DmsEnvelope *envelope)
{
  g_autoptr (GBytes) signed_bytes = dms_envelope_dup_signed_bytes (envelope);
  g_autofree char *text = dms_envelope_to_string (envelope);
  gsize length = strlen (text);
  guint hash = g_str_hash (text);
  g_autoptr (DmsEnvelope) changed = NULL;
  g_autoptr (GBytes) changed_bytes = NULL;

  text[hash % length] ^= (char) (1 << length % 8);
  changed = dms_envelope_new_from_data (text, length, NULL);
  if (changed == NULL || !dms_envelope_verify_signature (changed))
    return;
  changed_bytes = dms_envelope_dup_signed_bytes (changed);
  g_assert_true (g_bytes_equal (signed_bytes, changed_bytes));
  g_assert_true (g_bytes_equal (dms_envelope_get_signature (envelope),
                                dms_envelope_get_signature (changed)));
}

static void
receive (DmsEnvelope *envelope)
{
  DmsSecurityContext *receiver = get_receiver ();
  guint64 interaction = dms_security_context_open (receiver, envelope, NULL);
  g_autoptr (DmsDid) sender = NULL;

  if (interaction == 0)
    return;
  sender = dms_security_context_dup_sender_did (receiver, envelope);
  g_assert_nonnull (sender);
  dms_security_context_require (receiver, interaction, envelope, dms_envelope_get_behaviour (envelope), NULL);
  dms_security_context_discard (receiver, interaction);
}

/* The same message from somebody who can sign, so that what lies behind the signature is reached. */
static DmsEnvelope *
sign_again (DmsEnvelope *envelope)
{
  DmsHandle *from = dms_envelope_get_from (envelope);
  g_autoptr (DmsHandle) own = NULL;
  g_autofree char *id = dms_key_dup_id_pub (get_key ());

  own = dms_handle_new (id, dms_handle_get_did (from), dms_handle_get_host (from),
                        dms_handle_get_inbox (from));
  return dms_envelope_new_signed (get_key (), dms_envelope_get_to (envelope),
                                  dms_envelope_get_behaviour (envelope), own,
                                  dms_envelope_get_nonce (envelope), dms_envelope_get_expiry_ns (envelope),
                                  dms_envelope_get_reply_behaviour (envelope),
                                  dms_envelope_get_topic (envelope), dms_envelope_get_payload (envelope),
                                  dms_envelope_get_capability (envelope));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_data ((const char *) data, size, &error);
  g_autoptr (DmsEnvelope) again = NULL;

  if (envelope == NULL)
    {
      g_assert_true (error->domain == DMS_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  check_written (envelope);
  receive (envelope);
  again = sign_again (envelope);
  g_assert_true (dms_envelope_verify_signature (again));
  check_written (again);
  check_changed (again);
  receive (again);
  return 0;
}
