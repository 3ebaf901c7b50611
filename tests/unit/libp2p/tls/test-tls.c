/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>

#include "p2p-secure-fixture.h"
#include "tls/dms-p2p-certificate-private.h"

/* TLS against a peer that is GnuTLS alone, and does not keep to the rules. */

#define P2P_TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

typedef struct
{
  int fd;
  const char *priority;
  gboolean is_client;
  gboolean no_certificate;
  gboolean two_certificates;
  const char *server_name;
  const char *protocol;
  gboolean updates_keys;
  DmsP2pIdentity *identity;
  int code;
} Peer;

static gnutls_certificate_credentials_t
make_two (DmsP2pCertificate *own)
{
  gnutls_certificate_credentials_t credentials = NULL;
  gnutls_x509_crt_t *list = NULL;
  gnutls_x509_privkey_t key = NULL;
  gnutls_privkey_t private = NULL;
  gnutls_pcert_st *twice = gnutls_calloc (2, sizeof *twice);
  unsigned n = 0;

  gnutls_certificate_get_x509_crt (dms_p2p_certificate_get_credentials (own), 0, &list, &n);
  gnutls_certificate_get_x509_key (dms_p2p_certificate_get_credentials (own), 0, &key);
  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_privkey_init (&private);
  g_assert_cmpint (gnutls_privkey_import_x509 (private, key, GNUTLS_PRIVKEY_IMPORT_COPY), ==, 0);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (gnutls_pcert_import_x509 (&twice[i], list[0], 0), ==, 0);
  /* Takes all of it. */
  g_assert_cmpint (gnutls_certificate_set_key (credentials, NULL, 0, twice, 2, private), >=, 0);
  gnutls_free (twice);
  gnutls_x509_crt_deinit (list[0]);
  gnutls_free (list);
  gnutls_x509_privkey_deinit (key);
  return credentials;
}

static void
set_credentials (Peer *self, gnutls_session_t session, gnutls_certificate_credentials_t *own)
{
  DmsP2pCertificate *certificate = dms_p2p_certificate_get_for (self->identity, NULL);

  if (self->no_certificate)
    gnutls_certificate_allocate_credentials (own);
  else if (self->two_certificates)
    *own = make_two (certificate);
  gnutls_credentials_set (session,
                          GNUTLS_CRD_CERTIFICATE,
                          *own != NULL ? *own : dms_p2p_certificate_get_credentials (certificate));
}

static gpointer
run_peer (gpointer data)
{
  Peer *self = data;
  gnutls_session_t session = NULL;
  gnutls_certificate_credentials_t own = NULL;
  gnutls_datum_t protocol = { (unsigned char *) self->protocol,
                              self->protocol != NULL ? (unsigned) strlen (self->protocol) : 0 };
  char byte = 0;

  gnutls_init (&session, (self->is_client ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_NO_SIGNAL);
  g_assert_cmpint (gnutls_priority_set_direct (session, self->priority, NULL), ==, 0);
  set_credentials (self, session, &own);
  if (self->protocol != NULL)
    gnutls_alpn_set_protocols (session, &protocol, 1, 0);
  if (self->server_name != NULL)
    gnutls_server_name_set (session, GNUTLS_NAME_DNS, self->server_name, strlen (self->server_name));
  if (!self->is_client)
    gnutls_certificate_server_set_request (session, GNUTLS_CERT_REQUEST);
  gnutls_transport_set_int (session, self->fd);
  gnutls_handshake_set_timeout (session, 20000);
  do
    self->code = gnutls_handshake (session);
  while (self->code < 0 && !gnutls_error_is_fatal (self->code));
  if (self->code < 0)
    gnutls_alert_send_appropriate (session, self->code);
  for (guint i = 0; self->code == 0 && self->updates_keys && i < 4; i++)
    {
      self->code = gnutls_session_key_update (session, i % 2 == 0 ? GNUTLS_KU_PEER : 0);
      if (self->code == 0)
        self->code = gnutls_record_send (session, "0123456789", 10) == 10 ? 0 : -1;
    }
  /* What the other side thinks of it, a client hears only now. */
  if (self->code == 0 && self->is_client)
    {
      do
        self->code = (int) gnutls_record_recv (session, &byte, 1);
      while (self->code == GNUTLS_E_AGAIN || self->code == GNUTLS_E_INTERRUPTED);
      self->code = self->code == 1 ? 0 : -1;
    }
  gnutls_deinit (session);
  if (own != NULL)
    gnutls_certificate_free_credentials (own);
  close (self->fd);
  return NULL;
}

typedef struct
{
  gsize n;
  gboolean is_over;
} Heard;

static void
on_heard (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Heard *heard = user_data;
  char buffer[7];
  g_autoptr (GError) error = NULL;
  gssize n = dms_p2p_pipe_read (pipe, buffer, sizeof buffer, &error);

  g_assert_no_error (error);
  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  g_assert_cmpint (n, >, 0);
  heard->n += (gsize) n;
  heard->is_over = heard->n == 40;
}

static void
check_updates (DmsP2pPipe *pipe)
{
  Heard heard = { 0 };

  dms_p2p_pipe_set_handler (pipe, on_heard, &heard);
  dms_p2p_pipe_want (pipe, G_IO_IN);
  p2p_run_until (&heard.is_over);
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
}

/* -1 for no error; @text is in its message. */
static void
check (Peer *peer, int code, const char *text)
{
  int fds[2];
  P2pEnd end;
  GThread *thread = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  peer->fd = fds[1];
  peer->identity = dms_p2p_identity_new_random ();
  p2p_end_init (&end, &p2p_security_tls, p2p_pipe_of_fd (fds[0]));
  thread = g_thread_new ("peer", run_peer, peer);
  p2p_end_start (&end, !peer->is_client);
  p2p_run_until (&end.is_over);
  if (code >= 0)
    {
      g_assert_error (end.error, DMS_ERROR, code);
      if (text != NULL)
        g_assert_nonnull (strstr (end.error->message, text));
    }
  else
    {
      g_assert_no_error (end.error);
      g_assert_true (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (end.secured->key),
                                        dms_p2p_identity_get_peer_id (peer->identity)));
      if (peer->updates_keys)
        check_updates (end.secured->pipe);
      g_assert_cmpint (dms_p2p_pipe_write (end.secured->pipe, "x", 1, NULL), ==, 1);
    }
  if (end.secured != NULL)
    {
      g_thread_join (thread);
      p2p_end_clear (&end);
    }
  else
    {
      p2p_end_clear (&end);
      g_thread_join (thread);
    }
  g_assert_true ((peer->code == 0) == (code < 0));
  g_clear_pointer (&peer->identity, dms_p2p_identity_unref);
}

