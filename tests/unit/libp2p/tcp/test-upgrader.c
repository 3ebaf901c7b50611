/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <sys/resource.h>

#include "p2p-secure-fixture.h"
#include "tcp/dms-p2p-tcp-listener.h"
#include "tcp/dms-p2p-upgrader.h"

/* Upgrades over pipes that are no TCP connection, and against those that waste one's time. */

typedef struct
{
  DmsP2pUpgraded *upgraded;
  GError *error;
  gboolean is_over;
} Side;

static void
on_upgraded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Side *side = user_data;

  side->upgraded = dms_p2p_upgrader_finish (result, &side->error);
  side->is_over = TRUE;
}

static void
side_clear (Side *side)
{
  g_clear_pointer (&side->upgraded, dms_p2p_upgraded_free);
  g_clear_error (&side->error);
}

static DmsP2pUpgrader *
make_upgrader (const char *const *securities)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GError) error = NULL;
  DmsP2pUpgrader *upgrader = dms_p2p_upgrader_new (identity, securities, &error);

  g_assert_no_error (error);
  return upgrader;
}

static void
upgrade (DmsP2pUpgrader *dialler, DmsP2pUpgrader *listener, guint attempt, Side sides[2])
{
  g_autoptr (DmsP2pPipe) first = NULL;
  g_autoptr (DmsP2pPipe) second = NULL;

  memset (sides, 0, 2 * sizeof *sides);
  p2p_socket_pair (&first, &second);
  dms_p2p_upgrader_dial_async (dialler, first, attempt, NULL, NULL, NULL, NULL, on_upgraded, &sides[0]);
  dms_p2p_upgrader_accept_async (listener, second, NULL, on_upgraded, &sides[1]);
  p2p_run_until (&sides[0].is_over);
  p2p_run_until (&sides[1].is_over);
}

static void
test_attempts (void)
{
  static const char *const noise[] = { "/noise", NULL };
  static const char *const tls[] = { "/tls/1.0.0", "/tls/1.0.0", NULL };
  g_autoptr (DmsP2pUpgrader) all = make_upgrader (NULL);
  g_autoptr (DmsP2pUpgrader) only_noise = make_upgrader (noise);
  g_autoptr (DmsP2pUpgrader) only_tls = make_upgrader (tls);
  const struct
  {
    DmsP2pUpgrader *dialler;
    DmsP2pUpgrader *listener;
    guint attempt;
    const char *security;
    gboolean may_retry;
  } cases[] = {
    { all, all, 0, "/tls/1.0.0", FALSE },      { all, all, 1, "/tls/1.0.0", FALSE },
    { all, only_noise, 0, NULL, TRUE },        { all, only_noise, 1, "/noise", FALSE },
    { only_noise, all, 0, "/noise", FALSE },   { only_tls, all, 0, "/tls/1.0.0", FALSE },
    { only_tls, only_noise, 0, NULL, FALSE },  { only_noise, only_tls, 0, NULL, FALSE },
    { all, only_tls, 1, "/tls/1.0.0", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Side sides[2];

      upgrade (cases[i].dialler, cases[i].listener, cases[i].attempt, sides);
      g_assert_cmpint (dms_p2p_upgrader_may_retry (cases[i].dialler, cases[i].attempt, sides[0].error),
                       ==,
                       cases[i].may_retry);
      if (cases[i].security == NULL)
        {
          /* What tells the caller to try on. */
          g_assert_true (g_error_matches (sides[0].error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED) ||
                         g_error_matches (sides[0].error, DMS_ERROR, DMS_ERROR_UNAVAILABLE));
          g_assert_nonnull (sides[1].error);
        }
      else
        {
          g_assert_no_error (sides[0].error);
          g_assert_no_error (sides[1].error);
          g_assert_cmpstr (sides[0].upgraded->security, ==, cases[i].security);
          g_assert_cmpstr (sides[1].upgraded->security, ==, cases[i].security);
        }
      side_clear (&sides[0]);
      side_clear (&sides[1]);
    }
}

/* A second attempt is for what the first one may have proposed in vain, not for a peer that is wrong or late.
 */
static void
test_may_retry (void)
{
  static const int codes[] = { DMS_ERROR_NOT_AUTHORIZED, DMS_ERROR_TIMED_OUT, DMS_ERROR_CANCELLED };
  g_autoptr (DmsP2pUpgrader) all = make_upgrader (NULL);
  g_autoptr (GError) unavailable = g_error_new_literal (DMS_ERROR, DMS_ERROR_UNAVAILABLE, "gone");

  g_assert_true (dms_p2p_upgrader_may_retry (all, 0, unavailable));
  g_assert_false (dms_p2p_upgrader_may_retry (all, 1, unavailable));
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (DMS_ERROR, codes[i], "no");

      g_assert_false (dms_p2p_upgrader_may_retry (all, 0, error));
    }
}

