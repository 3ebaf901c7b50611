/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Keeps what hosts of a private network say in the local network from those who have not its key: a DNS
 * message that says nothing, with the one that is meant behind it, encrypted. Others pass it over. */
typedef struct _DmsP2pMdnsSeal DmsP2pMdnsSeal;

/* @network_key: the 32 bytes of the private network's key. */
DmsP2pMdnsSeal *dms_p2p_mdns_seal_new (GBytes *network_key);
void dms_p2p_mdns_seal_free (DmsP2pMdnsSeal *self);

GByteArray *dms_p2p_mdns_seal_close (DmsP2pMdnsSeal *self, GByteArray *message);
/* NULL for what nobody with the key sent. */
GByteArray *dms_p2p_mdns_seal_open (DmsP2pMdnsSeal *self, const guint8 *data, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pMdnsSeal, dms_p2p_mdns_seal_free)

G_END_DECLS
