/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identify/dms-p2p-identify.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_AUTONAT_SERVICE (dms_p2p_autonat_service_get_type ())

/* Tells peers whether they can be reached, by dialling them (libp2p specs, autonat, versions 1 and 2). It
 * dials nobody but who asks: public addresses only, in version 1 only those of the IP it asks from, in
 * version 2 others only after it has paid for them with more bytes than a dial costs. */
G_DECLARE_FINAL_TYPE (DmsP2pAutonatService, dms_p2p_autonat_service, DMS, P2P_AUTONAT_SERVICE, GObject)

/* Close it before the host. */
DmsP2pAutonatService *dms_p2p_autonat_service_new (DmsP2pHost *host, DmsP2pIdentify *identify);
void dms_p2p_autonat_service_close (DmsP2pAutonatService *self);

/* For tests, which have no public addresses. */
void dms_p2p_autonat_service_set_private_allowed (DmsP2pAutonatService *self, gboolean is_allowed);

G_END_DECLS
