/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What is passed on of broadcasts, and what is not. */

#include "actor/dms-admission.h"

#define TOPIC "/nunet/hello"

typedef struct
{
  DmsAdmission *admission;
  DmsKey *key;
  const char *peer;
  guint64 nonce;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->admission = dms_admission_new ();
  fixture->key = dms_key_generate ();
  fixture->peer = dms_peer_id_get_text (dms_key_get_peer_id (fixture->key));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dms_admission_free (fixture->admission);
  dms_key_unref (fixture->key);
}

/* A broadcast without any token: capabilities have no say in what is passed on. */
static GBytes *
make (DmsKey *signer, DmsKey *from_key, const char *topic, guint64 nonce, gint64 seconds)
{
  g_autoptr (DmsHandle) nobody = dms_handle_new_empty ();
  g_autoptr (DmsHandle) from =
      dms_handle_new_for_key (from_key, dms_key_get_did (from_key), dms_key_get_peer_id (from_key), "root");
  guint64 expiry_ns = (guint64) (g_get_real_time () + seconds * G_USEC_PER_SEC) * 1000;
  g_autoptr (DmsEnvelope) envelope =
      dms_envelope_new_signed (signer, nobody, "/broadcast/hello", from, nonce, expiry_ns, NULL, topic, NULL,
                               NULL);

  return dms_envelope_to_bytes (envelope);
}

static guint64
count (Fixture *fixture, DmsRefusal refusal)
{
  return dms_refusals_get_count (dms_admission_get_refusals (fixture->admission), refusal);
}

/* Validates, and says that it was for this reason that it was turned down. */
static void
assert_turned_down (Fixture *fixture, GBytes *bytes, const char *peer, DmsValidation how, DmsRefusal why)
{
  guint64 before = count (fixture, why);

  g_assert_cmpint (dms_admission_validate (fixture->admission, TOPIC, peer, bytes), ==, how);
  g_assert_cmpuint (count (fixture, why), ==, before + 1);
}

static void
test_accepted_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = make (fixture->key, fixture->key, TOPIC, 1, 30);
  g_autoptr (GBytes) next = make (fixture->key, fixture->key, TOPIC, 2, 30);

  g_assert_cmpint (dms_admission_validate (fixture->admission, TOPIC, fixture->peer, bytes), ==,
                   DMS_VALIDATION_ACCEPT);
  assert_turned_down (fixture, bytes, fixture->peer, DMS_VALIDATION_IGNORE, DMS_REFUSAL_REPLAYED);
  g_assert_cmpint (dms_admission_validate (fixture->admission, TOPIC, fixture->peer, next), ==,
                   DMS_VALIDATION_ACCEPT);
  /* A transport asks for our own when they leave and when they are delivered here. */
  g_assert_cmpint (dms_admission_validate (fixture->admission, TOPIC, NULL, bytes), ==,
                   DMS_VALIDATION_ACCEPT);
  g_assert_cmpint (dms_admission_validate (fixture->admission, TOPIC, NULL, bytes), ==,
                   DMS_VALIDATION_ACCEPT);
}

/* Somebody who heard a broadcast cannot publish it again as his own. */
static void
test_other_publisher (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsKey) other = dms_key_generate ();
  g_autoptr (GBytes) bytes = make (fixture->key, fixture->key, TOPIC, 1, 30);

  assert_turned_down (fixture, bytes, dms_peer_id_get_text (dms_key_get_peer_id (other)),
                      DMS_VALIDATION_IGNORE, DMS_REFUSAL_WRONG_HOST);
  assert_turned_down (fixture, bytes, "unknown", DMS_VALIDATION_IGNORE, DMS_REFUSAL_WRONG_HOST);
}

static void
test_expired (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = make (fixture->key, fixture->key, TOPIC, 1, -1);

  assert_turned_down (fixture, bytes, fixture->peer, DMS_VALIDATION_IGNORE, DMS_REFUSAL_EXPIRED);
}

