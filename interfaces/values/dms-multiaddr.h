/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_MULTIADDR (dms_multiaddr_get_type ())

DMS_EXPORT GType dms_multiaddr_get_type (void);

/* A multiaddr (multiformats/multiaddr) in its text form, syntactically checked. */
DMS_EXPORT DmsMultiaddr *dms_multiaddr_new (const char *text, GError **error);
DMS_EXPORT const char *dms_multiaddr_get_text (DmsMultiaddr *self);

DMS_EXPORT DmsMultiaddr *dms_multiaddr_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_multiaddr_to_json (DmsMultiaddr *self);
DMS_EXPORT DmsMultiaddr *dms_multiaddr_ref (DmsMultiaddr *self);
DMS_EXPORT void dms_multiaddr_unref (DmsMultiaddr *self);
DMS_EXPORT gboolean dms_multiaddr_equal (DmsMultiaddr *a, DmsMultiaddr *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMultiaddr, dms_multiaddr_unref)

G_END_DECLS
