/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"

G_BEGIN_DECLS

/**
 * DmsCliLinkState:
 * @DMS_CLI_LINK_VALID: it counts
 * @DMS_CLI_LINK_EXPIRED: its time is over
 * @DMS_CLI_LINK_REVOKED: its issuer took it back
 * @DMS_CLI_LINK_INVALID: it breaks a rule, or its signature is wrong
 * @DMS_CLI_LINK_CUT_OFF: it hangs below one that does not count
 *
 * How a token of a chain stands now.
 */
typedef enum {
  DMS_CLI_LINK_VALID,
  DMS_CLI_LINK_EXPIRED,
  DMS_CLI_LINK_REVOKED,
  DMS_CLI_LINK_INVALID,
  DMS_CLI_LINK_CUT_OFF,
} DmsCliLinkState;

/* How often a right may be passed on: as long as nobody forbids it. */
#define DMS_CLI_LINK_WITHOUT_LIMIT G_MAXINT64

/**
 * DmsCliLink:
 * @token: the token
 * @state: how it stands
 * @reason: (nullable): why it does not count
 * @anchored: whether the context holds it itself, not only what hangs below it
 * @room: how many more tokens may hang below it, the one of a message included
 * @children: (element-type DmsCliLink): what was passed on from it, of what the context holds
 *
 * One token of a context with those that hang below it: chains that begin the same are one tree.
 */
typedef struct _DmsCliLink DmsCliLink;
struct _DmsCliLink {
  DmsToken *token;
  DmsCliLinkState state;
  char *reason;
  gboolean anchored;
  gint64 room;
  GPtrArray *children;
};

/* The trees of a list of anchors: an array of DmsCliLink. */
GPtrArray *dms_cli_link_new_trees (DmsCapabilityContext *context, DmsTokenList *tokens, guint64 now_ns);
/* As programs read it. */
const char *dms_cli_link_state_to_string (DmsCliLinkState state);

G_END_DECLS