static void
test_plain (void)
{
  Peer client = { .priority = P2P_TLS13, .is_client = TRUE };
  Peer server = { .priority = P2P_TLS13 };

  check (&client, -1, NULL);
  check (&server, -1, NULL);
  /* The name of a server is ignored; so is that ALPN is not spoken. */
  client.server_name = "example.org";
  client.protocol = "libp2p";
  check (&client, -1, NULL);
  server.protocol = "libp2p";
  check (&server, -1, NULL);
  /* The three ciphers of TLS 1.3 that matter. */
  client.priority = P2P_TLS13 ":-CIPHER-ALL:+CHACHA20-POLY1305";
  check (&client, -1, NULL);
  client.priority = P2P_TLS13 ":-CIPHER-ALL:+AES-256-GCM";
  check (&client, -1, NULL);
  /* One that does not take the key share it is offered asks for another (RFC 8446, 4.1.4). */
  server.priority = P2P_TLS13 ":-GROUP-ALL:+GROUP-SECP256R1";
  check (&server, -1, NULL);
  client.priority = server.priority;
  check (&client, -1, NULL);
}

static void
test_old (void)
{
  Peer peer = { .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2", .is_client = TRUE };

  check (&peer, DMS_ERROR_INCOMPATIBLE, NULL);
  peer.is_client = FALSE;
  check (&peer, DMS_ERROR_IO, NULL);
}

static void
test_protocol (void)
{
  Peer peer = { .priority = P2P_TLS13, .is_client = TRUE, .protocol = "h2" };

  check (&peer, DMS_ERROR_INCOMPATIBLE, NULL);
}

static void
test_no_certificate (void)
{
  Peer peer = { .priority = P2P_TLS13, .is_client = TRUE, .no_certificate = TRUE };

  check (&peer, DMS_ERROR_INVALID_DATA, "there is none");
  peer.is_client = FALSE;
  check (&peer, DMS_ERROR_IO, NULL);
}

static void
test_two_certificates (void)
{
  Peer peer = { .priority = P2P_TLS13, .is_client = TRUE, .two_certificates = TRUE };

  check (&peer, DMS_ERROR_INVALID_DATA, "more than one");
  peer.is_client = FALSE;
  check (&peer, DMS_ERROR_INVALID_DATA, "more than one");
}

/* New keys in both directions, in the middle of the bytes (RFC 8446, 4.6.3). */
static void
test_key_update (void)
{
  Peer peer = { .priority = P2P_TLS13, .is_client = TRUE, .updates_keys = TRUE };

  check (&peer, -1, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/tls/plain", test_plain);
  g_test_add_func ("/p2p/tls/old", test_old);
  g_test_add_func ("/p2p/tls/protocol", test_protocol);
  g_test_add_func ("/p2p/tls/no-certificate", test_no_certificate);
  g_test_add_func ("/p2p/tls/two-certificates", test_two_certificates);
  g_test_add_func ("/p2p/tls/key-update", test_key_update);
  return g_test_run ();
}
