/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-quic-fixture.h"

static void
on_server_stream (DmsP2pMuxer *muxer, DmsP2pPipe *pipe, gpointer user_data)
{
  DmsQuicFixture *self = user_data;

  g_ptr_array_add (self->streams, g_object_ref (pipe));
}

static void
on_server_closed (DmsP2pMuxer *muxer, const GError *error, gpointer user_data)
{
  DmsQuicFixture *self = user_data;

  self->n_server_closed++;
  g_clear_error (&self->server_closed);
  self->server_closed = error != NULL ? g_error_copy (error) : NULL;
}

static void
on_client_closed (DmsP2pMuxer *muxer, const GError *error, gpointer user_data)
{
  DmsQuicFixture *self = user_data;

  self->n_client_closed++;
  g_clear_error (&self->client_closed);
  self->client_closed = error != NULL ? g_error_copy (error) : NULL;
}

static gboolean
on_memory (DmsP2pMuxer *muxer, gssize delta, gpointer user_data)
{
  DmsQuicFixture *self = user_data;

  if (self->refuses_memory && delta > 0)
    {
      self->n_refused_memory++;
      return FALSE;
    }
  self->memory += delta;
  if (self->closes_for_memory && delta > 0)
    dms_p2p_muxer_close (muxer, 3);
  if (self->drops_for_memory && delta > 0 && self->inbound != NULL && self->inbound->muxer == muxer)
    g_clear_pointer (&self->inbound, dms_p2p_upgraded_free);
  g_assert_cmpint (self->memory, >=, 0);
  return TRUE;
}

static void
on_accepted (DmsP2pUpgraded *upgraded, gpointer user_data)
{
  DmsQuicFixture *self = user_data;

  dms_p2p_muxer_set_handlers (upgraded->muxer, on_server_stream, on_server_closed, on_memory, self);
  g_clear_pointer (&self->inbound, dms_p2p_upgraded_free);
  self->inbound = upgraded;
  self->n_inbound++;
}

static void
on_cookie_free (gpointer cookie)
{
  DmsQuicFixture *self = cookie;

  self->n_cookies--;
}

static gboolean
on_gate (DmsMultiaddr *remote,
         gpointer *cookie,
         GDestroyNotify *cookie_free,
         gpointer user_data,
         GError **error)
{
  DmsQuicFixture *self = user_data;

  self->n_gate++;
  g_assert_true (dms_multiaddr_has_part (remote, "quic-v1"));
  if (self->gate_refuses)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_BUSY, "refused by the test");
      return FALSE;
    }
  self->n_cookies++;
  *cookie = self;
  *cookie_free = on_cookie_free;
  return TRUE;
}

void
dms_quic_fixture_set_up (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) address =
      dms_multiaddr_new (listen_address != NULL ? listen_address : "/ip4/127.0.0.1/udp/0/quic-v1", &error);

  g_assert_no_error (error);
  self->streams = g_ptr_array_new_with_free_func (g_object_unref);
  self->server_identity = dms_p2p_identity_new_random ();
  self->client_identity = dms_p2p_identity_new_random ();
  self->server = dms_p2p_quic_new (self->server_identity);
  self->client = dms_p2p_quic_new (self->client_identity);
  dms_p2p_transport_set_handlers (self->server, on_gate, on_accepted, self);
  self->address = dms_p2p_transport_listen (self->server, address, &error);
  g_assert_no_error (error);
}

void
dms_quic_fixture_tear_down (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_clear_pointer (&self->streams, g_ptr_array_unref);
  g_clear_pointer (&self->inbound, dms_p2p_upgraded_free);
  g_clear_pointer (&self->outbound, dms_p2p_upgraded_free);
  dms_p2p_transport_close (self->server);
  dms_p2p_transport_close (self->client);
  dms_quic_run (20);
  g_assert_finalize_object (self->server);
  g_assert_finalize_object (self->client);
  g_assert_cmpuint (self->n_cookies, ==, 0);
  g_assert_cmpint (self->memory, ==, 0);
  g_clear_error (&self->server_closed);
  g_clear_error (&self->client_closed);
  g_clear_pointer (&self->address, dms_multiaddr_unref);
  g_clear_pointer (&self->server_identity, dms_p2p_identity_unref);
  g_clear_pointer (&self->client_identity, dms_p2p_identity_unref);
}

