/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-message.h"
#include "config/dms-config.h"

G_BEGIN_DECLS

/* Decides who is told why this machine makes no offer. Who did not ask for it is told nothing, nor is anybody
 * told more often than is of use: a few times a second and requester, and once for each question. */
typedef struct _DmsBidRefuser DmsBidRefuser;

DmsBidRefuser *dms_bid_refuser_new (DmsConfig *config);
void dms_bid_refuser_free (DmsBidRefuser *self);

/* Whether the sender of a request may be told, and asks to be. Broadcasts must say that they are for a few:
 * what all answer is answered by nobody. */
gboolean dms_bid_refuser_is_wanted (DmsBidRefuser *self, DmsMessage *message);
/* Whether who lacks the right to deploy here may be told just that. */
gboolean dms_bid_refuser_tells_strangers (DmsBidRefuser *self);
/* Whether it may be told now; counts it. key: what is answered, such as an ensemble and a nonce. requester:
 * whose share it comes from */
gboolean dms_bid_refuser_take (DmsBidRefuser *self, const char *requester, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBidRefuser, dms_bid_refuser_free)

G_END_DECLS
