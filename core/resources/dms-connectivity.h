/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_CONNECTIVITY (dms_connectivity_get_type ())

/* Ports that can be had, or are asked for, and whether a private network is (resources-and-matching.md
 * section 5). Immutable and counted. */
typedef struct _DmsConnectivity DmsConnectivity;

GType dms_connectivity_get_type (void);

/* ports: (array length=n_ports): in any order; each counts once */
DmsConnectivity *dms_connectivity_new (const guint16 *ports, guint n_ports, gboolean vpn);
guint dms_connectivity_get_n_ports (DmsConnectivity *self);
/* By their size. */
guint16 dms_connectivity_get_port (DmsConnectivity *self, guint index);
gboolean dms_connectivity_has_port (DmsConnectivity *self, guint16 port);
gboolean dms_connectivity_get_vpn (DmsConnectivity *self);

/* NULL with INVALID_DATA. */
DmsConnectivity *dms_connectivity_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_connectivity_to_json (DmsConnectivity *self);
gboolean dms_connectivity_equal (DmsConnectivity *a, DmsConnectivity *b);
DmsConnectivity *dms_connectivity_ref (DmsConnectivity *self);
void dms_connectivity_unref (DmsConnectivity *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsConnectivity, dms_connectivity_unref)

G_END_DECLS
