/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "portmap/dms-p2p-port-mapper.h"

#include "portmap/dms-p2p-port-lease.h"
#include "swarm/dms-p2p-address.h"

/* Ours. */
enum
{
  /* When there is no router that does it: one may come, as laptops move. */
  DMS_P2P_PORT_MAPPER_RETRY_S = 15 * 60,
  /* How long giving back may take. The lease ends by itself otherwise. */
  DMS_P2P_PORT_MAPPER_CLOSE_S = 3,
};

struct _DmsP2pPortMapper
{
  /* What runs in threads keeps it. */
  gatomicrefcount ref_count;
  DmsP2pSwarm *swarm;
  GMainContext *context;
  char *gateway;
  char *igd;
  DmsP2pPortMapperChanged changed;
  gpointer user_data;
  gboolean is_closed;
  DmsP2pPortLease *lease;
  GSource *timer;

  GSourceFunc done;
  gpointer done_data;
};

static gboolean dms_p2p_port_mapper_on_timer (gpointer user_data);

static void
dms_p2p_port_mapper_unref (gpointer data)
{
  DmsP2pPortMapper *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->lease, dms_p2p_port_lease_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->swarm);
  g_free (self->gateway);
  g_free (self->igd);
  g_free (self);
}

static void
dms_p2p_port_mapper_drop_timer (DmsP2pPortMapper *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
dms_p2p_port_mapper_wait (DmsP2pPortMapper *self, guint seconds, GSourceFunc func)
{
  dms_p2p_port_mapper_drop_timer (self);
  self->timer = seconds > 0 ? g_timeout_source_new_seconds (seconds) : g_idle_source_new ();
  g_source_set_priority (self->timer, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->timer, "dms-p2p-port-mapper");
  g_source_set_callback (self->timer, func, self, NULL);
  g_source_attach (self->timer, self->context);
}

/* Behind a router it listens on a private IPv4 address; tests name their own on the loopback. */
static guint16
dms_p2p_port_mapper_get_port (DmsP2pPortMapper *self, DmsMultiaddr *address, gboolean *is_udp)
{
  DmsP2pReach reach = dms_p2p_address_get_reach (address);
  gboolean is_test = self->gateway != NULL || self->igd != NULL;
  g_autoptr (GInetSocketAddress) socket = dms_multiaddr_dup_socket_address (address);

  if (socket == NULL || dms_p2p_address_is_ip6 (address) || dms_p2p_address_is_relayed (address) ||
      (reach != DMS_P2P_REACH_PRIVATE && !(is_test && reach == DMS_P2P_REACH_LOOPBACK)))
    return 0;
  *is_udp = dms_multiaddr_has_part (address, "udp");
  return g_inet_socket_address_get_port (socket);
}

static void
dms_p2p_port_mapper_add_ports (DmsP2pPortMapper *self, DmsP2pPortLease *lease)
{
  g_autoptr (GPtrArray) listening = dms_p2p_swarm_dup_listen_addresses (self->swarm);

  for (guint i = 0; i < listening->len; i++)
    {
      gboolean is_udp = FALSE;
      guint16 port = dms_p2p_port_mapper_get_port (self, listening->pdata[i], &is_udp);

      if (port != 0 && !dms_p2p_port_lease_add (lease, is_udp, port))
        g_debug ("a router is not asked for port %u: there are too many", port);
    }
}

/* The outer address in place of the inner one; NULL for what is not passed on. */
static DmsMultiaddr *
dms_p2p_port_mapper_translate (DmsP2pPortMapper *self, DmsMultiaddr *address)
{
  gboolean is_udp = FALSE;
  guint16 port = dms_p2p_port_mapper_get_port (self, address, &is_udp);
  guint16 outer = port != 0 ? dms_p2p_port_lease_get_port (self->lease, is_udp, port) : 0;
  g_autofree char *text = NULL;

  if (outer == 0)
    return NULL;
  text = g_strdup_printf ("/ip4/%s/%s/%u%s",
                          dms_p2p_port_lease_get_address (self->lease),
                          is_udp ? "udp" : "tcp",
                          outer,
                          dms_p2p_address_is_quic (address) ? "/quic-v1" : "");
  return dms_multiaddr_new (text, NULL);
}

/* A router that is behind another one, or lies, says an address of no use: only public ones are told. */
static void
dms_p2p_port_mapper_tell (DmsP2pPortMapper *self)
{
  g_autoptr (GPtrArray) listening = dms_p2p_swarm_dup_listen_addresses (self->swarm);
  g_autoptr (GPtrArray) mapped = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; self->lease != NULL && i < listening->len; i++)
    {
      g_autoptr (DmsMultiaddr) outer = dms_p2p_port_mapper_translate (self, listening->pdata[i]);

      if (outer != NULL && dms_p2p_address_get_reach (outer) == DMS_P2P_REACH_PUBLIC &&
          !g_ptr_array_find_with_equal_func (mapped, outer, (GEqualFunc) dms_multiaddr_equal, NULL))
        g_ptr_array_add (mapped, g_steal_pointer (&outer));
    }
  dms_p2p_swarm_set_mapped_addresses (self->swarm, mapped);
  self->changed (self->user_data);
}

