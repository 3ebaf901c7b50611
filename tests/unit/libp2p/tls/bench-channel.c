/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "p2p-secure-fixture.h"
#include "tls/dms-p2p-certificate.h"
#include "yamux/dms-p2p-yamux.h"

/* How fast secure channels are, between two processes over TCP on the loopback, next to GnuTLS alone with
 * blocking sockets: bench-p2p-channel [MEGABYTES] [ROUNDS] [NAME]. */

#define PIECE ((gsize) 128 * 1024)

static guint64 total;
static guint8 data[256 * 1024];

static void
make_tcp_pair (int fds[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM, 0);

  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  getsockname (listener, (struct sockaddr *) &address, &size);
  fds[0] = socket (AF_INET, SOCK_STREAM, 0);
  g_assert_cmpint (connect (fds[0], (struct sockaddr *) &address, sizeof address), ==, 0);
  fds[1] = accept (listener, NULL, NULL);
  g_assert_cmpint (fds[1], >=, 0);
  close (listener);
}

static void
run_gnutls (int fd, gboolean is_client, const char *priority)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  DmsP2pCertificate *certificate = dms_p2p_certificate_get_for (identity, NULL);
  gnutls_session_t session;
  guint64 done = 0;

  gnutls_init (&session, is_client ? GNUTLS_CLIENT : GNUTLS_SERVER);
  g_assert_cmpint (gnutls_priority_set_direct (session, priority, NULL), ==, 0);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, dms_p2p_certificate_get_credentials (certificate));
  gnutls_transport_set_int (session, fd);
  while (gnutls_handshake (session) != 0)
    continue;
  while (done < total)
    {
      gssize n = is_client ? gnutls_record_send (session, data, MIN (PIECE, total - done))
                           : gnutls_record_recv (session, data, PIECE);

      if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
        continue;
      g_assert_cmpint (n, >, 0);
      done += (guint64) n;
    }
  if (!is_client)
    gnutls_record_send (session, "x", 1);
  else
    while (gnutls_record_recv (session, data, 1) <= 0)
      continue;
  gnutls_deinit (session);
}

typedef struct
{
  guint64 done;
  gboolean is_over;
  DmsP2pPipe *pipe;
} Side;

