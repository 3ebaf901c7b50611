/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "../dms-test-heap.h"
#include "kad/dms-p2p-kad-advertisement.h"
#include "kad/dms-p2p-kad-limits.h"
#include "kad/dms-p2p-kad-namespace.h"
#include "kad/dms-p2p-kad-providers.h"
#include "kad/dms-p2p-kad-records.h"

static const gint64 now_s = 1767225600;
static const DmsP2pKadKey origin = { { 0 } };

static GBytes *
bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static GBytes *
advertise (DmsP2pIdentity *identity, const char *data, gint64 when_s)
{
  g_autoptr (GBytes) data_bytes = bytes (data);

  return dms_p2p_kad_advertisement_make (identity, data_bytes, when_s);
}

static gboolean
is_valid (GBytes *key, GBytes *value)
{
  const DmsP2pKadNamespace *namespace = dms_p2p_kad_namespace_find (key);
  g_autoptr (GError) error = NULL;
  gboolean valid = FALSE;

  if (namespace == NULL)
    return FALSE;
  valid = namespace->validate (key, value, now_s, &error);
  g_assert_true (valid == (error == NULL));
  return valid;
}

static void
test_advertisement (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  DmsPeerId *id = dms_p2p_identity_get_peer_id (identity);
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key ("who", id);
  g_autoptr (GBytes) other_key =
      dms_p2p_kad_advertisement_make_key ("who", dms_p2p_identity_get_peer_id (other));
  g_autoptr (GBytes) value = advertise (identity, "data", now_s);
  g_autoptr (GBytes) empty_data = advertise (identity, "", now_s);
  g_autoptr (GBytes) future = advertise (identity, "data", now_s + 3600);
  g_autoptr (GBytes) newer = advertise (identity, "a", now_s + 1);
  g_autoptr (GBytes) junk = bytes ("junk");
  g_autofree char *text = g_strdup_printf ("/nunet-dht-1/-who-%s", dms_peer_id_get_text (id));
  const DmsP2pKadNamespace *namespace = dms_p2p_kad_namespace_find (key);

  g_assert_cmpmem (g_bytes_get_data (key, NULL), g_bytes_get_size (key), text, strlen (text));
  g_assert_true (is_valid (key, value));
  g_assert_true (is_valid (key, empty_data));
  g_assert_false (is_valid (other_key, value));
  g_assert_false (is_valid (key, future));
  g_assert_false (is_valid (key, junk));
  g_assert_cmpint (namespace->compare (key, newer, value), >, 0);
  g_assert_cmpint (namespace->compare (key, value, newer), <, 0);
  g_assert_cmpint (namespace->compare (key, value, value), ==, 0);
  g_assert_cmpint (namespace->compare (key, junk, value), <, 0);
  g_assert_true (namespace->may_delete (key, id));
  g_assert_false (namespace->may_delete (key, dms_p2p_identity_get_peer_id (other)));
}

/* Any bit that is changed is noticed, but for those of the time that the field does not sign. */
static void
test_tampering (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key ("k", dms_p2p_identity_get_peer_id (identity));
  g_autoptr (GBytes) value = advertise (identity, "d", now_s);
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (value, &size);
  guint n_valid = 0;

  for (gsize i = 0; i < size; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, size);
      g_autoptr (GBytes) changed = NULL;

      copy[i] ^= 0x04;
      changed = g_bytes_new (copy, size);
      n_valid += is_valid (key, changed);
    }
  g_assert_cmpuint (n_valid, <=, 4);
}

