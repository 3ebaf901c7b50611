/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "limits/dms-p2p-limits.h"

#include <string.h>

#define MIB (G_GUINT64_CONSTANT (1024) * 1024)

static DmsPeerId *
new_peer (guint n)
{
  const guint8 key[32] = { 7, (guint8) (n >> 8), (guint8) n };

  return dms_peer_id_new_for_ed25519 (key);
}

static GInetAddress *
new_ip (const char *text)
{
  GInetAddress *ip = g_inet_address_new_from_string (text);

  g_assert_nonnull (ip);
  return ip;
}

/* -1 when there is no such row. */
static gint64
get (DmsP2pLimits *limits, const char *scope, const char *resource, const char *member)
{
  g_autoptr (JsonNode) node = dms_p2p_limits_to_json (limits);
  JsonArray *rows = json_node_get_array (node);

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);

      if (g_strcmp0 (json_object_get_string_member (row, "scope"), scope) == 0 &&
          g_strcmp0 (json_object_get_string_member (row, "resource"), resource) == 0)
        return json_object_get_int_member_with_default (row, member, -1);
    }
  return -1;
}

static void
assert_refused (GError **error, const char *limit)
{
  g_assert_error (*error, DMS_ERROR, DMS_ERROR_BUSY);
  g_assert_cmpstr (dms_error_get_reason (*error), ==, limit);
  g_assert_nonnull (strstr ((*error)->message, limit));
  g_clear_error (error);
}

static DmsP2pReservation *
connect_from (DmsP2pLimits *limits, const char *ip, gboolean is_inbound, GError **error)
{
  g_autoptr (GInetAddress) address = ip != NULL ? new_ip (ip) : NULL;

  return dms_p2p_limits_reserve_connection (limits, address, is_inbound, ip != NULL, error);
}

