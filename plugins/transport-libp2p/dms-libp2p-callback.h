/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A function somebody set, with its data. Counted, so that it may be replaced while it runs. */
typedef struct _DmsLibp2pCallback DmsLibp2pCallback;

DmsLibp2pCallback *dms_libp2p_callback_new (GCallback func, gpointer user_data, GDestroyNotify destroy);
DmsLibp2pCallback *dms_libp2p_callback_ref (DmsLibp2pCallback *self);
void dms_libp2p_callback_unref (DmsLibp2pCallback *self);

GCallback dms_libp2p_callback_get_func (DmsLibp2pCallback *self);
gpointer dms_libp2p_callback_get_data (DmsLibp2pCallback *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pCallback, dms_libp2p_callback_unref)

G_END_DECLS
