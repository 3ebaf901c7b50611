/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-stack.h"

#include "mdns/dms-p2p-mdns-socket.h"
#include "perf/dms-p2p-perf.h"
#include "quic/dms-p2p-quic.h"
#include "tcp/dms-p2p-tcp.h"

/* What this program calls itself. */
#define DMS_LIBP2P_AGENT "dms/" DMS_VERSION_S

enum
{
  /* What is lost of the known peers when the machine goes down. */
  DMS_LIBP2P_STACK_SAVE_S = 10 * 60,
};

/* Who is told that the peers have been kept. */
typedef struct
{
  GSourceFunc done;
  gpointer user_data;
} DmsLibp2pSaving;

static void
dms_libp2p_stack_on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree DmsLibp2pSaving *saving = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_p2p_peer_store_save_finish (DMS_P2P_PEER_STORE (source), result, &error))
    g_warning ("The known peers cannot be kept: %s", error->message);
  if (saving->done != NULL)
    saving->done (saving->user_data);
}

static void
dms_libp2p_stack_save (DmsLibp2pStack *self, GSourceFunc done, gpointer user_data)
{
  DmsLibp2pSaving *saving = g_new0 (DmsLibp2pSaving, 1);

  saving->done = done;
  saving->user_data = user_data;
  dms_p2p_peer_store_save_async (self->peers, dms_libp2p_stack_on_saved, saving);
}

static gboolean
dms_libp2p_stack_on_save_timer (gpointer user_data)
{
  dms_libp2p_stack_save (user_data, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

static void
dms_libp2p_stack_start_saving (DmsLibp2pStack *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->save_timer = g_timeout_source_new_seconds (DMS_LIBP2P_STACK_SAVE_S);
  g_source_set_static_name (self->save_timer, "dms-libp2p-save");
  g_source_set_callback (self->save_timer, dms_libp2p_stack_on_save_timer, self, NULL);
  g_source_attach (self->save_timer, context);
}

/* A private network is TCP only: QUIC has no place for its key. */
static void
dms_libp2p_stack_add_transports (DmsLibp2pStack *self, const DmsLibp2pParams *params)
{
  g_autoptr (DmsP2pTransport) quic = NULL;
  g_autoptr (DmsP2pTransport) tcp = dms_p2p_tcp_new (self->identity, NULL);

  if (dms_p2p_identity_get_network_key (self->identity) == NULL)
    {
      quic = dms_p2p_quic_new (self->identity);
      dms_p2p_swarm_add_transport (self->swarm, quic);
    }
  dms_p2p_swarm_add_transport (self->swarm, tcp);
  self->host = dms_p2p_host_new (self->swarm);
  self->identify = dms_p2p_identify_new (self->host, DMS_LIBP2P_AGENT);
  self->dht = dms_p2p_dht_new (self->host, self->identify, params->dht_prefix, params->dht_mode);
  self->nat = dms_libp2p_nat_new (self->host, self->identify, self->dht, quic, DMS_P2P_TCP (tcp), params);
}

static void
dms_libp2p_stack_on_moved (gpointer user_data)
{
  DmsLibp2pStack *self = user_data;

  dms_p2p_dht_note_moved (self->dht);
  if (self->discovery != NULL)
    dms_p2p_dht_discovery_note_moved (self->discovery);
}

static void
dms_libp2p_stack_on_mapped (gpointer user_data)
{
  dms_p2p_identify_note_changed (((DmsLibp2pStack *) user_data)->identify);
  dms_libp2p_stack_on_moved (user_data);
}

/* A host works without it. */
static void
dms_libp2p_stack_start_mdns (DmsLibp2pStack *self)
{
  g_autoptr (GError) error = NULL;

  self->mdns = dms_p2p_mdns_new (self->swarm, DMS_P2P_MDNS_PORT, NULL, &error);
  if (self->mdns == NULL)
    g_warning ("Hosts of the local network are not looked for: %s", error->message);
}

DmsLibp2pStack *
dms_libp2p_stack_new (GBytes *seed,
                      GBytes *network_key,
                      const DmsLibp2pParams *params,
                      DmsP2pMessageHandler handler,
                      gpointer user_data,
                      GError **error)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_private (seed, network_key, error);
  DmsLibp2pStack *self = NULL;

  if (identity == NULL)
    return NULL;
  self = g_new0 (DmsLibp2pStack, 1);
  self->identity = g_steal_pointer (&identity);
  self->limits = dms_p2p_limits_new ((guint64) params->memory_mib * 1024 * 1024, params->descriptors);
  self->peers = dms_p2p_peer_store_new (params->peer_store);
  self->swarm = dms_p2p_swarm_new (self->identity, self->limits, self->peers);
  dms_p2p_swarm_set_water_marks (self->swarm, params->low_water, params->high_water, params->grace_s);
  dms_libp2p_stack_add_transports (self, params);
  self->ping = dms_p2p_ping_new (self->host);
  self->messenger = dms_p2p_messenger_new (self->host, handler, user_data);
  if (params->rendezvous != NULL && params->dht_mode != DMS_P2P_DHT_OFF)
    self->discovery = dms_p2p_dht_discovery_new (
        self->dht, self->swarm, params->rendezvous, params->discovery_interval_s);
  dms_libp2p_nat_set_moved (self->nat, dms_libp2p_stack_on_moved, self);
  self->router = dms_libp2p_router_new (self->dht, self->swarm);
  if (params->perf)
    dms_p2p_perf_serve (self->host);
  if (params->mdns)
    dms_libp2p_stack_start_mdns (self);
  if (params->port_mapping)
    self->port_mapper = dms_p2p_port_mapper_new (self->swarm, NULL, NULL, dms_libp2p_stack_on_mapped, self);
  dms_libp2p_stack_start_saving (self);
  return self;
}

void
dms_libp2p_stack_give_back (DmsLibp2pStack *self, GSourceFunc done, gpointer user_data)
{
  DmsP2pPortMapper *mapper = g_steal_pointer (&self->port_mapper);

  if (mapper != NULL)
    dms_p2p_port_mapper_close (mapper, done, user_data);
  else if (done != NULL)
    done (user_data);
}

void
dms_libp2p_stack_free (DmsLibp2pStack *self)
{
  dms_libp2p_stack_end (self, NULL, NULL);
}

void
dms_libp2p_stack_end (DmsLibp2pStack *self, GSourceFunc done, gpointer user_data)
{
  g_source_destroy (self->save_timer);
  g_clear_pointer (&self->save_timer, g_source_unref);
  g_clear_pointer (&self->discovery, dms_p2p_dht_discovery_free);
  dms_p2p_dht_close (self->dht);
  g_clear_pointer (&self->router, dms_libp2p_router_free);
  dms_libp2p_stack_give_back (self, NULL, NULL);
  g_clear_pointer (&self->mdns, dms_p2p_mdns_free);
  dms_p2p_messenger_close (self->messenger);
  dms_libp2p_nat_close (self->nat);
  dms_p2p_host_close (self->host);
  dms_libp2p_stack_save (self, done, user_data);
  g_clear_pointer (&self->nat, dms_libp2p_nat_free);
  g_clear_object (&self->messenger);
  g_clear_object (&self->dht);
  g_clear_object (&self->ping);
  g_clear_object (&self->identify);
  g_clear_object (&self->host);
  g_clear_object (&self->swarm);
  g_clear_object (&self->peers);
  g_clear_object (&self->limits);
  g_clear_pointer (&self->identity, dms_p2p_identity_unref);
  g_free (self);
}