/* A connection is transient, then its peer's, then gone. */
static void
test_life (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (64 * MIB, 400);
  g_autoptr (DmsPeerId) peer = new_peer (1);
  g_autofree char *scope = g_strconcat ("peer:", dms_peer_id_get_text (peer), NULL);
  g_autoptr (GError) error = NULL;
  DmsP2pReservation *connection = connect_from (limits, "203.0.113.1", TRUE, &error);
  DmsP2pReservation *stream = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (get (limits, "system", "connections", "used"), ==, 1);
  g_assert_cmpint (get (limits, "system", "connections-inbound", "used"), ==, 1);
  g_assert_cmpint (get (limits, "system", "connections-outbound", "used"), ==, 0);
  g_assert_cmpint (get (limits, "system", "descriptors", "used"), ==, 1);
  g_assert_cmpint (get (limits, "transient", "connections", "used"), ==, 1);
  g_assert_cmpint (get (limits, "ip", "connections-inbound", "used"), ==, 1);
  g_assert_true (dms_p2p_reservation_grow (connection, 1000, &error));
  g_assert_cmpint (get (limits, "transient", "memory", "used"), ==, 1000);

  g_assert_true (dms_p2p_reservation_set_peer (connection, peer, &error));
  g_assert_cmpint (get (limits, "transient", "connections", "used"), ==, 0);
  g_assert_cmpint (get (limits, "transient", "memory", "used"), ==, 0);
  g_assert_cmpint (get (limits, "peer", "connections-inbound", "used"), ==, 1);
  g_assert_cmpint (get (limits, "peer", "memory", "used"), ==, 1000);
  g_assert_false (dms_p2p_reservation_set_peer (connection, peer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);

  stream = dms_p2p_limits_reserve_stream (limits, peer, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (get (limits, "transient", "streams-inbound", "used"), ==, 1);
  g_assert_true (dms_p2p_reservation_set_protocol (stream, "/ipfs/ping/1.0.0", &error));
  g_assert_cmpint (get (limits, "transient", "streams-inbound", "used"), ==, 0);
  g_assert_cmpint (get (limits, "protocol", "streams-inbound", "used"), ==, 1);
  g_assert_cmpint (get (limits, "peer", "streams", "used"), ==, 1);

  /* Shrinking gives back no more than there is. */
  dms_p2p_reservation_shrink (connection, G_MAXSIZE);
  g_assert_cmpint (get (limits, "system", "memory", "used"), ==, 0);
  dms_p2p_reservation_free (stream);
  dms_p2p_reservation_free (connection);
  dms_p2p_reservation_free (NULL);
  g_assert_cmpint (get (limits, "system", "connections", "used"), ==, 0);
  g_assert_cmpint (get (limits, "system", "connections", "peak"), ==, 1);
  g_assert_cmpint (get (limits, "system", "descriptors", "used"), ==, 0);
  g_assert_cmpint (get (limits, "peer", "connections-inbound", "used"), ==, 0);
  g_assert_cmpint (get (limits, "peer", "memory", "peak"), ==, 1000);
  g_assert_cmpint (get (limits, scope, "connections", "used"), ==, -1);
}

/* What docs/libp2p.md and the nodes in the field say. */
static void
test_defaults (void)
{
  static const struct
  {
    const char *scope;
    const char *resource;
    gint64 limit;
  } cases[] = {
    { "system", "connections", 1024 },   { "system", "connections-inbound", 512 },
    { "system", "streams", 16384 },      { "system", "streams-inbound", 8192 },
    { "transient", "connections", 256 }, { "transient", "connections-inbound", 128 },
    { "transient", "streams", 2048 },    { "transient", "streams-inbound", 1024 },
    { "peer", "connections", 8 },        { "peer", "connections-inbound", 4 },
    { "peer", "streams", 512 },          { "peer", "streams-inbound", 256 },
    { "peer", "descriptors", 8 },        { "ip", "connections-inbound", 8 },
    { "protocol", "streams", 8192 },     { "ip-block", "connections-inbound", 16 },
    { "system", "memory", 64 * MIB },    { "protocol", "streams-inbound", 4096 },
    { "system", "descriptors", 400 },    { "transient", "memory", 16 * MIB },
    { "peer", "memory", 32 * MIB },      { "transient", "descriptors", 100 },
  };
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (64 * MIB, 400);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (get (limits, cases[i].scope, cases[i].resource, "limit"), ==, cases[i].limit);
}

/* The reservation outlives the limits' owner. */
static void
test_outlives (void)
{
  DmsP2pLimits *limits = dms_p2p_limits_new (0, 0);
  DmsP2pReservation *connection = connect_from (limits, NULL, FALSE, NULL);

  g_assert_cmpint (get (limits, "system", "memory", "limit"), >=, (gint64) (16 * MIB));
  g_assert_cmpint (get (limits, "system", "descriptors", "limit"), >=, 16);
  g_assert_cmpint (get (limits, "system", "connections", "limit"), ==, 1024);
  g_assert_cmpint (get (limits, "system", "streams", "limit"), ==, 16384);
  g_object_unref (limits);
  g_assert_true (dms_p2p_reservation_grow (connection, 1, NULL));
  dms_p2p_reservation_free (connection);
}

/* Takes as many as there are from @ip; the next one is refused by @limit. */
static void
assert_bound (DmsP2pLimits *limits, const char *pattern, guint expected, const char *limit)
{
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_reservation_free);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < expected; i++)
    {
      g_autofree char *number = g_strdup_printf ("%x", i);
      g_auto (GStrv) parts = g_strsplit (pattern, "*", 2);
      g_autofree char *ip = g_strjoinv (number, parts);

      g_ptr_array_add (held, connect_from (limits, ip, TRUE, &error));
      g_assert_no_error (error);
    }
  {
    g_auto (GStrv) parts = g_strsplit (pattern, "*", 2);
    g_autofree char *ip = g_strjoinv ("ee", parts);

    g_assert_null (connect_from (limits, ip, TRUE, &error));
    assert_refused (&error, limit);
  }
}

static void
test_ips (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (64 * MIB, 4000);

  assert_bound (limits, "203.0.113.5", 8, "ip/connections-inbound");
  g_assert_cmpint (get (limits, "ip:203.0.113.5", "connections-inbound", "refused"), ==, 1);
  /* One that is mapped to IPv6 is the same. */
  assert_bound (limits, "::ffff:203.0.113.5", 8, "ip/connections-inbound");
  g_assert_cmpint (get (limits, "ip:203.0.113.5", "connections-inbound", "refused"), ==, 2);
  /* A /64 is one customer; a /56 may be one with many networks. */
  assert_bound (limits, "2001:db8:1:2::*", 8, "ip/connections-inbound");
  g_assert_cmpint (get (limits, "ip:2001:db8:1:2::/64", "connections-inbound", "refused"), ==, 1);
  assert_bound (limits, "2001:db8:1:*::1", 16, "ip-block/connections-inbound");
  g_assert_cmpint (get (limits, "ip-block:2001:db8:1::/56", "connections-inbound", "refused"), ==, 1);
  /* This machine is not bounded, unless asked for. */
  assert_bound (limits, "127.0.0.1", 128, "transient/connections-inbound");
  g_assert_true (dms_p2p_limits_set (limits, "loopback", "connections-inbound", 3, NULL));
  assert_bound (limits, "127.0.0.1", 3, "loopback/connections-inbound");
  assert_bound (limits, "::1", 3, "loopback/connections-inbound");
}