/* What is signed, byte by byte, and in which fields it stands: as the nodes in the field do it. */
static void
test_field_form (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  DmsPeerId *id = dms_p2p_identity_get_peer_id (identity);
  g_autoptr (GBytes) value = advertise (identity, "xy", now_s);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pKadAdvertisement) read = dms_p2p_kad_advertisement_read (value, &error);
  g_autoptr (GByteArray) what = g_byte_array_new ();
  const guint8 *data = g_bytes_get_data (value, NULL);
  guint8 low = (guint8) (now_s & 0xff);
  guint8 raw[32];

  g_assert_no_error (error);
  g_assert_cmpint (data[0], ==, 0x0a);
  g_assert_cmpint (data[1], ==, strlen (dms_peer_id_get_text (id)));
  g_assert_cmpint (data[2 + data[1]], ==, 0x10);
  g_assert_cmpint (data[g_bytes_get_size (value) - 34], ==, 0x2a);
  g_assert_cmpint (data[g_bytes_get_size (value) - 34 - 66], ==, 0x22);
  g_assert_cmpint (read->timestamp_s, ==, now_s);
  g_byte_array_append (
      what, (const guint8 *) dms_peer_id_get_text (id), (guint) strlen (dms_peer_id_get_text (id)));
  g_byte_array_append (what, &low, 1);
  g_byte_array_append (what, (const guint8 *) "xy", 2);
  g_assert_true (dms_peer_id_get_ed25519 (id, raw));
  g_byte_array_append (what, raw, sizeof raw);
  g_assert_cmpint (crypto_sign_ed25519_verify_detached (
                       g_bytes_get_data (read->signature, NULL), what->data, what->len, raw),
                   ==,
                   0);
}

static void
test_pk (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  g_autoptr (GBytes) id = dms_peer_id_dup_bytes (dms_p2p_identity_get_peer_id (identity));
  g_autoptr (GByteArray) text = g_byte_array_new ();
  g_autoptr (GBytes) key = NULL;
  g_autoptr (GBytes) unknown = bytes ("/what/x");
  g_autoptr (GBytes) bare = bytes ("/pk/");

  g_byte_array_append (text, (const guint8 *) "/pk/", 4);
  g_byte_array_append (text, g_bytes_get_data (id, NULL), (guint) g_bytes_get_size (id));
  key = g_bytes_new (text->data, text->len);
  g_assert_true (is_valid (key, dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity))));
  g_assert_false (is_valid (key, dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (other))));
  g_assert_null (dms_p2p_kad_namespace_find (unknown));
  g_assert_null (dms_p2p_kad_namespace_find (bare));
}

static DmsP2pKadRecord *
make_record (guint i, gsize size)
{
  g_autofree char *text = g_strdup_printf ("/nunet-dht-1/-%u", i);
  g_autofree guint8 *value = g_malloc0 (size);
  g_autoptr (GBytes) key = bytes (text);
  g_autoptr (GBytes) value_bytes = g_bytes_new (value, size);

  return dms_p2p_kad_record_new (key, value_bytes, NULL);
}

static DmsPeerId *
make_id (guint number)
{
  guint8 key[32] = { 0 };

  memcpy (key, &number, sizeof number);
  return dms_peer_id_new_for_ed25519 (key);
}

static void
test_store_bounds (void)
{
  g_autoptr (DmsP2pKadRecords) records = dms_p2p_kad_records_new (&origin);
  guint n_taken = 0;

  /* One peer has its share. */
  for (guint i = 0; i < DMS_P2P_KAD_MAX_RECORDS_OF_PEER + 10; i++)
    {
      g_autoptr (DmsP2pKadRecord) record = make_record (i, 10);
      g_autoptr (DmsPeerId) from = make_id (1);

      n_taken += dms_p2p_kad_records_put (records, record, from, 0);
    }
  g_assert_cmpuint (n_taken, ==, DMS_P2P_KAD_MAX_RECORDS_OF_PEER);
  /* All have theirs, in number. */
  for (guint i = 0; i < DMS_P2P_KAD_MAX_RECORDS + 500; i++)
    {
      g_autoptr (DmsP2pKadRecord) record = make_record (10000 + i, 10);
      g_autoptr (DmsPeerId) from = make_id (2 + i / 100);

      dms_p2p_kad_records_put (records, record, from, 0);
    }
  g_assert_cmpuint (dms_p2p_kad_records_get_n (records), ==, DMS_P2P_KAD_MAX_RECORDS);
  /* And in bytes. */
  for (guint i = 0; i < 600; i++)
    {
      g_autoptr (DmsP2pKadRecord) record = make_record (50000 + i, DMS_P2P_KAD_MAX_VALUE_SIZE);

      /* This host's own go before those of others. */
      g_assert_true (dms_p2p_kad_records_put (records, record, NULL, 0) || i >= 500);
    }
  g_assert_cmpuint (dms_p2p_kad_records_get_bytes (records), <=, DMS_P2P_KAD_MAX_RECORD_BYTES);
  dms_p2p_kad_records_expire (records, (gint64) DMS_P2P_KAD_RECORD_S * G_USEC_PER_SEC);
  g_assert_cmpuint (dms_p2p_kad_records_get_n (records), ==, 0);
  g_assert_cmpuint (dms_p2p_kad_records_get_bytes (records), ==, 0);
  {
    g_autoptr (DmsP2pKadRecord) record = make_record (1, 10);
    g_autoptr (DmsPeerId) from = make_id (1);
    GBytes *key = dms_p2p_kad_record_get_key (record);

    /* The share is given back. */
    g_assert_true (dms_p2p_kad_records_put (records, record, from, 0));
    g_assert_nonnull (dms_p2p_kad_records_get (records, key, 1));
    g_assert_null (dms_p2p_kad_records_get (records, key, (gint64) DMS_P2P_KAD_RECORD_S * G_USEC_PER_SEC));
    g_assert_cmpuint (dms_p2p_kad_records_get_n (records), ==, 0);
  }
}