static void
on_sender (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Side *side = user_data;

  if (condition & G_IO_IN)
    {
      guint8 byte = 0;

      if (dms_p2p_pipe_read (pipe, &byte, 1, NULL) != 1)
        return;
      side->is_over = TRUE;
      dms_p2p_pipe_want (pipe, 0);
      return;
    }
  while (side->done < total)
    {
      gssize n = dms_p2p_pipe_write (pipe, data, MIN (PIECE, total - side->done), NULL);

      if (n == DMS_P2P_WOULD_BLOCK)
        return;
      g_assert_cmpint (n, >, 0);
      side->done += (guint64) n;
    }
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

static void
on_receiver (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Side *side = user_data;
  gssize n = dms_p2p_pipe_read (pipe, data, PIECE, NULL);

  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  g_assert_cmpint (n, >, 0);
  side->done += (guint64) n;
  if (side->done < total)
    return;
  dms_p2p_pipe_want (pipe, 0);
  dms_p2p_pipe_write (pipe, "x", 1, NULL);
  side->is_over = TRUE;
}

static void
on_stream (DmsP2pMuxer *muxer, DmsP2pPipe *pipe, gpointer user_data)
{
  Side *side = user_data;

  side->pipe = g_object_ref (pipe);
  dms_p2p_pipe_set_handler (pipe, on_receiver, side);
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

static void
run_ours (int fd, gboolean is_client, const P2pSecurity *security, gboolean with_yamux)
{
  P2pEnd end;
  Side side = { 0 };
  DmsP2pMuxer *muxer = NULL;

  p2p_end_init (&end, security, p2p_pipe_of_fd (fd));
  p2p_end_start (&end, is_client);
  while (!end.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (end.error);
  if (with_yamux)
    {
      muxer = dms_p2p_yamux_new (end.secured->pipe, is_client);
      dms_p2p_muxer_set_handlers (muxer, on_stream, NULL, NULL, &side);
    }
  if (is_client)
    side.pipe = with_yamux ? dms_p2p_muxer_open (muxer, NULL) : g_object_ref (end.secured->pipe);
  else if (!with_yamux)
    side.pipe = g_object_ref (end.secured->pipe);
  if (side.pipe != NULL)
    {
      dms_p2p_pipe_set_handler (side.pipe, is_client ? on_sender : on_receiver, &side);
      dms_p2p_pipe_want (side.pipe, is_client ? G_IO_OUT : G_IO_IN);
    }
  while (!side.is_over)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 20; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      if (!is_client)
        g_usleep (1000);
    }
}

static void
run_side (guint mode, int fd, gboolean is_client)
{
  const char *priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM";

  if (mode == 0)
    run_gnutls (fd, is_client, priority);
  else
    run_ours (fd, is_client, mode < 3 ? &p2p_security_tls : &p2p_security_noise, mode % 2 == 0);
}

static pid_t
fork_side (guint mode, const int fds[2], gboolean is_client)
{
  pid_t child = fork ();

  if (child != 0)
    return child;
  close (fds[is_client ? 1 : 0]);
  run_side (mode, fds[is_client ? 0 : 1], is_client);
  _exit (0);
}

static double
get_cpu (void)
{
  struct rusage usage;

  getrusage (RUSAGE_CHILDREN, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double
measure (guint mode, double *cpu)
{
  int fds[2];
  pid_t children[2];
  gint64 begin = 0;
  gint64 took = 0;

  make_tcp_pair (fds);
  *cpu = get_cpu ();
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 2; i++)
    children[i] = fork_side (mode, fds, i == 0);
  close (fds[0]);
  close (fds[1]);
  for (guint i = 0; i < 2; i++)
    {
      int status = 0;

      waitpid (children[i], &status, 0);
      g_assert_cmpint (status, ==, 0);
      if (i == 0)
        took = g_get_monotonic_time () - begin;
    }
  *cpu = get_cpu () - *cpu;
  return (double) total / (double) took;
}

/* Handshakes one after the other, both ends in this process, between the same two. */
static void
measure_handshakes (const P2pSecurity *security)
{
  DmsP2pIdentity *identities[2] = { dms_p2p_identity_new_random (), dms_p2p_identity_new_random () };
  clock_t begin = clock ();
  guint n = 0;

  while (clock () - begin < CLOCKS_PER_SEC)
    {
      P2pEnd ends[2];
      DmsP2pPipe *pipes[2];

      p2p_socket_pair (&pipes[0], &pipes[1]);
      for (guint i = 0; i < 2; i++)
        {
          p2p_end_init (&ends[i], security, pipes[i]);
          dms_p2p_identity_unref (ends[i].identity);
          ends[i].identity = dms_p2p_identity_ref (identities[i]);
        }
      p2p_ends_run (&ends[0], &ends[1]);
      g_assert_no_error (ends[0].error);
      p2p_end_clear (&ends[0]);
      p2p_end_clear (&ends[1]);
      n++;
    }
  g_print ("%-12s %7.0f handshakes in a second of a core, both ends together\n",
           security->name,
           n * (double) CLOCKS_PER_SEC / (double) (clock () - begin));
  dms_p2p_identity_unref (identities[0]);
  dms_p2p_identity_unref (identities[1]);
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "gnutls alone", "tls", "tls+yamux", "noise", "noise+yamux" };
  guint rounds = argc > 2 ? (guint) atoi (argv[2]) : 3;
  double best[G_N_ELEMENTS (names)] = { 0 };

  total = (guint64) (argc > 1 ? atoi (argv[1]) : 512) * 1024 * 1024;
  for (guint i = 0; i < rounds; i++)
    for (guint mode = 0; mode < G_N_ELEMENTS (names); mode++)
      {
        double cpu = 0;
        double speed = 0;

        if (argc > 3 && !g_str_equal (argv[3], names[mode]))
          continue;
        speed = measure (mode, &cpu);

        best[mode] = MAX (best[mode], speed);
        g_print ("%-12s %7.0f MB/s, %5.2f s of processors\n", names[mode], speed, cpu);
      }
  measure_handshakes (&p2p_security_tls);
  measure_handshakes (&p2p_security_noise);
  for (guint mode = 0; mode < G_N_ELEMENTS (names); mode++)
    if (best[mode] > 0)
      g_print (
          "best %-12s %7.0f MB/s, %.2f of gnutls alone\n", names[mode], best[mode], best[mode] / best[0]);
  return 0;
}
