/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Ends a source of the main loop, if there is one, and forgets it. */
void dms_p2p_source_drop (GSource **source);

G_END_DECLS
