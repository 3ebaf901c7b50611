/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-quic-fixture.h"
#include "dms-quic-relay.h"
#include "quic/dms-p2p-quic-connection-private.h"
#include "tls/dms-p2p-certificate-private.h"

/* Somebody with a socket and bad manners. */
static GSocket *
make_stranger (DmsQuicFixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetSocketAddress) to = dms_multiaddr_dup_socket_address (self->address);
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);

  g_assert_no_error (error);
  g_socket_connect (socket, G_SOCKET_ADDRESS (to), NULL, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (socket, FALSE);
  return socket;
}

static DmsP2pQuicDoor *
get_door (DmsQuicFixture *self)
{
  return dms_p2p_quic_get_door (DMS_P2P_QUIC (self->server));
}

static guint
count_answers (GSocket *socket, gsize *bytes)
{
  char buffer[2048];
  guint n = 0;
  gssize size = 0;

  *bytes = 0;
  while ((size = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL)) > 0)
    {
      n++;
      *bytes += (gsize) size;
    }
  return n;
}

static void
check_alive (DmsQuicFixture *self)
{
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;

  if (self->outbound == NULL)
    dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
}

static void
test_garbage (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GSocket) stranger = make_stranger (self);
  g_autoptr (GRand) random = g_rand_new_with_seed (4711);
  guint8 packet[1500];
  gsize bytes = 0;
  gsize sent = 0;
  guint n_answers = 0;

  check_alive (self);
  for (guint i = 0; i < 20000; i++)
    {
      gsize size = (gsize) g_rand_int_range (random, 0, sizeof packet);

      for (gsize j = 0; j < MIN (size, 64); j++)
        packet[j] = (guint8) g_rand_int (random);
      g_socket_send (stranger, (char *) packet, size, NULL, NULL);
      sent += size;
      if (i % 64 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  dms_quic_run (100);
  n_answers = count_answers (stranger, &bytes);
  g_test_message ("%u answers, %" G_GSIZE_FORMAT " bytes to %" G_GSIZE_FORMAT, n_answers, bytes, sent);
  /* Answers are few, and small: nobody is flooded by way of us. */
  g_assert_cmpuint (bytes, <, sent / 10);
  g_assert_cmpuint (dms_p2p_quic_door_get_n_pending (get_door (self)), ==, 0);
  g_assert_cmpuint (self->n_server_closed + self->n_client_closed, ==, 0);
  check_alive (self);
}

/* Every size there is, from nothing to the largest. */
static void
test_sizes (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GSocket) stranger = make_stranger (self);
  g_autofree char *packet = g_malloc0 (65507);
  const gsize large[] = { 1452, 1453, 2048, 9000, 16384, 65000, 65507 };

  for (guint first = 0; first < 256; first += 0x10)
    {
      packet[0] = (char) first;
      for (gsize size = 0; size < 64; size++)
        g_socket_send (stranger, packet, size, NULL, NULL);
      for (guint i = 0; i < G_N_ELEMENTS (large); i++)
        g_socket_send (stranger, packet, large[i], NULL, NULL);
      dms_quic_run (1);
    }
  g_assert_cmpuint (dms_p2p_quic_door_get_n_pending (get_door (self)), ==, 0);
  check_alive (self);
}

static void
wait_for_answer (GSocket *socket, char *buffer, gsize size, gssize *got)
{
  *got = 0;
  for (guint i = 0; i < 100 && *got <= 0; i++)
    {
      dms_quic_run (5);
      *got = g_socket_receive (socket, buffer, size, NULL, NULL);
    }
}

