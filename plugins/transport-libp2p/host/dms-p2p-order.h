/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of which streams that the other side opened it is known what they are for, by their sequence: whether an
 * earlier one is still missing. For connections over which a later stream may come before an earlier one. */
typedef struct _DmsP2pOrder DmsP2pOrder;

DmsP2pOrder *dms_p2p_order_new (void);
void dms_p2p_order_free (DmsP2pOrder *self);

/* It is known, or it came to nothing. */
void dms_p2p_order_settle (DmsP2pOrder *self, gint64 sequence);
/* Nobody waits for those before @sequence any more. */
void dms_p2p_order_skip_to (DmsP2pOrder *self, gint64 sequence);
gboolean dms_p2p_order_is_missing_before (DmsP2pOrder *self, gint64 sequence);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pOrder, dms_p2p_order_free)

G_END_DECLS
