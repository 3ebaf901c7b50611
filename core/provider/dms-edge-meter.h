/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-message.h"
#include "provider/dms-provider.h"

G_BEGIN_DECLS

#define DMS_TYPE_EDGE_METER (dms_edge_meter_get_type ())

/* Measures for orchestrators how far this machine is from others that bid for the same ensemble, and answers
 * the measurements of those (orchestration.md 3.3). @provider must outlive it. */
G_DECLARE_FINAL_TYPE (DmsEdgeMeter, dms_edge_meter, DMS, EDGE_METER, GObject)

DmsEdgeMeter *dms_edge_meter_new (DmsProvider *provider);

/* A message to `/dms/deployment/constraint/edge`: `{EnsembleID, S, T, RTT, BW}` → `{OK, Error, RTT, BW}`,
 * where the answer's RTT, in milliseconds, and BW, in bits a second, are what was measured, as far as it was.
 */
void dms_edge_meter_handle_question (DmsEdgeMeter *self, DmsMessage *message);
/* A message to DMS_EDGE_ECHO_BEHAVIOUR. */
void dms_edge_meter_handle_echo (DmsEdgeMeter *self, DmsMessage *message);
/* Ends what is being measured, without an answer. */
void dms_edge_meter_stop (DmsEdgeMeter *self);

G_END_DECLS