static void
test_versions (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GSocket) stranger = make_stranger (self);
  guint8 packet[1200] = { 0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 9, 9, 9, 9 };
  guint8 answer[256];
  gssize n = 0;

  /* RFC 9000 section 5.2.2: nobody is answered who sent less than a first packet has. */
  g_socket_send (stranger, (char *) packet, sizeof packet - 1, NULL, NULL);
  dms_quic_run (50);
  g_assert_cmpint (g_socket_receive (stranger, (char *) answer, sizeof answer, NULL, NULL), ==, -1);
  g_socket_send (stranger, (char *) packet, sizeof packet, NULL, NULL);
  wait_for_answer (stranger, (char *) answer, sizeof answer, &n);
  /* RFC 9000 section 17.2.1: version 0, the IDs the other way round, and what we speak. */
  g_assert_cmpint (n, ==, 1 + 4 + 1 + 4 + 1 + 8 + 2 * 4);
  g_assert_cmphex (answer[0] & 0x80, ==, 0x80);
  g_assert_cmpmem (answer + 1, 4, "\0\0\0\0", 4);
  g_assert_cmpmem (answer + 5, 5, "\4\11\11\11\11", 5);
  g_assert_cmpmem (answer + 10, 9, packet + 5, 9);
  g_assert_cmpmem (answer + 23, 4, "\0\0\0\1", 4);
  /* Not to what is smaller than a first packet may be. */
  g_socket_send (stranger, (char *) packet, 600, NULL, NULL);
  dms_quic_run (50);
  g_assert_cmpint (g_socket_receive (stranger, (char *) answer, sizeof answer, NULL, NULL), <=, 0);
}

static void
test_stateless_reset (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GSocket) stranger = make_stranger (self);
  guint8 packet[100] = { 0x41, 1, 2, 3, 4, 5, 6, 7, 8 };
  guint8 answer[256];
  guint8 again[256];
  gsize bytes = 0;
  gssize n = 0;
  gssize m = 0;

  g_socket_send (stranger, (char *) packet, sizeof packet, NULL, NULL);
  wait_for_answer (stranger, (char *) answer, sizeof answer, &n);
  g_assert_cmpint (n, >=, 21);
  g_assert_cmpint (n, <, sizeof packet);
  g_assert_cmphex (answer[0] & 0xc0, ==, 0x40);
  /* The same token for the same ID. */
  g_socket_send (stranger, (char *) packet, 30, NULL, NULL);
  wait_for_answer (stranger, (char *) again, sizeof again, &m);
  g_assert_cmpint (m, <, 30);
  g_assert_cmpmem (answer + n - 16, 16, again + m - 16, 16);
  /* Not to what is so small that answers could go to and fro for ever. */
  g_socket_send (stranger, (char *) packet, 21, NULL, NULL);
  dms_quic_run (50);
  g_assert_cmpint (g_socket_receive (stranger, (char *) answer, sizeof answer, NULL, NULL), <=, 0);
  /* And not for any number. */
  for (guint i = 0; i < 2000; i++)
    {
      g_socket_send (stranger, (char *) packet, sizeof packet, NULL, NULL);
      if (i % 32 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  dms_quic_run (50);
  g_assert_cmpuint (count_answers (stranger, &bytes), <=, 400);
}

static void
on_never (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint *n = user_data;
  g_autoptr (DmsP2pUpgraded) upgraded =
      dms_p2p_transport_dial_finish (DMS_P2P_TRANSPORT (source), result, NULL);

  g_assert_null (upgraded);
  (*n)++;
}

typedef struct
{
  guint n;
  guint wanted;
} Counted;

static gboolean
is_counted (gpointer user_data)
{
  Counted *counted = user_data;

  return counted->n >= counted->wanted;
}

static gboolean
has_none_pending (gpointer user_data)
{
  return dms_p2p_quic_door_get_n_pending (get_door (user_data)) == 0;
}

static gboolean
has_pending (gpointer user_data)
{
  return !has_none_pending (user_data);
}

/* First packets as they should be, from one who never reads the answers: the address may be forged. */
static void
test_flood (DmsQuicFixture *self, gconstpointer listen_address)
{
  DmsP2pQuicDoorLimits *limits = dms_p2p_quic_door_get_limits (get_door (self));
  DmsQuicRelay relay = { .lose_back = 1000 };
  Counted counted = { 0, 300 };

  dms_quic_relay_set_up (&relay, self->address);
  dms_p2p_quic_get_settings (DMS_P2P_QUIC (self->client))->handshake_timeout_ms = 1500;
  dms_p2p_quic_get_settings (DMS_P2P_QUIC (self->server))->handshake_timeout_ms = 1500;
  for (guint i = 0; i < counted.wanted; i++)
    dms_p2p_transport_dial_async (self->client, relay.address, NULL, NULL, NULL, NULL, on_never, &counted.n);
  dms_quic_run_until (has_pending, self, 20);
  dms_quic_run (500);
  g_assert_cmpuint (dms_p2p_quic_door_get_n_pending (get_door (self)), <=, limits->max_unproven_per_ip);
  g_assert_cmpuint (self->n_gate, <=, limits->max_unproven_per_ip);
  g_assert_cmpuint (self->n_cookies, <=, limits->max_unproven_per_ip);
  /* Who is really there comes in meanwhile, by way of a Retry, also from the same address. */
  check_alive (self);
  dms_quic_run_until (is_counted, &counted, 20);
  dms_quic_run_until (has_none_pending, self, 20);
  dms_quic_run (500);
  g_assert_true (has_none_pending (self));
  g_assert_cmpuint (self->n_cookies, ==, 1);
  dms_quic_relay_tear_down (&relay);
}

static void
on_busy (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pUpgraded) upgraded =
      dms_p2p_transport_dial_finish (DMS_P2P_TRANSPORT (source), result, &error);
  guint *n = user_data;

  if (upgraded == NULL)
    g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  (*n)++;
}

