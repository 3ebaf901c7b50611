/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-memory.h"

#include <sys/socket.h>

#include "io/dms-p2p-socket-pipe.h"
#include "yamux/dms-p2p-yamux.h"

typedef struct
{
  DmsP2pMemoryOutcome outcome;
  guint delay_ms;
} DmsP2pMemoryPlan;

struct _DmsP2pMemory
{
  DmsP2pTransport parent_instance;

  DmsP2pIdentity *identity;
  GHashTable *plans;
  DmsP2pMemoryPlan otherwise;
  GPtrArray *log;
  gint64 begun_us;
  char *source;
  guint accept_delay_ms;
  guint n_active;
  guint peak;
  guint n_cancelled;
  guint n_accepted;
  gboolean is_closed;
};

G_DEFINE_FINAL_TYPE (DmsP2pMemory, dms_p2p_memory, DMS_TYPE_P2P_TRANSPORT)

/* A dial under way. Belongs to its task. */
typedef struct
{
  DmsMultiaddr *address;
  GSource *timer;
  GSource *watch;
  gboolean is_done;
} DmsP2pMemoryDial;

/* A connection on its way to who listens. */
typedef struct
{
  DmsP2pMemory *target;
  DmsP2pIdentity *dialler;
  DmsMultiaddr *local;
  DmsMultiaddr *remote;
  GSocket *socket;
  gpointer cookie;
  GDestroyNotify cookie_free;
} DmsP2pMemoryArrival;

/* Address to the DmsP2pMemory that listens there, of this test program. */
static GHashTable *dms_p2p_memory_listeners;

static void
dms_p2p_memory_clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
dms_p2p_memory_dial_free (gpointer data)
{
  DmsP2pMemoryDial *self = data;

  dms_p2p_memory_clear_source (&self->timer);
  dms_p2p_memory_clear_source (&self->watch);
  dms_multiaddr_unref (self->address);
  g_free (self);
}

static void
dms_p2p_memory_entry_free (gpointer data)
{
  DmsP2pMemoryEntry *self = data;

  g_free (self->address);
  g_free (self);
}

static gboolean
dms_p2p_memory_can_dial (DmsP2pTransport *transport, DmsMultiaddr *address)
{
  return !dms_multiaddr_has_part (address, "unix");
}

static DmsP2pUpgraded *
dms_p2p_memory_new_upgraded (GSocket *socket,
                             DmsP2pIdentity *peer,
                             DmsMultiaddr *local,
                             DmsMultiaddr *remote,
                             gboolean is_inbound)
{
  DmsP2pUpgraded *upgraded = g_new0 (DmsP2pUpgraded, 1);
  g_autoptr (DmsP2pPipe) pipe = dms_p2p_socket_pipe_new (socket);

  upgraded->muxer = dms_p2p_yamux_new (pipe, !is_inbound);
  upgraded->key = dms_p2p_public_key_ref (dms_p2p_identity_get_public_key (peer));
  upgraded->local = dms_multiaddr_ref (local);
  upgraded->remote = dms_multiaddr_ref (remote);
  upgraded->is_inbound = is_inbound;
  upgraded->security = "none";
  upgraded->muxer_protocol = DMS_P2P_YAMUX_PROTOCOL;
  return upgraded;
}

