/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

#include "capability/dms-capability-context.h"

G_BEGIN_DECLS

#define DMS_TYPE_CAPABILITY_KEEPER (dms_capability_keeper_get_type ())

/* Keeps the context of a running service and its file the same, while other programs change the file too.
 * Waiting and writing happen in a thread; the context is only touched in the main context that made this.
 * Changes that come while one is being written are written together. */
G_DECLARE_FINAL_TYPE (DmsCapabilityKeeper, dms_capability_keeper, DMS, CAPABILITY_KEEPER, GObject)

DmsCapabilityKeeper *dms_capability_keeper_new (DmsCapabilityContext *context, const char *path);

/* Takes over what the file holds now, then lets @edit change the context, and writes the file. It succeeds
 * once the change is on the disk; when it fails, nothing is changed. @user_data is freed with @destroy. */
void dms_capability_keeper_edit_async (DmsCapabilityKeeper *self, DmsCapabilityEdit edit, gpointer user_data,
                                       GDestroyNotify destroy, GAsyncReadyCallback callback,
                                       gpointer callback_data);
/* The same for what other nodes tell. The version before is not kept: it would let them fill the disk. */
void dms_capability_keeper_learn_async (DmsCapabilityKeeper *self, DmsCapabilityEdit edit, gpointer user_data,
                                        GDestroyNotify destroy, GAsyncReadyCallback callback,
                                        gpointer callback_data);
gboolean dms_capability_keeper_edit_finish (DmsCapabilityKeeper *self, GAsyncResult *result, GError **error);

/* Reads the file again; on an error nothing changes. While a change is written it is done after it. */
gboolean dms_capability_keeper_reload (DmsCapabilityKeeper *self, GError **error);

G_END_DECLS