/* Nothing of a refused thing is counted anywhere. */
static void
test_all_or_nothing (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (64 * MIB, 4000);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = new_peer (1);
  g_autoptr (DmsP2pReservation) connection = NULL;

  g_assert_true (dms_p2p_limits_set (limits, "system", "connections-inbound", 0, NULL));
  g_assert_null (connect_from (limits, "203.0.113.5", TRUE, &error));
  assert_refused (&error, "system/connections-inbound");
  g_assert_cmpint (get (limits, "ip", "connections-inbound", "used"), ==, 0);
  g_assert_cmpint (get (limits, "transient", "connections", "used"), ==, 0);
  g_assert_cmpint (get (limits, "transient", "connections", "peak"), ==, 0);
  g_assert_cmpint (get (limits, "system", "connections-inbound", "refused"), ==, 1);

  /* A peer that has too much leaves the connection where it was. */
  g_assert_true (dms_p2p_limits_set (limits, "peer", "connections", 0, NULL));
  connection = connect_from (limits, "203.0.113.5", FALSE, &error);
  g_assert_no_error (error);
  g_assert_false (dms_p2p_reservation_set_peer (connection, peer, &error));
  assert_refused (&error, "peer/connections");
  g_assert_cmpint (get (limits, "transient", "connections", "used"), ==, 1);
  g_assert_cmpint (get (limits, "peer", "connections", "used"), ==, 0);
  g_assert_true (dms_p2p_limits_set (limits, "peer", "connections", 1, NULL));
  g_assert_true (dms_p2p_reservation_set_peer (connection, peer, &error));
}

/* Many small ones, until the memory is used up; then everything is given back. */
static void
test_memory (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (16 * MIB, 4000);
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_reservation_free);
  g_autoptr (GError) error = NULL;
  guint64 total = 0;

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (DmsPeerId) peer = new_peer (i);

      g_ptr_array_add (held, connect_from (limits, NULL, FALSE, NULL));
      g_assert_true (dms_p2p_reservation_set_peer (held->pdata[i], peer, NULL));
    }
  g_assert_false (dms_p2p_reservation_grow (held->pdata[0], 16 * MIB + 1, &error));
  assert_refused (&error, "peer/memory");
  g_assert_false (dms_p2p_reservation_grow (held->pdata[0], G_MAXSIZE, &error));
  assert_refused (&error, "peer/memory");
  for (guint i = 0; dms_p2p_reservation_grow (held->pdata[i % 10], 1, &error); i++, total++)
    g_assert_cmpuint (total, <=, 16 * MIB);
  assert_refused (&error, "system/memory");
  g_assert_cmpuint (total, ==, 16 * MIB);
  dms_p2p_reservation_shrink (held->pdata[3], 1);
  g_assert_true (dms_p2p_reservation_grow (held->pdata[4], 1, NULL));
  g_assert_false (dms_p2p_reservation_grow (held->pdata[4], 1, NULL));
  g_ptr_array_set_size (held, 0);
  g_assert_cmpint (get (limits, "system", "memory", "used"), ==, 0);
  g_assert_cmpint (get (limits, "system", "memory", "peak"), ==, 16 * MIB);
}

