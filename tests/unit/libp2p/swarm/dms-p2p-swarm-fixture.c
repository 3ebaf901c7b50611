/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-swarm-fixture.h"

#include "quic/dms-p2p-quic.h"
#include "tcp/dms-p2p-tcp.h"

enum
{
  DMS_P2P_TEST_PATIENCE_MS = 30 * 1000,
};

static gboolean
dms_p2p_test_on_time (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
dms_p2p_test_run (guint ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (ms, dms_p2p_test_on_time, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

static void
dms_p2p_swarm_fixture_on_notify (DmsP2pSwarm *swarm,
                                 DmsP2pConnection *connection,
                                 gboolean is_open,
                                 gpointer user_data)
{
  DmsP2pSwarmFixture *self = user_data;

  g_assert_true (dms_p2p_connection_is_open (connection) == is_open);
  if (is_open)
    self->n_opened++;
  else
    self->n_closed++;
}

/* Says back what comes, one byte at a time, until the end. */
static void
dms_p2p_swarm_fixture_on_pipe (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pSwarmFixture *self = user_data;
  char byte = 0;
  guint place = 0;
  gssize n = dms_p2p_pipe_read (pipe, &byte, 1, NULL);

  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  if (n == 1 && dms_p2p_pipe_write (pipe, &byte, 1, NULL) == 1)
    {
      dms_p2p_pipe_flush (pipe, NULL);
      return;
    }
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  dms_p2p_pipe_close (pipe);
  g_assert_true (g_ptr_array_find (self->pipes, pipe, &place));
  g_ptr_array_remove_index_fast (self->pipes, place);
  g_ptr_array_remove_index_fast (self->reservations, place);
}

static void
dms_p2p_swarm_fixture_on_stream (DmsP2pConnection *connection,
                                 DmsP2pPipe *pipe,
                                 DmsP2pReservation *reservation,
                                 gpointer user_data)
{
  DmsP2pSwarmFixture *self = user_data;

  if (reservation == NULL)
    return;
  self->n_streams++;
  g_ptr_array_add (self->pipes, g_object_ref (pipe));
  g_ptr_array_add (self->reservations, reservation);
  dms_p2p_pipe_set_handler (pipe, dms_p2p_swarm_fixture_on_pipe, self);
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

static DmsP2pSwarmFixture *
dms_p2p_swarm_fixture_new_plain (void)
{
  DmsP2pSwarmFixture *self = g_new0 (DmsP2pSwarmFixture, 1);

  self->identity = dms_p2p_identity_new_random ();
  self->peer = dms_p2p_identity_get_peer_id (self->identity);
  self->limits = dms_p2p_limits_new (256 * 1024 * 1024, 1024);
  self->store = dms_p2p_peer_store_new (NULL);
  self->swarm = dms_p2p_swarm_new (self->identity, self->limits, self->store);
  self->pipes = g_ptr_array_new_with_free_func (g_object_unref);
  self->reservations = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_reservation_free);
  dms_p2p_swarm_add_notify (self->swarm, dms_p2p_swarm_fixture_on_notify, self);
  dms_p2p_swarm_set_accept (self->swarm, dms_p2p_swarm_fixture_on_stream, self);
  return self;
}

/* Where it is bound goes into its address. */
static void
dms_p2p_swarm_fixture_listen (DmsP2pSwarmFixture *self, const char *address)
{
  g_autoptr (DmsMultiaddr) where = dms_multiaddr_new (address, NULL);
  g_autoptr (DmsMultiaddr) bound = NULL;
  g_autoptr (GError) error = NULL;

  bound = dms_p2p_swarm_listen (self->swarm, where, &error);
  g_assert_no_error (error);
  self->address = g_strdup (dms_multiaddr_get_text (bound));
}

DmsP2pSwarmFixture *
dms_p2p_swarm_fixture_new (const char *address)
{
  DmsP2pSwarmFixture *self = dms_p2p_swarm_fixture_new_plain ();

  self->memory = dms_p2p_memory_new (self->identity);
  dms_p2p_swarm_add_transport (self->swarm, DMS_P2P_TRANSPORT (self->memory));
  if (address != NULL)
    dms_p2p_swarm_fixture_listen (self, address);
  return self;
}

DmsP2pSwarmFixture *
dms_p2p_swarm_fixture_new_tcp (void)
{
  DmsP2pSwarmFixture *self = dms_p2p_swarm_fixture_new_plain ();
  g_autoptr (DmsP2pTransport) tcp = dms_p2p_tcp_new (self->identity, NULL);

  dms_p2p_swarm_add_transport (self->swarm, tcp);
  dms_p2p_swarm_fixture_listen (self, "/ip4/127.0.0.1/tcp/0");
  return self;
}

void
dms_p2p_swarm_fixture_free (DmsP2pSwarmFixture *self)
{
  dms_p2p_swarm_close (self->swarm);
  for (guint i = 0; i < self->pipes->len; i++)
    dms_p2p_pipe_set_handler (self->pipes->pdata[i], NULL, NULL);
  g_ptr_array_unref (self->pipes);
  g_ptr_array_unref (self->reservations);
  /* What was cancelled comes back. */
  dms_p2p_test_run (20);
  g_assert_finalize_object (self->swarm);
  if (self->memory != NULL)
    g_assert_finalize_object (self->memory);
  g_object_unref (self->store);
  g_assert_finalize_object (self->limits);
  dms_p2p_identity_unref (self->identity);
  g_free (self->address);
  g_free (self->quic_address);
  g_free (self);
}

DmsP2pSwarmFixture *
dms_p2p_swarm_fixture_new_quic (gboolean with_tcp)
{
  DmsP2pSwarmFixture *self = with_tcp ? dms_p2p_swarm_fixture_new_tcp () : dms_p2p_swarm_fixture_new_plain ();
  g_autoptr (DmsP2pTransport) quic = dms_p2p_quic_new (self->identity);
  g_autofree char *address = g_steal_pointer (&self->address);

  dms_p2p_swarm_add_transport (self->swarm, quic);
  dms_p2p_swarm_fixture_listen (self, "/ip4/127.0.0.1/udp/0/quic-v1");
  self->quic_address = g_steal_pointer (&self->address);
  self->address = with_tcp ? g_steal_pointer (&address) : g_strdup (self->quic_address);
  return self;
}

static void
dms_p2p_swarm_fixture_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pSwarmOutcome *outcome = user_data;

  g_assert_false (outcome->is_done);
  outcome->connection = dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, &outcome->error);
  outcome->is_done = TRUE;
  g_assert_true ((outcome->connection != NULL) != (outcome->error != NULL));
}

void
dms_p2p_swarm_fixture_connect (DmsP2pSwarmFixture *self,
                               DmsPeerId *peer,
                               const char *const *addresses,
                               gboolean force,
                               GCancellable *cancellable,
                               DmsP2pSwarmOutcome *outcome)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; addresses != NULL && addresses[i] != NULL; i++)
    {
      DmsMultiaddr *address = dms_multiaddr_new (addresses[i], NULL);

      g_assert_nonnull (address);
      g_ptr_array_add (list, address);
    }
  dms_p2p_swarm_connect_async (
      self->swarm, peer, list, force, NULL, NULL, cancellable, dms_p2p_swarm_fixture_on_connected, outcome);
}

