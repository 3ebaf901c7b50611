/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "dms-test-daemon.h"

#define PEER "12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3"

/* What a node answers, and what people see of it: `nunet network` against a daemon that says what it likes.
 */

static void
expect_line (DmsTestCli *fixture, guint index, const char *line)
{
  g_auto (GStrv) lines = g_strsplit (fixture->out, "\n", -1);

  g_assert_cmpuint (g_strv_length (lines), >, index);
  g_assert_cmpstr (lines[index], ==, line);
}

static void
test_payloads (DmsTestCli *fixture, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *behaviour;
    const char *payload;
  } cases[] = {
    { "network addresses", "/dms/node/network/addresses", "{}" },
    { "network peers", "/dms/node/network/peers", "{}" },
    { "network limits --json", "/dms/node/network/limits", "{}" },
    { "network connections", "/dms/node/network/connections", "{}" },
    { "network connections P", "/dms/node/network/connections", "{\"peer\":\"P\"}" },
    { "network dial /ip4/1.2.3.4/tcp/5", "/dms/node/network/dial", "{\"address\":\"/ip4/1.2.3.4/tcp/5\"}" },
    { "network ping -n 1 P", "/dms/node/network/ping", "{\"peer\":\"P\"}" },
    { "-c other network --dest " PEER " ping P -n1", "/dms/node/network/ping", "{\"peer\":\"P\"}" },
    { "actor cmd /dms/node/network/dial -a X", "/dms/node/network/dial", "{\"address\":\"X\"}" },
    { "actor cmd /dms/node/network/connections -p X", "/dms/node/network/connections", "{\"peer\":\"X\"}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].line);
      dms_test_cli_run (fixture, cases[i].line, "");
      g_assert_cmpstr (fixture->daemon.behaviour, ==, cases[i].behaviour);
      g_assert_cmpstr (fixture->daemon.payload, ==, cases[i].payload);
      g_assert_true (fixture->daemon.verified);
    }
}

static void
test_addresses (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply =
      "{\"peer\":\"" PEER "\",\"transport\":\"libp2p\",\"addresses\":[\"/ip4/1.2.3.4\",\"/b\"]}";
  dms_test_cli_run (fixture, "network addresses", "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_cmpstr (fixture->out,
                   ==,
                   "Peer ID     " PEER "\nTransport   libp2p\nAddresses   /ip4/1.2.3.4\n            /b\n");
  dms_test_cli_run (fixture, "network addresses --json", "");
  g_assert_cmpstr (fixture->out,
                   ==,
                   "{\n  \"peer\": \"" PEER "\",\n  \"transport\": \"libp2p\",\n  \"addresses\": [\n"
                   "    \"/ip4/1.2.3.4\",\n    \"/b\"\n  ]\n}\n");
  fixture->daemon.reply = "{\"peer\":\"" PEER "\",\"reachability\":\"public\",\"addresses\":[\"/b\"]}";
  dms_test_cli_run (fixture, "network addresses", "");
  g_assert_nonnull (strstr (fixture->out, "\nReachable   yes"));
  fixture->daemon.reply = "{\"peer\":\"" PEER "\",\"reachability\":\"private\",\"addresses\":[\"/b\"]}";
  dms_test_cli_run (fixture, "network addresses", "");
  g_assert_nonnull (strstr (fixture->out, "\nReachable   not by itself"));
  fixture->daemon.reply = "{\"peer\":\"" PEER "\",\"reachability\":\"unknown\",\"addresses\":[\"/b\"]}";
  dms_test_cli_run (fixture, "network addresses", "");
  g_assert_nonnull (strstr (fixture->out, "\nReachable   not known"));
  fixture->daemon.reply = "{\"peer\":\"" PEER "\",\"addresses\":[]}";
  dms_test_cli_run (fixture, "network addresses", "");
  g_assert_nonnull (strstr (fixture->out, "nobody can reach this node"));
}

static void
test_peers (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply =
      "{\"peers\":[{\"id\":\"A\",\"did\":\"did:key:z6\",\"agent\":\"go/1\",\"rtt_us\":1250,"
      "\"score\":5},{\"id\":\"Longer\",\"rtt_us\":-1,\"score\":-12.25}],\"total\":2}";
  dms_test_cli_run (fixture, "network peers", "");
  g_assert_cmpint (fixture->status, ==, 0);
  expect_line (fixture, 0, "PEER    ROUND TRIP  SCORE  AGENT  DID");
  expect_line (fixture, 1, "A          1.25 ms    5.0  go/1   did:key:z6");
  expect_line (fixture, 2, "Longer           -  -12.2  -      -");
}

