/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_LIBRARY_FINDER (dms_library_finder_get_type ())

/* Which libraries this machine has, and in which versions. In this order: what its owner says; the module of
 * that name as pkg-config knows it; and for a name such as `libssl` the file of that shared object. Letters
 * that follow the numbers of a version (1.1.1n) do not count. Files are read in another thread and what was
 * found is kept for a minute; all else is done in the context of the object, and bounded: names come from
 * others. */
G_DECLARE_FINAL_TYPE (DmsLibraryFinder, dms_library_finder, DMS, LIBRARY_FINDER, GObject)

/* root: where the file system begins, `/` as a rule. stated: (nullable): what the owner says, each a name and
 * a version, such as `cuda=12.2`; what is something else is logged and left out. search: whether files are
 * looked at */
DmsLibraryFinder *dms_library_finder_new (const char *root, const char *const *stated, gboolean search);

/* Whether nothing has to be looked for: get() can answer for each of the names. */
gboolean dms_library_finder_knows (DmsLibraryFinder *self, const char *const *names);
/* (transfer full) (element-type DmsLibrary): those of the names that are there. */
GPtrArray *dms_library_finder_get (DmsLibraryFinder *self, const char *const *names);
/* Looks for those that are not known. Of more than can be kept, or where too many look already, the rest is
 * not there; never an error. */
void dms_library_finder_look_async (DmsLibraryFinder *self,
                                    const char *const *names,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean dms_library_finder_look_finish (DmsLibraryFinder *self, GAsyncResult *result, GError **error);

G_END_DECLS