static void
dms_p2p_port_mapper_renew_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (dms_p2p_port_lease_renew (data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
dms_p2p_port_mapper_on_renewed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pPortMapper *self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean has_worked = g_task_propagate_boolean (G_TASK (result), &error);

  if (!has_worked && !self->is_closed)
    {
      g_debug ("%s", error->message);
      g_clear_pointer (&self->lease, dms_p2p_port_lease_unref);
    }
  if (!self->is_closed)
    {
      dms_p2p_port_mapper_wait (self,
                                has_worked ? DMS_P2P_PORT_LEASE_S / 2 : DMS_P2P_PORT_MAPPER_RETRY_S,
                                dms_p2p_port_mapper_on_timer);
      dms_p2p_port_mapper_tell (self);
    }
  dms_p2p_port_mapper_unref (self);
}

static gboolean
dms_p2p_port_mapper_on_timer (gpointer user_data)
{
  DmsP2pPortMapper *self = user_data;
  g_autoptr (GTask) task = NULL;

  dms_p2p_port_mapper_drop_timer (self);
  if (self->lease == NULL)
    {
      self->lease = dms_p2p_port_lease_new (self->gateway, self->igd);
      dms_p2p_port_mapper_add_ports (self, self->lease);
    }
  g_atomic_ref_count_inc (&self->ref_count);
  task = g_task_new (NULL, NULL, dms_p2p_port_mapper_on_renewed, self);
  g_task_set_task_data (
      task, dms_p2p_port_lease_ref (self->lease), (GDestroyNotify) dms_p2p_port_lease_unref);
  g_task_run_in_thread (task, dms_p2p_port_mapper_renew_in_thread);
  return G_SOURCE_REMOVE;
}

DmsP2pPortMapper *
dms_p2p_port_mapper_new (DmsP2pSwarm *swarm,
                         const char *gateway,
                         const char *igd,
                         DmsP2pPortMapperChanged changed,
                         gpointer user_data)
{
  DmsP2pPortMapper *self = g_new0 (DmsP2pPortMapper, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->swarm = g_object_ref (swarm);
  self->context = g_main_context_ref_thread_default ();
  self->gateway = g_strdup (gateway);
  self->igd = g_strdup (igd);
  self->changed = changed;
  self->user_data = user_data;
  dms_p2p_port_mapper_wait (self, 0, dms_p2p_port_mapper_on_timer);
  return self;
}

static void
dms_p2p_port_mapper_release_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  dms_p2p_port_lease_release (data);
  g_task_return_boolean (task, TRUE);
}

static void
dms_p2p_port_mapper_finish (DmsP2pPortMapper *self)
{
  GSourceFunc done = g_steal_pointer (&self->done);

  dms_p2p_port_mapper_drop_timer (self);
  if (done != NULL)
    done (self->done_data);
}

static void
dms_p2p_port_mapper_on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  dms_p2p_port_mapper_finish (user_data);
  dms_p2p_port_mapper_unref (user_data);
}

static gboolean
dms_p2p_port_mapper_on_late (gpointer user_data)
{
  g_debug ("a router does not answer; the ports are given back when their lease ends");
  dms_p2p_port_mapper_finish (user_data);
  return G_SOURCE_REMOVE;
}

void
dms_p2p_port_mapper_close (DmsP2pPortMapper *self, GSourceFunc done, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, dms_p2p_port_mapper_on_released, self);

  self->is_closed = TRUE;
  self->done = done;
  self->done_data = user_data;
  dms_p2p_port_mapper_wait (self, DMS_P2P_PORT_MAPPER_CLOSE_S, dms_p2p_port_mapper_on_late);
  if (self->lease == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_task_set_task_data (
      task, dms_p2p_port_lease_ref (self->lease), (GDestroyNotify) dms_p2p_port_lease_unref);
  g_task_run_in_thread (task, dms_p2p_port_mapper_release_in_thread);
}