/* Real ones, but too many of them at a time. */
static void
test_too_many (DmsQuicFixture *self, gconstpointer listen_address)
{
  DmsP2pQuicDoorLimits *limits = dms_p2p_quic_door_get_limits (get_door (self));
  Counted counted = { 0, 40 };

  limits->max_unproven = 0;
  limits->max_per_ip = 4;
  for (guint i = 0; i < counted.wanted; i++)
    dms_p2p_transport_dial_async (self->client, self->address, NULL, NULL, NULL, NULL, on_busy, &counted.n);
  dms_quic_run_until (is_counted, &counted, 20);
  g_assert_cmpuint (dms_p2p_quic_door_get_n_pending (get_door (self)), <=, 4);
  dms_quic_run (100);
  check_alive (self);
}

/* Packets of a connection that were changed on their way, each and all. */
static void
test_damaged (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  DmsQuicRelay relay = { .damage = 1000 };

  dms_quic_relay_set_up (&relay, self->address);
  dms_p2p_quic_get_settings (DMS_P2P_QUIC (self->client))->handshake_timeout_ms = 1000;
  dms_p2p_quic_get_settings (DMS_P2P_QUIC (self->server))->handshake_timeout_ms = 1000;
  g_assert_null (dms_quic_fixture_dial (self, relay.address, NULL, NULL, &error));
  g_assert_nonnull (error);
  dms_quic_run (1200);
  g_assert_cmpuint (dms_p2p_quic_door_get_n_pending (get_door (self)), ==, 0);
  g_assert_cmpuint (self->n_cookies, ==, 0);
  g_assert_cmpuint (self->n_inbound, ==, 0);
  dms_quic_relay_tear_down (&relay);
  check_alive (self);
}

