/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a host that takes messages announces: the inbox that every node has. */
#define DMS_P2P_ROOT_PROTOCOL "actor/root/messages/0.0.1"

/* The protocol ID of an inbox: `actor/<inbox>/messages/0.0.1`, without a slash before it (spec, section 1).
 * NULL when there can be no such inbox: it is empty, too long, or has characters that are none. */
char *dms_p2p_inbox_to_protocol (const char *inbox);
/* NULL when @protocol is that of no inbox. */
char *dms_p2p_inbox_from_protocol (const char *protocol);

G_END_DECLS
