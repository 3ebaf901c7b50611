/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What a plain GnuTLS connection over loopback carries between two processes: what the libp2p transport is
 * measured against. Prints the bytes a second.
 *
 * Usage: bench-tls PRIORITY BYTES */

#include <arpa/inet.h>
#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum
{
  BENCH_BLOCK = 256 * 1024,
  BENCH_DAY = 24 * 60 * 60,
};

static void
check (int code, const char *what)
{
  if (code >= 0)
    return;
  g_printerr ("%s: %s\n", what, gnutls_strerror (code));
  exit (1);
}

static gnutls_certificate_credentials_t
make_credentials (void)
{
  gnutls_certificate_credentials_t credentials = NULL;
  gnutls_x509_privkey_t key = NULL;
  gnutls_x509_crt_t certificate = NULL;
  time_t now = time (NULL);

  check (gnutls_x509_privkey_init (&key), "key");
  check (gnutls_x509_privkey_generate (
             key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0),
         "key");
  check (gnutls_x509_crt_init (&certificate), "certificate");
  check (gnutls_x509_crt_set_version (certificate, 3), "certificate");
  check (gnutls_x509_crt_set_serial (certificate, "\1", 1), "certificate");
  check (gnutls_x509_crt_set_activation_time (certificate, now - BENCH_DAY), "certificate");
  check (gnutls_x509_crt_set_expiration_time (certificate, now + BENCH_DAY), "certificate");
  check (gnutls_x509_crt_set_key (certificate, key), "certificate");
  check (gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0), "certificate");
  check (gnutls_certificate_allocate_credentials (&credentials), "credentials");
  check (gnutls_certificate_set_x509_key (credentials, &certificate, 1, key), "credentials");
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_privkey_deinit (key);
  return credentials;
}

static gnutls_session_t
shake_hands (int fd, unsigned flags, const char *priority)
{
  gnutls_session_t session = NULL;
  int on = 1;
  int code = 0;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  check (gnutls_init (&session, flags), "session");
  check (gnutls_priority_set_direct (session, priority, NULL), "priority");
  check (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, make_credentials ()), "credentials");
  gnutls_transport_set_int (session, fd);
  while ((code = gnutls_handshake (session)) < 0 && gnutls_error_is_fatal (code) == 0)
    continue;
  check (code, "handshake");
  return session;
}

static int
run_client (guint16 port, const char *priority, guint64 size)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  g_autofree guint8 *block = g_malloc0 (BENCH_BLOCK);
  gnutls_session_t session = NULL;
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    return 1;
  session = shake_hands (fd, GNUTLS_CLIENT, priority);
  for (guint64 sent = 0; sent < size;)
    {
      ssize_t n = gnutls_record_send (session, block, MIN (BENCH_BLOCK, size - sent));

      check ((int) n, "send");
      sent += (guint64) n;
    }
  gnutls_bye (session, GNUTLS_SHUT_WR);
  close (fd);
  return 0;
}

static int
run_server (int listener, const char *priority, guint64 size)
{
  g_autofree guint8 *block = g_malloc (BENCH_BLOCK);
  int fd = accept (listener, NULL, NULL);
  gnutls_session_t session = shake_hands (fd, GNUTLS_SERVER, priority);
  gint64 begin = g_get_monotonic_time ();
  guint64 received = 0;
  ssize_t n = 0;

  while ((n = gnutls_record_recv (session, block, BENCH_BLOCK)) > 0)
    received += (guint64) n;
  if (received != size)
    {
      g_printerr ("%" G_GUINT64_FORMAT " bytes came\n", received);
      return 1;
    }
  printf ("%.0f %s\n",
          (double) size * G_USEC_PER_SEC / (double) (g_get_monotonic_time () - begin),
          gnutls_cipher_get_name (gnutls_cipher_get (session)));
  return 0;
}

int
main (int argc, char **argv)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM, 0);
  guint64 size = argc == 3 ? g_ascii_strtoull (argv[2], NULL, 10) : 0;
  int status = 0;
  pid_t child = 0;

  if (size == 0)
    {
      g_printerr ("Usage: bench-tls PRIORITY BYTES\n");
      return 2;
    }
  if (bind (listener, (struct sockaddr *) &address, sizeof address) < 0 || listen (listener, 1) < 0 ||
      getsockname (listener, (struct sockaddr *) &address, &length) < 0)
    return 1;
  child = fork ();
  if (child == 0)
    return run_client (ntohs (address.sin_port), argv[1], size);
  status = run_server (listener, argv[1], size);
  waitpid (child, NULL, 0);
  return status;
}
