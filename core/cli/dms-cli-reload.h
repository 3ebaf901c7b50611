/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/* Asks the daemon that listens on a TCP port of this machine to read its capabilities again (SIGUSR1).
 * Finding
 * none is no error; @found says whether there was one. */
gboolean dms_cli_reload_signal (guint16 port, gboolean *found, GError **error);
/* The same for the port of the configuration, and waits until it has; a failure is a warning. */
void dms_cli_reload_daemon (DmsCliCall *call);

G_END_DECLS
