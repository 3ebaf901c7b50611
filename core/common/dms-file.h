/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reads a regular file of at most @max_size bytes; never waits on a pipe or device that poses as one. */
GBytes *dms_file_read (const char *path, gsize max_size, GError **error);
/* Replaces a file in one step, readable by the owner only; makes its folder (0700) if it is missing. */
gboolean dms_file_write_private (const char *path, const char *data, gsize size, GError **error);

G_END_DECLS