static void
test_connections (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply =
      "{\"connections\":[{\"peer\":\"A\",\"remote\":\"/ip4/1.2.3.4/tcp/"
      "5\",\"inbound\":true,\"limited\":false,"
      "\"security\":\"/tls/1.0.0\",\"muxer\":\"/yamux/1.0.0\",\"opened_us\":1,\"n_streams\":3,\"rtt_us\":850,"
      "\"bytes_in\":1536,\"bytes_out\":2147483648,\"agent\":\"go/1\",\"protocols\":[\"/ipfs/id/1.0.0\"]},"
      "{\"peer\":\"B\",\"limited\":true}]}";
  dms_test_cli_run (fixture, "network connections A", "");
  g_assert_cmpint (fixture->status, ==, 0);
  expect_line (
      fixture,
      0,
      "PEER  WAY           REMOTE ADDRESS      SECURITY    MUXER         STREAMS  ROUND TRIP  RECEIVED"
      "     SENT      AGE");
  g_assert_nonnull (
      strstr (fixture->out,
              "A     in            /ip4/1.2.3.4/tcp/5  /tls/1.0.0  /yamux/1.0.0        3      850 "
              "µs   1.5 KiB  2.0 GiB  "));
  g_assert_nonnull (strstr (fixture->out, "B     out, relayed  -"));
  g_assert_nonnull (strstr (fixture->out, "\nAgent  go/1\nDID    -\nIt speaks:\n  /ipfs/id/1.0.0\n"));
}

static void
test_limits (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply = "{\"limits\":[{\"scope\":\"system\",\"resource\":\"memory\",\"used\":1024,"
                          "\"limit\":1073741824,\"peak\":2048,"
                          "\"refused\":0},{\"scope\":\"peer\",\"name\":\"A\",\"resource\":\"streams-"
                          "inbound\",\"used\":5,\"limit\":512,"
                          "\"peak\":512,\"refused\":17}]}";
  dms_test_cli_run (fixture, "network limits", "");
  g_assert_cmpint (fixture->status, ==, 0);
  expect_line (fixture, 0, "SCOPE   RESOURCE            USED    LIMIT     PEAK  REFUSED  NAME");
  expect_line (fixture, 1, "system  memory           1.0 KiB  1.0 GiB  2.0 KiB        0  -");
  expect_line (fixture, 2, "peer    streams-inbound        5      512      512       17  A");
}

static void
test_dial (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply =
      "{\"peer\":\"" PEER "\",\"did\":\"did:key:z6\",\"duration_us\":1500000,\"steps\":["
      "{\"step\":\"resolve\",\"detail\":\"1.2.3.4:5\",\"duration_us\":70},"
      "{\"step\":\"connect\",\"detail\":\"[::1]:5\",\"duration_us\":1000,\"error\":\"refused\"},"
      "{\"step\":\"secure\",\"detail\":\"/tls/1.0.0\",\"duration_us\":12345}]}";
  dms_test_cli_run (fixture, "network dial " PEER, "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_cmpstr (fixture->out,
                   ==,
                   "STEP         TIME  RESULT\n"
                   "resolve     70 µs  1.2.3.4:5\n"
                   "connect   1.00 ms  [::1]:5 failed: refused\n"
                   "secure   12.35 ms  /tls/1.0.0\n"
                   "Connected to " PEER " in 1.50 s.\nIt is did:key:z6.\n");
}

/* The steps are shown all the same, and programs get the whole reply. */
static void
test_dial_fails (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply =
      "{\"error\":\"all 1 addresses failed\",\"duration_us\":1,\"steps\":[{\"step\":\"connect\","
      "\"duration_us\":1000,\"error\":\"no answer\"}]}";
  dms_test_cli_run (fixture, "network dial X", "");
  g_assert_cmpint (fixture->status, ==, 1);
  expect_line (fixture, 1, "connect  1.00 ms  failed: no answer");
  g_assert_cmpstr (fixture->err, ==, "Error: cannot connect to X: all 1 addresses failed\n");
  dms_test_cli_run (fixture, "network dial X --json", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_true (g_str_has_prefix (fixture->out, "{\n  \"error\": \"all 1 addresses failed\""));
  fixture->daemon.reply = "{}";
  dms_test_cli_run (fixture, "network dial X", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "does not say whom it reached"));
}

static void
test_ping (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply = "{\"rtt_us\":1500}";
  dms_test_cli_run (fixture, "network ping -n 2 --interval 1ms P", "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_cmpstr (fixture->out,
                   ==,
                   "1: answer after 1.50 ms\n2: answer after 1.50 ms\n"
                   "2 sent, 2 answered; round trip: least 1.50 ms, mean 1.50 ms, most 1.50 ms\n");
  fixture->daemon.reply = "{\"error\":\"no answer within 1.0 s\"}";
  dms_test_cli_run (fixture, "network ping -n 1 P", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->out, ==, "1: no answer within 1.0 s\n1 sent, 0 answered\n");
  g_assert_cmpstr (fixture->err, ==, "Error: the peer P did not answer\n");
  dms_test_cli_run (fixture, "network ping -n 1 P --json", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->out, "\"answered\": 0"));
}

