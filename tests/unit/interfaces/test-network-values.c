/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include <dms.h>

#define PEER       "12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3"
#define OTHER_PEER "12D3KooWJMtMN1mTNRfgMqUygT7eSXamVzc9ihpSjeairm9PebmB"

typedef gpointer (*ReadFunc) (JsonNode *node, GError **error);

static DmsConnectionInfo *
make_connection (void)
{
  static const char *const protocols[] = { "/ipfs/id/1.0.0", "actor/root/messages/0.0.1", NULL };
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (PEER, NULL);
  g_autoptr (DmsMultiaddr) local = dms_multiaddr_new ("/ip4/192.0.2.1/tcp/9000", NULL);
  g_autoptr (DmsMultiaddr) remote = dms_multiaddr_new ("/ip4/198.51.100.7/tcp/40123", NULL);
  g_autoptr (DmsConnectionInfo) bare =
      dms_connection_info_new (peer, local, remote, TRUE, FALSE, "/tls/1.0.0", "/yamux/1.0.0", 17);
  g_autoptr (DmsConnectionInfo) busy = dms_connection_info_with_traffic (bare, 3, 1500, 1000, 2000);

  return dms_connection_info_with_identity (busy, "js-libp2p/3.0", protocols);
}

static char *
write_connection (DmsConnectionInfo *info)
{
  g_autoptr (JsonNode) node = dms_connection_info_to_json (info);

  return json_to_string (node, FALSE);
}

static DmsConnectionInfo *
read_connection (const char *text, GError **error)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);

  g_assert_nonnull (node);
  return dms_connection_info_new_from_json (node, error);
}

static void
test_connection_wire (void)
{
  g_autoptr (DmsConnectionInfo) info = make_connection ();
  g_autofree char *text = write_connection (info);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsConnectionInfo) back = read_connection (text, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text,
                   ==,
                   "{\"peer\":\"" PEER "\",\"local\":\"/ip4/192.0.2.1/tcp/9000\","
                   "\"remote\":\"/ip4/198.51.100.7/tcp/40123\",\"inbound\":true,\"limited\":false,"
                   "\"security\":\"/tls/1.0.0\",\"muxer\":\"/yamux/1.0.0\",\"opened_us\":17,\"n_streams\":3,"
                   "\"rtt_us\":1500,\"bytes_in\":1000,\"bytes_out\":2000,\"agent\":\"js-libp2p/3.0\","
                   "\"protocols\":[\"/ipfs/id/1.0.0\",\"actor/root/messages/0.0.1\"]}");
  g_assert_true (dms_connection_info_equal (info, back));
  g_assert_cmpstr (dms_peer_id_get_text (dms_connection_info_get_peer (back)), ==, PEER);
  g_assert_cmpstr (
      dms_multiaddr_get_text (dms_connection_info_get_local (back)), ==, "/ip4/192.0.2.1/tcp/9000");
  g_assert_cmpstr (
      dms_multiaddr_get_text (dms_connection_info_get_remote (back)), ==, "/ip4/198.51.100.7/tcp/40123");
  g_assert_true (dms_connection_info_get_inbound (back));
  g_assert_false (dms_connection_info_get_limited (back));
  g_assert_cmpstr (dms_connection_info_get_security (back), ==, "/tls/1.0.0");
  g_assert_cmpstr (dms_connection_info_get_muxer (back), ==, "/yamux/1.0.0");
  g_assert_cmpint (dms_connection_info_get_opened_us (back), ==, 17);
  g_assert_cmpuint (dms_connection_info_get_n_streams (back), ==, 3);
  g_assert_cmpint (dms_connection_info_get_rtt_us (back), ==, 1500);
  g_assert_cmpuint (dms_connection_info_get_bytes_in (back), ==, 1000);
  g_assert_cmpuint (dms_connection_info_get_bytes_out (back), ==, 2000);
  g_assert_cmpstr (dms_connection_info_get_agent (back), ==, "js-libp2p/3.0");
  g_assert_cmpstr (dms_connection_info_get_protocols (back)[1], ==, "actor/root/messages/0.0.1");
}

