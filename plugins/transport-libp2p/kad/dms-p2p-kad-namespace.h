/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/**
 * DmsP2pKadNamespace:
 * @name: what keys begin with, between slashes
 * @validate: whether a value, which is not empty, may stand under a key
 * @compare: which of two valid values for the same key is the better one: above 0 for the first
 * @may_delete: (nullable): whether a peer may put the empty value in place of what stands under a key; %NULL
 * for nobody
 *
 * What values there are (libp2p specs, kad-dht, "Entry validation"). @now_s: seconds since 1970.
 */
typedef struct
{
  const char *name;
  gboolean (*validate) (GBytes *key, GBytes *value, gint64 now_s, GError **error);
  int (*compare) (GBytes *key, GBytes *first, GBytes *second);
  gboolean (*may_delete) (GBytes *key, DmsPeerId *peer);
} DmsP2pKadNamespace;

/* NULL for keys of none that is known. */
const DmsP2pKadNamespace *dms_p2p_kad_namespace_find (GBytes *key);

/* `/pk/<bytes of a peer ID>`: the public key of that peer. */
extern const DmsP2pKadNamespace dms_p2p_kad_namespace_pk;
/* `/nunet-dht-1/-<key>-<peer ID>`: see DmsP2pKadAdvertisement. */
extern const DmsP2pKadNamespace dms_p2p_kad_namespace_advertisement;

G_END_DECLS
