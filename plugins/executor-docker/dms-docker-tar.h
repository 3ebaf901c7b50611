/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Writes a ustar archive in memory: what is put into a container before it starts. Paths are relative to the
 * container's root. */
typedef struct _DmsDockerTar DmsDockerTar;

DmsDockerTar *dms_docker_tar_new (void);
void dms_docker_tar_free (DmsDockerTar *self);
void dms_docker_tar_add_directory (DmsDockerTar *self, const char *path, guint mode, guint uid, guint gid);
void dms_docker_tar_add_file (DmsDockerTar *self,
                              const char *path,
                              guint mode,
                              guint uid,
                              guint gid,
                              GBytes *content);
/* Ends the archive; nothing can be added any more. */
GBytes *dms_docker_tar_end (DmsDockerTar *self);

/* The content of the first regular file of an archive; NULL when it has none or is damaged. */
GBytes *dms_docker_tar_read_file (GBytes *archive);
/* The same of an archive that has nothing before it but what tells of it; NULL for that of a folder or a
 * link. */
GBytes *dms_docker_tar_read_only_file (GBytes *archive);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDockerTar, dms_docker_tar_free)

G_END_DECLS
