/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-host-fixture.h"

#include <sodium.h>
#include <string.h>

enum
{
  DMS_TEST_PATIENCE_S = 20,
  TICK_MS = 5,
  DMS_TEST_BLOCK = 64 * 1024,
};

static gint64
dms_test_deadline (void)
{
  const char *text = g_getenv ("DMS_TEST_PATIENCE");
  gint64 factor = text != NULL ? MAX (g_ascii_strtoll (text, NULL, 10), 1) : 1;

  return g_get_monotonic_time () + factor * DMS_TEST_PATIENCE_S * G_USEC_PER_SEC;
}

static gboolean
dms_test_on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
dms_test_until (volatile const guint *condition)
{
  gint64 deadline = dms_test_deadline ();
  guint tick = g_timeout_add (50, dms_test_on_tick, NULL);

  while (*condition == 0 && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
  g_assert_cmpuint (*condition, !=, 0);
}

void
dms_test_until_n (GPtrArray *array, guint n)
{
  gint64 deadline = dms_test_deadline ();
  guint tick = g_timeout_add (50, dms_test_on_tick, NULL);

  while (array->len < n && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
  g_assert_cmpuint (array->len, >=, n);
}

/* What a machine that is busy takes from this process is no time in which anything could have happened here:
 * between two looks at the clock no more than two ticks count. Yet there is an end to it. */
void
dms_test_spin (guint ms)
{
  gint64 left = ms * G_TIME_SPAN_MILLISECOND;
  gint64 before = g_get_monotonic_time ();
  gint64 deadline = before + 4 * left + G_TIME_SPAN_SECOND / 2;
  guint tick = g_timeout_add (TICK_MS, dms_test_on_tick, NULL);

  while (left > 0 && before < deadline)
    {
      gint64 now;

      g_main_context_iteration (NULL, TRUE);
      now = g_get_monotonic_time ();
      left -= MIN (now - before, 2 * TICK_MS * G_TIME_SPAN_MILLISECOND);
      before = now;
    }
  g_source_remove (tick);
}

void
dms_test_on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsTestResult *self = user_data;

  self->result = g_object_ref (result);
  self->done++;
}

GAsyncResult *
dms_test_await (DmsTestResult *self)
{
  dms_test_until (&self->done);
  self->done = 0;
  return g_steal_pointer (&self->result);
}

static gboolean
dms_test_host_on_message (const char *inbox, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  DmsTestHost *self = user_data;
  gsize size = 0;
  const char *text = g_bytes_get_data (bytes, &size);

  g_assert_nonnull (from);
  if (self->n_refuse > 0)
    {
      self->n_refuse--;
      return FALSE;
    }
  g_ptr_array_add (self->messages, g_strdup_printf ("%s %.*s", inbox, (int) size, text));
  return TRUE;
}

static void
dms_test_host_on_identified (DmsP2pHost *host, DmsP2pConnection *connection, gpointer user_data)
{
  ((DmsTestHost *) user_data)->n_identified++;
}

DmsTestHost *
dms_test_host_new_full (const char *listen, GBytes *network_key, const char *json)
{
  DmsTestHost *self = g_new0 (DmsTestHost, 1);
  g_autoptr (JsonNode) node = json_from_string (json, NULL);
  g_autoptr (DmsLibp2pParams) params = dms_libp2p_params_new (json_node_get_object (node), NULL);
  g_autoptr (DmsMultiaddr) wanted = dms_multiaddr_new (listen, NULL);
  g_autoptr (DmsMultiaddr) bound = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) seed_bytes = NULL;
  guint8 seed[32];

  randombytes_buf (seed, sizeof seed);
  seed_bytes = g_bytes_new (seed, sizeof seed);
  self->messages = g_ptr_array_new_with_free_func (g_free);
  self->stack =
      dms_libp2p_stack_new (seed_bytes, network_key, params, dms_test_host_on_message, self, &error);
  g_assert_no_error (error);
  self->id = dms_peer_id_ref (dms_p2p_identity_get_peer_id (self->stack->identity));
  bound = dms_p2p_swarm_listen (self->stack->swarm, wanted, &error);
  g_assert_no_error (error);
  self->address = dms_multiaddr_append_peer_id (bound, self->id);
  dms_p2p_host_add_identified (self->stack->host, dms_test_host_on_identified, self);
  return self;
}

