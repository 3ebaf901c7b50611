/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-envelope.h"
#include "capability/dms-capability-context.h"
#include "cli/dms-cli-call.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DmsCliMode:
 * @DMS_CLI_MODE_INVOKE: send and wait for the reply
 * @DMS_CLI_MODE_SEND: send, no reply
 * @DMS_CLI_MODE_BROADCAST: publish to a topic and gather replies until the message expires
 *
 * How a message is delivered.
 */
typedef enum {
  DMS_CLI_MODE_INVOKE,
  DMS_CLI_MODE_SEND,
  DMS_CLI_MODE_BROADCAST,
} DmsCliMode;

/* An identity of this user that speaks to the daemon (cli.md section 3). */
typedef struct _DmsCliSession DmsCliSession;

/* Opens the key and the capabilities of the call's --context. default_timeout is used when the call has
 * neither --timeout nor --expiry; in nanoseconds. */
DmsCliSession *dms_cli_session_open (DmsCliCall *call, gint64 default_timeout, GError **error);
/* Only a connection, for messages that are signed already. */
DmsCliSession *dms_cli_session_connect (DmsCliCall *call, gint64 timeout, GError **error);
void dms_cli_session_free (DmsCliSession *self);

/* What the user of the session trusts, demands and can present. */
DmsCapabilityContext *dms_cli_session_get_capabilities (DmsCliSession *self);

/* Lets the messages to come live as long as the first one did, unless --expiry says when all expire. */
void dms_cli_session_renew (DmsCliSession *self);

/* Who answers: a DID, a peer ID or a handle in JSON. NULL is the daemon itself. */
gboolean dms_cli_session_set_destination (DmsCliSession *self, const char *destination, GError **error);

/* The signed message. topic: only for broadcasts. */
DmsEnvelope *dms_cli_session_make_envelope (DmsCliSession *self,
                                            DmsCliMode mode,
                                            const char *behaviour,
                                            const char *topic,
                                            GBytes *payload,
                                            GError **error);

/* Posts a message; the body of the daemon's answer. Any status but 200 is an error, and the answer is shown
 * on standard output then. */
GBytes *dms_cli_session_post (DmsCliSession *self, DmsCliMode mode, GBytes *envelope, GError **error);

/* Invokes a behaviour; the payload of its reply. */
GBytes *dms_cli_session_invoke (DmsCliSession *self, const char *behaviour, GBytes *payload, GError **error);

/* Publishes to a topic; the payloads of all replies, an array of GBytes. */
GPtrArray *dms_cli_session_broadcast (DmsCliSession *self,
                                      const char *behaviour,
                                      const char *topic,
                                      GBytes *payload,
                                      GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsCliSession, dms_cli_session_free)

G_END_DECLS
