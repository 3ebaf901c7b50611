/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DmsPortProtocol:
 * @DMS_PORT_TCP: TCP
 * @DMS_PORT_UDP: UDP
 * @DMS_PORT_BOTH: both
 *
 * What a mapped port carries.
 */
typedef enum {
  DMS_PORT_TCP,
  DMS_PORT_UDP,
  DMS_PORT_BOTH,
} DmsPortProtocol;

#define DMS_TYPE_PORT_MAPPING (dms_port_mapping_get_type ())

DMS_EXPORT GType dms_port_mapping_get_type (void);

DMS_EXPORT DmsPortMapping *dms_port_mapping_new (const char *host_ip,
                                          guint16 host_port,
                                          guint16 job_port,
                                          DmsPortProtocol protocol);
/* NULL means every address of this machine. */
DMS_EXPORT const char *dms_port_mapping_get_host_ip (DmsPortMapping *self);
DMS_EXPORT guint16 dms_port_mapping_get_host_port (DmsPortMapping *self);
DMS_EXPORT guint16 dms_port_mapping_get_job_port (DmsPortMapping *self);
DMS_EXPORT DmsPortProtocol dms_port_mapping_get_protocol (DmsPortMapping *self);

DMS_EXPORT DmsPortMapping *dms_port_mapping_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_port_mapping_to_json (DmsPortMapping *self);
DMS_EXPORT DmsPortMapping *dms_port_mapping_ref (DmsPortMapping *self);
DMS_EXPORT void dms_port_mapping_unref (DmsPortMapping *self);
DMS_EXPORT gboolean dms_port_mapping_equal (DmsPortMapping *a, DmsPortMapping *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPortMapping, dms_port_mapping_unref)

G_END_DECLS