static gboolean
dms_p2p_memory_on_arrival (gpointer user_data)
{
  DmsP2pMemoryArrival *arrival = user_data;
  DmsP2pUpgraded *upgraded = NULL;

  if (arrival->target->is_closed)
    return G_SOURCE_REMOVE;
  upgraded =
      dms_p2p_memory_new_upgraded (arrival->socket, arrival->dialler, arrival->local, arrival->remote, TRUE);
  upgraded->cookie = g_steal_pointer (&arrival->cookie);
  upgraded->cookie_free = arrival->cookie_free;
  arrival->target->n_accepted++;
  dms_p2p_transport_emit_accepted (DMS_P2P_TRANSPORT (arrival->target), upgraded);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_memory_arrival_free (gpointer data)
{
  DmsP2pMemoryArrival *self = data;

  if (self->cookie != NULL)
    self->cookie_free (self->cookie);
  g_object_unref (self->target);
  g_object_unref (self->socket);
  dms_p2p_identity_unref (self->dialler);
  dms_multiaddr_unref (self->local);
  dms_multiaddr_unref (self->remote);
  g_free (self);
}

static DmsP2pUpgraded *
dms_p2p_memory_connect (DmsP2pMemory *self, DmsMultiaddr *address, GError **error)
{
  DmsP2pMemory *target = g_hash_table_lookup (dms_p2p_memory_listeners, dms_multiaddr_get_text (address));
  g_autoptr (DmsMultiaddr) source = dms_multiaddr_new (self->source, NULL);
  g_autoptr (GSource) arriving = NULL;
  g_autoptr (GSocket) own = NULL;
  DmsP2pMemoryArrival *arrival = NULL;
  gpointer cookie = NULL;
  GDestroyNotify cookie_free = NULL;
  int pair[2];

  if (target == NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "nobody listens there");
      return NULL;
    }
  if (!dms_p2p_transport_ask_gate (DMS_P2P_TRANSPORT (target), source, &cookie, &cookie_free, NULL))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "the other end hung up");
      return NULL;
    }
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  own = g_socket_new_from_fd (pair[0], NULL);
  arrival = g_new0 (DmsP2pMemoryArrival, 1);
  arrival->target = g_object_ref (target);
  arrival->dialler = dms_p2p_identity_ref (self->identity);
  arrival->local = dms_multiaddr_ref (address);
  arrival->remote = dms_multiaddr_ref (source);
  arrival->socket = g_socket_new_from_fd (pair[1], NULL);
  arrival->cookie = cookie;
  arrival->cookie_free = cookie_free;
  arriving = g_timeout_source_new (
      target->accept_delay_ms > 0 ? (guint) g_random_int_range (0, (gint32) target->accept_delay_ms + 1) : 0);
  g_source_set_callback (arriving, dms_p2p_memory_on_arrival, arrival, dms_p2p_memory_arrival_free);
  g_source_attach (arriving, g_main_context_get_thread_default ());
  return dms_p2p_memory_new_upgraded (own, target->identity, source, address, FALSE);
}

static gboolean
dms_p2p_memory_end (GTask *task)
{
  DmsP2pMemory *self = g_task_get_source_object (task);
  DmsP2pMemoryDial *dial = g_task_get_task_data (task);

  if (dial->is_done)
    return FALSE;
  dial->is_done = TRUE;
  self->n_active--;
  return TRUE;
}

static gboolean
dms_p2p_memory_on_time (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  DmsP2pMemory *self = g_task_get_source_object (task);
  DmsP2pMemoryDial *dial = g_task_get_task_data (task);
  DmsP2pMemoryPlan *plan = g_hash_table_lookup (self->plans, dms_multiaddr_get_text (dial->address));
  DmsP2pUpgraded *upgraded = NULL;
  GError *error = NULL;

  if (plan == NULL)
    plan = &self->otherwise;
  if (!dms_p2p_memory_end (task))
    return G_SOURCE_REMOVE;
  if (plan->outcome == DMS_P2P_MEMORY_FAIL)
    g_set_error_literal (&error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "connection refused");
  else
    upgraded = dms_p2p_memory_connect (self, dial->address, &error);
  if (upgraded != NULL)
    g_task_return_pointer (task, upgraded, (GDestroyNotify) dms_p2p_upgraded_free);
  else
    g_task_return_error (task, error);
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_memory_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  if (!dms_p2p_memory_end (task))
    return G_SOURCE_REMOVE;
  DMS_P2P_MEMORY (g_task_get_source_object (task))->n_cancelled++;
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "cancelled");
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_memory_dial_async (DmsP2pTransport *transport,
                           DmsMultiaddr *address,
                           DmsPeerId *expected,
                           DmsP2pTrace trace,
                           gpointer trace_data,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  DmsP2pMemory *self = DMS_P2P_MEMORY (transport);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  DmsP2pMemoryDial *dial = g_new0 (DmsP2pMemoryDial, 1);
  DmsP2pMemoryPlan *plan = g_hash_table_lookup (self->plans, dms_multiaddr_get_text (address));
  DmsP2pMemoryEntry *entry = g_new0 (DmsP2pMemoryEntry, 1);

  if (plan == NULL)
    plan = &self->otherwise;
  entry->address = g_strdup (dms_multiaddr_get_text (address));
  entry->at_us = g_get_monotonic_time () - self->begun_us;
  g_ptr_array_add (self->log, entry);
  self->n_active++;
  self->peak = MAX (self->peak, self->n_active);
  dial->address = dms_multiaddr_ref (address);
  g_task_set_task_data (task, dial, dms_p2p_memory_dial_free);
  if (trace != NULL)
    trace ("connect", dms_multiaddr_get_text (address), 0, NULL, trace_data);
  if (plan->outcome != DMS_P2P_MEMORY_HANG)
    {
      dial->timer = g_timeout_source_new (plan->delay_ms);
      g_source_set_callback (dial->timer, dms_p2p_memory_on_time, g_object_ref (task), g_object_unref);
      g_source_attach (dial->timer, g_task_get_context (task));
    }
  dial->watch = g_cancellable_source_new (cancellable);
  g_source_set_callback (
      dial->watch, G_SOURCE_FUNC (dms_p2p_memory_on_cancelled), g_object_ref (task), g_object_unref);
  g_source_attach (dial->watch, g_task_get_context (task));
}

