/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What orchestrators keep of a deployment at each other, and at a witness that must not read it: a text under
 * XSalsa20-Poly1305 (libsodium's secretbox), as base64 of the nonce and the box. */

enum
{
  /* A message may have 1 MiB, and what is in it grows by a third twice. */
  DMS_SEALED_STATE_MAX = 400 * 1024,
};

/* (transfer full): base64 */
char *dms_sealed_state_make_key (void);
/* The version is sealed with the text: an old one cannot be given out for a new one. DMS_ERROR_TOO_LARGE;
 * DMS_ERROR_INVALID_ARGUMENT when the key is none. */
char *dms_sealed_state_seal (const char *key, guint64 version, const char *text, GError **error);
/* DMS_ERROR_INVALID_DATA when it was not sealed with this key and version. */
char *dms_sealed_state_open (const char *key, guint64 version, const char *sealed, GError **error);

G_END_DECLS