static void
test_unknown (void)
{
  static const char *const securities[] = { "/tls/1.0.0", "/plaintext/2.0.0", NULL };
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_p2p_upgrader_new (identity, securities, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
}

/* Somebody who says a little now and then. */
typedef struct
{
  DmsP2pPipe *pipe;
  const char *text;
  gsize offset;
} Dribble;

static gboolean
on_dribble (gpointer user_data)
{
  Dribble *self = user_data;

  /* The last byte again and again. */
  if (self->text[self->offset] == '\0')
    self->offset--;
  dms_p2p_pipe_write (self->pipe, self->text + self->offset, 1, NULL);
  self->offset++;
  return G_SOURCE_CONTINUE;
}

/* The silent and those that talk slowly all come to an end, in 15 seconds altogether. */
static void
test_slow (void)
{
  /* multistream-select, then TLS, then what would be a long record. */
  static const char text[] =
      "\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n\x16\x03\x01\x3f\xff\x01\x01\x01\x01\x01";
  g_autoptr (DmsP2pUpgrader) upgrader = make_upgrader (NULL);
  DmsP2pPipe *pipes[4];
  Side sides[3] = { { 0 } };
  Dribble dribble = { .text = text };
  guint source = 0;

  p2p_socket_pair (&pipes[0], &pipes[1]);
  p2p_socket_pair (&pipes[2], &pipes[3]);
  dribble.pipe = pipes[3];
  dms_p2p_upgrader_accept_async (upgrader, pipes[0], NULL, on_upgraded, &sides[0]);
  dms_p2p_upgrader_accept_async (upgrader, pipes[2], NULL, on_upgraded, &sides[1]);
  source = g_timeout_add (200, on_dribble, &dribble);
  p2p_run_until (&sides[0].is_over);
  p2p_run_until (&sides[1].is_over);
  g_source_remove (source);
  g_assert_error (sides[0].error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_error (sides[1].error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  /* That it talks does not give it the time of each step, one after the other. */
  g_assert_nonnull (strstr (sides[1].error->message, "longer than 15 s"));
  for (guint i = 0; i < 4; i++)
    g_object_unref (pipes[i]);
  side_clear (&sides[0]);
  side_clear (&sides[1]);
}

static void
on_socket (GSocket *socket, gpointer user_data)
{
  guint *n = user_data;

  (*n)++;
  g_object_unref (socket);
}

static gboolean
on_time (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (ms, on_time, &is_over);
  p2p_run_until (&is_over);
}

static guint n_warnings;

static GLogWriterOutput
on_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; (level & G_LOG_LEVEL_WARNING) && i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && strstr (fields[i].value, "cannot accept connections"))
      {
        n_warnings++;
        return G_LOG_WRITER_HANDLED;
      }
  return g_log_writer_default (level, fields, n_fields, user_data);
}

/* Without descriptors the listener waits, and goes on when there are some. */
static void
test_no_descriptors (void)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GError) error = NULL;
  guint n = 0;
  g_autoptr (DmsP2pTcpListener) listener =
      dms_p2p_tcp_listener_new (G_INET_SOCKET_ADDRESS (any), on_socket, &n, &error);
  GSocket *sockets[3];
  struct rlimit limit;
  struct rlimit low;

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (sockets); i++)
    sockets[i] = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  low = limit;
  low.rlim_cur = (rlim_t) g_socket_get_fd (sockets[G_N_ELEMENTS (sockets) - 1]) + 1;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sockets); i++)
    {
      g_socket_connect (
          sockets[i], G_SOCKET_ADDRESS (dms_p2p_tcp_listener_get_address (listener)), NULL, &error);
      g_assert_no_error (error);
    }
  run_for (300);
  g_assert_cmpuint (n, ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint i = 0; i < 100 && n < G_N_ELEMENTS (sockets); i++)
    run_for (50);
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (sockets));
  /* One line for all of it, not one each time. */
  g_assert_cmpuint (n_warnings, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (sockets); i++)
    g_object_unref (sockets[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (on_log, NULL, NULL);
  g_test_add_func ("/p2p/upgrader/attempts", test_attempts);
  g_test_add_func ("/p2p/upgrader/may-retry", test_may_retry);
  g_test_add_func ("/p2p/upgrader/unknown", test_unknown);
  g_test_add_func ("/p2p/upgrader/slow", test_slow);
  g_test_add_func ("/p2p/upgrader/no-descriptors", test_no_descriptors);
  return g_test_run ();
}
