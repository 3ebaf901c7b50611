/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The right to change the files of one folder, held by one program (or one part of it) at a time. The kernel
 * gives it back when the holder dies. Readers need none: files are replaced in one step. May be taken in one
 * thread and given back in another. */
typedef struct _DmsFileLock DmsFileLock;

/* Waits up to @timeout_ms milliseconds, so never call it in a main loop. */
DmsFileLock *dms_file_lock_new (const char *path, guint timeout_ms, GError **error);
void dms_file_lock_free (DmsFileLock *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsFileLock, dms_file_lock_free)

G_END_DECLS
