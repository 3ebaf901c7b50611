/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-session.h"

G_BEGIN_DECLS

typedef struct _DmsCliField DmsCliField;
typedef struct _DmsCliBehaviour DmsCliBehaviour;

/**
 * DmsCliField:
 * @member: name of the payload's member; `a.b` lies in an object `a`
 * @flag: (nullable): the flag whose value it has
 * @always: whether it is there when the flag is not given
 * @constant: (nullable): the text it always has, instead of a flag's value
 *
 * One member of a payload. Tables of them end with an empty element.
 */
struct _DmsCliField {
  const char *member;
  const char *flag;
  gboolean always;
  const char *constant;
};

/**
 * DmsCliPayloadFunc:
 * @call: the call
 * @session: the session, for a behaviour that has to ask the daemon first
 * @payload: what the fields made; members are added to it
 * @error: return location for an error
 *
 * Completes the payload of a behaviour that its fields cannot describe.
 *
 * Returns: whether it is complete
 */
typedef gboolean (*DmsCliPayloadFunc) (DmsCliCall *call, DmsCliSession *session, JsonObject *payload,
                                       GError **error);

/**
 * DmsCliMakeFunc:
 * @call: the call
 * @error: return location for an error
 *
 * Makes a payload that a JSON tree cannot hold.
 *
 * Returns: (transfer full) (nullable): the payload, as JSON
 */
typedef GBytes *(*DmsCliMakeFunc) (DmsCliCall *call, GError **error);

/**
 * DmsCliReplyFunc:
 * @call: the call
 * @reply: the reply's payload
 * @error: return location for an error
 *
 * Does more with a reply than to print it.
 *
 * Returns: whether that worked
 */
typedef gboolean (*DmsCliReplyFunc) (DmsCliCall *call, GBytes *reply, GError **error);

/**
 * DmsCliBehaviour:
 * @path: (nullable): what is invoked; %NULL means the last word of the verb's path
 * @topic: (nullable): where it is published; a behaviour with one is broadcast
 * @fields: (nullable): members of the payload
 * @timeout: seconds that messages live unless flags say otherwise; 0 means 30
 * @complete: (nullable): completes the payload
 * @make: (nullable): makes the payload, instead of @fields and @complete
 * @reply: (nullable): does more with the reply
 * @check: (nullable): looks at the flags before anything else happens
 *
 * A behaviour as a verb of the command line: the data of verbs that run dms_cli_behaviour_run().
 */
struct _DmsCliBehaviour {
  const char *path;
  const char *topic;
  const DmsCliField *fields;
  guint timeout;
  DmsCliPayloadFunc complete;
  DmsCliMakeFunc make;
  DmsCliReplyFunc reply;
  DmsCliRunFunc check;
};

/* Calls a behaviour and prints its reply as JSON in lines. */
gboolean dms_cli_behaviour_run (DmsCliCall *call, GError **error);

/* The payload that the call's flags make, for behaviours without a complete function and for tests. */
JsonObject *dms_cli_behaviour_make_payload (DmsCliCall *call, const DmsCliField *fields);

G_END_DECLS