static DmsP2pKadPeer *
make_provider (guint number)
{
  g_autoptr (DmsPeerId) id = make_id (number);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  g_ptr_array_add (addresses, dms_multiaddr_new ("/ip4/1.2.3.4/tcp/1", NULL));
  return dms_p2p_kad_peer_new (id, addresses, DMS_P2P_KAD_CONNECTED);
}

static void
test_provider_expiry (void)
{
  g_autoptr (DmsP2pKadProviders) providers = dms_p2p_kad_providers_new (&origin);
  g_autoptr (GBytes) key = bytes ("key");
  g_autoptr (DmsP2pKadPeer) provider = make_provider (1);
  g_autoptr (GPtrArray) fresh = NULL;
  g_autoptr (GPtrArray) day_old = NULL;
  g_autoptr (GPtrArray) gone = NULL;

  g_assert_true (dms_p2p_kad_providers_add (providers, key, provider, 0, 0));
  g_assert_true (dms_p2p_kad_providers_add (providers, key, provider, 0, 0));
  fresh = dms_p2p_kad_providers_list (providers, key, 10, G_TIME_SPAN_HOUR);
  g_assert_cmpuint (fresh->len, ==, 1);
  g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (g_ptr_array_index (fresh, 0))->len, ==, 1);
  day_old = dms_p2p_kad_providers_list (providers, key, 10, 25 * G_TIME_SPAN_HOUR);
  g_assert_cmpuint (day_old->len, ==, 1);
  g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (g_ptr_array_index (day_old, 0))->len, ==, 0);
  gone = dms_p2p_kad_providers_list (providers, key, 10, 48 * G_TIME_SPAN_HOUR);
  g_assert_cmpuint (gone->len, ==, 0);
  dms_p2p_kad_providers_expire (providers, 48 * G_TIME_SPAN_HOUR);
  g_assert_cmpuint (dms_p2p_kad_providers_get_n_keys (providers), ==, 0);
  g_assert_cmpuint (dms_p2p_kad_providers_get_n (providers), ==, 0);
}

/* A crowd from one network cannot wash the others out of a key. */
static void
test_provider_bounds (void)
{
  g_autoptr (DmsP2pKadProviders) providers = dms_p2p_kad_providers_new (&origin);
  g_autoptr (GBytes) key = bytes ("key");
  g_autoptr (GPtrArray) list = NULL;
  guint n_honest = 0;

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (DmsP2pKadPeer) honest = make_provider (i);

      g_assert_true (dms_p2p_kad_providers_add (providers, key, honest, 100 + i, 0));
    }
  for (guint i = 0; i < 1000; i++)
    {
      g_autoptr (DmsP2pKadPeer) sybil = make_provider (1000 + i);

      dms_p2p_kad_providers_add (providers, key, sybil, 7, 1);
    }
  list = dms_p2p_kad_providers_list (providers, key, 1000, 2);
  g_assert_cmpuint (list->len, ==, DMS_P2P_KAD_MAX_PROVIDERS);
  for (guint i = 0; i < list->len; i++)
    for (guint j = 0; j < 20; j++)
      {
        g_autoptr (DmsPeerId) id = make_id (j);

        n_honest += dms_peer_id_equal (dms_p2p_kad_peer_get_id (g_ptr_array_index (list, i)), id);
      }
  g_assert_cmpuint (n_honest, ==, 20);
  /* One provider, many keys; many providers, too many keys. */
  for (guint i = 0; i < DMS_P2P_KAD_MAX_PROVIDED_KEYS + 200; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);
      g_autoptr (GBytes) other = bytes (text);
      g_autoptr (DmsP2pKadPeer) provider = make_provider (5000 + i / 1500);

      dms_p2p_kad_providers_add (providers, other, provider, i, 3);
    }
  g_assert_cmpuint (dms_p2p_kad_providers_get_n_keys (providers), <=, DMS_P2P_KAD_MAX_PROVIDED_KEYS);
  g_assert_cmpuint (dms_p2p_kad_providers_get_n (providers), <=, DMS_P2P_KAD_MAX_PROVIDER_RECORDS);
  g_assert_cmpuint (dms_p2p_kad_providers_get_n (providers),
                    <=,
                    DMS_P2P_KAD_MAX_PROVIDERS + 6 * DMS_P2P_KAD_MAX_PROVIDED_OF_PEER);
}