/* What is not known stays unknown. */
static void
test_connection_bare (void)
{
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (PEER, NULL);
  g_autoptr (DmsConnectionInfo) info =
      dms_connection_info_new (peer, NULL, NULL, FALSE, TRUE, NULL, NULL, -5);
  g_autofree char *text = write_connection (info);
  g_autoptr (DmsConnectionInfo) back = read_connection (text, NULL);

  g_assert_null (dms_connection_info_get_local (back));
  g_assert_null (dms_connection_info_get_remote (back));
  g_assert_null (dms_connection_info_get_agent (back));
  g_assert_cmpstr (dms_connection_info_get_security (back), ==, "");
  g_assert_cmpint (dms_connection_info_get_opened_us (back), ==, 0);
  g_assert_cmpint (dms_connection_info_get_rtt_us (back), ==, -1);
  g_assert_null (dms_connection_info_get_protocols (back)[0]);
  g_assert_true (dms_connection_info_get_limited (back));
  g_assert_true (dms_connection_info_equal (info, back));
}

/* Each difference counts, and making another value leaves the first as it was. */
static void
test_connection_equal (void)
{
  g_autoptr (DmsConnectionInfo) info = make_connection ();
  g_autoptr (DmsConnectionInfo) slower = dms_connection_info_with_traffic (info, 3, 1501, 1000, 2000);
  g_autoptr (DmsConnectionInfo) unmeasured = dms_connection_info_with_traffic (info, 3, -77, 1000, 2000);
  g_autoptr (DmsConnectionInfo) silent = dms_connection_info_with_identity (info, NULL, NULL);
  g_autoptr (DmsConnectionInfo) same = make_connection ();
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (OTHER_PEER, NULL);
  g_autoptr (DmsConnectionInfo) other = dms_connection_info_new (peer, NULL, NULL, FALSE, FALSE, "", "", 0);

  g_assert_true (dms_connection_info_equal (info, same));
  g_assert_false (dms_connection_info_equal (info, slower));
  g_assert_false (dms_connection_info_equal (info, silent));
  g_assert_false (dms_connection_info_equal (info, other));
  g_assert_cmpint (dms_connection_info_get_rtt_us (unmeasured), ==, -1);
  g_assert_null (dms_connection_info_get_agent (silent));
  g_assert_null (dms_connection_info_get_protocols (silent)[0]);
  g_assert_cmpuint (dms_connection_info_get_n_streams (silent), ==, 3);
}

/* A peer may say anything: no UTF-8, endless texts, endless lists. What is kept reads back. */
static void
test_connection_hostile_identity (void)
{
  g_autofree char *endless = g_strnfill (1000000, '\xff');
  g_auto (GStrv) protocols = g_new0 (char *, 5001);
  g_autoptr (DmsConnectionInfo) bare = make_connection ();
  g_autoptr (DmsConnectionInfo) info = NULL;
  g_autoptr (DmsConnectionInfo) back = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < 5000; i++)
    protocols[i] = g_strdup ("/\xc3\x28");
  info = dms_connection_info_with_identity (bare, endless, (const char *const *) protocols);
  g_assert_true (g_utf8_validate (dms_connection_info_get_agent (info), -1, NULL));
  g_assert_cmpuint (strlen (dms_connection_info_get_agent (info)), <=, 4096);
  g_assert_cmpuint (g_strv_length ((GStrv) dms_connection_info_get_protocols (info)), <=, 1024);
  text = write_connection (info);
  back = read_connection (text, &error);
  g_assert_no_error (error);
  g_assert_true (dms_connection_info_equal (info, back));
}

