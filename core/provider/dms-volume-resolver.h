/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Finds the directory of this machine that a volume of a job means. @owner: the DID whose job it is;
 * @on_behalf_of: (nullable): for whom it says that it acts; @trusted: it may mount any directory. Named
 * volumes are made when they are new. NULL when the volume cannot be had. */
DmsVolume *dms_volume_resolver_resolve (const char *volumes_dir,
                                        DmsVolume *volume,
                                        DmsDid *owner,
                                        DmsDid *on_behalf_of,
                                        gboolean trusted,
                                        GError **error);

G_END_DECLS
