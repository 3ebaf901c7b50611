/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dns/dms-p2p-resolver.h"

#include <string.h>

#include "dms-p2p-zone.h"

#define PEER  "12D3KooWNmAW3WZoKnte8HTRj7HWWPdbRqALk5sDSVRySPiYJLu6"
#define OTHER "12D3KooWB8Q6ywhWFh9jCWK5m38PbP1es5JfHz8tWzWPFQs8K3Qh"

typedef struct
{
  gboolean is_done;
  GPtrArray *addresses;
  GError *error;
} Outcome;

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->addresses = dms_p2p_resolver_resolve_finish (DMS_P2P_RESOLVER (source), result, &outcome->error);
  outcome->is_done = TRUE;
}

static void
resolve (DmsP2pZone *zone, const char *text, guint timeout_ms, GCancellable *cancellable, Outcome *outcome)
{
  g_autoptr (DmsP2pResolver) resolver = dms_p2p_resolver_new (G_RESOLVER (zone));
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, NULL);

  g_assert_nonnull (address);
  memset (outcome, 0, sizeof *outcome);
  dms_p2p_resolver_set_timeout (resolver, timeout_ms);
  dms_p2p_resolver_resolve_async (resolver, address, cancellable, on_resolved, outcome);
  while (!outcome->is_done)
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_resolved (DmsP2pZone *zone, const char *text, const char *const *expected)
{
  Outcome outcome;

  resolve (zone, text, 5000, NULL, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.addresses->len, ==, g_strv_length ((char **) expected));
  for (guint i = 0; i < outcome.addresses->len; i++)
    g_assert_cmpstr (dms_multiaddr_get_text (outcome.addresses->pdata[i]), ==, expected[i]);
  g_ptr_array_unref (outcome.addresses);
}

static void
assert_failed (DmsP2pZone *zone, const char *text, DmsErrorCode code)
{
  Outcome outcome;

  resolve (zone, text, 5000, NULL, &outcome);
  g_assert_null (outcome.addresses);
  g_assert_error (outcome.error, DMS_ERROR, (int) code);
  g_assert_nonnull (strstr (outcome.error->message, text));
  g_clear_error (&outcome.error);
}

static void
add_record (DmsP2pZone *zone, const char *name, const char *text)
{
  const char *const strings[] = { text, NULL };

  dms_p2p_zone_add_text (zone, name, strings);
}

static void
test_names (void)
{
  g_autoptr (DmsP2pZone) zone = dms_p2p_zone_new ();
  const char *const plain[] = { "/ip4/198.51.100.1/tcp/1", NULL };
  const char *const both[] = { "/ip4/198.51.100.1/tcp/9000/p2p/" PEER,
                               "/ip6/2001:db8::1/tcp/9000/p2p/" PEER,
                               NULL };
  const char *const four[] = { "/ip4/198.51.100.1/udp/9000/quic-v1", NULL };
  const char *const six[] = { "/ip6/2001:db8::1", NULL };

  dms_p2p_zone_add_ip (zone, "node.example", "198.51.100.1");
  dms_p2p_zone_add_ip (zone, "node.example", "2001:db8::1");
  dms_p2p_zone_add_ip (zone, "node.example", "198.51.100.1");
  dms_p2p_zone_add_ip (zone, "four.example", "198.51.100.1");
  assert_resolved (zone, "/ip4/198.51.100.1/tcp/1", plain);
  g_assert_cmpuint (dms_p2p_zone_get_n_asked (zone), ==, 0);
  assert_resolved (zone, "/dns/node.example/tcp/9000/p2p/" PEER, both);
  assert_resolved (zone, "/dns4/node.example/udp/9000/quic-v1", four);
  assert_resolved (zone, "/dns6/node.example", six);
  assert_failed (zone, "/dns6/four.example/tcp/1", DMS_ERROR_NOT_FOUND);
  assert_failed (zone, "/dns4/nowhere.example/tcp/1", DMS_ERROR_NOT_FOUND);
}

/* As the bootstrap of the nodes in the field has it: names lead to names. */
static void
test_dnsaddr (void)
{
  g_autoptr (DmsP2pZone) zone = dms_p2p_zone_new ();
  const char *const expected[] = { "/ip4/198.51.100.9/tcp/1/p2p/" PEER,
                                   "/ip4/198.51.100.1/tcp/9000/p2p/" PEER,
                                   NULL };
  const char *const all[] = { "/ip4/198.51.100.8/tcp/1/p2p/" OTHER,
                              "/ip4/198.51.100.9/tcp/1/p2p/" PEER,
                              "/ip4/198.51.100.1/tcp/9000/p2p/" PEER,
                              NULL };
  const char *const split[] = { "dnsaddr=/ip4/198.51.", "100.9/tcp/1/p2p/" PEER, NULL };

  dms_p2p_zone_add_ip (zone, "node.example", "198.51.100.1");
  add_record (zone, "_dnsaddr.boot.example", "dnsaddr=/dnsaddr/one.example/p2p/" PEER);
  add_record (zone, "_dnsaddr.boot.example", "dnsaddr=/ip4/198.51.100.8/tcp/1/p2p/" OTHER);
  add_record (zone, "_dnsaddr.boot.example", "v=spf1 -all");
  add_record (zone, "_dnsaddr.boot.example", "dnsaddr=");
  add_record (zone, "_dnsaddr.boot.example", "dnsaddr=nonsense");
  add_record (zone, "_dnsaddr.boot.example", "dnsaddr=/ip4/999.1.1.1/tcp/1/p2p/" PEER);
  dms_p2p_zone_add_text (zone, "_dnsaddr.one.example", split);
  add_record (zone, "_dnsaddr.one.example", "dnsaddr=/dns4/node.example/tcp/9000/p2p/" PEER);
  assert_resolved (zone, "/dnsaddr/boot.example/p2p/" PEER, expected);
  assert_resolved (zone, "/dnsaddr/boot.example", all);
  assert_failed (zone, "/dnsaddr/nowhere.example/p2p/" PEER, DMS_ERROR_NOT_FOUND);
  /* There are records, but none for this peer. */
  assert_failed (zone, "/dnsaddr/one.example/p2p/" OTHER, DMS_ERROR_NOT_FOUND);
}