/* Providers that are nowhere in particular, at great length: a DNS name may be of 253 bytes. */
static DmsP2pKadPeer *
make_verbose_provider (guint number)
{
  g_autoptr (DmsPeerId) id = make_id (number);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autofree char *label = g_strnfill (60, 'x');

  for (guint i = 0; i < DMS_P2P_KAD_TOLD_ADDRESSES; i++)
    {
      g_autofree char *text = g_strdup_printf ("/dns4/%s.%s.%s.%u-%u/tcp/1", label, label, label, number, i);

      g_ptr_array_add (addresses, dms_multiaddr_new (text, NULL));
      g_assert_nonnull (g_ptr_array_index (addresses, i));
    }
  return dms_p2p_kad_peer_new (id, addresses, DMS_P2P_KAD_CONNECTED);
}

/* As many as there may be, as long as they may be: the bytes are bounded, and so is the heap. */
static void
test_provider_memory (void)
{
  g_autoptr (DmsP2pKadProviders) providers = dms_p2p_kad_providers_new (&origin);
  gint64 before = dms_test_heap_get_used ();
  gsize most = 0;

  for (guint i = 0; i < 16 * DMS_P2P_KAD_MAX_PROVIDED_OF_PEER; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);
      g_autoptr (GBytes) key = bytes (text);
      g_autoptr (DmsP2pKadPeer) provider = make_verbose_provider (i / DMS_P2P_KAD_MAX_PROVIDED_OF_PEER);

      dms_p2p_kad_providers_add (providers, key, provider, i, 0);
      most = MAX (most, dms_p2p_kad_providers_get_bytes (providers));
    }
  g_test_message ("%u providers, %" G_GSIZE_FORMAT " bytes, %" G_GINT64_FORMAT " of the heap",
                  dms_p2p_kad_providers_get_n (providers),
                  dms_p2p_kad_providers_get_bytes (providers),
                  dms_test_heap_get_used () - before);
  g_assert_cmpuint (most, <=, DMS_P2P_KAD_MAX_PROVIDER_BYTES);
  g_assert_cmpuint (most, >, DMS_P2P_KAD_MAX_PROVIDER_BYTES - 10000);
  g_assert_cmpint (dms_test_heap_get_used () - before, <, DMS_P2P_KAD_MAX_PROVIDER_BYTES * 5 / 4);
  dms_p2p_kad_providers_expire (providers, 48 * G_TIME_SPAN_HOUR);
  g_assert_cmpuint (dms_p2p_kad_providers_get_bytes (providers), ==, 0);
  g_assert_cmpuint (dms_p2p_kad_providers_get_n (providers), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/p2p/kad/records/advertisement", test_advertisement);
  g_test_add_func ("/p2p/kad/records/tampering", test_tampering);
  g_test_add_func ("/p2p/kad/records/field-form", test_field_form);
  g_test_add_func ("/p2p/kad/records/pk", test_pk);
  g_test_add_func ("/p2p/kad/records/store-bounds", test_store_bounds);
  g_test_add_func ("/p2p/kad/records/provider-expiry", test_provider_expiry);
  g_test_add_func ("/p2p/kad/records/provider-bounds", test_provider_bounds);
  g_test_add_func ("/p2p/kad/records/provider-memory", test_provider_memory);
  return g_test_run ();
}