void
dms_p2p_swarm_outcome_wait (DmsP2pSwarmOutcome *self)
{
  gint64 end_us = g_get_monotonic_time () + DMS_P2P_TEST_PATIENCE_MS * G_GINT64_CONSTANT (1000);

  while (!self->is_done && g_get_monotonic_time () < end_us)
    dms_p2p_test_run (1);
  g_assert_true (self->is_done);
}

void
dms_p2p_swarm_outcome_clear (DmsP2pSwarmOutcome *self)
{
  g_clear_object (&self->connection);
  g_clear_error (&self->error);
  self->is_done = FALSE;
}

DmsP2pConnection *
dms_p2p_swarm_fixture_reach (DmsP2pSwarmFixture *self, DmsP2pSwarmFixture *other, const char *address)
{
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };
  const char *const addresses[] = { address != NULL ? address : other->address, NULL };

  dms_p2p_swarm_fixture_connect (self, other->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
  g_assert_true (dms_peer_id_equal (dms_p2p_connection_get_peer_id (outcome.connection), other->peer));
  return g_steal_pointer (&outcome.connection);
}

static guint
dms_p2p_swarm_fixture_count (DmsP2pSwarmFixture *self)
{
  g_autoptr (GPtrArray) list = dms_p2p_swarm_list (self->swarm);

  return list->len;
}

void
dms_p2p_swarm_fixture_settle (DmsP2pSwarmFixture *self, DmsP2pSwarmFixture *other)
{
  gint64 end_us = g_get_monotonic_time () + DMS_P2P_TEST_PATIENCE_MS * G_GINT64_CONSTANT (1000);

  while ((dms_p2p_swarm_fixture_count (self) != 1 || dms_p2p_swarm_fixture_count (other) != 1) &&
         g_get_monotonic_time () < end_us)
    dms_p2p_test_run (10);
  g_assert_cmpuint (dms_p2p_swarm_fixture_count (self), ==, 1);
  g_assert_cmpuint (dms_p2p_swarm_fixture_count (other), ==, 1);
}

gint64
dms_p2p_swarm_fixture_get_limit (DmsP2pSwarmFixture *self,
                                 const char *scope,
                                 const char *resource,
                                 const char *member)
{
  g_autoptr (JsonNode) node = dms_p2p_limits_to_json (self->limits);
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
