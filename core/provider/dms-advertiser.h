/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "provider/dms-provider.h"

G_BEGIN_DECLS

#define DMS_TYPE_ADVERTISER (dms_advertiser_get_type ())

G_DECLARE_FINAL_TYPE (DmsAdvertiser, dms_advertiser, DMS, ADVERTISER, GObject)

/* Lets the network know what this machine lends, by the names of dms-offer-keys.h: a record in the
 * distributed hash table for each says that this node stands under it, and no more. Follows what is onboarded
 * and which executors work. Reads p2p.advertise. @provider must outlive it. */
DmsAdvertiser *dms_advertiser_new (DmsProvider *provider);

void dms_advertiser_start (DmsAdvertiser *self);
/* Takes nothing back: the node is likely to come again. */
void dms_advertiser_stop (DmsAdvertiser *self);
/* Looks whether anything has changed. */
void dms_advertiser_review (DmsAdvertiser *self);

/* (transfer full): what it stands under now, in the order of the alphabet. */
GStrv dms_advertiser_dup_keys (DmsAdvertiser *self);
/* How many of them the network knows. */
guint dms_advertiser_get_n_told (DmsAdvertiser *self);

G_END_DECLS
