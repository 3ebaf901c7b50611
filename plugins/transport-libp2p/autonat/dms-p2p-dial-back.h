/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_DIAL_BACK (dms_p2p_dial_back_get_type ())

/* Dials those that want to know whether they can be reached: as somebody they do not know, from ports that
 * they have not heard of, so that no NAT lets it in by mistake. */
G_DECLARE_FINAL_TYPE (DmsP2pDialBack, dms_p2p_dial_back, DMS, P2P_DIAL_BACK, GObject)

typedef enum
{
  DMS_P2P_DIAL_BACK_FAILED,
  /* Connected, but the nonce was not taken. */
  DMS_P2P_DIAL_BACK_NOT_TAKEN,
  DMS_P2P_DIAL_BACK_DONE,
} DmsP2pDialBackResult;

DmsP2pDialBack *dms_p2p_dial_back_new (DmsP2pLimits *limits, GBytes *network_key);
/* @nonce: (nullable): is brought there, as version 2 wants it. One at a time for each peer:
 * is_busy() tells. @reached: (out) (nullable): which of @addresses it was. */
gboolean dms_p2p_dial_back_is_busy (DmsP2pDialBack *self, DmsPeerId *peer);
void dms_p2p_dial_back_run_async (DmsP2pDialBack *self,
                                  DmsPeerId *peer,
                                  GPtrArray *addresses,
                                  const guint64 *nonce,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
DmsP2pDialBackResult
dms_p2p_dial_back_run_finish (DmsP2pDialBack *self, GAsyncResult *result, DmsMultiaddr **reached);
void dms_p2p_dial_back_close (DmsP2pDialBack *self);

G_END_DECLS
