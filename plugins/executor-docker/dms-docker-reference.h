/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* The name of an image: `[host[:port]/]path[:tag][@digest]`, as the OCI distribution specification writes it.
 */
typedef struct _DmsDockerReference DmsDockerReference;

DmsDockerReference *dms_docker_reference_new (const char *text, GError **error);
DmsDockerReference *dms_docker_reference_ref (DmsDockerReference *self);
void dms_docker_reference_unref (DmsDockerReference *self);

const char *dms_docker_reference_get_text (DmsDockerReference *self);
/* The host with its port and the path, without tag and digest. */
const char *dms_docker_reference_get_name (DmsDockerReference *self);
/* (nullable) */
const char *dms_docker_reference_get_tag (DmsDockerReference *self);
/* (nullable): with its algorithm, such as `sha256:…` */
const char *dms_docker_reference_get_digest (DmsDockerReference *self);
char *dms_docker_reference_dup_pull_path (DmsDockerReference *self);
char *dms_docker_reference_dup_inspect_path (DmsDockerReference *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDockerReference, dms_docker_reference_unref)

G_END_DECLS
