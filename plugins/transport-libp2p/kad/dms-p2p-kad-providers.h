/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-peer.h"

G_BEGIN_DECLS

/* Who provides what, as they told this host: bounded in keys, in providers a key, in keys a provider, and in
 * total. Where the providers of a key are too many, one of the most crowded IP group gives way; where keys
 * are, the one that is farthest from this host. */
typedef struct _DmsP2pKadProviders DmsP2pKadProviders;

DmsP2pKadProviders *dms_p2p_kad_providers_new (const DmsP2pKadKey *self_key);
void dms_p2p_kad_providers_free (DmsP2pKadProviders *self);

/* @provider: who told so itself, and where it says it is. @group: where it told so from. FALSE when there is
 * no room for it. */
gboolean dms_p2p_kad_providers_add (DmsP2pKadProviders *self,
                                    GBytes *key,
                                    DmsP2pKadPeer *provider,
                                    guint64 group,
                                    gint64 now_us);
void dms_p2p_kad_providers_remove (DmsP2pKadProviders *self, GBytes *key, DmsP2pKadPeer *provider);
/* DmsP2pKadPeer: at most @n, those that told so last first; without addresses when these are too old. */
GPtrArray *dms_p2p_kad_providers_list (DmsP2pKadProviders *self, GBytes *key, guint n, gint64 now_us);
void dms_p2p_kad_providers_expire (DmsP2pKadProviders *self, gint64 now_us);
guint dms_p2p_kad_providers_get_n_keys (DmsP2pKadProviders *self);
guint dms_p2p_kad_providers_get_n (DmsP2pKadProviders *self);
/* What they take, about. */
gsize dms_p2p_kad_providers_get_bytes (DmsP2pKadProviders *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadProviders, dms_p2p_kad_providers_free)

G_END_DECLS