/* A client of which the test has all parts in its hand. */
static DmsP2pQuicConnection *
make_client (DmsQuicFixture *self, DmsP2pCertificate *certificate)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) any = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) from = g_inet_socket_address_new (any, 0);
  g_autoptr (GInetSocketAddress) to = dms_multiaddr_dup_socket_address (self->address);
  g_autoptr (DmsP2pQuicDoor) door = dms_p2p_quic_door_new ();
  g_autoptr (DmsP2pQuicEndpoint) endpoint =
      dms_p2p_quic_endpoint_new (G_INET_SOCKET_ADDRESS (from), door, &error);
  DmsP2pQuicConnection *connection = NULL;
  DmsP2pQuicSettings settings;
  ngtcp2_sockaddr_union local;
  ngtcp2_sockaddr_union remote;
  const ngtcp2_path path = { { &local.sa, sizeof local.in }, { &remote.sa, sizeof remote.in }, NULL };

  g_assert_no_error (error);
  g_assert_true (g_socket_address_to_native (G_SOCKET_ADDRESS (to), &remote, sizeof remote, &error));
  g_assert_true (dms_p2p_quic_socket_find_local (
      dms_p2p_quic_endpoint_get_socket (endpoint), &path.remote, &local, &error));
  dms_p2p_quic_settings_init (&settings);
  connection = dms_p2p_quic_connection_new_client (endpoint, certificate, &settings, &path, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

typedef struct
{
  gboolean is_ready;
  gboolean is_over;
  GError *error;
} Fate;

static void
on_fate_closed (DmsP2pMuxer *muxer, const GError *error, gpointer user_data)
{
  Fate *fate = user_data;

  fate->is_over = TRUE;
  fate->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
on_fate (DmsP2pQuicConnection *connection, const GError *error, gpointer user_data)
{
  Fate *fate = user_data;

  if (error != NULL)
    on_fate_closed (DMS_P2P_MUXER (connection), error, user_data);
  fate->is_ready = error == NULL;
  dms_p2p_muxer_set_handlers (DMS_P2P_MUXER (connection), NULL, on_fate_closed, NULL, user_data);
}

static gboolean
is_over (gpointer user_data)
{
  return ((Fate *) user_data)->is_over;
}

static void
check_refused (DmsQuicFixture *self, DmsP2pQuicConnection *connection, const char *expected)
{
  Fate fate = { 0 };

  dms_p2p_quic_connection_set_ready (connection, on_fate, &fate);
  dms_quic_run_until (is_over, &fate, 10);
  g_assert_error (fate.error, DMS_ERROR, DMS_ERROR_IO);
  g_test_message ("%s", fate.error->message);
  g_assert_nonnull (strstr (fate.error->message, expected));
  g_clear_error (&fate.error);
  g_assert_cmpuint (self->n_inbound, ==, 0);
  g_assert_cmpuint (self->n_cookies, ==, 0);
  g_assert_cmpuint (dms_p2p_quic_door_get_n_pending (get_door (self)), ==, 0);
}

/* The server wants to know who comes. RFC 8446 section 6: certificate_required is 116. */
static void
test_no_certificate (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pCertificate) certificate = dms_p2p_certificate_new (self->client_identity, &error);
  g_autoptr (DmsP2pQuicConnection) connection = NULL;

  g_assert_no_error (error);
  gnutls_certificate_free_keys (dms_p2p_certificate_get_credentials (certificate));
  connection = make_client (self, certificate);
  check_refused (self, connection, "0x174");
}

/* Which alert that is, GnuTLS chooses. */
static void
test_other_protocol (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pCertificate) certificate = dms_p2p_certificate_new (self->client_identity, &error);
  g_autoptr (DmsP2pQuicConnection) connection = make_client (self, certificate);
  const gnutls_datum_t protocol = { (guint8 *) "h3", 2 };

  g_assert_no_error (error);
  gnutls_alpn_set_protocols (connection->tls, &protocol, 1, 0);
  check_refused (self, connection, "the QUIC code 0x1");
}

/* An RSA certificate, signed by another of 2,048 bits, which is the one that there is a private key of. */
static void
make_rsa (gnutls_pubkey_t public, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
  g_autoptr (DmsP2pCrtHandle) issuer = NULL;

  gnutls_x509_crt_init (&issuer);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, GNUTLS_PK_RSA, 2048, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_key (issuer, key), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_dn (issuer, "O=test", NULL), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_pubkey (crt, public), ==, 0);
  gnutls_x509_crt_set_version (crt, 3);
  gnutls_x509_crt_set_serial (crt, "\x01", 1);
  gnutls_x509_crt_set_activation_time (crt, time (NULL) - 3600);
  gnutls_x509_crt_set_expiration_time (crt, time (NULL) + 3600);
  g_assert_cmpint (gnutls_x509_crt_set_dn (crt, "O=test", NULL), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_sign2 (crt, issuer, key, GNUTLS_DIG_SHA256, 0), ==, 0);
}

