/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"

const DmsCliFlag dms_cli_message_flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, FALSE, "user", "name", N_ ("key and capabilities to act with") },
  { "dest", 'd', DMS_CLI_FLAG_STRING, FALSE, NULL, "node",
    N_ ("who is asked: a DID, a peer ID or a handle; this machine's daemon if not given") },
  { "timeout", 't', DMS_CLI_FLAG_DURATION, FALSE, NULL, NULL,
    N_ ("how long the message lives and its reply is waited for, such as 90s") },
  { "expiry", 'e', DMS_CLI_FLAG_STRING, FALSE, NULL, "time", N_ ("when the message expires, in ISO 8601") },
  { NULL },
};