/* Each ping is a message of its own, which lives as long as the first. */
static void
test_ping_lifetime (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply = "{\"rtt_us\":1}";
  dms_test_cli_run (fixture, "network ping -n 3 --interval 500ms -t 2s P", "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_cmpint (fixture->daemon.lifetime, >, 1500 * G_GINT64_CONSTANT (1000000));
  g_assert_cmpint (fixture->daemon.lifetime, <=, 2000 * G_GINT64_CONSTANT (1000000));
}

/* A node on the other side may send anything: nothing of it moves the cursor, and nothing crashes. */
static void
test_hostile (DmsTestCli *fixture, gconstpointer data)
{
  static const char *const replies[] = {
    "null",
    "[]",
    "7",
    "{\"peers\":7,\"connections\":{},\"limits\":null,\"steps\":\"x\",\"addresses\":[7]}",
    "{\"peers\":[7,null,{}],\"connections\":[[],{\"peer\":{}}],\"limits\":[{\"used\":\"x\"}],\"steps\":[1]}",
    "{\"peer\":7,\"rtt_us\":\"x\",\"error\":{},\"addresses\":{},\"transport\":[]}",
    "{\"rtt_us\":1e300,\"peer\":\"\\u001b[2J\",\"did\":\"\\u202e\",\"addresses\":[\"\\u001b[H\"],\"peers\":[{"
    "\"id\":"
    "\"\\u001b[2J\",\"score\":\"x\",\"agent\":\"\\u0007\"}],\"connections\":[{\"agent\":\"\\u001b]0;x\","
    "\"protocols\":"
    "[\"\\u001b\"],\"bytes_in\":9223372036854775807,\"opened_us\":9223372036854775807}],\"steps\":[{\"step\":"
    "\"\\u001b[2J\",\"duration_us\":9223372036854775807}],\"limits\":[{\"scope\":\"\\u009b\"}],\"error\":"
    "\"\\u001b[2J\"}",
  };
  static const char *const lines[] = {
    "network addresses", "network peers",  "network connections", "network connections P",
    "network limits",    "network dial P", "network ping -n 1 P",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      fixture->daemon.reply = replies[i];
      for (gsize j = 0; j < G_N_ELEMENTS (lines); j++)
        {
          g_test_message ("%s: %s", lines[j], replies[i]);
          dms_test_cli_run (fixture, lines[j], "");
          g_assert_null (strchr (fixture->out, '\x1b'));
          g_assert_null (strchr (fixture->err, '\x1b'));
          g_assert_null (strstr (fixture->out, "\u202e"));
          g_assert_cmpint (fixture->status, <=, 1);
          if (replies[i][0] != '{')
            g_assert_cmpint (fixture->status, ==, 1);
        }
    }
}

static void
test_usage (DmsTestCli *fixture, gconstpointer data)
{
  static const char *const lines[] = {
    "network dial",        "network dial a b",         "network ping",        "network ping a b",
    "network ping -n 0 P", "network ping -n 100001 P", "network peers extra", "network limits extra",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      dms_test_cli_run (fixture, lines[i], "");
      g_assert_cmpint (fixture->status, ==, 1);
      g_assert_true (g_str_has_prefix (fixture->err, "Error: "));
      g_assert_null (fixture->daemon.behaviour);
    }
  dms_test_cli_run (fixture, "network", "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_nonnull (strstr (fixture->out, "connections"));
  g_assert_nonnull (strstr (fixture->out, "p2p.listen_address"));
}

/* The key of a private network is a file of this machine: who wants another node's must learn that. */
static void
test_swarm_is_local (DmsTestCli *fixture, gconstpointer data)
{
  static const char *const lines[] = {
    "network swarm show --dest " PEER,
    "network swarm new --dest " PEER,
    "network swarm join --dest " PEER,
    "network swarm new --context other",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      dms_test_cli_run (fixture, lines[i], "");
      g_assert_cmpint (fixture->status, ==, 1);
      g_assert_nonnull (strstr (fixture->err, "unknown flag"));
    }
  dms_test_cli_run (fixture, "network swarm show", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "no key of a private network"));
  g_assert_nonnull (strstr (fixture->err, "nunet network swarm new"));
}

static void
add (const char *path, void (*test) (DmsTestCli *fixture, gconstpointer data))
{
  g_test_add (path, DmsTestCli, NULL, dms_test_cli_set_up, test, dms_test_cli_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("/cli/network/payloads", test_payloads);
  add ("/cli/network/addresses", test_addresses);
  add ("/cli/network/peers", test_peers);
  add ("/cli/network/connections", test_connections);
  add ("/cli/network/limits", test_limits);
  add ("/cli/network/dial", test_dial);
  add ("/cli/network/dial-fails", test_dial_fails);
  add ("/cli/network/ping", test_ping);
  add ("/cli/network/ping-lifetime", test_ping_lifetime);
  add ("/cli/network/hostile", test_hostile);
  add ("/cli/network/swarm-is-local", test_swarm_is_local);
  add ("/cli/network/usage", test_usage);
  return g_test_run ();
}
