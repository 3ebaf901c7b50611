/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

G_BEGIN_DECLS

/* Flags of every verb that sends a message: context, dest, timeout, expiry. Ended by an empty one. */
extern const DmsCliFlag dms_cli_message_flags[];

G_END_DECLS