static gboolean
on_tick (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
dms_quic_run (guint milliseconds)
{
  gboolean is_over = FALSE;

  g_timeout_add (milliseconds, on_tick, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

void
dms_quic_run_until (DmsQuicCondition condition, gpointer user_data, guint seconds)
{
  const char *patience = g_getenv ("DMS_TEST_PATIENCE");
  gboolean is_over = FALSE;
  guint id = g_timeout_add_seconds (
      seconds * (patience != NULL ? (guint) MAX (g_ascii_strtoull (patience, NULL, 10), 1) : 1),
      on_tick,
      &is_over);

  while (!condition (user_data))
    {
      g_assert_false (is_over);
      g_main_context_iteration (NULL, TRUE);
    }
  if (!is_over)
    g_source_remove (id);
}

typedef struct
{
  DmsP2pUpgraded *upgraded;
  GError *error;
  gboolean is_done;
} Outcome;

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->upgraded = dms_p2p_transport_dial_finish (DMS_P2P_TRANSPORT (source), result, &outcome->error);
  outcome->is_done = TRUE;
}

static gboolean
is_dialled (gpointer user_data)
{
  return ((Outcome *) user_data)->is_done;
}

DmsP2pUpgraded *
dms_quic_fixture_dial (DmsQuicFixture *self,
                       DmsMultiaddr *address,
                       DmsPeerId *expected,
                       GCancellable *cancellable,
                       GError **error)
{
  Outcome outcome = { 0 };

  dms_p2p_transport_dial_async (
      self->client, address, expected, NULL, NULL, cancellable, on_dialled, &outcome);
  dms_quic_run_until (is_dialled, &outcome, 20);
  if (outcome.error != NULL)
    g_propagate_error (error, outcome.error);
  return outcome.upgraded;
}

static gboolean
has_inbound (gpointer user_data)
{
  return ((DmsQuicFixture *) user_data)->inbound != NULL;
}

void
dms_quic_fixture_connect (DmsQuicFixture *self)
{
  g_autoptr (GError) error = NULL;

  self->outbound = dms_quic_fixture_dial (
      self, self->address, dms_p2p_identity_get_peer_id (self->server_identity), NULL, &error);
  g_assert_no_error (error);
  dms_p2p_muxer_set_handlers (self->outbound->muxer, NULL, on_client_closed, on_memory, self);
  dms_quic_run_until (has_inbound, self, 10);
}

typedef struct
{
  DmsQuicFixture *fixture;
  guint n;
} Awaited;

static gboolean
has_streams (gpointer user_data)
{
  Awaited *awaited = user_data;

  return awaited->fixture->streams->len >= awaited->n;
}

DmsP2pPipe *
dms_quic_fixture_open (DmsQuicFixture *self, DmsP2pPipe **other_end)
{
  g_autoptr (GError) error = NULL;
  DmsP2pPipe *pipe = dms_p2p_muxer_open (self->outbound->muxer, &error);
  Awaited awaited = { self, self->streams->len + 1 };
  char byte = 'x';

  g_assert_no_error (error);
  dms_quic_write_all (pipe, &byte, 1);
  dms_quic_run_until (has_streams, &awaited, 10);
  *other_end = g_ptr_array_index (self->streams, self->streams->len - 1);
  g_assert_cmpuint (dms_quic_read_all (*other_end, &byte, 1, &error), ==, 1);
  g_assert_no_error (error);
  return pipe;
}

/* The main loop must be told when a pipe can go on. */
static void
on_pipe (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  dms_p2p_pipe_want (pipe, 0);
}

static gboolean
is_set (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static void
wait_for_pipe (DmsP2pPipe *pipe, GIOCondition condition)
{
  gboolean can_go_on = FALSE;

  dms_p2p_pipe_set_handler (pipe, on_pipe, &can_go_on);
  dms_p2p_pipe_want (pipe, condition);
  dms_quic_run_until (is_set, &can_go_on, 20);
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
}

void
dms_quic_write_all (DmsP2pPipe *pipe, const void *data, gsize size)
{
  const guint8 *from = data;

  while (size > 0)
    {
      g_autoptr (GError) error = NULL;
      gssize n = dms_p2p_pipe_write (pipe, from, size, &error);

      g_assert_no_error (error);
      if (n == DMS_P2P_WOULD_BLOCK)
        wait_for_pipe (pipe, G_IO_OUT);
      else
        {
          from += n;
          size -= (gsize) n;
        }
    }
}

gsize
dms_quic_read_all (DmsP2pPipe *pipe, void *data, gsize size, GError **error)
{
  gsize total = 0;

  while (total < size)
    {
      gssize n = dms_p2p_pipe_read (pipe, (guint8 *) data + total, size - total, error);

      if (n == 0 || n == -1)
        break;
      if (n == DMS_P2P_WOULD_BLOCK)
        wait_for_pipe (pipe, G_IO_IN);
      else
        total += (gsize) n;
    }
  return total;
}
