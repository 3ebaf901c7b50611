/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is going to happen, in the order of time, and of what was planned first for what happens at once. */
typedef struct _DmsSimAgenda DmsSimAgenda;

typedef void (*DmsSimEventFunc) (gpointer data);

DmsSimAgenda *dms_sim_agenda_new (void);
void dms_sim_agenda_free (DmsSimAgenda *self);

/* @data is freed after @func was called, or when the agenda goes. */
void dms_sim_agenda_add (DmsSimAgenda *self,
                         gint64 at_us,
                         DmsSimEventFunc func,
                         gpointer data,
                         GDestroyNotify destroy);
/* G_MAXINT64 when nothing is planned. */
gint64 dms_sim_agenda_get_next_us (DmsSimAgenda *self);
/* Lets the next thing happen, and sets the clock to its time. */
void dms_sim_agenda_run_one (DmsSimAgenda *self);
/* How many things have happened. */
guint64 dms_sim_agenda_get_n_done (DmsSimAgenda *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsSimAgenda, dms_sim_agenda_free)

G_END_DECLS
