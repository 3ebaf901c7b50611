/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The time of the simulated world. The program that has this file in it answers clock_gettime(),
 * gettimeofday() and time() by it, to its libraries as well (GLib asks no other way): code that is simulated
 * needs to know nothing of it. One for the process, as the functions of the C library are. */

/* Since the world began; never goes back. */
gint64 dms_sim_clock_get_us (void);
void dms_sim_clock_set_us (gint64 now_us);

/* What this machine has really spent. */
gint64 dms_sim_clock_get_cpu_us (void);
gint64 dms_sim_clock_get_wall_us (void);

/* Lets the main loop wait in simulated time: when there is nothing to do, the clock jumps to when there is.
 * @next_us: when something happens that the main loop does not know of; G_MAXINT64 for never. */
void dms_sim_clock_take_main_loop (gint64 (*next_us) (gpointer user_data), gpointer user_data);
/* The clock does not jump beyond this. */
void dms_sim_clock_set_limit_us (gint64 limit_us);

G_END_DECLS
