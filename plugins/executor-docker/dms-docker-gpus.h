/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

GStrv dms_docker_gpus_list_devices (GPtrArray *gpus, const char *root, GError **error);
void dms_docker_gpus_add (JsonBuilder *builder, GPtrArray *gpus, const char *const *devices);

G_END_DECLS