static void
test_bad (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsKey) thief = dms_key_generate ();
  g_autoptr (GBytes) forged = make (thief, fixture->key, TOPIC, 1, 30);
  g_autoptr (GBytes) elsewhere = make (fixture->key, fixture->key, "/nunet/status", 2, 30);
  g_autoptr (GBytes) direct = make (fixture->key, fixture->key, NULL, 3, 30);
  g_autoptr (GBytes) noise = g_bytes_new_static ("noise", 5);

  assert_turned_down (fixture, forged, fixture->peer, DMS_VALIDATION_REJECT, DMS_REFUSAL_BAD_SIGNATURE);
  assert_turned_down (fixture, elsewhere, fixture->peer, DMS_VALIDATION_REJECT, DMS_REFUSAL_WRONG_ADDRESS);
  assert_turned_down (fixture, direct, fixture->peer, DMS_VALIDATION_REJECT, DMS_REFUSAL_WRONG_ADDRESS);
  assert_turned_down (fixture, noise, fixture->peer, DMS_VALIDATION_REJECT, DMS_REFUSAL_MALFORMED);
}

static void
set_broadcast_burst (Fixture *fixture, double burst, double refused)
{
  DmsLimits limits;

  dms_limits_init (&limits);
  limits.per_sender[DMS_TRAFFIC_BROADCAST] = (DmsLimit){ .rate = 0.0001, .burst = burst };
  limits.refused = (DmsLimit){ .rate = 0.0001, .burst = refused };
  dms_admission_set_limits (fixture->admission, &limits);
}

/* A publisher's share is its own: another one is passed on. */
static void
test_share (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsKey) other = dms_key_generate ();
  g_autoptr (GBytes) good = make (other, other, TOPIC, 1, 30);

  set_broadcast_burst (fixture, 3, 1000);
  for (guint64 i = 0; i < 10; i++)
    {
      g_autoptr (GBytes) bytes = make (fixture->key, fixture->key, TOPIC, i, 30);

      if (i < 3)
        g_assert_cmpint (dms_admission_validate (fixture->admission, TOPIC, fixture->peer, bytes), ==,
                         DMS_VALIDATION_ACCEPT);
      else
        assert_turned_down (fixture, bytes, fixture->peer, DMS_VALIDATION_IGNORE, DMS_REFUSAL_RATE_LIMITED);
    }
  g_assert_cmpint (dms_admission_validate (fixture->admission, TOPIC,
                                           dms_peer_id_get_text (dms_key_get_peer_id (other)), good),
                   ==, DMS_VALIDATION_ACCEPT);
}

/* A peer that publishes nothing but forgeries is not even read any more. */
static void
test_gate (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsKey) thief = dms_key_generate ();
  g_autoptr (GBytes) forged = make (thief, fixture->key, TOPIC, 1, 30);

  set_broadcast_burst (fixture, 100, 5);
  for (guint i = 0; i < 5; i++)
    assert_turned_down (fixture, forged, fixture->peer, DMS_VALIDATION_REJECT, DMS_REFUSAL_BAD_SIGNATURE);
  for (guint i = 0; i < 5; i++)
    assert_turned_down (fixture, forged, fixture->peer, DMS_VALIDATION_IGNORE, DMS_REFUSAL_RATE_LIMITED);
  g_assert_cmpuint (count (fixture, DMS_REFUSAL_BAD_SIGNATURE), ==, 5);
}

/* What gave way to others before anybody looked at it is nobody's fault. */
static void
test_displaced (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) busy = g_error_new_literal (DMS_ERROR, DMS_ERROR_BUSY, "too much");
  g_autoptr (GError) bad = g_error_new_literal (DMS_ERROR, DMS_ERROR_INVALID_DATA, "no envelope");

  g_assert_cmpint (dms_admission_judge (fixture->admission, TOPIC, fixture->peer, NULL, 0, busy), ==,
                   DMS_VALIDATION_IGNORE);
  g_assert_cmpint (dms_admission_judge (fixture->admission, TOPIC, fixture->peer, NULL, 0, bad), ==,
                   DMS_VALIDATION_REJECT);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/actor/admission/accepted-once", Fixture, NULL, set_up, test_accepted_once, tear_down);
  g_test_add ("/actor/admission/other-publisher", Fixture, NULL, set_up, test_other_publisher, tear_down);
  g_test_add ("/actor/admission/expired", Fixture, NULL, set_up, test_expired, tear_down);
  g_test_add ("/actor/admission/bad", Fixture, NULL, set_up, test_bad, tear_down);
  g_test_add ("/actor/admission/share", Fixture, NULL, set_up, test_share, tear_down);
  g_test_add ("/actor/admission/displaced", Fixture, NULL, set_up, test_displaced, tear_down);
  g_test_add ("/actor/admission/gate", Fixture, NULL, set_up, test_gate, tear_down);
  return g_test_run ();
}
