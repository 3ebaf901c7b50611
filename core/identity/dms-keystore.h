/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-key.h"

G_BEGIN_DECLS

#define DMS_TYPE_KEYSTORE (dms_keystore_get_type ())

/* The folder of encrypted key files, one a context: <user_dir>/key/<name>.json. */
G_DECLARE_FINAL_TYPE (DmsKeystore, dms_keystore, DMS, KEYSTORE, GObject)

/* @directory: the key folder itself; made (0700) at the first save. */
DmsKeystore *dms_keystore_new (const char *directory);

/* Whether a name can name a key: no separators, dots first, control characters; at most 128 bytes. */
gboolean dms_keystore_check_name (const char *name, GError **error);
/* Never NULL; for messages. */
char *dms_keystore_dup_path (DmsKeystore *self, const char *name);
gboolean dms_keystore_has (DmsKeystore *self, const char *name);
char **dms_keystore_list (DmsKeystore *self, GError **error);

/* Both derive a key from the passphrase, which takes about a second and 256 MiB by design. */
DmsKey *dms_keystore_load (DmsKeystore *self, const char *name, const char *passphrase, GError **error);
gboolean dms_keystore_save (DmsKeystore *self, const char *name, DmsKey *key, const char *passphrase,
                            GError **error);
gboolean dms_keystore_remove (DmsKeystore *self, const char *name, GError **error);

/* For tests: the scrypt cost of keys saved from now on, a power of two. */
void dms_keystore_set_cost (DmsKeystore *self, guint64 n);

G_END_DECLS