DmsTestHost *
dms_test_host_new (const char *listen)
{
  return dms_test_host_new_full (listen, NULL, "{}");
}

DmsTestHost *
dms_test_host_new_with (const char *listen, const char *json)
{
  return dms_test_host_new_full (listen, NULL, json);
}

DmsTestHost *
dms_test_host_new_private (const char *listen, GBytes *network_key)
{
  return dms_test_host_new_full (listen, network_key, "{}");
}

void
dms_test_host_free (DmsTestHost *self)
{
  dms_libp2p_stack_free (self->stack);
  dms_peer_id_unref (self->id);
  dms_multiaddr_unref (self->address);
  g_ptr_array_unref (self->messages);
  g_free (self);
}

DmsP2pConnection *
dms_test_host_dial (DmsTestHost *self, DmsTestHost *other)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pConnection *connection = NULL;
  DmsTestResult done = { 0 };

  g_ptr_array_add (addresses, other->address);
  dms_p2p_swarm_connect_async (
      self->stack->swarm, other->id, addresses, TRUE, NULL, NULL, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  connection = dms_p2p_swarm_connect_finish (self->stack->swarm, result, &error);
  g_assert_no_error (error);
  return connection;
}

DmsP2pConnection *
dms_test_host_connect (DmsTestHost *self, DmsTestHost *other)
{
  guint before = other->n_identified;
  g_autoptr (DmsP2pConnection) connection = dms_test_host_dial (self, other);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_identify_wait_async (self->stack->identify, connection, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  dms_p2p_identify_wait_finish (self->stack->identify, result, &error);
  g_assert_no_error (error);
  if (other->n_identified == before)
    {
      other->n_identified = 0;
      dms_test_until (&other->n_identified);
      other->n_identified += before;
    }
  return g_steal_pointer (&connection);
}

DmsP2pStream *
dms_test_host_open (DmsTestHost *self, DmsTestHost *other, const char *protocol, GError **error)
{
  /* Two, so that it is not lazy. */
  const char *const protocols[] = { protocol, "/not/spoken", NULL };
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_host_open_stream_async (self->stack->host, other->id, protocols, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_p2p_host_open_stream_finish (self->stack->host, result, error);
}

static void
dms_test_on_ready (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  guint *ready = user_data;

  *ready = 1;
  dms_p2p_pipe_want (pipe, 0);
}

static void
dms_test_pipe_wait (DmsP2pPipe *pipe, GIOCondition condition)
{
  guint ready = 0;

  dms_p2p_pipe_set_handler (pipe, dms_test_on_ready, &ready);
  dms_p2p_pipe_want (pipe, condition);
  dms_test_until (&ready);
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
}

void
dms_test_pipe_write (DmsP2pPipe *pipe, const void *data, gsize size)
{
  const guint8 *bytes = data;

  while (size > 0)
    {
      g_autoptr (GError) error = NULL;
      gssize n = dms_p2p_pipe_write (pipe, bytes, size, &error);

      g_assert_no_error (error);
      if (n == DMS_P2P_WOULD_BLOCK)
        {
          dms_test_pipe_wait (pipe, G_IO_OUT);
          continue;
        }
      bytes += n;
      size -= (gsize) n;
    }
}

GByteArray *
dms_test_pipe_read (DmsP2pPipe *pipe, gsize max, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8 *block = g_malloc (DMS_TEST_BLOCK);

  while (bytes->len < max)
    {
      gssize n = dms_p2p_pipe_read (pipe, block, MIN (max - bytes->len, DMS_TEST_BLOCK), error);

      if (n == DMS_P2P_WOULD_BLOCK)
        {
          dms_test_pipe_wait (pipe, G_IO_IN);
          continue;
        }
      if (n < 0)
        return NULL;
      if (n == 0)
        break;
      g_byte_array_append (bytes, block, (guint) n);
    }
  return g_steal_pointer (&bytes);
}

void
dms_test_pair_set_up (DmsTestPair *self, gconstpointer listen)
{
  self->a = dms_test_host_new (listen);
  self->b = dms_test_host_new (listen);
  self->connection = dms_test_host_connect (self->a, self->b);
}

void
dms_test_pair_tear_down (DmsTestPair *self, gconstpointer listen)
{
  g_clear_object (&self->connection);
  g_clear_pointer (&self->b, dms_test_host_free);
  g_clear_pointer (&self->a, dms_test_host_free);
}