/* Names that lead to themselves, to each other, or on and on. */
static void
test_loops (void)
{
  g_autoptr (DmsP2pZone) zone = dms_p2p_zone_new ();

  add_record (zone, "_dnsaddr.self.example", "dnsaddr=/dnsaddr/self.example");
  add_record (zone, "_dnsaddr.left.example", "dnsaddr=/dnsaddr/right.example");
  add_record (zone, "_dnsaddr.right.example", "dnsaddr=/dnsaddr/left.example");
  assert_failed (zone, "/dnsaddr/self.example", DMS_ERROR_NOT_FOUND);
  g_assert_cmpuint (dms_p2p_zone_get_n_asked (zone), ==, 1);
  assert_failed (zone, "/dnsaddr/left.example", DMS_ERROR_NOT_FOUND);
  g_assert_cmpuint (dms_p2p_zone_get_n_asked (zone), ==, 3);
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *name = g_strdup_printf ("_dnsaddr.d%u.example", i);
      g_autofree char *text = g_strdup_printf ("dnsaddr=/dnsaddr/d%u.example", i + 1);

      add_record (zone, name, text);
    }
  assert_failed (zone, "/dnsaddr/d0.example", DMS_ERROR_TOO_LARGE);
  g_assert_cmpuint (dms_p2p_zone_get_n_asked (zone), ==, 7);
  /* As deep as allowed. */
  add_record (zone, "_dnsaddr.d3.example", "dnsaddr=/ip4/198.51.100.1/tcp/1");
  {
    const char *const found[] = { "/ip4/198.51.100.1/tcp/1", NULL };

    assert_resolved (zone, "/dnsaddr/d0.example", found);
  }
}

/* A zone that answers with thousands of records, names and addresses. */
static void
test_floods (void)
{
  g_autoptr (DmsP2pZone) zone = dms_p2p_zone_new ();
  Outcome outcome;
  guint before = 0;

  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *address = g_strdup_printf ("dnsaddr=/ip4/198.51.%u.%u/tcp/1", i / 250, i % 250);
      g_autofree char *ip = g_strdup_printf ("198.51.%u.%u", i / 250, i % 250);
      g_autofree char *name = g_strdup_printf ("dnsaddr=/dnsaddr/n%u.example", i);

      add_record (zone, "_dnsaddr.addresses.example", address);
      add_record (zone, "_dnsaddr.names.example", name);
      dms_p2p_zone_add_ip (zone, "ips.example", ip);
    }
  resolve (zone, "/dnsaddr/addresses.example", 5000, NULL, &outcome);
  g_assert_cmpuint (outcome.addresses->len, ==, 32);
  g_ptr_array_unref (outcome.addresses);
  resolve (zone, "/dns4/ips.example/tcp/1", 5000, NULL, &outcome);
  g_assert_cmpuint (outcome.addresses->len, ==, 32);
  g_ptr_array_unref (outcome.addresses);
  before = dms_p2p_zone_get_n_asked (zone);
  assert_failed (zone, "/dnsaddr/names.example", DMS_ERROR_NOT_FOUND);
  g_assert_cmpuint (dms_p2p_zone_get_n_asked (zone) - before, ==, 32);
}

static void
test_silence (void)
{
  g_autoptr (DmsP2pZone) zone = dms_p2p_zone_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome;

  dms_p2p_zone_add_silence (zone, "silent.example");
  resolve (zone, "/dns4/silent.example/tcp/1", 50, NULL, &outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_clear_error (&outcome.error);
  /* What has come until then is good. */
  add_record (zone, "_dnsaddr.some.example", "dnsaddr=/dns4/silent.example/tcp/1");
  add_record (zone, "_dnsaddr.some.example", "dnsaddr=/ip4/198.51.100.1/tcp/1");
  resolve (zone, "/dnsaddr/some.example", 50, NULL, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.addresses->len, ==, 1);
  g_ptr_array_unref (outcome.addresses);

  g_cancellable_cancel (cancellable);
  resolve (zone, "/dns4/silent.example/tcp/1", 5000, cancellable, &outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_clear_error (&outcome.error);
}

static void
test_long_name (void)
{
  g_autoptr (DmsP2pZone) zone = dms_p2p_zone_new ();
  g_autofree char *name = g_strnfill (254, 'a');
  g_autofree char *text = g_strdup_printf ("/dns4/%s/tcp/1", name);
  Outcome outcome;

  resolve (zone, text, 5000, NULL, &outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&outcome.error);
  g_assert_cmpuint (dms_p2p_zone_get_n_asked (zone), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p-resolver/names", test_names);
  g_test_add_func ("/p2p-resolver/dnsaddr", test_dnsaddr);
  g_test_add_func ("/p2p-resolver/loops", test_loops);
  g_test_add_func ("/p2p-resolver/floods", test_floods);
  g_test_add_func ("/p2p-resolver/silence", test_silence);
  g_test_add_func ("/p2p-resolver/long-name", test_long_name);
  return g_test_run ();
}
