/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "node/dms-node.h"

G_BEGIN_DECLS

/* Behaviours of the root actor for the log at run time: `/dms/node/logger/config`. */
void dms_logger_behaviours_install (DmsNode *node);

G_END_DECLS
