/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A port of an ensemble node that leads to one of its allocations (ensemble.md 4.3). */
typedef struct _DmsPortConfig DmsPortConfig;

#define DMS_TYPE_PORT_CONFIG (dms_port_config_get_type ())

GType dms_port_config_get_type (void);

DmsPortConfig *dms_port_config_new (guint16 public_port, guint16 private_port, const char *allocation);
/* The node's port; 0 asks for any free one. */
guint16 dms_port_config_get_public (DmsPortConfig *self);
guint16 dms_port_config_get_private (DmsPortConfig *self);
const char *dms_port_config_get_allocation (DmsPortConfig *self);

JsonNode *dms_port_config_to_json (DmsPortConfig *self);
DmsPortConfig *dms_port_config_ref (DmsPortConfig *self);
void dms_port_config_unref (DmsPortConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPortConfig, dms_port_config_unref)

G_END_DECLS
