/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-session.h"

G_BEGIN_DECLS

/* What the verbs below `network` share. */

/* The flag --json; ended by an empty one. */
extern const DmsCliFlag dms_cli_network_flags[];

/* A session with whom --dest names, this machine's daemon if it is not given. */
DmsCliSession *dms_cli_network_open (DmsCliCall *call, GError **error);

/* Asks `/dms/node/network/<question>`. The reply is an object, or it is an error. @payload: (transfer
 * full) (nullable). */
JsonObject *
dms_cli_network_ask (DmsCliSession *session, const char *question, JsonObject *payload, GError **error);
/* Opens, asks, and prints the reply when JSON is wanted (then @reply is NULL). */
gboolean dms_cli_network_ask_once (DmsCliCall *call,
                                   const char *question,
                                   JsonObject *payload,
                                   JsonObject **reply,
                                   GError **error);
void dms_cli_network_print_json (DmsCliCall *call, JsonObject *object);

/* Members of what the node sent, which may be anything: an object without members where there is no object.
 */
GPtrArray *dms_cli_network_list_objects (JsonObject *reply, const char *member);
/* The number, or -1 where there is none. */
gint64 dms_cli_network_get_number (JsonObject *object, const char *member);

/* `850 µs`, `1.25 ms`, `2.50 s`; NULL below 0. */
char *dms_cli_network_dup_duration (gint64 microseconds);
/* `12.5 MiB`; NULL below 0. */
char *dms_cli_network_dup_size (gint64 bytes);
/* Since a time in microseconds of the epoch: `17 s`, `5 min`, `3 h`, `2 d`; NULL when there is none. */
char *dms_cli_network_dup_age (gint64 since_us);

G_END_DECLS