static void
test_protocols (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (64 * MIB, 4000);
  g_autoptr (DmsPeerId) peer = new_peer (1);
  g_autoptr (DmsP2pReservation) first = dms_p2p_limits_reserve_stream (limits, peer, TRUE, NULL);
  g_autoptr (DmsP2pReservation) second = dms_p2p_limits_reserve_stream (limits, peer, TRUE, NULL);
  g_autofree char *endless = g_strnfill (5000, 'x');
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_p2p_limits_set (limits, "protocol", "streams-inbound", 1, NULL));
  g_assert_true (dms_p2p_reservation_set_protocol (first, "/a\xff", &error));
  g_assert_false (dms_p2p_reservation_set_protocol (second, "/a\xff", &error));
  g_assert_cmpstr (dms_error_get_reason (error), ==, "protocol/streams-inbound");
  g_clear_error (&error);
  g_assert_false (dms_p2p_reservation_set_protocol (second, endless, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_assert_true (dms_p2p_reservation_set_protocol (second, "/b", NULL));
}

/* However many are refused, what is remembered of them is bounded. */
static void
test_refusals (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (64 * MIB, 4000);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  g_assert_true (dms_p2p_limits_set (limits, "peer", "streams", 0, NULL));
  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (DmsPeerId) peer = new_peer (i);

      g_assert_null (dms_p2p_limits_reserve_stream (limits, peer, TRUE, NULL));
    }
  node = dms_p2p_limits_to_json (limits);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (node)), <, 200);
  g_assert_cmpint (get (limits, "peer", "streams", "refused"), ==, 20000);
  text = json_to_string (node, FALSE);
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static void
test_set (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (64 * MIB, 4000);
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_p2p_limits_set (limits, "galaxy", "streams", 1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (dms_p2p_limits_set (limits, "system", "stars", 1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (dms_p2p_limits_set (limits, "system", "streams", 5, &error));
  g_assert_cmpint (get (limits, "system", "streams", "limit"), ==, 5);
}

/* One at half its limit is told of by name. */
static void
test_busy (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (64 * MIB, 4000);
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_reservation_free);

  for (guint i = 0; i < 3; i++)
    g_ptr_array_add (held, connect_from (limits, "203.0.113.5", TRUE, NULL));
  g_assert_cmpint (get (limits, "ip:203.0.113.5", "connections-inbound", "used"), ==, -1);
  g_ptr_array_add (held, connect_from (limits, "203.0.113.5", TRUE, NULL));
  g_assert_cmpint (get (limits, "ip:203.0.113.5", "connections-inbound", "used"), ==, 4);
  g_assert_cmpint (get (limits, "ip:203.0.113.5", "connections-inbound", "limit"), ==, 8);
}

/* Whatever is done in whatever order, the sums are right in the end. */
static void
test_random (void)
{
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (16 * MIB, 100);
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_reservation_free);
  g_autoptr (GRand) random = g_rand_new_with_seed (42);
  static const char *const protocols[] = { "/a", "/b", "/c" };

  for (guint i = 0; i < 100000; i++)
    {
      g_autoptr (DmsPeerId) peer = new_peer ((guint) g_rand_int_range (random, 0, 20));
      guint at = held->len > 0 ? (guint) g_rand_int_range (random, 0, (gint32) held->len) : 0;
      g_autofree char *ip = g_strdup_printf ("203.0.113.%d", g_rand_int_range (random, 0, 20));
      DmsP2pReservation *added = NULL;

      switch (g_rand_int_range (random, 0, 8))
        {
        case 0:
          added = connect_from (limits, ip, g_rand_boolean (random), NULL);
          break;
        case 1:
          added = dms_p2p_limits_reserve_stream (limits, peer, g_rand_boolean (random), NULL);
          break;
        case 2:
          if (held->len > 0)
            dms_p2p_reservation_grow (held->pdata[at], (gsize) g_rand_int_range (random, 0, 100000), NULL);
          break;
        case 3:
          if (held->len > 0)
            dms_p2p_reservation_shrink (held->pdata[at], (gsize) g_rand_int_range (random, 0, 100000));
          break;
        case 4:
          if (held->len > 0)
            dms_p2p_reservation_set_peer (held->pdata[at], peer, NULL);
          break;
        case 5:
          if (held->len > 0)
            dms_p2p_reservation_set_protocol (held->pdata[at], protocols[i % 3], NULL);
          break;
        default:
          if (held->len > 0)
            g_ptr_array_remove_index_fast (held, at);
        }
      if (added != NULL)
        g_ptr_array_add (held, added);
    }
  g_ptr_array_set_size (held, 0);
  for (guint i = 0; i < 5; i++)
    {
      static const char *const scopes[] = { "system", "transient", "peer", "ip", "protocol" };
      static const char *const resources[] = {
        "memory", "connections", "streams", "descriptors", "connections-inbound"
      };

      for (guint j = 0; j < G_N_ELEMENTS (resources); j++)
        g_assert_cmpint (get (limits, scopes[i], resources[j], "used"), <=, 0);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p-limits/life", test_life);
  g_test_add_func ("/p2p-limits/defaults", test_defaults);
  g_test_add_func ("/p2p-limits/outlives", test_outlives);
  g_test_add_func ("/p2p-limits/ips", test_ips);
  g_test_add_func ("/p2p-limits/all-or-nothing", test_all_or_nothing);
  g_test_add_func ("/p2p-limits/memory", test_memory);
  g_test_add_func ("/p2p-limits/protocols", test_protocols);
  g_test_add_func ("/p2p-limits/refusals", test_refusals);
  g_test_add_func ("/p2p-limits/set", test_set);
  g_test_add_func ("/p2p-limits/busy", test_busy);
  g_test_add_func ("/p2p-limits/random", test_random);
  return g_test_run ();
}
