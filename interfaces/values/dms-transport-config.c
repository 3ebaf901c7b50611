/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-transport-config.h"

#include "values/dms-value-private.h"

/**
 * DmsTransportConfig:
 *
 * What a transport starts with: identity, addresses, keys. Immutable and counted.
 */
struct _DmsTransportConfig
{
  GBytes *identity_seed;
  GStrv listen_addresses;
  GStrv bootstrap_peers;
  GBytes *private_network_key;
  JsonObject *params;
};

G_DEFINE_BOXED_TYPE (DmsTransportConfig,
                     dms_transport_config,
                     dms_transport_config_ref,
                     dms_transport_config_unref)

static GStrv
dms_transport_config_copy_list (const char *const *list)
{
  return list != NULL ? g_strdupv ((GStrv) list) : g_new0 (char *, 1);
}

/**
 * dms_transport_config_new:
 * @identity_seed: the 32 byte seed of the node's Ed25519 key (RFC 8032), secret; referenced, not copied
 * @listen_addresses: (nullable) (array zero-terminated=1): multiaddrs to listen on; %NULL for none
 * @bootstrap_peers: (nullable) (array zero-terminated=1): multiaddrs of peers to join through; %NULL for none
 * @private_network_key: (nullable): 32 secret bytes shared by a private network; %NULL for the open network
 * @params: (nullable): what this kind of transport needs besides; copied
 *
 * Makes a configuration. Make the secret bytes with g_bytes_new_with_free_func() over guarded memory.
 *
 * Returns: (transfer full): the configuration
 */
DmsTransportConfig *
dms_transport_config_new (GBytes *identity_seed,
                          const char *const *listen_addresses,
                          const char *const *bootstrap_peers,
                          GBytes *private_network_key,
                          JsonObject *params)
{
  DmsTransportConfig *self = NULL;

  g_return_val_if_fail (identity_seed != NULL && g_bytes_get_size (identity_seed) == 32, NULL);
  g_return_val_if_fail (private_network_key == NULL || g_bytes_get_size (private_network_key) == 32, NULL);

  self = g_atomic_rc_box_new0 (DmsTransportConfig);
  self->identity_seed = g_bytes_ref (identity_seed);
  self->listen_addresses = dms_transport_config_copy_list (listen_addresses);
  self->bootstrap_peers = dms_transport_config_copy_list (bootstrap_peers);
  self->private_network_key = private_network_key != NULL ? g_bytes_ref (private_network_key) : NULL;
  self->params = params != NULL ? dms_value_copy_object (params) : NULL;
  return self;
}

/**
 * dms_transport_config_get_identity_seed:
 * @self: a configuration
 *
 * Returns: (transfer none): the 32 byte seed of the node's Ed25519 key, secret
 */
GBytes *
dms_transport_config_get_identity_seed (DmsTransportConfig *self)
{
  return self->identity_seed;
}

/**
 * dms_transport_config_get_listen_addresses:
 * @self: a configuration
 *
 * Returns: (transfer none) (array zero-terminated=1): multiaddrs to listen on, perhaps none
 */
const char *const *
dms_transport_config_get_listen_addresses (DmsTransportConfig *self)
{
  return (const char *const *) self->listen_addresses;
}

/**
 * dms_transport_config_get_bootstrap_peers:
 * @self: a configuration
 *
 * Returns: (transfer none) (array zero-terminated=1): multiaddrs of peers to join through, perhaps none
 */
const char *const *
dms_transport_config_get_bootstrap_peers (DmsTransportConfig *self)
{
  return (const char *const *) self->bootstrap_peers;
}

/**
 * dms_transport_config_get_private_network_key:
 * @self: a configuration
 *
 * Returns: (transfer none) (nullable): 32 secret bytes; %NULL for the open network
 */
GBytes *
dms_transport_config_get_private_network_key (DmsTransportConfig *self)
{
  return self->private_network_key;
}

/**
 * dms_transport_config_get_params:
 * @self: a configuration
 *
 * The daemon gives every transport `memory_mib` and `descriptors`, the most of each that it may use, and
 * `peer_store`, the file where it may keep what it knows of peers. Members that it does not know are nothing
 * to it.
 *
 * Returns: (transfer none) (nullable): what this kind of transport needs besides
 */
JsonObject *
dms_transport_config_get_params (DmsTransportConfig *self)
{
  return self->params;
}

/**
 * dms_transport_config_ref:
 * @self: a configuration
 *
 * Returns: (transfer full): @self
 */
DmsTransportConfig *
dms_transport_config_ref (DmsTransportConfig *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_transport_config_clear (gpointer data)
{
  DmsTransportConfig *self = data;

  g_bytes_unref (self->identity_seed);
  g_strfreev (self->listen_addresses);
  g_strfreev (self->bootstrap_peers);
  g_clear_pointer (&self->private_network_key, g_bytes_unref);
  g_clear_pointer (&self->params, json_object_unref);
}

/**
 * dms_transport_config_unref:
 * @self: (transfer full): a configuration
 *
 * Gives up a reference.
 */
void
dms_transport_config_unref (DmsTransportConfig *self)
{
  g_atomic_rc_box_release_full (self, dms_transport_config_clear);
}
