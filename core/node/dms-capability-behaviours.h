/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "node/dms-node.h"

G_BEGIN_DECLS

/* Behaviours of the root actor for anchors and their listing (behaviors.md §8): `/dms/cap/…`. */
void dms_capability_behaviours_install (DmsNode *node);

G_END_DECLS
