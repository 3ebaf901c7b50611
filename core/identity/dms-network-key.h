/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The key that all nodes of a private network share, and its file (libp2p specs,
 * pnet/Private-Networks-PSK-V1.md). Keys and their texts are in guarded memory. */

#define DMS_NETWORK_KEY_SIZE 32

GBytes *dms_network_key_generate (void);
/* The text of a file, in any of its three encodings: /base16/, /base64/, /bin/. */
GBytes *dms_network_key_parse (GBytes *text, GError **error);
/* In /base16/, which all implementations read. */
GBytes *dms_network_key_to_text (GBytes *key);

/* A file that others may read is refused: DMS_ERROR_PERMISSION_DENIED. */
GBytes *dms_network_key_read (const char *path, GError **error);
/* Readable by the owner only. Replaces what is there. */
gboolean dms_network_key_write (const char *path, GBytes *key, GError **error);

/* 32 hexadecimal digits by which people compare keys; it does not give the key away. */
char *dms_network_key_dup_fingerprint (GBytes *key);

G_END_DECLS
