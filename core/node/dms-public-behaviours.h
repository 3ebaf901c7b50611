/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "node/dms-node.h"

G_BEGIN_DECLS

/* Behaviours of the root actor for what strangers with a public grant may ask (behaviors.md §1): `/public/…`,
 * `/broadcast/hello`. */
void dms_public_behaviours_install (DmsNode *node);

G_END_DECLS
