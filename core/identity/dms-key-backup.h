/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The most bytes of a backup. */
#define DMS_KEY_BACKUP_MAX_SIZE (16 * 1024 * 1024)

/* The files of several contexts in one piece: key files, which stay under their passphrases, and capability
 * files. It is to be encrypted before it is written anywhere. */
typedef struct _DmsKeyBackup DmsKeyBackup;

DmsKeyBackup *dms_key_backup_new (void);
/* Reads what dms_key_backup_to_bytes() wrote. Names are good names and there once, key files are key files;
 * of capability files only the size is checked. */
DmsKeyBackup *dms_key_backup_new_from_bytes (GBytes *bytes, GError **error);
void dms_key_backup_free (DmsKeyBackup *self);
GBytes *dms_key_backup_to_bytes (DmsKeyBackup *self);

/* @key, @capabilities: (nullable): the contents of the files; one of the two is there. */
gboolean dms_key_backup_add (DmsKeyBackup *self, const char *name, GBytes *key, GBytes *capabilities,
                             GError **error);
guint dms_key_backup_get_size (DmsKeyBackup *self);
const char *dms_key_backup_get_name (DmsKeyBackup *self, guint index);
/* Both (nullable). */
GBytes *dms_key_backup_get_key (DmsKeyBackup *self, guint index);
GBytes *dms_key_backup_get_capabilities (DmsKeyBackup *self, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsKeyBackup, dms_key_backup_free)

G_END_DECLS
