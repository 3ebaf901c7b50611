/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

/* Something that a peer signed, for one purpose only (libp2p RFC 0002). @domain and @type say which. */

GBytes *dms_p2p_envelope_seal (DmsP2pIdentity *identity,
                               const char *domain,
                               GBytes *type,
                               const void *payload,
                               gsize payload_size);

/* What is in it. Nobody but @expected may have signed it: DMS_ERROR_BAD_SIGNATURE. @what: what it is, for
 * people. */
GBytes *dms_p2p_envelope_open (const guint8 *data,
                               gsize size,
                               const char *domain,
                               GBytes *type,
                               DmsPeerId *expected,
                               const char *what,
                               GError **error);

G_END_DECLS