static void
refuse (ReadFunc read, const char *text)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);
  g_autoptr (GError) error = NULL;

  g_test_message ("%.200s", text);
  g_assert_nonnull (node);
  g_assert_null (read (node, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
test_connection_hostile (void)
{
  static const char *const texts[] = {
    "[]",
    "{}",
    "{\"peer\":7}",
    "{\"peer\":\"nobody\"}",
    "{\"peer\":\"" PEER "\",\"local\":\"nowhere\"}",
    "{\"peer\":\"" PEER "\",\"remote\":{}}",
    "{\"peer\":\"" PEER "\",\"inbound\":\"yes\"}",
    "{\"peer\":\"" PEER "\",\"n_streams\":-1}",
    "{\"peer\":\"" PEER "\",\"n_streams\":4294967296}",
    "{\"peer\":\"" PEER "\",\"rtt_us\":-2}",
    "{\"peer\":\"" PEER "\",\"bytes_in\":1e30}",
    "{\"peer\":\"" PEER "\",\"opened_us\":-1}",
    "{\"peer\":\"" PEER "\",\"agent\":[]}",
    "{\"peer\":\"" PEER "\",\"protocols\":\"/ping\"}",
    "{\"peer\":\"" PEER "\",\"protocols\":[7]}",
    "{\"peer\":\"" PEER "\",\"protocols\":[null]}",
  };
  g_autoptr (GString) many = g_string_new ("{\"peer\":\"" PEER "\",\"protocols\":[\"a\"");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    refuse ((ReadFunc) dms_connection_info_new_from_json, texts[i]);
  for (guint i = 0; i < 1024; i++)
    g_string_append (many, ",\"a\"");
  g_string_append (many, "]}");
  refuse ((ReadFunc) dms_connection_info_new_from_json, many->str);
}

static void
test_limit (void)
{
  g_autoptr (DmsLimitInfo) info = dms_limit_info_new ("peer", PEER, "streams-inbound", 5, 512, 9, 2);
  g_autoptr (DmsLimitInfo) nameless = dms_limit_info_new ("system", "", "memory", G_MAXUINT64, 10, 10, 0);
  g_autoptr (JsonNode) node = dms_limit_info_to_json (info);
  g_autoptr (JsonNode) nameless_node = dms_limit_info_to_json (nameless);
  g_autofree char *text = json_to_string (node, FALSE);
  g_autofree char *nameless_text = json_to_string (nameless_node, FALSE);
  g_autoptr (DmsLimitInfo) back = dms_limit_info_new_from_json (node, NULL);

  g_assert_cmpstr (text,
                   ==,
                   "{\"scope\":\"peer\",\"name\":\"" PEER "\",\"resource\":\"streams-inbound\",\"used\":5,"
                   "\"limit\":512,\"peak\":9,\"refused\":2}");
  g_assert_cmpstr (nameless_text,
                   ==,
                   "{\"scope\":\"system\",\"resource\":\"memory\",\"used\":9223372036854775807,\"limit\":10,"
                   "\"peak\":10,\"refused\":0}");
  g_assert_true (dms_limit_info_equal (info, back));
  g_assert_false (dms_limit_info_equal (info, nameless));
  g_assert_cmpstr (dms_limit_info_get_scope (back), ==, "peer");
  g_assert_cmpstr (dms_limit_info_get_name (back), ==, PEER);
  g_assert_null (dms_limit_info_get_name (nameless));
  g_assert_cmpstr (dms_limit_info_get_resource (back), ==, "streams-inbound");
  g_assert_cmpuint (dms_limit_info_get_used (back), ==, 5);
  g_assert_cmpuint (dms_limit_info_get_limit (back), ==, 512);
  g_assert_cmpuint (dms_limit_info_get_peak (back), ==, 9);
  g_assert_cmpuint (dms_limit_info_get_refused (back), ==, 2);
}

static void
test_limit_hostile (void)
{
  static const char *const texts[] = {
    "7",
    "{}",
    "{\"scope\":\"system\"}",
    "{\"resource\":\"memory\"}",
    "{\"scope\":[],\"resource\":\"memory\"}",
    "{\"scope\":\"system\",\"resource\":\"memory\",\"name\":7}",
    "{\"scope\":\"system\",\"resource\":\"memory\",\"used\":-1}",
    "{\"scope\":\"system\",\"resource\":\"memory\",\"limit\":\"9\"}",
    "{\"scope\":\"system\",\"resource\":\"memory\",\"peak\":1e30}",
    "{\"scope\":\"system\",\"resource\":\"memory\",\"refused\":true}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    refuse ((ReadFunc) dms_limit_info_new_from_json, texts[i]);
}

static void
test_step (void)
{
  g_autoptr (DmsDialStep) good = dms_dial_step_new ("secure", "/tls/1.0.0", 1234, NULL);
  g_autoptr (DmsDialStep) bad = dms_dial_step_new ("connect", "", -1, "nobody answers at 198.51.100.7:9000");
  g_autoptr (JsonNode) good_node = dms_dial_step_to_json (good);
  g_autoptr (JsonNode) bad_node = dms_dial_step_to_json (bad);
  g_autofree char *good_text = json_to_string (good_node, FALSE);
  g_autofree char *bad_text = json_to_string (bad_node, FALSE);
  g_autoptr (DmsDialStep) good_back = dms_dial_step_new_from_json (good_node, NULL);
  g_autoptr (DmsDialStep) bad_back = dms_dial_step_new_from_json (bad_node, NULL);

  g_assert_cmpstr (good_text, ==, "{\"step\":\"secure\",\"detail\":\"/tls/1.0.0\",\"duration_us\":1234}");
  g_assert_cmpstr (
      bad_text,
      ==,
      "{\"step\":\"connect\",\"duration_us\":0,\"error\":\"nobody answers at 198.51.100.7:9000\"}");
  g_assert_true (dms_dial_step_equal (good, good_back));
  g_assert_true (dms_dial_step_equal (bad, bad_back));
  g_assert_false (dms_dial_step_equal (good, bad));
  g_assert_cmpstr (dms_dial_step_get_step (good_back), ==, "secure");
  g_assert_cmpstr (dms_dial_step_get_detail (good_back), ==, "/tls/1.0.0");
  g_assert_cmpint (dms_dial_step_get_duration_us (good_back), ==, 1234);
  g_assert_null (dms_dial_step_get_error_text (good_back));
  g_assert_null (dms_dial_step_get_detail (bad_back));
  g_assert_cmpstr (dms_dial_step_get_error_text (bad_back), ==, "nobody answers at 198.51.100.7:9000");
}

static void
test_step_hostile (void)
{
  static const char *const texts[] = {
    "\"ping\"",
    "{}",
    "{\"step\":\"\"}",
    "{\"step\":1}",
    "{\"step\":\"ping\",\"detail\":{}}",
    "{\"step\":\"ping\",\"duration_us\":-1}",
    "{\"step\":\"ping\",\"duration_us\":\"1 ms\"}",
    "{\"step\":\"ping\",\"error\":false}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    refuse ((ReadFunc) dms_dial_step_new_from_json, texts[i]);
}

/* A transport that has nothing of it answers that it has nothing, and keeps nobody's data. */

typedef struct {
  GObject parent_instance;
} BareTransport;

typedef struct {
  GObjectClass parent_class;
} BareTransportClass;

static void
bare_transport_transport_init (DmsTransportInterface *iface)
{
}

static GType bare_transport_get_type (void);

G_DEFINE_TYPE_WITH_CODE (BareTransport,
                         bare_transport,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (DMS_TYPE_TRANSPORT, bare_transport_transport_init))

static void
bare_transport_class_init (BareTransportClass *klass)
{
}

static void
bare_transport_init (BareTransport *self)
{
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static void
note_step (DmsTransport *transport, DmsDialStep *step, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
note_peer (DmsTransport *transport,
           DmsPeerId *peer,
           gboolean identified,
           const char *const *protocols,
           gpointer user_data)
{
  g_assert_not_reached ();
}

static void
note_destroyed (gpointer data)
{
  ++*(guint *) data;
}

static void
test_nothing (void)
{
  g_autoptr (DmsTransport) transport = g_object_new (bare_transport_get_type (), NULL);
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (PEER, NULL);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new ("/ip4/192.0.2.1/tcp/9000", NULL);
  g_autoptr (GPtrArray) connections = dms_transport_list_connections (transport);
  g_autoptr (GPtrArray) limits = dms_transport_list_limits (transport);
  g_auto (GStrv) protocols = dms_transport_dup_peer_protocols (transport, peer);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint destroyed = 0;

  g_assert_cmpuint (connections->len, ==, 0);
  g_assert_cmpuint (limits->len, ==, 0);
  g_assert_null (protocols);
  g_assert_cmpint (dms_transport_get_reachability (transport), ==, DMS_REACHABILITY_UNKNOWN);
  dms_transport_set_peer_score (transport, peer, 5);
  dms_transport_set_peer_handler (transport, note_peer, &destroyed, note_destroyed);
  g_assert_cmpuint (destroyed, ==, 1);
  dms_transport_trace_dial_async (
      transport, address, NULL, note_step, &destroyed, note_destroyed, keep_result, &result);
  g_assert_cmpuint (destroyed, ==, 2);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (dms_transport_trace_dial_finish (transport, result, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/interfaces/connection-info/wire", test_connection_wire);
  g_test_add_func ("/interfaces/connection-info/bare", test_connection_bare);
  g_test_add_func ("/interfaces/connection-info/equal", test_connection_equal);
  g_test_add_func ("/interfaces/connection-info/hostile-identity", test_connection_hostile_identity);
  g_test_add_func ("/interfaces/connection-info/hostile", test_connection_hostile);
  g_test_add_func ("/interfaces/limit-info/wire", test_limit);
  g_test_add_func ("/interfaces/limit-info/hostile", test_limit_hostile);
  g_test_add_func ("/interfaces/dial-step/wire", test_step);
  g_test_add_func ("/interfaces/dial-step/hostile", test_step_hostile);
  g_test_add_func ("/interfaces/transport/nothing", test_nothing);
  return g_test_run ();
}
