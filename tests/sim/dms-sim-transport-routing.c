/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-libp2p-query.h"
#include "dms-sim-transport.h"
#include "kad/dms-p2p-kad-advertisement.h"
#include "kad/dms-p2p-kad-limits.h"

/* Names and keys as in dms-libp2p-transport-routing.c. */

static GTask *
begin (DmsTransport *transport,
       gpointer tag,
       GCancellable *cancellable,
       GAsyncReadyCallback callback,
       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  return dms_sim_transport_check_running (DMS_SIM_TRANSPORT (transport), task) ? g_steal_pointer (&task)
                                                                               : NULL;
}

static void
on_stored (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (result->error != NULL)
    g_task_return_error (task, g_error_copy (result->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_got (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (result->error != NULL)
    g_task_return_error (task, g_error_copy (result->error));
  else
    g_task_return_pointer (task, g_bytes_ref (result->value), (GDestroyNotify) g_bytes_unref);
}

static void
on_found (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsSimTransport *self = g_task_get_source_object (task);
  g_autoptr (GPtrArray) infos = NULL;

  if (result->error != NULL)
    {
      g_task_return_error (task, g_error_copy (result->error));
      return;
    }
  infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_info_unref);
  for (guint i = 0; i < result->peers->len; i++)
    {
      DmsP2pKadPeer *found = g_ptr_array_index (result->peers, i);
      DmsSimPeer *other = dms_sim_network_find (self->peer->network, dms_p2p_kad_peer_get_id (found));

      if (other == NULL)
        continue;
      dms_sim_peer_learn (self->peer, other, dms_p2p_kad_peer_get_addresses (found));
      g_ptr_array_add (infos, dms_sim_transport_describe (self, other));
    }
  g_task_return_pointer (task, g_steal_pointer (&infos), (GDestroyNotify) g_ptr_array_unref);
}

/* What is given up by who asked ends at once. */
typedef struct
{
  DmsSimPeer *peer;
  guint run;
  guint64 operation;
} Awaited;

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  const Awaited *awaited = user_data;

  if (awaited->peer->kad != NULL && awaited->peer->run == awaited->run)
    {
      dms_p2p_kad_core_cancel (awaited->peer->kad, awaited->operation);
      dms_sim_peer_arm_kad (awaited->peer);
    }
  return G_SOURCE_REMOVE;
}

static void
destroy_source (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* Lets an operation go, which has a reference to the task; it ends when it is cancelled. */
static void
await (GTask *task, guint64 operation)
{
  DmsSimTransport *self = g_task_get_source_object (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable != NULL)
    {
      Awaited *awaited = g_new (Awaited, 1);
      /* Goes with the task. */
      GSource *source = g_cancellable_source_new (cancellable);

      *awaited = (Awaited){ self->peer, self->peer->run, operation };
      g_source_set_callback (source, G_SOURCE_FUNC (on_cancelled), awaited, g_free);
      g_source_attach (source, NULL);
      g_task_set_task_data (task, source, destroy_source);
    }
  dms_sim_peer_arm_kad (self->peer);
}

/* (nullable): only of keys; no node of ours puts values under names. */
static GBytes *
make_full_key (const char *key, GTask *task)
{
  if (key[0] == '/' && strlen (key) <= DMS_P2P_KAD_MAX_KEY_SIZE)
    return g_bytes_new (key, strlen (key));
  g_task_return_new_error (
      task, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "the simulated transport keeps no values under names");
  return NULL;
}

static void
dms_sim_transport_put_value_async (DmsTransport *transport,
                                   const char *key,
                                   GBytes *bytes,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  DmsP2pKadCore *kad = DMS_SIM_TRANSPORT (transport)->peer->kad;
  g_autoptr (GTask) task =
      begin (transport, dms_sim_transport_put_value_async, cancellable, callback, user_data);
  g_autoptr (GBytes) full_key = task != NULL ? make_full_key (key, task) : NULL;

  if (full_key != NULL)
    await (task, dms_p2p_kad_core_put_value (kad, full_key, bytes, on_stored, g_object_ref (task)));
}

static void
dms_sim_transport_get_value_async (DmsTransport *transport,
                                   const char *key,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  DmsP2pKadCore *kad = DMS_SIM_TRANSPORT (transport)->peer->kad;
  g_autoptr (GTask) task =
      begin (transport, dms_sim_transport_get_value_async, cancellable, callback, user_data);
  g_autoptr (GBytes) full_key = task != NULL ? make_full_key (key, task) : NULL;

  if (full_key != NULL)
    await (task, dms_p2p_kad_core_get_value (kad, full_key, 0, on_got, g_object_ref (task)));
}

static void
dms_sim_transport_provide_async (DmsTransport *transport,
                                 const char *key,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  DmsP2pKadCore *kad = DMS_SIM_TRANSPORT (transport)->peer->kad;
  g_autoptr (GTask) task =
      begin (transport, dms_sim_transport_provide_async, cancellable, callback, user_data);
  g_autoptr (GBytes) multihash = dms_libp2p_query_make_multihash (key);

  if (task != NULL)
    await (task, dms_p2p_kad_core_provide (kad, multihash, on_stored, g_object_ref (task)));
}

static void
dms_sim_transport_find_providers_async (DmsTransport *transport,
                                        const char *key,
                                        guint max_peers,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  DmsP2pKadCore *kad = DMS_SIM_TRANSPORT (transport)->peer->kad;
  guint max = max_peers > 0 ? max_peers : DMS_P2P_KAD_MAX_PROVIDERS;
  g_autoptr (GTask) task =
      begin (transport, dms_sim_transport_find_providers_async, cancellable, callback, user_data);
  g_autoptr (GBytes) multihash = dms_libp2p_query_make_multihash (key);

  if (task != NULL)
    await (task, dms_p2p_kad_core_find_providers (kad, multihash, max, on_found, g_object_ref (task)));
}

static void
dms_sim_transport_stop_providing (DmsTransport *transport, const char *key)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  g_autoptr (GBytes) multihash = dms_libp2p_query_make_multihash (key);

  if (self->peer->kad != NULL)
    dms_p2p_kad_core_stop_providing (self->peer->kad, multihash);
}

static guint
dms_sim_transport_estimate_peers (DmsTransport *transport)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);

  if (self->peer->kad == NULL)
    return 0;
  return MAX (dms_p2p_kad_core_estimate_peers (self->peer->kad), g_hash_table_size (self->peer->links) + 1);
}

static GBytes *
dms_sim_transport_get_value_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_sim_transport_finish_pointer (transport, result, error);
}

static GPtrArray *
dms_sim_transport_find_providers_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return dms_sim_transport_finish_pointer (transport, result, error);
}

void
dms_sim_transport_routing_init (DmsTransportInterface *iface)
{
  iface->put_value_async = dms_sim_transport_put_value_async;
  iface->put_value_finish = dms_sim_transport_finish_boolean;
  iface->get_value_async = dms_sim_transport_get_value_async;
  iface->get_value_finish = dms_sim_transport_get_value_finish;
  iface->provide_async = dms_sim_transport_provide_async;
  iface->provide_finish = dms_sim_transport_finish_boolean;
  iface->find_providers_async = dms_sim_transport_find_providers_async;
  iface->find_providers_finish = dms_sim_transport_find_providers_finish;
  iface->stop_providing = dms_sim_transport_stop_providing;
  iface->estimate_peers = dms_sim_transport_estimate_peers;
}
