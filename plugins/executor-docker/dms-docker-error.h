/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

GError *dms_docker_error_new_from_text (guint status, const char *text);
GError *dms_docker_error_new_from_reply (guint status, GBytes *body);
void dms_docker_error_adopt_io (GError **error, const char *socket_path);

G_END_DECLS
