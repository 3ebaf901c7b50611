/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is wrong with a SubjectPublicKeyInfo of an RSA key (RFC 3279, 2.3.1), as far as its bytes show without
 * any arithmetic: not strict DER, a modulus too small, too large or even, an exponent that nobody uses. NULL
 * when it may be computed with. */
const char *dms_p2p_rsa_der_find_fault (const guint8 *data, gsize size);

G_END_DECLS
