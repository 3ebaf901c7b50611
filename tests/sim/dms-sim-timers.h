/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-sim-agenda.h"

G_BEGIN_DECLS

/* The timeouts of GLib's default main context, in the program that has this file in it: g_timeout_add() and
 * its kin, and the sources of g_timeout_source_new(), are answered by an agenda. GLib looks at every source
 * in every turn of its main loop, and a thousand nodes have a hundred thousand of them. */
void dms_sim_timers_take (DmsSimAgenda *agenda);
/* Those that are left never fire. */
void dms_sim_timers_give_back (void);

G_END_DECLS
