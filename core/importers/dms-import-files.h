/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Files beside the one that is imported. That one may be anybody's: what it names is read only if it is a
 * regular file below the same folder, so that it cannot bring other files of this machine into a job. */

/* (transfer full): the file's path with all links resolved; NULL with an error for people. */
char *dms_import_files_resolve (const char *folder, const char *path, GError **error);
/* (transfer full): its text, UTF-8 and without NUL, at most 1 MiB. */
char *dms_import_files_read_text (const char *folder, const char *path, GError **error);

G_END_DECLS
