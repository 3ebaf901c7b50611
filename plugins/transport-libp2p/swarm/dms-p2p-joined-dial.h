/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-connection.h"
#include "swarm/dms-p2p-dial.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_JOINED_DIAL (dms_p2p_joined_dial_get_type ())

/* A dial that several wait for. Each may give up; when all have, so does the dial. */
G_DECLARE_FINAL_TYPE (DmsP2pJoinedDial, dms_p2p_joined_dial, DMS, P2P_JOINED_DIAL, GObject)

/* Told once, when the dial has ended. @upgraded: (transfer full) (nullable): NULL with @error. Who waits is
 * answered with what it returns, (transfer full), or with @error. */
typedef DmsP2pConnection *(*DmsP2pJoinedDialEnded) (DmsP2pJoinedDial *self,
                                                    DmsP2pUpgraded *upgraded,
                                                    GError **error,
                                                    gpointer user_data);

/* @is_direct: relayed connections are not what is wanted. */
DmsP2pJoinedDial *dms_p2p_joined_dial_new (DmsP2pDialer *dialer,
                                           DmsPeerId *peer,
                                           gboolean is_direct,
                                           DmsP2pJoinedDialEnded ended,
                                           gpointer user_data);
DmsPeerId *dms_p2p_joined_dial_get_peer (DmsP2pJoinedDial *self);
gboolean dms_p2p_joined_dial_is_direct (DmsP2pJoinedDial *self);
/* Whether it is given up or has failed, and only has to be told: another one is needed. */
gboolean dms_p2p_joined_dial_is_over (DmsP2pJoinedDial *self);

/* Waits for it: @task is returned a DmsP2pConnection. */
void dms_p2p_joined_dial_join (DmsP2pJoinedDial *self,
                               GTask *task,
                               GPtrArray *addresses,
                               gboolean force,
                               DmsP2pTrace trace,
                               gpointer trace_data,
                               GCancellable *cancellable);
/* After the first has joined. */
void dms_p2p_joined_dial_start (DmsP2pJoinedDial *self);
/* There is a connection by other means: all who wait have it. The dial goes on. */
void dms_p2p_joined_dial_answer (DmsP2pJoinedDial *self, DmsP2pConnection *connection);
/* All who wait have an error, and the dial ends. */
void dms_p2p_joined_dial_cancel (DmsP2pJoinedDial *self);

G_END_DECLS
