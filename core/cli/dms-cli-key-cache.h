/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-key.h"

G_BEGIN_DECLS

/* A test aid, off unless DMS_E2E_CACHE_KEYS is 1: keys that were opened are kept for ten minutes in the
 * user's own run-time directory, sealed with the passphrase but without the costly derivation. Whoever calls
 * the program still needs the passphrase; whoever reads the directory can guess it faster than from the key
 * file. */

/* (nullable): the key of a key file, if it was kept under this passphrase. */
DmsKey *dms_cli_key_cache_load (const char *path, const char *passphrase);
/* Keeps it; what goes wrong is no error. */
void dms_cli_key_cache_save (const char *path, const char *passphrase, DmsKey *key);

G_END_DECLS
