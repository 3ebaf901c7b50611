/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-public-key.h"

G_BEGIN_DECLS

/* Which certificates of peers were found good. A peer that comes again shows the same one, whose signatures
 * are a third of what a handshake costs. That it has the certificate's key, each handshake proves anew. */
typedef struct _DmsP2pCertificateMemory DmsP2pCertificateMemory;

/* So many are remembered unless said otherwise, of those seen last. */
#define DMS_P2P_CERTIFICATE_MEMORY 256

DmsP2pCertificateMemory *dms_p2p_certificate_memory_new (void);
void dms_p2p_certificate_memory_free (DmsP2pCertificateMemory *self);

/* As dms_p2p_certificate_verify(): with the same answer, and the dates looked at each time. */
DmsP2pPublicKey *dms_p2p_certificate_memory_verify (DmsP2pCertificateMemory *self,
                                                    const guint8 *der,
                                                    gsize size,
                                                    gint64 now_s,
                                                    GError **error);
void dms_p2p_certificate_memory_set_max (DmsP2pCertificateMemory *self, guint max);
guint dms_p2p_certificate_memory_get_size (DmsP2pCertificateMemory *self);
guint64 dms_p2p_certificate_memory_get_hits (DmsP2pCertificateMemory *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pCertificateMemory, dms_p2p_certificate_memory_free)

G_END_DECLS
