/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether this is the Ed25519 signature of the data: strict, so no second form of a signature is taken. */
gboolean dms_signature_verify (const guint8 public_key[32], const void *data, gsize size,
                               const guint8 *signature, gsize signature_size);

G_END_DECLS