static DmsP2pUpgraded *
dms_p2p_memory_dial_finish (DmsP2pTransport *transport, GAsyncResult *result, GError **error)
{
  DmsP2pMemoryDial *dial = g_task_get_task_data (G_TASK (result));

  /* The sources hold the task. */
  dms_p2p_memory_clear_source (&dial->timer);
  dms_p2p_memory_clear_source (&dial->watch);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static DmsMultiaddr *
dms_p2p_memory_listen (DmsP2pTransport *transport, DmsMultiaddr *address, GError **error)
{
  if (!g_hash_table_insert (dms_p2p_memory_listeners, g_strdup (dms_multiaddr_get_text (address)), transport))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS, "somebody listens there");
      return NULL;
    }
  return dms_multiaddr_ref (address);
}

static gboolean
dms_p2p_memory_is_self (gpointer key, gpointer value, gpointer user_data)
{
  return value == user_data;
}

static void
dms_p2p_memory_close (DmsP2pTransport *transport)
{
  DMS_P2P_MEMORY (transport)->is_closed = TRUE;
  g_hash_table_foreach_remove (dms_p2p_memory_listeners, dms_p2p_memory_is_self, transport);
}

static void
dms_p2p_memory_finalize (GObject *object)
{
  DmsP2pMemory *self = DMS_P2P_MEMORY (object);

  g_hash_table_foreach_remove (dms_p2p_memory_listeners, dms_p2p_memory_is_self, self);
  dms_p2p_identity_unref (self->identity);
  g_hash_table_unref (self->plans);
  g_ptr_array_unref (self->log);
  g_free (self->source);
  G_OBJECT_CLASS (dms_p2p_memory_parent_class)->finalize (object);
}

static void
dms_p2p_memory_class_init (DmsP2pMemoryClass *klass)
{
  DmsP2pTransportClass *transport = DMS_P2P_TRANSPORT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dms_p2p_memory_finalize;
  transport->can_dial = dms_p2p_memory_can_dial;
  transport->dial_async = dms_p2p_memory_dial_async;
  transport->dial_finish = dms_p2p_memory_dial_finish;
  transport->listen = dms_p2p_memory_listen;
  transport->close = dms_p2p_memory_close;
  dms_p2p_memory_listeners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
dms_p2p_memory_init (DmsP2pMemory *self)
{
  self->plans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->log = g_ptr_array_new_with_free_func (dms_p2p_memory_entry_free);
  self->begun_us = g_get_monotonic_time ();
  self->source = g_strdup ("/ip4/127.0.0.1/tcp/40000");
}

DmsP2pMemory *
dms_p2p_memory_new (DmsP2pIdentity *identity)
{
  DmsP2pMemory *self = g_object_new (DMS_TYPE_P2P_MEMORY, NULL);

  self->identity = dms_p2p_identity_ref (identity);
  return self;
}

void
dms_p2p_memory_set_outcome (DmsP2pMemory *self,
                            const char *address,
                            DmsP2pMemoryOutcome outcome,
                            guint delay_ms)
{
  DmsP2pMemoryPlan plan = { outcome, delay_ms };

  if (address == NULL)
    self->otherwise = plan;
  else
    g_hash_table_insert (self->plans, g_strdup (address), g_memdup2 (&plan, sizeof plan));
}

void
dms_p2p_memory_set_source (DmsP2pMemory *self, const char *address)
{
  g_free (self->source);
  self->source = g_strdup (address);
}

void
dms_p2p_memory_set_accept_delay (DmsP2pMemory *self, guint most_ms)
{
  self->accept_delay_ms = most_ms;
}

GPtrArray *
dms_p2p_memory_get_log (DmsP2pMemory *self)
{
  return self->log;
}

guint
dms_p2p_memory_get_n_active (DmsP2pMemory *self)
{
  return self->n_active;
}

guint
dms_p2p_memory_get_peak (DmsP2pMemory *self)
{
  return self->peak;
}

guint
dms_p2p_memory_get_n_cancelled (DmsP2pMemory *self)
{
  return self->n_cancelled;
}

guint
dms_p2p_memory_get_n_accepted (DmsP2pMemory *self)
{
  return self->n_accepted;
}
