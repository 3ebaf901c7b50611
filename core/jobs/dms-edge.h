/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A demand on the link between two nodes of an ensemble (ensemble.md 4.8). */
typedef struct _DmsEdge DmsEdge;

#define DMS_TYPE_EDGE (dms_edge_get_type ())

GType dms_edge_get_type (void);

DmsEdge *dms_edge_new (const char *source, const char *target, guint rtt_ms, guint64 bandwidth);
const char *dms_edge_get_source (DmsEdge *self);
const char *dms_edge_get_target (DmsEdge *self);
/* Greatest round trip in milliseconds; 0 when it does not matter. */
guint dms_edge_get_rtt_ms (DmsEdge *self);
/* Least bandwidth in bits a second; 0 when it does not matter. */
guint64 dms_edge_get_bandwidth (DmsEdge *self);

JsonNode *dms_edge_to_json (DmsEdge *self);
DmsEdge *dms_edge_ref (DmsEdge *self);
void dms_edge_unref (DmsEdge *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsEdge, dms_edge_unref)

G_END_DECLS