/* Credentials of a key of @bits bits that nobody has the private half of. */
static gnutls_certificate_credentials_t
make_huge (guint bits)
{
  gnutls_certificate_credentials_t credentials = NULL;
  gnutls_pcert_st *shown = gnutls_calloc (1, sizeof *shown);
  gnutls_privkey_t private = NULL;
  g_autoptr (DmsP2pPubkeyHandle) public = NULL;
  g_autoptr (DmsP2pCrtHandle) crt = NULL;
  g_autoptr (DmsP2pPrivkeyHandle) key = NULL;
  g_autofree guint8 *modulus = g_malloc0 (bits / 8 + 1);
  gnutls_datum_t n = { modulus, bits / 8 + 1 };
  gnutls_datum_t e = { (guint8 *) "\1\0\1", 3 };

  memset (modulus + 1, 0xc3, bits / 8);
  gnutls_pubkey_init (&public);
  gnutls_x509_crt_init (&crt);
  gnutls_x509_privkey_init (&key);
  gnutls_privkey_init (&private);
  g_assert_cmpint (gnutls_pubkey_import_rsa_raw (public, &n, &e), ==, 0);
  make_rsa (public, crt, key);
  g_assert_cmpint (gnutls_pcert_import_x509 (shown, crt, 0), ==, 0);
  g_assert_cmpint (gnutls_privkey_import_x509 (private, key, GNUTLS_PRIVKEY_IMPORT_COPY), ==, 0);
  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_certificate_set_flags (credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
  /* Takes all of it. */
  g_assert_cmpint (gnutls_certificate_set_key (credentials, NULL, 0, shown, 1, private), >=, 0);
  gnutls_free (shown);
  return credentials;
}

/* Nothing is computed with a key that is too large: that its signature is wrong is never found. RFC 8446
 * section 6: bad_certificate is 42, decrypt_error, which it is with a smaller one, 51. */
static void
test_huge_key (DmsQuicFixture *self, gconstpointer listen_address)
{
  const struct
  {
    guint bits;
    const char *expected;
  } cases[] = { { 4096, "0x133" }, { 16384, "0x12a" } };
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pCertificate) certificate = dms_p2p_certificate_new (self->client_identity, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gnutls_certificate_credentials_t credentials = make_huge (cases[i].bits);
      g_autoptr (DmsP2pQuicConnection) connection = make_client (self, certificate);

      gnutls_credentials_set (connection->tls, GNUTLS_CRD_CERTIFICATE, credentials);
      check_refused (self, connection, cases[i].expected);
      g_clear_object (&connection);
      gnutls_certificate_free_credentials (credentials);
    }
}

static void
test_memory (void)
{
  DmsP2pQuicMemory memory;
  ngtcp2_mem *mem = &memory.mem;
  void *one = NULL;
  void *two = NULL;

  dms_p2p_quic_memory_init (&memory, 10000);
  one = mem->malloc (6000, mem->user_data);
  g_assert_nonnull (one);
  g_assert_null (mem->malloc (6000, mem->user_data));
  g_assert_null (mem->calloc (G_MAXSIZE / 2, 4, mem->user_data));
  two = mem->calloc (3, 1000, mem->user_data);
  g_assert_nonnull (two);
  g_assert_cmpuint (memory.used, >=, 9000);
  g_assert_null (mem->realloc (one, 20000, mem->user_data));
  one = mem->realloc (one, 100, mem->user_data);
  g_assert_nonnull (one);
  two = mem->realloc (two, 6000, mem->user_data);
  g_assert_nonnull (two);
  mem->free (one, mem->user_data);
  mem->free (two, mem->user_data);
  mem->free (NULL, mem->user_data);
  g_assert_cmpuint (memory.used, ==, 0);
}

static void
add (const char *path, void (*test) (DmsQuicFixture *, gconstpointer))
{
  g_test_add (path, DmsQuicFixture, NULL, dms_quic_fixture_set_up, test, dms_quic_fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/p2p-quic/hostile/garbage", test_garbage);
  add ("/p2p-quic/hostile/sizes", test_sizes);
  add ("/p2p-quic/hostile/versions", test_versions);
  add ("/p2p-quic/hostile/stateless-reset", test_stateless_reset);
  add ("/p2p-quic/hostile/flood", test_flood);
  add ("/p2p-quic/hostile/too-many", test_too_many);
  add ("/p2p-quic/hostile/damaged", test_damaged);
  add ("/p2p-quic/hostile/no-certificate", test_no_certificate);
  add ("/p2p-quic/hostile/other-protocol", test_other_protocol);
  add ("/p2p-quic/hostile/huge-key", test_huge_key);
  g_test_add_func ("/p2p-quic/hostile/memory", test_memory);
  return g_test_run ();
}
