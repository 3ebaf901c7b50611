/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A QR code (ISO/IEC 18004) of a text for a terminal: two modules a character, light ones drawn, so that it
 * is right on a dark background. @columns: how wide it is. DMS_ERROR_TOO_LARGE when no code holds so much. */
char *dms_cli_qr_draw (const char *text, guint *columns, GError **error);

G_END_DECLS
